//! A route as a value, and the processing of a request, for every dialect: method, authentication, authorization, input,
//! handler. The dialect decides the order of method and authentication, who may call, and how input and answers read.

use super::input::Field;
use crate::error::{Error, Result};
use crate::http::{App, Tenant, body, client_address};
use crate::model::id::WorkspaceId;
use crate::store::{Origin, Prefetch, Prefetched};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

/// Maximum size of a body that is read before authentication, in bytes.
const MAX_READ_AHEAD: u64 = 16 * 1024;

/// What a dialect decides for all its routes.
pub trait Protocol: Send + Sync + 'static {
    /// Whether an unsupported method is refused before the caller is known: 405 before 401.
    const METHOD_FIRST: bool;
    /// Whether each path is served with a slash at its end, too.
    const ALLOWS_TRAILING_SLASH: bool;
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

    /// Origin of the request, for the audit trail.
    pub fn origin(&self) -> Origin {
        client_address::origin(&self.parts.extensions)
    }
}

/// A handler's view of its caller.
pub trait Grant: Sized + Send + 'static {
    /// An authenticated caller.
    type Caller: Send;

    /// Authenticates a request, and prefetches what its operation will read.
    fn authenticate(
        app: &App,
        head: &Head,
        prefetch: Prefetch,
    ) -> impl Future<Output = Result<(Self::Caller, Prefetched)>> + Send;

    /// The request's workspace, for the log.
    fn tenant(caller: &Self::Caller) -> Option<WorkspaceId>;

    /// Admits the caller to what the path names.
    fn authorize(
        caller: Self::Caller,
        head: &Head,
        prefetched: Prefetched,
    ) -> impl Future<Output = Result<(Self, Prefetched)>> + Send;
}

/// A route without authentication.
pub struct Public;

impl Grant for Public {
    type Caller = Public;

    async fn authenticate(_: &App, _: &Head, _: Prefetch) -> Result<(Public, Prefetched)> {
        Ok((Public, Prefetched::Nothing))
    }

    fn tenant(_: &Public) -> Option<WorkspaceId> {
        None
    }

    async fn authorize(caller: Public, _: &Head, prefetched: Prefetched) -> Result<(Public, Prefetched)> {
        Ok((caller, prefetched))
    }
}

/// The values that a handler takes from a request.
pub trait FromRequest<P: Protocol>: Sized + Send + 'static {
    /// Rules of the input, made once for each operation.
    fn rules() -> Rules;

    /// Reads the input. Its errors are reported after those of authentication, even if it is read first.
    fn read(rules: &Rules, app: &App, head: &Head, body: Body) -> impl Future<Output = Result<Self>> + Send;
}

/// Fields of an input, for its reader and for the document.
#[derive(Debug, Default)]
pub struct Rules {
    pub path: Vec<Field>,
    pub query: Vec<Field>,
    /// Parameters that are no fields, as the document has them.
    pub parameters: Vec<Value>,
    pub body: Option<BodyRules>,
}

/// Fields of a body, and the name of its schema.
#[derive(Debug)]
pub struct BodyRules {
    pub schema: &'static str,
    pub description: &'static str,
    pub fields: Vec<Field>,
    pub is_required: bool,
}

/// No input.
pub struct Nothing;

impl<P: Protocol> FromRequest<P> for Nothing {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, _: Body) -> Result<Nothing> {
        Ok(Nothing)
    }
}

/// The bytes of a body.
pub struct Raw(pub Bytes);

