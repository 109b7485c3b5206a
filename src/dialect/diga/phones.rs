//! `/phone/…`: the managed phone numbers. The published operations list, get, update, import and release numbers; what
//! the vendor keeps in its dashboard (reserve, assign, cancel a release) is added in the same style, since without it
//! there would be no bought numbers.

use super::answer;
use super::fault::Faults;
use super::fault::Refusal;
use super::input::body::{self, Object};
use super::input::query::Query;
use super::input::register_id;
use super::route::{Call, Operation, Route};
use super::wire::{Page, Phone};
use crate::error::{Error, Reason};
use crate::model::id::{PhoneNumberId, UserIdentityId};
use crate::model::number::*;
use crate::model::token::Token;
use axum::response::Response;
use serde_json::json;

/// Routes, relative to the prefix.
pub const ROUTES: &[Route] = &[
    Route { path: "/phone", operations: &[Operation { method: "GET", serve: |call| Box::pin(list(call)) }] },
    Route { path: "/phone/import", operations: &[Operation { method: "POST", serve: |call| Box::pin(import(call)) }] },
    Route {
        path: "/phone/reserve",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(reserve(call)) }],
    },
    Route {
        path: "/phone/{phone_id}",
        operations: &[
            Operation { method: "GET", serve: |call| Box::pin(show(call)) },
            Operation { method: "PATCH", serve: |call| Box::pin(change(call)) },
            Operation { method: "DELETE", serve: |call| Box::pin(release(call)) },
        ],
    },
    Route {
        path: "/phone/{phone_id}/assign",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(assign(call)) }],
    },
    Route {
        path: "/phone/{phone_id}/cancel_release",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(cancel_release(call)) }],
    },
];

async fn list(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let (filter, window) = listed(&Query::of(call.request.uri().query()), &mut faults);
    let window = faults.judge(Some(window))??;
    let page = match window.start {
        Start::Page(page) => Some(page),
        Start::After(_) | Start::Before(_) => None,
    };
    let list = call.workspace.numbers(&filter, window).await?;
    Ok(answer::ok(&Page::of(list, page)))
}

/// Filter and window of a list. Parameters are read in declared order, which is the order of their errors.
fn listed(query: &Query, faults: &mut Faults) -> (PhoneNumberFilter, Result<Window, Error>) {
    let after = query.uuid("after", faults).map(PhoneNumberId);
    let before = query.uuid("before", faults).map(PhoneNumberId);
    let page = query.integer("page", 1, None, faults).unwrap_or(1);
    let limit = query.integer("limit", 1, Some(100), faults).unwrap_or(20);
    let orders = [("asc", true), ("desc", false)];
    let ascending = query.choice("order", "literal_error", &orders, faults).unwrap_or(false);
    let filter = PhoneNumberFilter {
        inbound_agent_id: query.uuid("inbound_agent_id", faults),
        outbound_agent_id: query.uuid("outbound_agent_id", faults),
        status: query.choice("status", "enum", &Status::ALL.map(|status| (status.as_str(), status)), faults),
        assigned_from: query.time("start_assigned_at", faults),
        assigned_until: query.time("end_assigned_at", faults),
    };
    let start = match (after, before) {
        (Some(_), Some(_)) => Err(Error::Conflict(Reason::ExclusiveOptions("after and before exclude each other"))),
        (Some(id), None) => Ok(Start::After(id)),
        (None, Some(id)) => Ok(Start::Before(id)),
        (None, None) => Ok(Start::Page(page)),
    };
    (filter, start.map(|start| Window { ascending, limit, start }))
}

async fn show(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let id = register_id(call.request.uri(), "phone_id", &mut faults);
    let id = faults.judge(id)?;
    Ok(phone(call.workspace.number(id).await?))
}

async fn change(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let id = register_id(call.request.uri(), "phone_id", &mut faults);
    let body = body::read(call.request).await?.object(&mut faults);
    let change = body.map(|body| changed(&body, &mut faults));
    let (id, change) = faults.judge(id.zip(change))?;
    Ok(phone(call.workspace.update_number(id, change, call.now).await?))
}

/// The published request names agent versions; here an agent has one version, so either name is accepted.
fn changed(body: &Object, faults: &mut Faults) -> PhoneNumberChange {
    let nickname = body.text("nickname", faults);
    let [inbound, inbound_version, outbound, outbound_version] =
        ["inbound_agent_id", "inbound_version_id", "outbound_agent_id", "outbound_version_id"]
            .map(|name| body.uuid(name, faults));
    PhoneNumberChange {
        nickname,
        inbound_agent_id: inbound.or(inbound_version),
        outbound_agent_id: outbound.or(outbound_version),
    }
}

async fn release(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    // The published document calls the parameter `id` in this operation only.
    let id = register_id(call.request.uri(), "id", &mut faults);
    let id = faults.judge(id)?;
    call.workspace.release_number(id, call.app.random.id(call.now), call.now).await?;
    Ok(answer::empty())
}

async fn import(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let body = body::read(call.request).await?.object(&mut faults);
    let read = body.and_then(|body| {
        let number = body.number("phone_number", &mut faults);
        let nickname = body.text("nickname", &mut faults).flatten();
        let sip_config = body.object("sip_config", &["body", "sip_config"], &mut faults);
        let sip_config = sip_config.map(|config| sip_config_of(&config, &mut faults));
        number.map(|number| (number, nickname, sip_config))
    });
    let (number, nickname, sip_config) = faults.judge(read)?;
    let new = NewPhoneNumber { register_id: call.app.random.id(call.now), number, nickname };
    Ok(phone(call.workspace.import_number(&new, sip_config, call.now).await?))
}

/// SIP configuration of an imported number, as one secret.
fn sip_config_of(config: &Object, faults: &mut Faults) -> Token {
    let termination_uri = config.required_text("termination_uri", faults);
    let username = config.text("username", faults).flatten();
    let password = config.text("password", faults).flatten();
    let config = json!({ "termination_uri": termination_uri, "username": username, "password": password });
    Token::from(config.to_string())
}

async fn reserve(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let body = body::read(call.request).await?.object(&mut faults);
    let read = body.and_then(|body| {
        let number = body.number("number", &mut faults);
        let nickname = body.text("nickname", &mut faults).flatten();
        number.map(|number| (number, nickname))
    });
    let (number, nickname) = faults.judge(read)?;
    let new = NewPhoneNumber { register_id: call.app.random.id(call.now), number, nickname };
    Ok(phone(call.workspace.reserve_number(&new, call.now, call.now + call.app.reservation).await?))
}

async fn assign(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let id = register_id(call.request.uri(), "phone_id", &mut faults);
    let body = body::read(call.request).await?.object_or_nothing(&mut faults);
    let person = body.map(|body| body.uuid("user_identity_id", &mut faults).flatten().map(UserIdentityId));
    let (id, person) = faults.judge(id.zip(person))?;
    let event_id = call.app.random.id(call.now);
    Ok(phone(call.workspace.assign_number(id, person, event_id, call.now).await?))
}

async fn cancel_release(call: Call) -> Result<Response, Refusal> {
    let mut faults = Faults::default();
    let id = register_id(call.request.uri(), "phone_id", &mut faults);
    let id = faults.judge(id)?;
    Ok(phone(call.workspace.cancel_release(id, call.now).await?))
}

fn phone(register: PhoneNumber) -> Response {
    answer::ok(&Phone::from(register))
}
