//! `me`, the caller's user identity, and resources of an application that ordinary clients request on the way: they
//! exist and are empty.

use super::answer;
use super::input::fault;
use super::resource::Resource;
use super::route::{Call, Operation, Route};
use crate::error::{Denial, Error, Problem};
use crate::model::subscriber::Subscriber;
use axum::response::Response;
use std::time::Duration;

/// Default and maximum wait of a request for events. Less than the request timeout.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

pub static ROUTES: &[Route] =
    &[Route { path: "/me", operations: &[Operation { method: "GET", serve: |call| Box::pin(show(call)) }] }];

/// Routes below an application only.
pub static OF_APPLICATIONS: &[Route] = &[
    Route {
        path: "/me/makeMeAvailable",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(make_available(call)) }],
    },
    Route { path: "/me/reportMyActivity", operations: &[ACTIVITY] },
    // One client uses this path.
    Route { path: "/reportMyActivity", operations: &[ACTIVITY] },
    Route { path: "/events", operations: &[Operation { method: "GET", serve: |call| Box::pin(events(call)) }] },
    Route {
        path: "/communication/startMessaging",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(start_messaging(call)) }],
    },
    Route {
        path: "/communication",
        operations: &[Operation { method: "GET", serve: |call| Box::pin(show_communication(call)) }],
    },
    Route { path: "/people", operations: &[NOTHING] },
    Route { path: "/onlineMeetings", operations: &[NOTHING] },
    Route { path: "/policies", operations: &[NOTHING] },
    Route { path: "/me/callForwardingSettings", operations: &[NOTHING] },
    Route { path: "/me/note", operations: &[NOTHING] },
    Route { path: "/me/presence", operations: &[NOTHING] },
    Route { path: "/me/location", operations: &[NOTHING] },
];

const ACTIVITY: Operation = Operation { method: "POST", serve: |_| Box::pin(async { Ok(answer::empty()) }) };

/// An empty resource.
const NOTHING: Operation = Operation { method: "GET", serve: |call| Box::pin(show_nothing(call)) };

async fn show(call: Call) -> Result<Response, Error> {
    Ok(answer::resource(call.form, &me(&call.base, &call.subscriber)))
}

/// The user identity with the links it may use: no `phones` without enterprise voice, no `makeMeAvailable` once
/// available.
pub fn me(base: &str, subscriber: &Subscriber) -> Resource {
    let at = |path: &str| format!("{base}/me{path}");
    let person = &subscriber.person;
    let mut me = Resource::new("me", at(""));
    if let Some(application) = &subscriber.application {
        if application.is_available {
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
    let name = person.email_address.clone().or_else(|| person.user_identity_key.clone());
    let address = name.unwrap_or_else(|| person.user_identity_id.to_string());
    me.text("name", person.display_name())
        .text("uri", format!("sip:{address}"))
        .list("emailAddresses", person.email_address.iter().cloned().collect())
}

/// `communication`, which real clients expect.
pub fn communication(base: &str) -> Resource {
    let own = format!("{base}/communication");
    Resource::new("communication", own.clone()).link("startMessaging", format!("{own}/startMessaging"))
}

async fn show_communication(call: Call) -> Result<Response, Error> {
    Ok(answer::resource(call.form, &communication(&call.base)))
}

async fn show_nothing(call: Call) -> Result<Response, Error> {
    let rel = call.path.rsplit('/').next().unwrap_or_default();
    Ok(answer::resource(call.form, &Resource::new(rel, call.href(call.path))))
}

/// Clients need the link; messaging itself is not supported.
async fn start_messaging(_: Call) -> Result<Response, Error> {
    Err(Error::Forbidden(Denial::NoMessaging))
}

async fn make_available(call: Call) -> Result<Response, Error> {
    let id = call.application().application_id;
    call.workspace.make_available(call.subscriber.person.user_identity_id, id).await?;
    Ok(answer::empty())
}

/// Long poll without events; phone numbers have none in the reference either ("me dashboard"). It blocks until the
/// timeout, as clients expect.
async fn events(call: Call) -> Result<Response, Error> {
    let ack: u32 = whole(&call, "ack")?.unwrap_or(1);
    let timeout = whole(&call, "timeout")?.map_or(LONGEST_WAIT, |seconds| Duration::from_secs(u64::from(seconds)));
    tokio::select! {
        () = tokio::time::sleep(timeout.min(LONGEST_WAIT)) => {}
        () = call.app.stopping.cancelled() => {}
    }
    Ok(answer::resource(call.form, &no_events(&call.base, ack)))
}

/// Empty `events` with the link to the next ones.
pub fn no_events(base: &str, ack: u32) -> Resource {
    let at = |ack: u32| format!("{base}/events?ack={ack}");
    Resource::new("events", at(ack)).link("next", at(ack.wrapping_add(1))).list("sender", Vec::new())
}

fn whole(call: &Call, name: &str) -> Result<Option<u32>, Error> {
    let Some(text) = call.input.text(name, 20)? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| fault(name, Problem::Type, "A whole number is expected"))
}
