//! A route as a value, and the processing of a request: authentication, method, input, handler. So 401 comes before
//! 405, and 405 before 400, as in Seam's framework.

use super::access::{self, Access, Grant};
use super::answer::{Answer, AnswerShape};
use super::input::{self, Field, Input, query};
use super::page::CursorScope;
use crate::error::{BodyFault, Error, ResourceKind, Result};
use crate::http::{App, Tenant, body, client_address};
use crate::store::{Prefetch, Prefetched};
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::pin::Pin;
use std::sync::Arc;

pub const GET: &str = "GET";
pub const POST: &str = "POST";
pub const PUT: &str = "PUT";
pub const PATCH: &str = "PATCH";
pub const DELETE: &str = "DELETE";

/// Maximum size of a body that is read before authentication, in bytes.
const MAX_READ_AHEAD: u64 = 16 * 1024;

/// Context of a handler.
pub struct Call<G> {
    pub grant: G,
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    /// Scope of page cursors.
    pub cursor_scope: CursorScope,
    /// What authentication has read for this operation.
    pub prefetched: Prefetched,
    /// The request without its body.
    pub head: Parts,
}

/// One operation of the dialect, under one path.
#[derive(Clone)]
pub struct Route {
    pub path: &'static str,
    /// In the order in which a 405 lists them.
    pub methods: &'static [&'static str],
    pub access: Access,
    pub fields: Vec<Field>,
    /// The response key: the member of the body for the content, if any.
    pub key: Option<&'static str>,
    pub shape: AnswerShape,
    pub summary: &'static str,
    /// Resources that may be not found.
    pub not_found: &'static [ResourceKind],
    serve: Arc<dyn Fn(Arc<App>, Request) -> Serving + Send + Sync>,
}

type Serving = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A route to `handler`, whose types define access, input and response.
pub fn route<G, I, A, F, Fut>(path: &'static str, methods: &'static [&'static str], handler: F) -> Route
where
    G: Grant,
    I: Input + Send + 'static,
    A: Answer,
    F: Fn(Call<G>, I) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<A>> + Send,
{
    let endpoint = Endpoint::<I>::new(path, methods, "", None);
    Route::new::<G, I, A>(path, methods, None, move |app, request| {
        let endpoint = endpoint.clone();
        Box::pin(async move { serve(app, request, &endpoint, handler).await })
    })
}

/// A route with content under `key`.
pub fn keyed<G, I, A, F, Fut>(
    path: &'static str,
    methods: &'static [&'static str],
    key: &'static str,
    handler: F,
) -> Route
where
    G: Grant,
    I: Input + Send + 'static,
    A: Answer,
    F: Fn(Call<G>, I) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<A>> + Send,
{
    let endpoint = Endpoint::<I>::new(path, methods, key, None);
    Route::new::<G, I, A>(path, methods, Some(key), move |app, request| {
        let endpoint = endpoint.clone();
        Box::pin(async move { serve(app, request, &endpoint, handler).await })
    })
}

/// A keyed route for a frequent operation: its rows are prefetched during authentication. The handler reads them as usual.
pub fn prefetching<G, I, A, F, Fut>(
    path: &'static str,
    methods: &'static [&'static str],
    key: &'static str,
    handler: F,
    prefetch: fn(&I, &CursorScope) -> Prefetch,
) -> Route
where
    G: Grant,
    I: Input + Send + 'static,
    A: Answer,
    F: Fn(Call<G>, I) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<A>> + Send,
{
    let endpoint = Endpoint::<I>::new(path, methods, key, Some(prefetch));
    Route::new::<G, I, A>(path, methods, Some(key), move |app, request| {
        let endpoint = endpoint.clone();
        Box::pin(async move { serve(app, request, &endpoint, handler).await })
    })
}

impl Route {
    fn new<G: Grant, I: Input, A: Answer>(
        path: &'static str,
        methods: &'static [&'static str],
        key: Option<&'static str>,
        serve: impl Fn(Arc<App>, Request) -> Serving + Send + Sync + 'static,
    ) -> Route {
        let (access, fields, shape) = (G::ACCESS, I::fields(), A::shape());
        Route { path, methods, access, fields, key, shape, summary: "", not_found: &[], serve: Arc::new(serve) }
    }

    /// Sets the summary.
    pub fn does(self, summary: &'static str) -> Route {
        Route { summary, ..self }
    }

    /// Sets what may be not found.
    pub fn not_found(self, not_found: &'static [ResourceKind]) -> Route {
        Route { not_found, ..self }
    }

    /// The axum router of this path.
    pub fn answering(self) -> MethodRouter<Arc<App>> {
        let serve = self.serve;
        any(move |State(app), request| serve(app, request))
    }
}

