//! `me`, the caller's user identity, and resources of an application that ordinary clients request on the way: they
//! exist and are empty. Clients require the links of real servers.

use super::access::Subscribed;
use super::answer;
use super::input::{Input, expected, fault};
use super::openapi::examples::{example_base, subscriber};
use super::openapi::inputs::{body, query};
use super::presence;
use super::resource::Resource;
use super::route::{Call, Operation};
use crate::api::input::names;
use crate::domain::presence::Availability;
use crate::domain::subscriber::Subscriber;
use crate::domain::user_identity::UserIdentity;
use crate::error::{Denial, Error, Problem, Reason, Result};
use axum::response::Response;
use serde_json::json;
use std::time::Duration;

/// Default and maximum wait of a request for events. Less than the request timeout.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Resources that are always empty, and the ids of their operations.
const EMPTY: [(&str, &str); 3] = [
    ("/onlineMeetings", "get_online_meetings"),
    ("/policies", "get_policies"),
    ("/me/callForwardingSettings", "get_call_forwarding_settings"),
];

/// The routes of the user identity below a base path.
pub fn routes(base: &str) -> [Operation; 2] {
    let example = me(&example_base(), &subscriber(true));
    [
        Operation::new(format!("{base}/me"), &["GET"], get)
            .about("get_me", "Get the user identity")
            .describe(
                "Returns the user identity of the token with its capabilities. Without voice it has no link to \
                 telephone numbers.",
            )
            .returns("Me", "UcwaMe", &[], &example),
        Operation::new(format!("{base}/me/photo"), &["GET"], get_photo)
            .about("get_photo", "Get the photo")
            .describe("Returns no content: photos are not kept. Clients require its link.")
            .returns_nothing(),
    ]
}

/// Routes below an application only.
pub fn routes_of_application(base: &str) -> Vec<Operation> {
    let at = |path: &str| format!("{base}{path}");
    let available = json!({ "supportedModalities": ["Messaging"], "signInAs": "Online" });
    let invalid = Problem::Choice { expected: names::<Availability>(), received: String::new() };
    let in_query = |name, description| query(name, description, json!({ "type": "integer", "minimum": 0 }));
    let mut routes = vec![
        Operation::new(at("/me/makeMeAvailable"), &["POST"], make_available)
            .about("make_me_available", "Make the user identity available")
            .describe("Possible once for each application, which then has no such link.")
            .example(body("UcwaMakeMeAvailable", false, available))
            .returns_nothing()
            .fails([Error::Conflict(Reason::AlreadyAvailable), fault("signInAs", invalid)]),
        Operation::new(at("/events"), &["GET"], events)
            .about("get_events", "Wait for events")
            .describe("Waits, then returns an empty event channel: telephone numbers cause no events.")
            .takes(in_query("ack", "The last part that the client has received"))
            .takes(in_query("timeout", "The maximum time to wait, in seconds"))
            .returns("Events", "UcwaEvents", &[], &no_events(&example_base(), 1))
            .fails([fault("ack", expected("number", "string"))]),
        Operation::new(at("/communication/startMessaging"), &["POST"], start_messaging)
            .about("start_messaging", "Start messaging")
            .describe("Always fails; clients require its link.")
            .fails([Error::Forbidden(Denial::NoMessaging)]),
        empty(Operation::new(at("/communication"), &["GET"], get_communication), "get_communication"),
        reporting(at("/me/reportMyActivity"), "report_my_activity"),
        // One client uses this path.
        reporting(at("/reportMyActivity"), "report_activity"),
    ];
    routes.extend(EMPTY.map(|(path, id)| empty(Operation::new(at(path), &["GET"], get_empty), id)));
    routes
}

fn reporting(path: String, id: &'static str) -> Operation {
    Operation::new(path, &["POST"], report_activity)
        .about(id, "Report activity")
        .describe("Reports activity of the user identity. It is accepted and not stored.")
        .returns_nothing()
}

