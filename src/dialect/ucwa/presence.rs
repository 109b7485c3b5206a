//! `presence`, `note` and `location`: what a user identity shows by its application, for as long as the application lives,
//! and what others see of it (UCWA reference, "presence", "note", "location", "contactPresence").

use super::access::Subscribed;
use super::answer;
use super::input::{Input, fault};
use super::openapi::examples::{example_base, presence};
use super::openapi::inputs::{body, query};
use super::resource::Resource;
use super::route::{Call, Operation};
use crate::api::input::names;
use crate::domain::presence::{Availability, Presence, PresenceChange};
use crate::error::{Error, Limit, Problem, Reason, Result, Unit};
use axum::response::Response;
use serde_json::json;

/// Maximum characters of the name of an availability.
const LONGEST_AVAILABILITY: usize = 100;
/// Maximum characters of a note, that of the desktop client.
const LONGEST_NOTE: usize = 500;
/// Maximum characters of a location (UCWA reference, "location").
const LONGEST_LOCATION: usize = 60;

/// A part of a presence.
#[derive(Clone, Copy)]
struct Part {
    path: &'static str,
    /// Name of the input.
    input: &'static str,
    schema: &'static str,
    /// Name of the response, and of the input's schema.
    name: &'static str,
    input_schema: &'static str,
    /// Ids of its operations: get and change one's own, get another's.
    ids: [&'static str; 3],
    summaries: [&'static str; 3],
    show: fn(&'static str, String, &Presence) -> Resource,
    /// Name of the resource of another user identity.
    of_contact: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        path: "presence",
        input: "availability",
        schema: "UcwaPresence",
        name: "Presence",
        input_schema: "UcwaChangePresence",
        ids: ["get_presence", "change_presence", "get_contact_presence"],
        summaries: ["Get the presence", "Update the presence", "Get the presence of a contact"],
        show: availability,
        of_contact: "contactPresence",
    },
    Part {
        path: "note",
        input: "message",
        schema: "UcwaNote",
        name: "Note",
        input_schema: "UcwaChangeNote",
        ids: ["get_note", "change_note", "get_contact_note"],
        summaries: ["Get the note", "Update the note", "Get the note of a contact"],
        show: note,
        of_contact: "contactNote",
    },
    Part {
        path: "location",
        input: "location",
        schema: "UcwaLocation",
        name: "Location",
        input_schema: "UcwaChangeLocation",
        ids: ["get_location", "change_location", "get_contact_location"],
        summaries: ["Get the location", "Update the location", "Get the location of a contact"],
        show: location,
        of_contact: "contactLocation",
    },
];

/// The routes below an application for the user identity's own presence.
pub fn routes(base: &str) -> Vec<Operation> {
    PARTS.into_iter().flat_map(|part| own(base, part)).collect()
}

fn own(base: &str, part: Part) -> [Operation; 2] {
    let path = format!("{base}/me/{}", part.path);
    let example = (part.show)(part.path, format!("{}/me/{}", example_base(), part.path), &presence());
    let [get_id, change_id, _] = part.ids;
    let (value, longest, invalid) = match part.input {
        "availability" => {
            let (expected, received) = (names::<Availability>(), String::new());
            ("BeRightBack", LONGEST_AVAILABILITY, Problem::Choice { expected, received })
        }
        "message" => ("Back at three", LONGEST_NOTE, too_long(LONGEST_NOTE)),
        _ => ("By the beach", LONGEST_LOCATION, too_long(LONGEST_LOCATION)),
    };
    let schema = json!({ "type": "string", "maxLength": longest });
    let get = Operation::new(path.clone(), &["GET"], get)
        .about(get_id, part.summaries[0])
        .describe("Returns what the user identity shows by the application. It is offline before it is made available.")
        .returns(part.name, part.schema, &[], &example);
    let change = Operation::new(path, &["POST"], change)
        .about(change_id, part.summaries[1])
        .describe("Sets what the user identity shows until the application ends. Without a value it is reset.")
        .takes(query(part.input, "As in the body, which takes precedence", schema))
        .example(body(part.input_schema, false, json!({ part.input: value })))
        .returns_nothing()
        .fails([fault(part.input, invalid), Error::Conflict(Reason::NotAvailable)]);
    [get, change]
}

fn too_long(longest: usize) -> Problem {
    Problem::Length { limit: Limit::AtMost(longest), unit: Unit::Characters }
}

/// The routes below a contact.
pub fn routes_of_contact(contact: &str) -> Vec<Operation> {
    let routes = PARTS.into_iter().map(|part| {
        let href = format!("{}/people/{}/{}", example_base(), uuid::Uuid::nil(), part.path);
        Operation::new(format!("{contact}/{}", part.path), &["GET"], get_of_contact)
            .about(part.ids[2], part.summaries[2])
            .describe("Returns what the user identity shows by its latest application.")
            .returns(
                &format!("Contact{}", part.name),
                part.schema,
                &[],
                &(part.show)(part.of_contact, href, &presence()),
            )
    });
    routes.collect()
}

/// The part that the path ends with.
fn part(path: &str) -> Part {
    let last = path.rsplit('/').next().unwrap_or_default();
    PARTS.into_iter().find(|part| part.path == last).expect("each of these routes ends with a part")
}

async fn get(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let part = part(&call.head.path);
    let href = call.grant.href(&format!("/me/{}", part.path));
    Ok(answer::resource(call.grant.form, &(part.show)(part.path, href, &call.grant.application().presence)))
}

async fn get_of_contact(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let part = part(&call.head.path);
    let id = call.grant.contact_id();
    let entry = call.grant.workspace.directory_entry(id, call.now).await?;
    let href = call.grant.href(&format!("/people/{id}/{}", part.path));
    Ok(answer::resource(call.grant.form, &(part.show)(part.of_contact, href, &entry.presence)))
}

async fn change(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let text = |name: &str, longest: usize| -> Result<Option<String>> {
        let text = input.text(name, longest)?;
        Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let change = match part(&call.head.path).path {
        "presence" => PresenceChange::Availability(chosen(&input, "availability")?),
        "note" => PresenceChange::Note(text("message", LONGEST_NOTE)?),
        _ => PresenceChange::Location(text("location", LONGEST_LOCATION)?),
    };
    let id = call.grant.application().application_id;
    call.grant.workspace.change_presence(call.grant.user_identity_id(), id, change).await?;
    Ok(answer::empty())
}

/// The availability of this input; None if absent.
pub fn chosen(input: &Input, name: &str) -> Result<Option<Availability>> {
    let Some(text) = input.text(name, LONGEST_AVAILABILITY)?.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let other = || fault(name, Problem::Choice { expected: names::<Availability>(), received: text.to_owned() });
    text.parse().map(Some).map_err(|_| other())
}

/// `presence`. Real servers show people off work as away (UCWA reference, "Availability").
fn availability(rel: &'static str, href: String, presence: &Presence) -> Resource {
    let (availability, activity) = match presence.availability {
        _ if !presence.is_available => ("Offline", "Offline"),
        None | Some(Availability::Online) => ("Online", "Available"),
        Some(Availability::Busy) => ("Busy", "Busy"),
        Some(Availability::DoNotDisturb) => ("DoNotDisturb", "Do Not Disturb"),
        Some(Availability::BeRightBack) => ("BeRightBack", "Be Right Back"),
        Some(Availability::Away) => ("Away", "Away"),
        Some(Availability::OffWork) => ("Away", "Off Work"),
    };
    Resource::new(rel, href).text("availability", availability).text("activity", activity)
}

fn note(rel: &'static str, href: String, presence: &Presence) -> Resource {
    let message = presence.note.as_deref().unwrap_or_default();
    Resource::new(rel, href).text("message", message).text("type", "Personal")
}

fn location(rel: &'static str, href: String, presence: &Presence) -> Resource {
    Resource::new(rel, href).text("location", presence.location.as_deref().unwrap_or_default())
}
