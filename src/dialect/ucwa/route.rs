//! Routes as values. The order of checks is fixed: authentication, ownership of the application, version, path, method,
//! body, input values.

use super::access;
use super::error::ErrorBody;
use super::form::Form;
use super::input::Input;
use crate::error::{Denial, Error, ResourceKind};
use crate::http::{App, Tenant, body, client_address};
use crate::model::application::Application;
use crate::model::id::ApplicationId;
use crate::model::slot::SlotType;
use crate::model::subscriber::Subscriber;
use crate::store::Workspace;
use axum::extract::Request;
use axum::extract::path::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::pin::Pin;
use std::sync::Arc;

/// Latest resource version that a client may require; some require it with every request.
const LATEST: f64 = 2.0;

/// One path and its operations.
pub struct Route {
    /// Relative to the base; may contain `{slot}`.
    pub path: &'static str,
    pub operations: &'static [Operation],
}

/// A path without a resource.
pub static NOWHERE: Route = Route { path: "", operations: &[] };

/// One method and its handler.
pub struct Operation {
    pub method: &'static str,
    pub serve: fn(Call) -> Serving,
}

/// Future of a handler.
pub type Serving = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Base of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The root: the caller's own resources, without an application.
    Root,
    /// The collection of applications at this path.
    Applications(&'static str),
    /// One application of the collection at this path.
    Application(&'static str),
}

/// Arguments of a handler.
pub struct Call {
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    pub workspace: Workspace,
    pub subscriber: Subscriber,
    /// Prefix of each href.
    pub base: String,
    /// Path of the route.
    pub path: &'static str,
    /// Slot in the path, if any.
    slot: Option<SlotType>,
    pub headers: HeaderMap,
    pub form: Form,
    pub input: Input,
}

impl Call {
    /// Href below the base.
    pub fn href(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Slot in the path. Panics if the route has none.
    pub fn slot(&self) -> SlotType {
        self.slot.expect("the path of this operation has a slot")
    }

    /// Application in the path. Panics if the route has none.
    pub fn application(&self) -> &Application {
        self.subscriber.application.as_ref().expect("a path below an application is served only if it exists")
    }

    /// Phone numbers require enterprise voice (UCWA reference, errors of each phone resource).
    pub fn may_use_voice(&self) -> Result<(), Error> {
        if self.subscriber.enterprise_voice { Ok(()) } else { Err(Error::Forbidden(Denial::NoEnterpriseVoice)) }
    }
}

type Params = Result<RawPathParams, RawPathParamsRejection>;

impl Route {
    /// Serves a request to this path.
    pub async fn serve(&'static self, base: Base, app: Arc<App>, params: Params, request: Request) -> Response {
        let now = app.clock.now();
        let (workspace, person) =
            match access::admit(&app, request.headers(), client_address::origin(request.extensions()), now).await {
                Ok(admitted) => admitted,
                Err(error) => return error.into_response(),
            };
        let tenant = Tenant(workspace.id());
        let answer = async {
            let (application, slot) = named(base, params)?;
            let subscriber = workspace.subscriber(person, application, now).await?;
            if let Some(id) = application.filter(|_| subscriber.application.is_none()) {
                return Err(Error::NotFound(ResourceKind::Application, id.to_string()));
            }
            let form = Form::asked_by(request.headers());
            if asks_for_later(request.headers()) {
                return Ok(ErrorBody::version_not_supported().response(form));
            }
            let (operation, slot) = self.operation(request.method(), slot.as_deref())?;
            let base = href_of(base, application);
            let (head, body) = request.into_parts();
            let body = if head.method == Method::GET { Default::default() } else { body::read(body).await? };
            let input = Input::read(head.uri.query(), &head.headers, &body)?;
            let call = Call {
                app,
                now,
                workspace,
                subscriber,
                base,
                path: self.path,
                slot,
                headers: head.headers,
                form,
                input,
            };
            (operation.serve)(call).await
        };
        let mut response = answer.await.unwrap_or_else(IntoResponse::into_response);
        response.extensions_mut().insert(tenant);
        response
    }

    /// Operation and slot of a request.
    fn operation(&self, method: &Method, slot: Option<&str>) -> Result<(&'static Operation, Option<SlotType>), Error> {
        let slot = slot.map(|name| SlotType::named(name).ok_or(Error::NoRoute)).transpose()?;
        if self.operations.is_empty() {
            return Err(Error::NoRoute);
        }
        let operation = self.operations.iter().find(|operation| operation.method == method.as_str());
        let methods = || self.operations.iter().map(|operation| operation.method).collect();
        Ok((operation.ok_or_else(|| Error::MethodNotAllowed(methods()))?, slot))
    }
}

/// Application and slot in the path. An application id that is not a number is not found.
fn named(base: Base, params: Params) -> Result<(Option<ApplicationId>, Option<String>), Error> {
    let params = params.map_err(|_| Error::NoRoute)?;
    let param = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    let application = match base {
        Base::Root | Base::Applications(_) => None,
        Base::Application(_) => {
            let name = param("application_id").unwrap_or_default();
            let number = name.parse().map_err(|_| Error::NotFound(ResourceKind::Application, name))?;
            Some(ApplicationId(number))
        }
    };
    Ok((application, param("slot")))
}

fn href_of(base: Base, application: Option<ApplicationId>) -> String {
    match (base, application) {
        (Base::Application(applications), Some(id)) => format!("{applications}/{id}"),
        (Base::Applications(applications), _) => applications.to_owned(),
        _ => String::new(),
    }
}

/// Whether a client requires an unsupported version (UCWA reference, "Versioning"). An invalid number is ignored.
fn asks_for_later(headers: &HeaderMap) -> bool {
    let asked = headers.get("x-ms-requiresminresourceversion").and_then(|value| value.to_str().ok());
    asked.and_then(|version| version.trim().parse::<f64>().ok()).is_some_and(|version| version > LATEST)
}
