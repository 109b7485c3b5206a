//! Routes as values. A request passes the method check first, as in FastAPI's router, then authentication, then the
//! handler.

use super::access;
use super::fault::Refusal;
use crate::error::Error;
use crate::http::{App, Tenant, client_address};
use crate::store::Workspace;
use axum::extract::{Request, State};
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
    pub serve: fn(Call) -> Serving,
}

/// Future of a handler.
pub type Serving = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + Send>>;

/// Arguments of a handler.
pub struct Call {
    pub workspace: Workspace,
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    pub request: Request,
}

impl Route {
    /// Serves a request to this path.
    pub async fn serve(&'static self, State(app): State<Arc<App>>, request: Request) -> Response {
        let asked = request.method().as_str();
        let Some(operation) = self.operations.iter().find(|operation| operation.method == asked) else {
            let methods = self.operations.iter().map(|operation| operation.method).collect();
            return Error::MethodNotAllowed(methods).into_response();
        };
        let now = app.clock.now();
        let workspace =
            match access::admit(&app, request.headers(), client_address::origin(request.extensions()), now).await {
                Ok(workspace) => workspace,
                Err(error) => return error.into_response(),
            };
        let tenant = Tenant(workspace.id());
        let answer = (operation.serve)(Call { workspace, app, now, request }).await;
        let mut response = answer.unwrap_or_else(IntoResponse::into_response);
        response.extensions_mut().insert(tenant);
        response
    }
}
