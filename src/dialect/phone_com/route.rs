//! A path as a value, and how a request goes through it: the method first, then who is calling and what of the path they
//! may use, then the handler.

use super::access::{self, InAccount, InExtension};
use super::answer::Answer;
use crate::error::{Error, Result};
use crate::http::{App, Tenant, client_address};
use crate::model::id::WorkspaceId;
use crate::store::{Authenticated, Origin, Prefetch};
use axum::RequestExt;
use axum::extract::{RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::pin::Pin;
use std::sync::Arc;

/// One path.
pub struct Route {
    /// Below the prefix, without a slash at the end.
    pub path: &'static str,
    pub operations: &'static [Operation],
}

/// What a method does.
pub struct Operation {
    pub method: &'static str,
    pub serve: Serve,
}

/// A handler, by what it is given of its caller.
pub enum Serve {
    /// Nothing: nobody has to say who they are.
    Open(fn(Call) -> Serving),
    Caller(fn(Authenticated, Call) -> Serving),
    Account(fn(InAccount, Call) -> Serving),
    Extension(fn(InExtension, Call) -> Serving),
}

/// A handler at work.
pub type Serving = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// What a handler is called with.
pub struct Call {
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    pub request: Request,
    /// What the path names last.
    pub id: String,
}

impl Call {
    /// Where the request comes from.
    pub fn origin(&self) -> Origin {
        client_address::origin(self.request.extensions())
    }
}

impl Route {
    /// Answers a request to this path.
    pub async fn serve(&'static self, State(app): State<Arc<App>>, mut request: Request) -> Response {
        let asked = request.method().as_str();
        let Some(operation) = self.operations.iter().find(|operation| operation.method == asked) else {
            let methods = self.operations.iter().map(|operation| operation.method).collect();
            return Error::MethodNotAllowed(methods).into_response();
        };
        let names = match request.extract_parts::<RawPathParams>().await {
            Ok(params) => params.iter().map(|(_, value)| value.to_owned()).collect(),
            // A name that is no text names nothing.
            Err(_) => vec!["\u{fffd}".to_owned(); 3],
        };
        let headers = request.headers().clone();
        let call = Call { now: app.clock.now(), app, request, id: names.last().cloned().unwrap_or_default() };
        let mut tenant = None;
        let answer = operation.answer(call, &headers, &names, &mut tenant).await;
        let mut response = match answer {
            Ok(answer) if operation.method == "GET" => answer.respond_tagged(&headers),
            Ok(answer) => answer.respond(&headers),
            Err(error) => error.into_response(),
        };
        tenant.map(|workspace| response.extensions_mut().insert(Tenant(workspace)));
        response
    }
}

impl Operation {
    /// Lets the caller in and calls the handler; tells the workspace as soon as it is known.
    async fn answer(
        &self,
        call: Call,
        headers: &HeaderMap,
        names: &[String],
        tenant: &mut Option<WorkspaceId>,
    ) -> Result<Answer> {
        let name = |index: usize| names.get(index).map_or("", String::as_str);
        match self.serve {
            Serve::Open(serve) => serve(call).await,
            Serve::Caller(serve) => {
                let (caller, _) = access::admit(&call.app, headers, None, Prefetch::None, call.origin(), call.now).await?;
                serve(caller, call).await
            }
            Serve::Account(serve) => {
                let (origin, now) = (call.origin(), call.now);
                let account =
                    access::admit_to_account(&call.app, headers, name(0), Prefetch::None, origin, now).await?;
                *tenant = Some(account.workspace.id());
                serve(account, call).await
            }
            Serve::Extension(serve) => {
                let (prefetch, origin, now) = (access::prefetch(name(1)), call.origin(), call.now);
                let account = access::admit_to_account(&call.app, headers, name(0), prefetch, origin, now).await?;
                *tenant = Some(account.workspace.id());
                let extension = account.extension(name(1)).await?;
                serve(extension, call).await
            }
        }
    }
}
