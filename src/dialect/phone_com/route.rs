//! Routes as values. A request passes the method check, then authentication and authorization for the account and
//! extension in the path, then the handler.

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

/// One path and its operations.
pub struct Route {
    /// Relative to the prefix, without a trailing slash.
    pub path: &'static str,
    pub operations: &'static [Operation],
}

/// One method and its handler.
pub struct Operation {
    pub method: &'static str,
    pub serve: Serve,
}

/// A handler, by the authentication it needs.
pub enum Serve {
    /// No authentication.
    Open(fn(Call) -> Serving),
    Caller(fn(Authenticated, Call) -> Serving),
    Account(fn(InAccount, Call) -> Serving),
    Extension(fn(InExtension, Call) -> Serving),
}

/// Future of a handler.
pub type Serving = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// Arguments of a handler.
pub struct Call {
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    pub request: Request,
    /// Last parameter of the path.
    pub id: String,
}

impl Call {
    /// Origin of the request.
    pub fn origin(&self) -> Origin {
        client_address::origin(self.request.extensions())
    }
}

impl Route {
    /// Serves a request to this path.
    pub async fn serve(&'static self, State(app): State<Arc<App>>, mut request: Request) -> Response {
        let asked = request.method().as_str();
        let Some(operation) = self.operations.iter().find(|operation| operation.method == asked) else {
            let methods = self.operations.iter().map(|operation| operation.method).collect();
            return Error::MethodNotAllowed(methods).into_response();
        };
        let names = match request.extract_parts::<RawPathParams>().await {
            Ok(params) => params.iter().map(|(_, value)| value.to_owned()).collect(),
            // A parameter that is not UTF-8 matches nothing.
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
    /// Authenticates and calls the handler; sets `tenant` as soon as the workspace is known.
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
                let (caller, _) =
                    access::admit(&call.app, headers, None, Prefetch::None, call.origin(), call.now).await?;
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
