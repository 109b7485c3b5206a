//! `applications`: a client creates one, follows its links, and deletes it (UCWA reference, "application").

use super::access::Subscribed;
use super::answer;
use super::input::{Input, fault};
use super::me;
use super::openapi::examples::{example_base, subscriber};
use super::openapi::inputs::{body, if_match, if_none_match};
use super::openapi::{ETAG, resource};
use super::people;
use super::resource::Resource;
use super::route::{Call, Operation};
use crate::domain::application::NewApplication;
use crate::domain::id::ApplicationId;
use crate::domain::subscriber::Subscriber;
use crate::error::{Error, Problem, Result};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// Maximum characters of each input (UCWA reference, "applications").
const LONGEST: usize = 100;

/// The collection of applications at this path, and each of them.
pub fn routes(applications: &str) -> Vec<Operation> {
    let example = application(example_base(), &subscriber(true));
    let input =
        json!({ "culture": "en-US", "endpointId": "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4", "userAgent": "curl" });
    let headers = [("Location", "The URI of the application"), ETAG];
    let created = resource("ApplicationCreated", "UcwaApplication", &headers, &example);
    vec![
        Operation::new(applications, &["POST"], create)
            .about("create_application", "Create an application")
            .describe(
                "Creates an application (201), or returns the existing one of the same instanceId (200). A \
                 new application replaces the previous one of the same endpoint.",
            )
            .example(body("UcwaNewApplication", true, input))
            .succeeds("201", created.clone())
            .succeeds("200", created)
            .fails([fault("culture", Problem::Missing)]),
        Operation::new(format!("{applications}/{{application_id}}"), &["GET"], get)
            .about("get_application", "Get an application")
            .describe("Returns the application with the user identity and its capabilities.")
            .takes(if_none_match())
            .returns("Application", "UcwaApplication", &[ETAG], &example),
        Operation::new(format!("{applications}/{{application_id}}"), &["DELETE"], delete)
            .about("delete_application", "Delete an application")
            .describe("Deletes the application and every resource below it.")
            .takes(if_match())
            .returns_nothing()
            .fails([Error::PreconditionFailed]),
    ]
}

async fn create(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let new = described(&input, ApplicationId::new(&call.app.random))?;
    let (workspace, now) = (&call.grant.workspace, call.now);
    let begin = async |person| Ok((person, workspace.begin_application(person, &new, now).await?));
    let (person, (id, is_new)) = workspace.for_user_identity(call.grant.user_identity_id(), begin).await?;
    let subscriber = workspace.subscriber(person, Some(id), now).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let application = application(format!("{}/{id}", call.grant.base), &subscriber);
    Ok(answer::created(call.grant.form, status, version(&subscriber), &application))
}

/// Reads the description of a client. All errors are reported at once.
fn described(input: &Input, application_id: ApplicationId) -> Result<NewApplication> {
    let mut issues = Vec::new();
    let mut kept = |read: Result<Option<String>>| {
        read.unwrap_or_else(|error| {
            issues.extend(if let Error::Invalid(issues) = error { issues } else { Vec::new() });
            None
        })
    };
    let mut required = |name| kept(input.required(name, LONGEST).map(Some)).unwrap_or_default();
    let (culture, endpoint_id, user_agent) = (required("culture"), required("endpointId"), required("userAgent"));
    let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let mut optional = |name| kept(input.text(name, LONGEST).map(filled));
    let (instance_id, application_type) = (optional("instanceId"), optional("type"));
    if !issues.is_empty() {
        return Err(Error::Invalid(issues));
    }
    Ok(NewApplication { application_id, endpoint_id, instance_id, culture, user_agent, application_type })
}

async fn get(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let application = application(call.grant.base.clone(), &call.grant.subscriber);
    Ok(answer::versioned(&call, version(&call.grant.subscriber), &application))
}

async fn delete(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let id = call.grant.application().application_id;
    let precondition = answer::precondition(&call, |is_available: &bool| version_of(*is_available).to_owned());
    call.grant.workspace.end_application(call.grant.user_identity_id(), id, precondition).await?;
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
        .one(people::people(&own))
        .one(Resource::new("onlineMeetings", at("/onlineMeetings")))
        .one(me::communication(&own))
}

/// Only `is_available` of an application changes.
fn version(subscriber: &Subscriber) -> &'static str {
    version_of(subscriber.application.as_ref().is_some_and(|application| application.presence.is_available))
}

fn version_of(is_available: bool) -> &'static str {
    if is_available { "2" } else { "1" }
}
