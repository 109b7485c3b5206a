//! `me/phones`: a user identity's phone numbers, one in each of four slots (UCWA reference, "phones", "phone",
//! "changeNumber", "changeVisibility"). That a number can be added to an empty slot, and removed, is only in the
//! reference's prose; the requests for it are defined here.

use super::answer;
use super::input::fault;
use super::resource::Resource;
use super::route::{Call, Operation, Route};
use crate::error::{Error, Problem, Reason};
use crate::model::slot::{Slot, SlotChange, SlotType};
use crate::model::subscriber::Subscriber;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

pub static ROUTES: &[Route] = &[
    Route {
        path: "/me/phones",
        operations: &[
            Operation { method: "GET", serve: |call| Box::pin(list(call)) },
            Operation { method: "POST", serve: |call| Box::pin(create(call)) },
        ],
    },
    Route {
        path: "/me/phones/{slot}",
        operations: &[
            Operation { method: "GET", serve: |call| Box::pin(show(call)) },
            Operation { method: "DELETE", serve: |call| Box::pin(remove(call)) },
        ],
    },
    Route {
        path: "/me/phones/{slot}/changeNumber",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(change_number(call)) }],
    },
    Route {
        path: "/me/phones/{slot}/changeVisibility",
        operations: &[Operation { method: "POST", serve: |call| Box::pin(change_visibility(call)) }],
    },
];

async fn list(call: Call) -> Result<Response, Error> {
    call.may_use_voice()?;
    Ok(answer::resource(call.form, &phones(&call.base, &call.subscriber)))
}

async fn show(call: Call) -> Result<Response, Error> {
    call.may_use_voice()?;
    let slot = call.subscriber.slot(call.slot());
    let version = slot.version.to_string();
    if answer::is_known(&call.headers, &version) {
        return Ok(answer::not_modified(&version));
    }
    let mut response = answer::resource(call.form, &phone(&call.base, slot));
    response.headers_mut().insert(ETAG, answer::quoted(&version));
    Ok(response)
}

async fn create(call: Call) -> Result<Response, Error> {
    let name = call.input.required("type", 100)?;
    let one_of = || fault("type", Problem::Choice, "work, mobile, home or other is expected");
    let slot_type = SlotType::named(name.trim()).ok_or_else(one_of)?;
    let is_shared = call.input.flag("includeInContactCard")?.unwrap_or(false);
    let number = call.input.number(call.app.region)?;
    if number.is_empty() {
        return Err(fault("number", Problem::Missing, "A value is required"));
    }
    call.may_use_voice()?;
    let person = call.subscriber.person.user_identity_id;
    call.workspace.fill_slot(person, slot_type, number, is_shared, call.now).await?;
    let now = call.workspace.subscriber(person, None, call.now).await?;
    let resource = phone(&call.base, now.slot(slot_type));
    let mut response = answer::resource(call.form, &resource);
    *response.status_mut() = StatusCode::CREATED;
    let place = HeaderValue::from_str(&href(&call.base, slot_type)).expect("an href is ASCII");
    response.headers_mut().insert(LOCATION, place);
    response.headers_mut().insert(ETAG, answer::quoted(&now.slot(slot_type).version.to_string()));
    Ok(response)
}

async fn remove(call: Call) -> Result<Response, Error> {
    change(call, SlotChange { number: Some(String::new()), include_in_contact_card: Some(false) }).await
}

/// Without a number, the current one is removed, and hidden from the card unless the request says otherwise.
async fn change_number(call: Call) -> Result<Response, Error> {
    let is_shared = call.input.flag("includeInContactCard")?;
    let number = call.input.number(call.app.region);
    // 403 and 409 precede an error in the number itself.
    if let Err(Error::Invalid(issues)) = &number
        && issues.iter().all(|issue| issue.problem == Problem::Format)
    {
        call.may_use_voice()?;
        is_writable(&call)?;
    }
    let number = number?;
    let include_in_contact_card = if number.is_empty() { Some(is_shared.unwrap_or(false)) } else { is_shared };
    change(call, SlotChange { number: Some(number), include_in_contact_card }).await
}

/// Clients hide a number by omitting the flag, and show it by sending the flag without a value.
async fn change_visibility(call: Call) -> Result<Response, Error> {
    let is_shared = call.input.flag("includeInContactCard")?.unwrap_or(false);
    change(call, SlotChange { number: None, include_in_contact_card: Some(is_shared) }).await
}

async fn change(call: Call, change: SlotChange) -> Result<Response, Error> {
    call.may_use_voice()?;
    call.workspace.change_slot(call.subscriber.person.user_identity_id, call.slot(), change, call.now).await?;
    Ok(answer::empty())
}

fn is_writable(call: &Call) -> Result<(), Error> {
    let is_managed = call.subscriber.slot(call.slot()).is_managed;
    if is_managed { Err(Error::Conflict(Reason::ManagedNumber)) } else { Ok(()) }
}

/// All numbers of a user identity.
pub fn phones(base: &str, subscriber: &Subscriber) -> Resource {
    let phones = subscriber.slots.iter().map(|slot| phone(base, slot)).collect();
    Resource::new("phones", format!("{base}/me/phones")).many("phone", phones)
}

/// A phone. A managed number has no links that change it.
pub fn phone(base: &str, slot: &Slot) -> Resource {
    let own = href(base, slot.slot_type);
    let mut phone = Resource::new("phone", own.clone());
    if !slot.is_managed {
        phone = phone
            .link("changeNumber", format!("{own}/changeNumber"))
            .link("changeVisibility", format!("{own}/changeVisibility"));
    }
    phone
        .flag("includeInContactCard", slot.include_in_contact_card)
        .text("number", slot.number.as_str())
        .text("type", slot.slot_type.as_str())
        .text("etag", slot.version.to_string())
}

fn href(base: &str, slot_type: SlotType) -> String {
    format!("{base}/me/phones/{}", slot_type.as_str())
}
