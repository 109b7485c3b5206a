//! A route as a value, and the processing of a request, for every dialect: method, authentication, authorization, input,
//! handler. The dialect decides the order of method and authentication, who may call, and how input and answers read.

mod grant;
mod input;
mod operation;

pub(crate) use grant::grant_of_caller;
pub use grant::{Authenticate, Grant, Public};
pub use input::{BodyRules, FromRequest, Nothing, Raw, Rules};
pub use operation::Operation;

use crate::domain::id::WorkspaceId;
use crate::error::{Error, Result};
use crate::http::{App, CallerCell, RequestCaller, body};
use crate::store::{Authenticated, Credentials, Origin, Prefetch, Prefetched, Principal, Store};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

/// Maximum declared size of a body that is read before authentication, in bytes.
const MAX_READ_AHEAD: u64 = body::UNAUTHENTICATED_LIMIT as u64;

/// What a dialect decides for all its routes.
pub trait Protocol: Send + Sync + 'static {
    /// Whether an unsupported method is refused before the caller is known: 405 before 401.
    const METHOD_FIRST: bool;
    /// Whether each path is served with a slash at its end, too.
    const ALLOWS_TRAILING_SLASH: bool;
    /// Whether each GET is served as HEAD, too; else only those of [`Operation::with_head`].
    const ALLOWS_HEAD: bool;
    /// What its document needs of an operation, beyond what all dialects describe.
    type Document: Default + Send + Sync;
}

/// A request without its body.
#[derive(Debug)]
pub struct Head {
    pub now: DateTime<Utc>,
    pub parts: Parts,
    /// The path as it is declared.
    pub path: Arc<str>,
    /// Parameters of the path, in its order. What is not UTF-8 becomes U+FFFD, which matches nothing.
    pub params: Vec<String>,
    /// Whether the operation takes the connections that are reserved for deactivation.
    pub is_urgent: bool,
}

impl Head {
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Parameter at this index of the path; empty if there is none.
    pub fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// Parameter of this name; none if the path has none.
    pub fn named(&self, name: &str) -> Option<&str> {
        let names = self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        names.zip(&self.params).find(|(declared, _)| *declared == name).map(|(_, value)| value.as_str())
    }

    /// The store, with the connections that the operation may use.
    pub fn store(&self, app: &App) -> Store {
        if self.is_urgent { app.store.urgent() } else { app.store.clone() }
    }

    /// Authenticates the request by these credentials, and notes the caller.
    pub async fn authenticate(
        &self,
        app: &App,
        credentials: Credentials<'_>,
        prefetch: Prefetch,
    ) -> Result<(Authenticated, Prefetched)> {
        let authenticated = self.store(app).authenticate_with(credentials, prefetch, self.origin(), self.now).await?;
        let (credential, workspace) = authenticated.0.principal();
        self.note(credential, workspace);
        Ok(authenticated)
    }

    /// Notes the caller, for the log line.
    pub fn note(&self, credential: Principal, workspace: Option<WorkspaceId>) {
        if let Some(cell) = self.parts.extensions.get::<CallerCell>() {
            cell.set(RequestCaller::new(credential, workspace));
        }
    }

    /// Origin of the request, for the audit trail, as the dialect's middleware has set it.
    pub fn origin(&self) -> Origin {
        self.parts.extensions.get().copied().unwrap_or_default()
    }
}

/// A handler's result.
pub trait Answer<P: Protocol>: Send {
    /// The response to a request, with content under `key` if the dialect has such keys.
    fn respond(self, head: &Head, key: &'static str) -> Response;
}

/// Context of a handler.
pub struct Call<G> {
    pub grant: G,
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    /// What authentication has read for this operation.
    pub prefetched: Prefetched,
    pub head: Arc<Head>,
}

/// A function that serves an operation.
pub trait HandlerFn<P: Protocol, G, I>: Copy + Send + Sync + 'static {
    type Answer: Answer<P>;

    fn call(self, call: Call<G>, input: I) -> impl Future<Output = Result<Self::Answer>> + Send;
}

impl<P, G, I, A, F, Fut> HandlerFn<P, G, I> for F
where
    P: Protocol,
    A: Answer<P>,
    F: Fn(Call<G>, I) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<A>> + Send,
{
    type Answer = A;

    fn call(self, call: Call<G>, input: I) -> impl Future<Output = Result<A>> + Send {
        self(call, input)
    }
}

/// One path and its operations.
pub struct Route<P: Protocol>(Vec<Operation<P>>);

