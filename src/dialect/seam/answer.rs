//! Response types: one resource, a list, a page, or nothing, under the response key of the route and beside `"ok":
//! true`.

use super::page::Pagination;
use super::route::Seam;
use crate::api::openapi::{Schemas, own_schema};
use crate::api::route::{Answer, Head};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// Content type of every response.
pub const JSON: &str = "application/json; charset=utf-8";

/// A handler's response type.
pub trait SeamAnswer: Answer<Seam> {
    /// Shape of the response.
    fn shape() -> AnswerShape;
}

/// A response that is a JSON object.
pub trait JsonAnswer: Send {
    /// Writes the members of the object, with content under `key` if it has any.
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error>;

    /// Shape of the object.
    fn shape() -> AnswerShape;
}

impl<A: JsonAnswer> Answer<Seam> for A {
    fn respond(self, _: &Head, key: &'static str) -> Response {
        let body = serde_json::to_vec(&WithOk(&self, key)).expect("a response has string keys and no fallible parts");
        json_response(body)
    }
}

impl<A: JsonAnswer> SeamAnswer for A {
    fn shape() -> AnswerShape {
        <A as JsonAnswer>::shape()
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
    /// The resource that is answered with, if there is one.
    pub fn component(&self) -> Option<Component> {
        match self {
            AnswerShape::Void | AnswerShape::Members(_) => None,
            AnswerShape::One(component)
            | AnswerShape::Many(component)
            | AnswerShape::Paged(component)
            | AnswerShape::Pageable(component)
            | AnswerShape::Stream(component) => Some(*component),
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

impl<T: Resource> JsonAnswer for One<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }

    fn shape() -> AnswerShape {
        AnswerShape::One(T::COMPONENT)
    }
}

/// A whole list.
pub struct Many<T>(pub Vec<T>);

impl<T: Resource> JsonAnswer for Many<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }

    fn shape() -> AnswerShape {
        AnswerShape::Many(T::COMPONENT)
    }
}

/// One page of a list.
pub struct Paged<T> {
    pub items: Vec<T>,
    pub pagination: Pagination,
}

impl<T: Resource> JsonAnswer for Paged<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.items)?;
        map.serialize_entry("pagination", &self.pagination)
    }

    fn shape() -> AnswerShape {
        AnswerShape::Paged(T::COMPONENT)
    }
}

/// A whole list, or a page of it on request.
pub struct Pageable<T> {
    pub items: Vec<T>,
    pub pagination: Option<Pagination>,
}

impl<T: Resource> JsonAnswer for Pageable<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.items)?;
        self.pagination.iter().try_for_each(|pagination| map.serialize_entry("pagination", pagination))
    }

    fn shape() -> AnswerShape {
        AnswerShape::Pageable(T::COMPONENT)
    }
}

/// An empty success.
pub struct Void;

impl JsonAnswer for Void {
    fn members<S: SerializeMap>(&self, _: &'static str, _: &mut S) -> Result<(), S::Error> {
        Ok(())
    }

    fn shape() -> AnswerShape {
        AnswerShape::Void
    }
}

/// Its own members, for the few responses of no other shape.
pub struct Members<T>(pub T);

impl<T: Serialize + ToSchema + Send> JsonAnswer for Members<T> {
    fn members<S: SerializeMap>(&self, _: &'static str, map: &mut S) -> Result<(), S::Error> {
        let members = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
        members.as_object().into_iter().flatten().try_for_each(|(name, value)| map.serialize_entry(name, value))
    }

    fn shape() -> AnswerShape {
        AnswerShape::Members(|schemas| {
            schemas.add_referenced::<T>();
            own_schema::<T>()
        })
    }
}

struct WithOk<'a, A>(&'a A, &'static str);

impl<A: JsonAnswer> Serialize for WithOk<'_, A> {
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
    response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static(JSON));
    response
}