impl<P: Protocol> FromRequest<P> for Raw {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, body: Body) -> Result<Raw> {
        body::read(body).await.map(Raw)
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

/// One operation: the path, the methods, and what serves them.
pub struct Operation<P: Protocol> {
    pub path: Arc<str>,
    /// In the order in which a 405 lists them.
    pub methods: &'static [&'static str],
    /// The response key: the member of the body for the content, if any.
    pub key: Option<&'static str>,
    /// Id of the operation in the document; empty if the dialect makes it from the path.
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub rules: Arc<Rules>,
    /// Example of a body, or null.
    pub example: Value,
    /// Responses of success by status, as the document has them.
    pub success: Vec<(&'static str, Value)>,
    /// Errors beyond those of every operation.
    pub errors: Vec<Error>,
    pub document: P::Document,
    serve: Serve,
    admit: Admit,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Serve = Arc<dyn Fn(Arc<App>, Head, Body, &'static str, Arc<Rules>) -> BoxFuture<Response> + Send + Sync>;
/// Authenticates and authorizes the caller of a request that is refused; also returns its workspace.
type Admit = fn(Arc<App>, Head) -> BoxFuture<(Option<Tenant>, Result<()>)>;

fn admit<G: Grant>(app: Arc<App>, head: Head) -> BoxFuture<(Option<Tenant>, Result<()>)> {
    Box::pin(async move {
        match G::authenticate(&app, &head, Prefetch::None).await {
            Ok((caller, prefetched)) => {
                let tenant = G::tenant(&caller).map(Tenant);
                (tenant, G::authorize(caller, &head, prefetched).await.map(|_| ()))
            }
            Err(error) => (None, Err(error)),
        }
    })
}

impl<P: Protocol> Operation<P> {
    /// An operation of `handler`, whose types define access, input and response. For a frequent operation, `prefetch`
    /// names the rows that authentication reads along.
    pub fn new<G, I, H>(
        path: impl Into<Arc<str>>,
        methods: &'static [&'static str],
        handler: H,
        prefetch: Option<fn(&I) -> Prefetch>,
    ) -> Operation<P>
    where
        G: Grant,
        I: FromRequest<P>,
        H: HandlerFn<P, G, I>,
    {
        let rules = Arc::new(I::rules());
        let serve: Serve = Arc::new(move |app, head, body, key, rules| {
            Box::pin(async move { serve::<P, G, I, H>(app, head, body, key, &rules, handler, prefetch).await })
        });
        Operation { methods, rules, ..Operation::of(path, serve, admit::<G>) }
    }

    /// A path without a resource: callers that are not admitted do not learn that.
    pub fn nowhere<G: Grant>(path: impl Into<Arc<str>>) -> Operation<P> {
        let serve: Serve = Arc::new(|_, _, _, _, _| Box::pin(async { Error::NoRoute.into_response() }));
        Operation::of(path, serve, admit::<G>)
    }

    fn of(path: impl Into<Arc<str>>, serve: Serve, admit: Admit) -> Operation<P> {
        Operation {
            path: path.into(),
            methods: &[],
            key: None,
            id: "",
            summary: "",
            description: "",
            rules: Arc::default(),
            example: Value::Null,
            success: Vec::new(),
            errors: Vec::new(),
            document: P::Document::default(),
            serve,
            admit,
        }
    }

    /// Sets its id and its summary in the document.
    pub fn about(self, id: &'static str, summary: &'static str) -> Operation<P> {
        Operation { id, summary, ..self }
    }

    /// Sets its description.
    pub fn describe(self, description: &'static str) -> Operation<P> {
        Operation { description, ..self }
    }

    /// Sets the example of a body.
    pub fn example(self, example: Value) -> Operation<P> {
        Operation { example, ..self }
    }

    /// Adds a response of success.
    pub fn succeeds(mut self, status: &'static str, response: Value) -> Operation<P> {
        self.success.push((status, response));
        self
    }

    /// Sets its errors beyond those of every operation.
    pub fn fails<const N: usize>(self, errors: [Error; N]) -> Operation<P> {
        Operation { errors: errors.into(), ..self }
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
        let route = Route::new(operations).router();
        match path.trim_end_matches('/') {
            bare if P::ALLOWS_TRAILING_SLASH => router.route(bare, route.clone()).route(&format!("{bare}/"), route),
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

    fn router(self) -> MethodRouter<Arc<App>> {
        let route = Arc::new(self);
        any(move |State(app), request| Arc::clone(&route).serve(app, request))
    }

    /// Serves a request to this path.
    pub async fn serve(self: Arc<Self>, app: Arc<App>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Route(operations) = &*self;
        let path = Arc::clone(&operations[0].path);
        let params = params(&path, parts.uri.path());
        let head = Head { now: app.clock.now(), parts, path, params };
        let method = head.parts.method.as_str();
        match operations.iter().find(|operation| operation.methods.contains(&method)) {
            Some(operation) => {
                let rules = Arc::clone(&operation.rules);
                (operation.serve)(app, head, body, operation.key.unwrap_or_default(), rules).await
            }
            None => self.refuse(app, head).await,
        }
    }

    /// The response to a method that no operation has.
    async fn refuse(&self, app: Arc<App>, head: Head) -> Response {
        let Route(operations) = self;
        let (tenant, admitted) = match P::METHOD_FIRST {
            true => (None, Ok(())),
            false => (operations[0].admit)(app, head).await,
        };
        let methods: Vec<&str> = operations.iter().flat_map(|operation| operation.methods).copied().collect();
        let error = match admitted {
            Err(error) => error,
            Ok(()) if methods.is_empty() => Error::NoRoute,
            Ok(()) => Error::MethodNotAllowed(methods),
        };
        let mut response = error.into_response();
        tenant.map(|tenant| response.extensions_mut().insert(tenant));
        response
    }
}

/// The parameters of a path that is declared as `declared`.
fn params(declared: &str, path: &str) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments = declared.split('/').zip(path.split('/'));
    segments.filter(|(declared, _)| declared.starts_with('{')).map(|(_, segment)| decoded(segment)).collect()
}

async fn serve<P, G, I, H>(
    app: Arc<App>,
    head: Head,
    body: Body,
    key: &'static str,
    rules: &Rules,
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
        Some(prefetch) if is_short(&body) => {
            let input = I::read(rules, &app, &head, body).await;
            let prefetch = input.as_ref().map_or(Prefetch::None, prefetch);
            (Pending::Read(input), prefetch)
        }
        _ => (Pending::Unread(body), Prefetch::None),
    };
    let (caller, prefetched) = match G::authenticate(&app, &head, prefetch).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    let tenant = G::tenant(&caller).map(Tenant);
    let head = Arc::new(head);
    let answer = async {
        let (grant, prefetched) = G::authorize(caller, &head, prefetched).await?;
        let input = match input {
            Pending::Read(input) => input?,
            Pending::Unread(body) => I::read(rules, &app, &head, body).await?,
        };
        let call = Call { grant, now: head.now, app, prefetched, head: Arc::clone(&head) };
        handler.call(call, input).await
    };
    let mut response = match answer.await {
        Ok(answer) => answer.respond(&head, key),
        Err(error) => error.into_response(),
    };
    tenant.map(|tenant| response.extensions_mut().insert(tenant));
    response
}

/// The input of a request, as far as it is read before authentication.
enum Pending<I> {
    Read(Result<I>),
    Unread(Body),
}

/// Whether a body says that it has at most [`MAX_READ_AHEAD`] bytes.
fn is_short(body: &Body) -> bool {
    body.size_hint().upper().is_some_and(|length| length <= MAX_READ_AHEAD)
}