fn empty(operation: Operation, id: &'static str) -> Operation {
    let example = Resource::new("policies", format!("{}/policies", example_base()));
    operation
        .about(id, "Get an empty resource")
        .describe("Returns a resource that clients require and that is always empty.")
        .returns("Resource", "UcwaResource", &[], &example)
}

async fn get(call: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::resource(call.grant.form, &me(&call.grant.base, &call.grant.subscriber)))
}

/// The user identity with the links it may use: no `phones` without enterprise voice, no `makeMeAvailable` once
/// available.
pub fn me(base: &str, subscriber: &Subscriber) -> Resource {
    let at = |path: &str| format!("{base}/me{path}");
    let person = &subscriber.person;
    let mut me = Resource::new("me", at(""));
    if let Some(application) = &subscriber.application {
        if application.presence.is_available {
            for rel in ["note", "presence", "location", "reportMyActivity"] {
                me = me.link(rel, at(&format!("/{rel}")));
            }
        } else {
            me = me.link("makeMeAvailable", at("/makeMeAvailable"));
        }
        if subscriber.enterprise_voice {
            me = me.link("callForwardingSettings", at("/callForwardingSettings"));
        }
    }
    if subscriber.enterprise_voice {
        me = me.link("phones", at("/phones"));
    }
    me.link("photo", at("/photo"))
        .text("name", person.display_name())
        .text("uri", uri(person))
        .list("emailAddresses", person.email_address.iter().cloned().collect())
}

/// The sip URI of a user identity.
pub fn uri(person: &UserIdentity) -> String {
    let name = person.email_address.clone().or_else(|| person.user_identity_key.clone());
    format!("sip:{}", name.unwrap_or_else(|| person.user_identity_id.to_string()))
}

/// `communication`, which real clients expect.
pub fn communication(base: &str) -> Resource {
    let own = format!("{base}/communication");
    Resource::new("communication", own.clone()).link("startMessaging", format!("{own}/startMessaging"))
}

async fn get_photo(_: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::empty())
}

async fn get_communication(call: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::resource(call.grant.form, &communication(&call.grant.base)))
}

async fn get_empty(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let path = EMPTY.into_iter().map(|(path, _)| path).find(|path| call.head.path.ends_with(path)).unwrap_or_default();
    let rel = path.rsplit('/').next().unwrap_or_default();
    Ok(answer::resource(call.grant.form, &Resource::new(rel, call.grant.href(path))))
}

async fn report_activity(_: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::empty())
}

/// Clients need the link; messaging itself is not supported.
async fn start_messaging(_: Call<Subscribed>, _: Input) -> Result<Response> {
    Err(Error::Forbidden(Denial::NoMessaging))
}

async fn make_available(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let availability = presence::chosen(&input, "signInAs")?;
    let id = call.grant.application().application_id;
    call.grant.workspace.make_available(call.grant.user_identity_id(), id, availability).await?;
    Ok(answer::empty())
}

/// Long poll without events; phone numbers have none in the reference either ("me dashboard"). It blocks until the
/// timeout, as clients expect.
async fn events(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let ack: u32 = whole(&input, "ack")?.unwrap_or(1);
    let timeout = whole(&input, "timeout")?.map_or(LONGEST_WAIT, |seconds| Duration::from_secs(u64::from(seconds)));
    tokio::select! {
        () = tokio::time::sleep(timeout.min(LONGEST_WAIT)) => {}
        () = call.app.stopping.cancelled() => {}
    }
    Ok(answer::resource(call.grant.form, &no_events(&call.grant.base, ack)))
}

/// Empty `events` with the link to the next ones.
pub fn no_events(base: &str, ack: u32) -> Resource {
    let at = |ack: u32| format!("{base}/events?ack={ack}");
    Resource::new("events", at(ack)).link("next", at(ack.wrapping_add(1))).list("sender", Vec::new())
}

pub fn whole(input: &Input, name: &str) -> Result<Option<u32>> {
    let Some(text) = input.text(name, 20)? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| fault(name, expected("number", "string")))
}
