//! UCWA's routes: 401 comes before all other errors, then 404 of the path, 405, and errors of the input.

use super::access::Subscribed;
use super::input::Input;
use crate::api::route::{Answer, FromRequest, Grant, Handler, Head, Protocol};
use crate::error::{Error, Result};
use crate::http::{App, body};
use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::response::Response;
use serde_json::Value;

pub use crate::api::route::Call;

pub type Route = crate::api::route::Route<Ucwa>;
pub type Operation = crate::api::route::Operation<Ucwa>;

/// UCWA's protocol.
pub struct Ucwa;

impl Protocol for Ucwa {
    const METHOD_FIRST: bool = false;
    type Document = Document;
}

/// What the document says of an operation.
#[derive(Default)]
pub struct Document {
    /// Operation id; below a base path, without the prefix of that.
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub access: Access,
    /// Parameters beyond those of the path and the caller.
    pub parameters: Vec<Value>,
    /// The request body.
    pub body: Option<Value>,
    /// By status; none if it always fails.
    pub success: Vec<(&'static str, Value)>,
    /// Errors beyond those of every operation.
    pub errors: Vec<Error>,
}

/// Who may call, and where.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    /// The token endpoint, whose errors are those of OAuth.
    OAuth,
    User,
    #[default]
    Subscribed,
}

impl Answer<Ucwa> for Response {
    fn respond(self, _: &Head, _: &'static str) -> Response {
        self
    }
}

/// An operation on the resources of a user identity.
pub fn operation<H: Handler<Ucwa, Subscribed, Input>>(
    methods: &'static [&'static str],
    handler: H,
    document: Document,
) -> Operation {
    Operation::new(methods, handler, None, document)
}

/// An operation outside of those.
pub fn beside<G: Grant, I: FromRequest<Ucwa>, H: Handler<Ucwa, G, I>>(
    methods: &'static [&'static str],
    handler: H,
    document: Document,
) -> Operation {
    Operation::new(methods, handler, None, document)
}

impl FromRequest<Ucwa> for Input {
    type Rules = ();

    fn rules() {}

    async fn read((): &(), _: &App, head: &Head, body: Body) -> Result<Input> {
        let body = if head.parts.method == Method::GET { Bytes::new() } else { body::read(body).await? };
        Input::read(head.parts.uri.query(), head.headers(), &body)
    }
}

/// No input.
pub struct Nothing;

impl FromRequest<Ucwa> for Nothing {
    type Rules = ();

    fn rules() {}

    async fn read((): &(), _: &App, _: &Head, _: Body) -> Result<Nothing> {
        Ok(Nothing)
    }
}

/// The bytes of a body.
pub struct Raw(pub Bytes);

impl FromRequest<Ucwa> for Raw {
    type Rules = ();

    fn rules() {}

    async fn read((): &(), _: &App, _: &Head, body: Body) -> Result<Raw> {
        body::read(body).await.map(Raw)
    }
}
