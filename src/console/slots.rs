//! The slots of a user: the four telephone numbers of UCWA. A number that the workspace has assigned fills the work slot.

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{form, snippet, text};
use super::field::Faults;
use super::layout::{Page, page};
use crate::domain::id::UserIdentityId;
use crate::domain::operator::Role;
use crate::domain::slot::{Slot, SlotChange, SlotType};
use crate::domain::slot_number;
use crate::domain::subscriber::Subscriber;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Precondition;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    let path = "/console/w/{workspace_id}/users/{user_identity_id}/slots/{slot_type}";
    vec![
        Action::get("/console/w/{workspace_id}/users/{user_identity_id}/slots", show),
        Action::post(path, Role::Operator, change),
    ]
}

async fn show(context: PageContext) -> Result<Page> {
    let subscriber = subscriber(&context).await?;
    Ok(filled(&context, &subscriber, None, &Faults::default()))
}

async fn subscriber(context: &PageContext) -> Result<Subscriber> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    context.workspace().subscriber(id, None, context.now).await
}

/// The page. `refused` is the slot whose form was refused.
fn filled(context: &PageContext, subscriber: &Subscriber, refused: Option<SlotType>, faults: &Faults) -> Page {
    let (id, name) = (subscriber.person.user_identity_id, subscriber.person.display_name());
    let call = format!(
        "curl -H \"Authorization: Bearer $HANDSET_API_KEY\" -H 'X-Ucwa-User: {id}' {}",
        code::url(context, "/me/phones"),
    );
    let none = Faults::default();
    let body = html! {
        h1 { "Slots of " (text(name)) }
        (faults.summary())
        p { "The telephone numbers that UCWA’s clients show of this user. Those on the contact card are seen by other users." }
        @if !subscriber.enterprise_voice {
            p.alert { "This user may not use voice, so clients show none of these numbers." }
        }
        @for slot in &subscriber.slots {
            @let faults = if refused == Some(slot.slot_type) { faults } else { &none };
            (section(context, id, slot, refused == Some(slot.slot_type), faults))
        }
        p { a href=(context.address(&format!("/users/{id}/contacts"))) { "Contacts of this user" } }
        h2 { "From code" }
        (snippet("curl", &call))
    };
    let page = page(context, "Slots", body);
    if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) }
}

fn section(context: &PageContext, person: UserIdentityId, slot: &Slot, is_refused: bool, faults: &Faults) -> Markup {
    let name = slot_name(slot.slot_type);
    let typed = context.form.get("number").filter(|_| is_refused).unwrap_or(&slot.number);
    let is_shared = if is_refused { context.form.get("shared").is_some() } else { slot.include_in_contact_card };
    let field = format!("number-{}", slot.slot_type.into_str());
    let fault = faults.of("number");
    let fault_id = format!("{field}-fault");
    let address = context.address(&format!("/users/{person}/slots/{}", slot.slot_type.into_str()));
    html! {
        section.card aria-labelledby={ (field) "-heading" } {
            h2 id={ (field) "-heading" } { (name) }
            @if slot.is_managed || !context.can(Role::Operator) {
                p { @if slot.number.is_empty() { "Empty" } @else { bdi { (slot.number) } } }
                p {
                    @if slot.include_in_contact_card { "On the contact card" } @else { "Not on the contact card" }
                }
                @if slot.is_managed {
                    p.quiet { "The workspace has assigned this number; it is changed under “Phone numbers”." }
                }
            } @else {
                (form(context, &address, html! {
                    input type="hidden" name="version" value=(slot.version);
                    div.field {
                        label for=(field) { "Number" span.visually-hidden { ", " (name) } }
                        @if let Some(fault) = fault { p.fault id=(fault_id) { (fault) } }
                        input id=(field) name="number" type="tel" value=(typed) maxlength=(slot_number::LONGEST)
                            autocomplete="off" aria-invalid=[fault.map(|_| "true")]
                            aria-describedby=[fault.map(|_| &fault_id)];
                    }
                    label { input type="checkbox" name="shared" checked[is_shared]; " On the contact card" }
                    button type="submit" { "Save" span.visually-hidden { " " (name) } }
                }))
            }
        }
    }
}

fn slot_name(slot_type: SlotType) -> &'static str {
    match slot_type {
        SlotType::Work => "Work",
        SlotType::Mobile => "Mobile",
        SlotType::Home => "Home",
        SlotType::Other => "Other",
    }
}

async fn change(context: PageContext) -> Result<Response> {
    let name = context.param("slot_type");
    let slot_type: SlotType = name.parse().map_err(|_| Error::NotFound(ResourceKind::Number, name.to_owned()))?;
    let subscriber = subscriber(&context).await?;
    let mut faults = Faults::default();
    let number = read_number(&context, &mut faults);
    let version = context.form.get("version").and_then(|version| version.parse::<i64>().ok()).ok_or(Error::NoRoute)?;
    if faults.is_empty() {
        let person = subscriber.person.user_identity_id;
        let change =
            SlotChange { number: Some(number), include_in_contact_card: Some(context.form.get("shared").is_some()) };
        let is_shown = Precondition::new(move |current: &i64| Ok(*current == version));
        match context.workspace().change_slot(person, slot_type, change, is_shown, context.now).await {
            Ok(()) => {
                let page = format!("/users/{person}/slots");
                return Ok(context.redirect(&page).notice("The number is saved.").into_response());
            }
            Err(Error::PreconditionFailed) => {
                faults
                    .add("number", "This slot was changed meanwhile. What it has now is on its page: reload it first");
            }
            Err(Error::Conflict(Reason::ManagedNumber)) => {
                faults
                    .add("number", "The workspace has assigned a number to this user meanwhile, which fills the slot");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(filled(&context, &subscriber, Some(slot_type), &faults).into_response())
}

/// The number as it is stored; empty to clear the slot.
fn read_number(context: &PageContext, faults: &mut Faults) -> String {
    let text = context.form.filled("number").unwrap_or_default();
    if text.is_empty() {
        return String::new();
    }
    let is_short = text.chars().count() <= slot_number::LONGEST;
    let number = is_short.then(|| slot_number::normalized(text, context.app.region)).flatten();
    if number.is_none() {
        faults.add("number", "This is no telephone number. Enter one such as +34 675 89 76 54");
    }
    number.unwrap_or_default()
}
