//! `me/phones`: a user identity's phone numbers, one in each of four slots (UCWA reference, "phones", "phone",
//! "changeNumber", "changeVisibility"). That a number can be added to an empty slot, and removed, is only in the
//! reference's prose; the requests for it are defined here.

use super::access::Subscribed;
use super::answer;
use super::input::{Input, fault};
use super::openapi::examples::{self, example_base, subscriber};
use super::openapi::inputs::*;
use super::openapi::{ETAG, resource};
use super::resource::Resource;
use super::route::{Call, Operation};
use crate::api::input::names;
use crate::domain::slot::{Slot, SlotChange, SlotType};
use crate::domain::slot_number as number;
use crate::domain::subscriber::Subscriber;
use crate::error::{Denial, Error, Format, Limit, Problem, Reason, Result, Unit};
use crate::http::conditional;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// The routes below a base path.
#[expect(clippy::too_many_lines, reason = "a list of operations with their documentation")]
pub fn routes(base: &str) -> Vec<Operation> {
    let path = |path: &str| format!("{base}/me/phones{path}");
    let (all, mobile) =
        (phones(&example_base(), &subscriber(true)), phone(&example_base(), &examples::slot(SlotType::Mobile)));
    let created =
        resource("PhoneCreated", "UcwaPhone", &[("Location", "The URI of the telephone number"), ETAG], &mobile);
    let no_voice = || Error::Forbidden(Denial::NoEnterpriseVoice);
    let managed = || Error::Conflict(Reason::ManagedNumber);
    let in_query = |name, schema| query(name, "As in the body, which takes precedence", schema);
    let visibility = || in_query("includeInContactCard", json!({ "type": "boolean" }));
    vec![
        Operation::new(path(""), &["GET"], list)
            .about("list_phones", "List telephone numbers")
            .describe("Returns all four telephone numbers, in order. A managed one has no links to change it.")
            .returns("Phones", "UcwaPhones", &[], &all)
            .fails([no_voice()]),
        Operation::new(path(""), &["POST"], create)
            .about("create_phone", "Create a telephone number")
            .describe("Sets the number of an empty slot.")
            .example(body(
                "UcwaNewPhone",
                true,
                json!({ "type": "mobile", "number": "(425) 555-0199", "includeInContactCard": true }),
            ))
            .succeeds("201", created)
            .fails([
                invalid(),
                no_number(),
                Error::Conflict(Reason::SlotFilled),
                managed(),
                no_voice(),
                Error::PreconditionFailed,
            ]),
        Operation::new(path("/{type}"), &["GET"], get)
            .about("get_phone", "Get a telephone number")
            .describe("Returns one of the four telephone numbers. The number of an empty slot is empty.")
            .takes(if_none_match())
            .returns("Phone", "UcwaPhone", &[ETAG], &mobile)
            .fails([no_voice()]),
        Operation::new(path("/{type}"), &["DELETE"], remove)
            .about("delete_phone", "Delete a telephone number")
            .describe("Clears the slot. Idempotent.")
            .takes(if_match())
            .returns_nothing()
            .fails([managed(), no_voice(), Error::PreconditionFailed]),
        Operation::new(path("/{type}/changeNumber"), &["POST"], change_number)
            .about("change_number", "Update a telephone number")
            .describe("Sets the number and, if given, its visibility. Without a number the slot is cleared.")
            .takes(in_query("number", number_schema()))
            .takes(visibility())
            .takes(if_match())
            .example(body(
                "UcwaChangeNumber",
                false,
                json!({ "number": "tel:+14255550199", "includeInContactCard": true }),
            ))
            .returns_nothing()
            .fails([invalid(), no_number(), managed(), no_voice(), Error::PreconditionFailed]),
        Operation::new(path("/{type}/changeVisibility"), &["POST"], change_visibility)
            .about("change_visibility", "Update the visibility of a telephone number")
            .describe("Sets whether the number is on the contact card; false if absent.")
            .takes(visibility())
            .takes(if_match())
            .example(body("UcwaChangeVisibility", false, json!({ "includeInContactCard": true })))
            .returns_nothing()
            .fails([invalid(), managed(), no_voice(), Error::PreconditionFailed]),
    ]
}

fn invalid() -> Error {
    fault("number", Problem::Length { limit: Limit::AtMost(number::LONGEST), unit: Unit::Characters })
}

fn no_number() -> Error {
    fault("number", Problem::Format(Format::PhoneNumber(String::new())))
}

