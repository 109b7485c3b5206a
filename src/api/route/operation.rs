//! An operation as a value.

use super::{Authenticate, FromRequest, Grant, HandlerFn, Head, Protocol, Rules, authenticate, serve};
use crate::error::{Error, Result};
use crate::http::App;
use crate::store::Prefetch;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

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
    /// Success responses by status, as they stand in the document.
    pub success: Vec<(&'static str, Value)>,
    /// Errors beyond those of every operation.
    pub errors: Vec<Error>,
    pub document: P::Document,
    /// Whether it deactivates phones, with the connections that are reserved for that.
    pub is_urgent: bool,
    /// Whether its GET is served as HEAD, too.
    has_head: bool,
    pub(super) serve: Serve,
    pub(super) admit: Admit,
}

type Serve = Arc<dyn Fn(Arc<App>, Head, Body, &'static str, Arc<Rules>) -> BoxFuture<'static, Response> + Send + Sync>;
/// Authenticates and authorizes the caller of a request that is refused.
type Admit = fn(Arc<App>, Head) -> BoxFuture<'static, Result<()>>;

fn admit<G: Grant>(app: Arc<App>, head: Head) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        let (caller, prefetched) = authenticate::<G::Caller>(&app, &head, Prefetch::None).await?;
        G::authorize(caller, &head, prefetched).await.map(|_| ())
    })
}

impl<P: Protocol> Operation<P> {
    /// An operation of `handler`, whose types define access, input and response.
    pub fn new<G, I, H>(path: impl Into<Arc<str>>, methods: &'static [&'static str], handler: H) -> Operation<P>
    where
        G: Grant,
        I: FromRequest<P>,
        H: HandlerFn<P, G, I>,
    {
        Operation::with_prefetch(path, methods, handler, None)
    }

    /// As [`Operation::new`]; for a frequent operation, `prefetch` names the rows that authentication reads along.
    pub fn with_prefetch<G, I, H>(
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
        let rules = Arc::new(Rules { is_public: !G::Caller::IS_JUDGED, ..I::rules() });
        let serve: Serve = Arc::new(move |app, head, body, key, rules| {
            Box::pin(serve::<P, G, I, H>(app, head, body, key, rules, handler, prefetch))
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
            is_urgent: false,
            has_head: P::ALLOWS_HEAD,
            serve,
            admit,
        }
    }

    /// Sets its id and its summary in the document.
    pub fn about(self, id: &'static str, summary: &'static str) -> Operation<P> {
        Operation { id, summary, ..self }
    }

    /// Marks an operation that deactivates phones: from authentication on it uses the connections that are reserved for
    /// deactivation, so that it waits behind no other kind of request.
    pub fn urgent(self) -> Operation<P> {
        Operation { is_urgent: true, ..self }
    }

    /// Sets its description.
    pub fn describe(self, description: &'static str) -> Operation<P> {
        Operation { description, ..self }
    }

    /// Serves its GET as HEAD, too, in a dialect that does not do so everywhere.
    pub fn with_head(self) -> Operation<P> {
        Operation { has_head: true, ..self }
    }

    pub(super) fn has_head(&self) -> bool {
        self.has_head && self.methods.contains(&"GET")
    }

    /// Sets the example of a body.
    pub fn example(self, example: Value) -> Operation<P> {
        Operation { example, ..self }
    }

    /// Adds a success response.
    pub fn succeeds(mut self, status: &'static str, response: Value) -> Operation<P> {
        self.success.push((status, response));
        self
    }

    /// Adds errors beyond those of every operation.
    pub fn fails<const N: usize>(mut self, errors: [Error; N]) -> Operation<P> {
        self.errors.extend(errors);
        self
    }
}