/// The axum router of these operations.
pub fn router<P: Protocol>(operations: Vec<Operation<P>>) -> Router<Arc<App>> {
    let mut routes: BTreeMap<Arc<str>, Vec<Operation<P>>> = BTreeMap::new();
    for operation in operations {
        routes.entry(Arc::clone(&operation.path)).or_default().push(operation);
    }
    routes.into_iter().fold(Router::new(), |router, (path, operations)| {
        let route = Arc::new(Route::new(operations));
        let route: MethodRouter<_> = any(move |State(app), request| Arc::clone(&route).serve(app, request));
        match path.trim_end_matches('/') {
            bare if P::ALLOWS_TRAILING_SLASH && !path.contains("{*") => {
                router.route(bare, route.clone()).route(&format!("{bare}/"), route)
            }
            _ => router.route(&path, route),
        }
    })
}

impl<P: Protocol> Route<P> {
    /// A route of the operations of one path, of which there is at least one.
    pub fn new(operations: Vec<Operation<P>>) -> Route<P> {
        assert!(!operations.is_empty(), "a path has operations");
        Route(operations)
    }

    /// Serves a request to this path.
    pub async fn serve(self: Arc<Self>, app: Arc<App>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Route(operations) = &*self;
        let path = Arc::clone(&operations[0].path);
        let params = params(&path, parts.uri.path());
        let mut head = Head { now: app.clock.now(), parts, path, params, is_urgent: false };
        let is_head = head.parts.method == Method::HEAD;
        let method = head.parts.method.as_str();
        let found = operations.iter().find(|operation| operation.methods.contains(&method));
        match found.or_else(|| operations.iter().find(|operation| is_head && operation.has_head())) {
            Some(operation) => {
                if is_head {
                    // The router drops the body of the response.
                    head.parts.method = Method::GET;
                }
                head.is_urgent = operation.is_urgent;
                let rules = Arc::clone(&operation.rules);
                (operation.serve)(app, head, body, operation.key.unwrap_or_default(), rules).await
            }
            None => self.refuse(app, head).await,
        }
    }

    /// The response to a method that no operation has.
    async fn refuse(&self, app: Arc<App>, head: Head) -> Response {
        let Route(operations) = self;
        let admitted = match P::METHOD_FIRST {
            true => Ok(()),
            false => (operations[0].admit)(app, head).await,
        };
        let methods: Vec<&str> = operations.iter().flat_map(|operation| operation.methods).copied().collect();
        let error = match admitted {
            Err(error) => error,
            Ok(()) if methods.is_empty() => Error::NoRoute,
            Ok(()) => Error::MethodNotAllowed(methods),
        };
        error.into_response()
    }
}

/// The parameters of a path that is declared as `declared`.
fn params(declared: &str, path: &str) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments = declared.split('/').zip(path.split('/'));
    segments.filter(|(declared, _)| declared.starts_with('{')).map(|(_, segment)| decoded(segment)).collect()
}

/// Authenticates the caller, within the limit of failed authentications.
async fn authenticate<C: Authenticate>(app: &App, head: &Head, prefetch: Prefetch) -> Result<(C, Prefetched)> {
    let mut authenticated = pin!(C::authenticate(app, head, prefetch));
    match C::IS_JUDGED {
        true => app.authenticate(head.origin(), authenticated.as_mut()).await,
        false => authenticated.await,
    }
}

async fn serve<P, G, I, H>(
    app: Arc<App>,
    head: Head,
    body: Body,
    key: &'static str,
    rules: Arc<Rules>,
    handler: H,
    prefetch: Option<fn(&I) -> Prefetch>,
) -> Response
where
    P: Protocol,
    G: Grant,
    I: FromRequest<P>,
    H: HandlerFn<P, G, I>,
{
    let (input, prefetch) = match prefetch {
        Some(prefetch) if body.size_hint().upper().is_some_and(|length| length <= MAX_READ_AHEAD) => {
            let input = body::before_authentication(read(&rules, &app, &head, body)).await;
            let prefetch = input.as_ref().map_or(Prefetch::None, prefetch);
            (Pending::Read(input), prefetch)
        }
        _ => (Pending::Unread(body), Prefetch::None),
    };
    let (caller, prefetched) = match authenticate::<G::Caller>(&app, &head, prefetch).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    let head = Arc::new(head);
    let answer = async {
        let (grant, prefetched) = G::authorize(caller, &head, prefetched).await?;
        let input = match input {
            Pending::Read(input) => input?,
            Pending::Unread(body) => read(&rules, &app, &head, body).await?,
        };
        let call = Call { grant, now: head.now, app, prefetched, head: Arc::clone(&head) };
        handler.call(call, input).await
    };
    match answer.await {
        Ok(answer) => answer.respond(&head, key),
        Err(error) => error.into_response(),
    }
}

async fn read<P: Protocol, I: FromRequest<P>>(rules: &Rules, app: &App, head: &Head, body: Body) -> Result<I> {
    body::check_encoding(head.headers(), &body)?;
    I::read(rules, app, head, body).await
}

/// The input of a request, as far as it is read before authentication.
enum Pending<I> {
    Read(Result<I>),
    Unread(Body),
}