async fn list(call: Call<Subscribed>, _: Input) -> Result<Response> {
    call.grant.may_use_voice()?;
    Ok(answer::resource(call.grant.form, &phones(&call.grant.base, &call.grant.subscriber)))
}

async fn get(call: Call<Subscribed>, _: Input) -> Result<Response> {
    call.grant.may_use_voice()?;
    let slot = call.grant.subscriber.slot(call.grant.slot());
    Ok(answer::versioned(&call, &slot.version.to_string(), &phone(&call.grant.base, slot)))
}

async fn create(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let name = input.required("type", 100)?;
    let one_of = || fault("type", Problem::Choice { expected: names::<SlotType>(), received: name.clone() });
    let slot_type: SlotType = name.trim().parse().map_err(|_| one_of())?;
    let is_shared = input.flag("includeInContactCard")?.unwrap_or(false);
    let number = input.number(call.app.region)?;
    if number.is_empty() {
        return Err(fault("number", Problem::Missing));
    }
    call.grant.may_use_voice()?;
    let person = call.grant.user_identity_id();
    let filled = call.grant.workspace.fill_slot(person, slot_type, number, is_shared, call.now).await;
    filled.map_err(|error| match error {
        Error::Conflict(Reason::SlotFilled) if conditional::must_be_new(call.head.headers()) => {
            Error::PreconditionFailed
        }
        error => error,
    })?;
    let subscriber = call.grant.workspace.subscriber(person, None, call.now).await?;
    let slot = subscriber.slot(slot_type);
    let (version, phone) = (slot.version.to_string(), phone(&call.grant.base, slot));
    Ok(answer::created(call.grant.form, StatusCode::CREATED, &version, &phone))
}

async fn remove(call: Call<Subscribed>, _: Input) -> Result<Response> {
    change(call, SlotChange { number: Some(String::new()), include_in_contact_card: Some(false) }).await
}

/// Without a number, the current one is removed, and hidden from the card unless the request says otherwise.
async fn change_number(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let is_shared = input.flag("includeInContactCard")?;
    let number = input.number(call.app.region);
    // 403 and 409 precede an error in the number itself.
    if let Err(Error::Invalid(issues)) = &number
        && issues.iter().all(|issue| matches!(issue.problem, Problem::Format(_)))
    {
        call.grant.may_use_voice()?;
        is_writable(&call)?;
    }
    let number = number?;
    let include_in_contact_card = if number.is_empty() { Some(is_shared.unwrap_or(false)) } else { is_shared };
    change(call, SlotChange { number: Some(number), include_in_contact_card }).await
}

/// Clients hide a number by omitting the flag, and show it by sending the flag without a value.
async fn change_visibility(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let is_shared = input.flag("includeInContactCard")?.unwrap_or(false);
    change(call, SlotChange { number: None, include_in_contact_card: Some(is_shared) }).await
}

async fn change(call: Call<Subscribed>, change: SlotChange) -> Result<Response> {
    call.grant.may_use_voice()?;
    is_writable(&call)?;
    let precondition = answer::precondition(&call, i64::to_string);
    let (person, slot) = (call.grant.user_identity_id(), call.grant.slot());
    call.grant.workspace.change_slot(person, slot, change, precondition, call.now).await?;
    Ok(answer::empty())
}

fn is_writable(call: &Call<Subscribed>) -> Result<()> {
    let is_managed = call.grant.subscriber.slot(call.grant.slot()).is_managed;
    if is_managed { Err(Error::Conflict(Reason::ManagedNumber)) } else { Ok(()) }
}

/// All numbers of a user identity.
pub fn phones(base: &str, subscriber: &Subscriber) -> Resource {
    let phones = subscriber.slots.iter().map(|slot| phone(base, slot)).collect();
    Resource::new("phones", format!("{base}/me/phones")).many("phone", phones)
}

/// A phone. A managed number has no links that change it.
pub fn phone(base: &str, slot: &Slot) -> Resource {
    let own = format!("{base}/me/phones/{}", slot.slot_type.into_str());
    let mut phone = Resource::new("phone", own.clone());
    if !slot.is_managed {
        phone = phone
            .link("changeNumber", format!("{own}/changeNumber"))
            .link("changeVisibility", format!("{own}/changeVisibility"));
    }
    phone
        .flag("includeInContactCard", slot.include_in_contact_card)
        .text("number", slot.number.as_str())
        .text("type", slot.slot_type.into_str())
        .text("etag", slot.version.to_string())
}
