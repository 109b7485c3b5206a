//! Response types: one resource, a list, a page, or nothing, under the response key of the route and beside `"ok":
//! true`.

use super::page::Pagination;
use super::route::Seam;
use crate::api::openapi::{Schemas, own_schema};
use crate::api::route::{Answer, Head};
use crate::http::json;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// A handler's response: a JSON object, unless the type makes another.
pub trait SeamAnswer: Sized + Send {
    /// Shape of the response.
    const SHAPE: AnswerShape;

    /// Writes the members beside `ok`, with content under `key` if it has any.
    fn members<S: SerializeMap>(&self, _key: &'static str, _map: &mut S) -> Result<(), S::Error> {
        Ok(())
    }

    /// The response, with content under `key` if it has any.
    fn response(self, key: &'static str) -> Response {
        json::limited(&WithOk(&self, key)).map_or_else(IntoResponse::into_response, json_response)
    }
}

impl<A: SeamAnswer> Answer<Seam> for A {
    fn respond(self, _: &Head, key: &'static str) -> Response {
        self.response(key)
    }
}

/// Shape of a response, for OpenAPI.
#[derive(Clone, Copy, Default)]
pub enum AnswerShape {
    /// Only `ok`.
    #[default]
    Void,
    /// Members of its own beside `ok`, as an object's schema. Those that it refers to are added to the given ones.
    Members(fn(&mut Schemas) -> Value),
    /// One thing under the key.
    One(Component),
    /// A list under the key.
    Many(Component),
    /// A list under the key, and the pagination.
    Paged(Component),
    /// A list under the key, with pagination on request.
    Pageable(Component),
    /// Server-sent events.
    Stream(Component),
}

impl AnswerShape {
    /// The resource in the response, if any.
    pub fn component(&self) -> Option<Component> {
        use AnswerShape::*;
        match self {
            Void | Members(_) => None,
            One(component) | Many(component) | Paged(component) | Pageable(component) | Stream(component) => {
                Some(*component)
            }
        }
    }
}

/// A thing that has a name and a place of its own on the wire.
pub trait Resource: Serialize + Send {
    const COMPONENT: Component;
}

/// Schema of a resource, for OpenAPI.
#[derive(Clone, Copy)]
pub struct Component {
    /// The name of the schema.
    pub schema: &'static str,
    /// What Seam's document calls it.
    pub name: &'static str,
    /// Prefix of its routes; command-line clients group by it.
    pub route_path: &'static str,
    /// Adds the schema and those that it refers to.
    pub define: fn(&mut Schemas),
}

/// One resource.
pub struct One<T>(pub T);

impl<T: Resource> SeamAnswer for One<T> {
    const SHAPE: AnswerShape = AnswerShape::One(T::COMPONENT);

    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }
}

/// A whole list.
pub struct Many<T>(pub Vec<T>);

impl<T: Resource> SeamAnswer for Many<T> {
    const SHAPE: AnswerShape = AnswerShape::Many(T::COMPONENT);

    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }
}

/// One page of a list.
pub struct Paged<T> {
    pub items: Vec<T>,
    pub pagination: Pagination,
}

impl<T: Resource> SeamAnswer for Paged<T> {
    const SHAPE: AnswerShape = AnswerShape::Paged(T::COMPONENT);

    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.items)?;
        map.serialize_entry("pagination", &self.pagination)
    }
}

/// A whole list, or a page of it on request.
pub struct Pageable<T> {
    pub items: Vec<T>,
    pub pagination: Option<Pagination>,
}

impl<T: Resource> SeamAnswer for Pageable<T> {
    const SHAPE: AnswerShape = AnswerShape::Pageable(T::COMPONENT);

    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.items)?;
        self.pagination.iter().try_for_each(|pagination| map.serialize_entry("pagination", pagination))
    }
}

/// An empty success.
pub struct Void;

impl SeamAnswer for Void {
    const SHAPE: AnswerShape = AnswerShape::Void;
}

/// Its own members, for the few responses of no other shape.
pub struct Members<T>(pub T);

impl<T: Serialize + ToSchema + Send> SeamAnswer for Members<T> {
    const SHAPE: AnswerShape = AnswerShape::Members(|schemas| {
        schemas.add_referenced::<T>();
        own_schema::<T>()
    });

    fn members<S: SerializeMap>(&self, _: &'static str, map: &mut S) -> Result<(), S::Error> {
        let members = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
        members.as_object().into_iter().flatten().try_for_each(|(name, value)| map.serialize_entry(name, value))
    }
}

struct WithOk<'a, A>(&'a A, &'static str);

impl<A: SeamAnswer> Serialize for WithOk<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.members(self.1, &mut map)?;
        map.serialize_entry("ok", &true)?;
        map.end()
    }
}

/// A response of JSON bytes.
pub fn json_response(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
