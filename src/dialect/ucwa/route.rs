//! UCWA's routes: 401 comes before all other errors, then 404 of the path, 405, and errors of the input.

use super::access::Subscribed;
use super::input::Input;
use super::openapi::{RESPONSES, resource};
use super::resource::Resource;
use crate::api::route::{Answer, FromRequest, Grant, HandlerFn, Head, Protocol, Rules};
use crate::error::Result;
use crate::http::{App, body};
use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::response::Response;
use serde_json::Value;
use std::sync::Arc;

pub use crate::api::route::{Call, Nothing, Public, Raw};

pub type Operation = crate::api::route::Operation<Ucwa>;

/// UCWA's protocol.
pub struct Ucwa;

impl Protocol for Ucwa {
    const METHOD_FIRST: bool = false;
    const ALLOWS_TRAILING_SLASH: bool = false;
    type Document = Document;
}

/// What only this dialect's document needs.
#[derive(Default)]
pub struct Document {
    pub access: Access,
    /// Parameters beyond those of the path and the caller.
    pub parameters: Vec<Value>,
}

/// Who may call, and where.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    /// The token endpoint, whose errors are those of OAuth.
    OAuth,
    User,
    /// Below a base path, whose prefix the operation id gets.
    #[default]
    Subscribed,
}

impl Answer<Ucwa> for Response {
    fn respond(self, _: &Head, _: &'static str) -> Response {
        self
    }
}

/// An operation on the resources of a user identity.
pub fn operation<H: HandlerFn<Ucwa, Subscribed, Input>>(
    path: impl Into<Arc<str>>,
    methods: &'static [&'static str],
    handler: H,
) -> Operation {
    Operation::new(path, methods, handler, None)
}

/// An operation outside of those.
pub fn beside<G: Grant, I: FromRequest<Ucwa>, H: HandlerFn<Ucwa, G, I>>(
    path: impl Into<Arc<str>>,
    methods: &'static [&'static str],
    handler: H,
    access: Access,
) -> Operation {
    let mut operation = Operation::new(path, methods, handler, None);
    operation.document.access = access;
    operation
}

impl Operation {
    /// Adds a parameter beyond those of the path and the caller.
    pub fn takes(mut self, parameter: Value) -> Operation {
        self.document.parameters.push(parameter);
        self
    }

    /// Responds with a resource.
    pub fn returns(self, name: &str, schema: &str, headers: &[(&str, &str)], example: &Resource) -> Operation {
        self.succeeds("200", resource(name, schema, headers, example))
    }

    /// Responds with 204.
    pub fn returns_nothing(self) -> Operation {
        self.succeeds("204", RESPONSES.response("NoContent", "No content", Value::Null))
    }
}

impl FromRequest<Ucwa> for Input {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, head: &Head, body: Body) -> Result<Input> {
        let body = if head.parts.method == Method::GET { Bytes::new() } else { body::read(body).await? };
        Input::read(head.parts.uri.query(), head.headers(), &body)
    }
}
