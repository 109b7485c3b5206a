//! What a route gives: a thing, some things, a page of things, or nothing, under the response key of the route and
//! beside `"ok": true`.

use super::page::Pagination;
use crate::api::openapi::{Schemas, own_schema};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// The content type of every answer.
pub const JSON: &str = "application/json; charset=utf-8";

/// What a handler may answer with.
pub trait Answer: Send {
    /// The response, with the answer under `key` if it has one.
    fn respond(self, key: &'static str) -> Response;

    /// What the answer looks like.
    fn shape() -> AnswerShape;
}

/// An answer that is one JSON object.
pub trait JsonAnswer: Send {
    /// Writes the members of the object, with the answer under `key` if it has one.
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error>;

    /// What the object looks like.
    fn shape() -> AnswerShape;
}

impl<A: JsonAnswer> Answer for A {
    fn respond(self, key: &'static str) -> Response {
        let body = serde_json::to_vec(&WithOk(&self, key)).expect("an answer has text keys and no fallible parts");
        json_response(body)
    }

    fn shape() -> AnswerShape {
        <A as JsonAnswer>::shape()
    }
}

/// What an answer looks like, for the document.
#[derive(Clone, Copy)]
pub enum AnswerShape {
    /// Nothing but `ok`.
    Void,
    /// Members of its own beside `ok`, as an object's schema. Those that it refers to are added to the given ones.
    Members(fn(&mut Schemas) -> Value),
    /// One thing under the key.
    One(Component),
    /// A list of things under the key.
    Many(Component),
    /// A list of things under the key, and where the next ones are.
    Paged(Component),
    /// The same, with the second only when it was asked for.
    Pageable(Component),
    /// Things as they come, as server-sent events.
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

/// The schema of a resource, for the document.
#[derive(Clone, Copy)]
pub struct Component {
    /// The name of the schema.
    pub schema: &'static str,
    /// What Seam's document calls it.
    pub name: &'static str,
    /// The routes that it belongs to; command-line clients group by it.
    pub route_path: &'static str,
    /// Adds the schema and those that it refers to.
    pub define: fn(&mut Schemas),
}

/// One thing.
pub struct One<T>(pub T);

impl<T: Resource> JsonAnswer for One<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }

    fn shape() -> AnswerShape {
        AnswerShape::One(T::COMPONENT)
    }
}

/// All things there are.
pub struct Many<T>(pub Vec<T>);

impl<T: Resource> JsonAnswer for Many<T> {
    fn members<S: SerializeMap>(&self, key: &'static str, map: &mut S) -> Result<(), S::Error> {
        map.serialize_entry(key, &self.0)
    }

    fn shape() -> AnswerShape {
        AnswerShape::Many(T::COMPONENT)
    }
}

/// Some things, and where the next ones are.
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

/// All things there are, or a page of them for those who ask for pages.
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

/// Nothing but that it went well.
pub struct Void;

impl JsonAnswer for Void {
    fn members<S: SerializeMap>(&self, _: &'static str, _: &mut S) -> Result<(), S::Error> {
        Ok(())
    }

    fn shape() -> AnswerShape {
        AnswerShape::Void
    }
}

/// Members of its own, for the few answers that fit no other form.
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
