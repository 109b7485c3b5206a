//! `applications`: a client creates one, follows its links, and deletes it (UCWA reference, "application").

use super::answer;
use super::input::Input;
use super::me;
use super::resource::Resource;
use super::route::{Call, Operation, Route};
use crate::error::Error;
use crate::model::application::NewApplication;
use crate::model::id::ApplicationId;
use crate::model::subscriber::Subscriber;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Maximum characters of each input (UCWA reference, "applications").
const LONGEST: usize = 100;

pub static COLLECTION: Route =
    Route { path: "", operations: &[Operation { method: "POST", serve: |call| Box::pin(create(call)) }] };

pub static ROUTES: &[Route] = &[Route {
    path: "",
    operations: &[
        Operation { method: "GET", serve: |call| Box::pin(show(call)) },
        Operation { method: "DELETE", serve: |call| Box::pin(end(call)) },
    ],
}];

async fn create(call: Call) -> Result<Response, Error> {
    let new = described(&call.input, ApplicationId::new(&call.app.random))?;
    let person = call.subscriber.person.user_identity_id;
    let (id, is_new) = call.workspace.begin_application(person, &new, call.now).await?;
    let subscriber = call.workspace.subscriber(person, Some(id), call.now).await?;
    let own = format!("{}/{id}", call.base);
    let mut response = answer::resource(call.form, &application(own.clone(), &subscriber));
    *response.status_mut() = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let place = HeaderValue::from_str(&own).expect("an href is ASCII");
    response.headers_mut().insert(LOCATION, place);
    response.headers_mut().insert(ETAG, answer::quoted(version(&subscriber)));
    Ok(response)
}

/// Reads the description of a client. All errors are reported at once.
fn described(input: &Input, application_id: ApplicationId) -> Result<NewApplication, Error> {
    let mut issues = Vec::new();
    let mut required = |name| {
        input.required(name, LONGEST).unwrap_or_else(|error| {
            issues.extend(if let Error::Invalid(issues) = error { issues } else { Vec::new() });
            String::new()
        })
    };
    let (culture, endpoint_id, user_agent) = (required("culture"), required("endpointId"), required("userAgent"));
    let mut optional = |name| {
        input.text(name, LONGEST).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned)).unwrap_or_else(
            |error| {
                issues.extend(if let Error::Invalid(issues) = error { issues } else { Vec::new() });
                None
            },
        )
    };
    let (instance_id, application_type) = (optional("instanceId"), optional("type"));
    if !issues.is_empty() {
        return Err(Error::Invalid(issues));
    }
    Ok(NewApplication { application_id, endpoint_id, instance_id, culture, user_agent, application_type })
}

async fn show(call: Call) -> Result<Response, Error> {
    let version = version(&call.subscriber);
    if answer::is_known(&call.headers, version) {
        return Ok(answer::not_modified(version));
    }
    let mut response = answer::resource(call.form, &application(call.base.clone(), &call.subscriber));
    response.headers_mut().insert(ETAG, answer::quoted(version));
    Ok(response)
}

async fn end(call: Call) -> Result<Response, Error> {
    let id = call.application().application_id;
    call.workspace.end_application(call.subscriber.person.user_identity_id, id).await?;
    Ok(answer::empty())
}

/// An application with the resources that real clients need right after creating it.
pub fn application(own: String, subscriber: &Subscriber) -> Resource {
    let known = subscriber.application.as_ref();
    let at = |path: &str| format!("{own}{path}");
    Resource::new("application", own.clone())
        .link("policies", at("/policies"))
        .link("events", at("/events?ack=1"))
        .text_if("culture", known.map(|known| known.culture.as_str()))
        .text_if("userAgent", known.map(|known| known.user_agent.as_str()))
        .text_if("instanceId", known.and_then(|known| known.instance_id.as_deref()))
        .text_if("type", known.and_then(|known| known.application_type.as_deref()))
        .text("etag", version(subscriber))
        .one(me::me(&own, subscriber))
        .one(Resource::new("people", at("/people")))
        .one(Resource::new("onlineMeetings", at("/onlineMeetings")))
        .one(me::communication(&own))
}

/// Only `is_available` of an application changes.
fn version(subscriber: &Subscriber) -> &'static str {
    if subscriber.application.as_ref().is_some_and(|application| application.is_available) { "2" } else { "1" }
}