/// Properties of an operation, for the processing of requests.
struct Endpoint<I> {
    path: &'static str,
    methods: &'static [&'static str],
    key: &'static str,
    prefetch: Option<fn(&I, &CursorScope) -> Prefetch>,
    fields: Vec<Field>,
}

impl<I: Input> Endpoint<I> {
    fn new(
        path: &'static str,
        methods: &'static [&'static str],
        key: &'static str,
        prefetch: Option<fn(&I, &CursorScope) -> Prefetch>,
    ) -> Arc<Endpoint<I>> {
        Arc::new(Endpoint { path, methods, key, prefetch, fields: I::fields() })
    }
}

async fn serve<G, I, A, F, Fut>(app: Arc<App>, request: Request, endpoint: &Endpoint<I>, handler: F) -> Response
where
    G: Grant,
    I: Input + Send + 'static,
    A: Answer,
    F: Fn(Call<G>, I) -> Fut,
    Fut: Future<Output = Result<A>> + Send,
{
    let now = app.clock.now();
    let (head, body) = request.into_parts();
    // Authentication errors precede input errors, even if the input is read first.
    let (input, prefetch) = match endpoint.prefetch {
        Some(prefetch) if is_short(&body) => {
            let input = decode(&app, &head, body, endpoint).await;
            let prefetch = input.as_ref().map_or(Prefetch::None, |(cursor_scope, input)| prefetch(input, cursor_scope));
            (Pending::Decoded(input), prefetch)
        }
        _ => (Pending::Unread(body), Prefetch::None),
    };
    let origin = client_address::origin(&head.extensions);
    let (grant, prefetched) = match access::admit::<G>(&app, &head.headers, prefetch, origin, now).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    let tenant = grant.tenant().map(Tenant);
    let answer = async {
        let (cursor_scope, input) = match input {
            Pending::Decoded(input) => input?,
            Pending::Unread(body) => decode(&app, &head, body, endpoint).await?,
        };
        handler(Call { grant, app, now, cursor_scope, prefetched, head }, input).await
    };
    let mut response = match answer.await {
        Ok(answer) => answer.respond(endpoint.key),
        Err(error) => error.into_response(),
    };
    tenant.map(|tenant| response.extensions_mut().insert(tenant));
    response
}

/// The input of a request, as far as it is read before authentication.
enum Pending<I> {
    Decoded(Result<(CursorScope, I)>),
    Unread(Body),
}

/// Whether a body says that it has at most [`MAX_READ_AHEAD`] bytes.
fn is_short(body: &Body) -> bool {
    body.size_hint().upper().is_some_and(|length| length <= MAX_READ_AHEAD)
}

/// Checks the method and reads the input.
async fn decode<I: Input>(app: &App, head: &Parts, body: Body, endpoint: &Endpoint<I>) -> Result<(CursorScope, I)> {
    if !endpoint.methods.contains(&head.method.as_str()) {
        return Err(Error::MethodNotAllowed(endpoint.methods.to_vec()));
    }
    let query = query::parse(head.uri.query().unwrap_or_default(), &endpoint.fields)?;
    let body = json_object(head, &body::read(body).await?)?;
    let cursor_scope = CursorScope::of(&endpoint.fields, &query, &body, endpoint.path, || base_url(app, head));
    Ok((cursor_scope, input::read::<I>(query, body)?))
}

/// The members of a body. An empty one has none, with any content type. GET and DELETE accept a body with any content
/// type, because the documented curl commands send one and curl labels it a form by default.
fn json_object(head: &Parts, body: &[u8]) -> Result<Map<String, Value>> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let is_lenient = head.method == Method::GET || head.method == Method::DELETE;
    if !is_lenient && !is_json(head) {
        return Err(Error::Unreadable(BodyFault::ContentType));
    }
    let value =
        serde_json::from_slice(body).map_err(|fault| Error::Unreadable(BodyFault::Syntax(fault.to_string())))?;
    input::keys(value)
}

fn is_json(head: &Parts) -> bool {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// Base URL of this service: as configured, else from `Host`.
fn base_url(app: &App, head: &Parts) -> String {
    match &app.public_url {
        Some(url) => url.to_string(),
        None => {
            let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            format!("{}://{host}", client_address::scheme(&head.extensions))
        }
    }
}
