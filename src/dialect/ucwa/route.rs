//! UCWA's routes: 401 comes before all other errors, then 404 of the path, 405, and errors of the input.

use super::input::Input;
use super::openapi::{RESPONSES, resource};
use super::resource::Resource;
use crate::api::route::{Answer, FromRequest, Head, Protocol, Rules};
use crate::error::Result;
use crate::http::{App, body};
use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::response::Response;
use serde_json::Value;

pub use crate::api::route::{Call, Nothing, Public, Raw};

pub type Operation = crate::api::route::Operation<Ucwa>;

/// UCWA's protocol.
pub struct Ucwa;

impl Protocol for Ucwa {
    const METHOD_FIRST: bool = false;
    const ALLOWS_TRAILING_SLASH: bool = true;
    const ALLOWS_HEAD: bool = false;
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

impl Operation {
    /// Sets who may call, and where.
    pub fn access(mut self, access: Access) -> Operation {
        self.document.access = access;
        self
    }

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
