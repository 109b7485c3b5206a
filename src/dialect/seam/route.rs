//! Seam's routes: 401 comes before 405, and 405 before 400, as in Seam's framework. The input is the query and the
//! JSON body together.

use super::access::{Access, SeamGrant};
use super::answer::{AnswerShape, SeamAnswer};
use super::page::CursorScope;
use super::query;
use crate::api::input::{self, Input, input};
use crate::api::route::{FromRequest, HandlerFn, Head, Protocol, Rules};
use crate::error::{BodyFault, Error, ResourceKind, Result};
use crate::http::base_url::BaseUrl;
use crate::http::{App, body};
use crate::store::Prefetch;
use axum::body::Body;
use axum::http::Method;
use serde_json::{Map, Value};

pub use crate::api::route::Call;

pub type Operation = crate::api::route::Operation<Seam>;

pub const GET: &str = "GET";
pub const POST: &str = "POST";
pub const PUT: &str = "PUT";
pub const PATCH: &str = "PATCH";
pub const DELETE: &str = "DELETE";

/// The id in examples of the document.
pub const EXAMPLE_ID: &str = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";

/// Seam's protocol.
pub struct Seam;

impl Protocol for Seam {
    const METHOD_FIRST: bool = false;
    const ALLOWS_TRAILING_SLASH: bool = true;
    const ALLOWS_HEAD: bool = false;
    type Document = Document;
}

/// Access and response of an operation, for the document.
#[derive(Default)]
pub struct Document {
    pub access: &'static [Access],
    pub shape: AnswerShape,
}

/// A route to `handler`, whose types define access, input and response.
pub fn route<G: SeamGrant, I: FromRequest<Seam>, H: HandlerFn<Seam, G, I, Answer: SeamAnswer>>(
    path: &'static str,
    methods: &'static [&'static str],
    handler: H,
) -> Operation {
    Operation::new(path, methods, handler).with_types::<G, H::Answer>()
}

/// A route for a frequent operation: its rows are prefetched during authentication.
pub fn prefetching<G: SeamGrant, I: FromRequest<Seam>, H: HandlerFn<Seam, G, I, Answer: SeamAnswer>>(
    path: &'static str,
    methods: &'static [&'static str],
    handler: H,
    prefetch: fn(&I) -> Prefetch,
) -> Operation {
    Operation::with_prefetch(path, methods, handler, Some(prefetch)).with_types::<G, H::Answer>()
}

impl Operation {
    fn with_types<G: SeamGrant, A: SeamAnswer>(mut self) -> Operation {
        self.document = Document { access: G::ACCESS, shape: A::SHAPE };
        self
    }

    /// Sets the response key.
    pub fn key(mut self, key: &'static str) -> Operation {
        self.key = Some(key);
        self
    }

    /// Sets the summary.
    pub fn summary(self, summary: &'static str) -> Operation {
        self.about("", summary)
    }

    /// Sets what may be not found.
    pub fn not_found(self, kind: ResourceKind) -> Operation {
        self.fails([Error::NotFound(kind, EXAMPLE_ID.to_owned())])
    }
}

impl<I: Input> FromRequest<Seam> for I {
    fn rules() -> Rules {
        Rules { query: I::fields(), ..Rules::default() }
    }

    async fn read(rules: &Rules, _: &App, head: &Head, body: Body) -> Result<I> {
        let (query, body) = members(rules, head, body).await?;
        input::read(query, body)
    }
}

input! {
    /// No input. A body has to be a JSON object all the same.
    pub struct Nothing {}
}

/// An input with the scope of its page cursors.
pub struct Paginated<I> {
    pub cursor_scope: CursorScope,
    pub input: I,
}

impl<I: Input> FromRequest<Seam> for Paginated<I> {
    fn rules() -> Rules {
        <I as FromRequest<Seam>>::rules()
    }

    async fn read(rules: &Rules, app: &App, head: &Head, body: Body) -> Result<Paginated<I>> {
        let (query, body) = members(rules, head, body).await?;
        let cursor_scope = CursorScope::of(&rules.query, &query, &body, &head.path, || base_url(app, head));
        Ok(Paginated { cursor_scope, input: input::read(query, body)? })
    }
}

/// The members of the query and of the body. An empty body has none, with any content type. GET and DELETE accept a body
/// with any content type, because the documented curl commands send one and curl labels it a form by default.
async fn members(rules: &Rules, head: &Head, body: Body) -> Result<(Map<String, Value>, Map<String, Value>)> {
    let query = query::parse(head.parts.uri.query().unwrap_or_default(), &rules.query)?;
    let body = rules.read_body(body).await?;
    if body.is_empty() {
        return Ok((query, Map::new()));
    }
    let is_lenient = head.parts.method == Method::GET || head.parts.method == Method::DELETE;
    if !is_lenient && !body::media_type(head.headers()).eq_ignore_ascii_case("application/json") {
        return Err(Error::Unreadable(BodyFault::ContentType));
    }
    let value =
        serde_json::from_slice(&body).map_err(|fault| Error::Unreadable(BodyFault::Syntax(fault.to_string())))?;
    Ok((query, input::keys(value)?))
}

/// Combines a parameter for one value and another for several: both must hold.
pub fn one_of<T: PartialEq>(one: Option<T>, many: Option<Vec<T>>) -> Option<Vec<T>> {
    match (one, many) {
        (Some(one), Some(many)) => Some(if many.contains(&one) { vec![one] } else { Vec::new() }),
        (Some(one), None) => Some(vec![one]),
        (None, many) => many,
    }
}

/// The base URL of links to this server, as the client of a request sees it.
pub fn base_url(app: &App, head: &Head) -> String {
    BaseUrl::of(app, &head.parts.extensions).resolve(head.headers())
}
