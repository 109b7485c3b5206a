//! The page of a number.

use super::{person, status};
use crate::console::code;
use crate::console::context::PageContext;
use crate::console::elements::{code as id_code, form, snippet, text, time};
use crate::console::field::{Faults, Field, typed};
use crate::console::layout::{Page, page};
use crate::domain::id::PhoneNumberId;
use crate::domain::limits::MAX_TEXT;
use crate::domain::number::{PhoneNumber, Provider, Status};
use crate::domain::operator::Role;
use crate::domain::scope::Scope;
use crate::domain::user_identity::UserIdentity;
use crate::error::{Error, Result};
use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::json;

pub async fn show(context: PageContext) -> Result<Page> {
    let number = context.workspace().number(context.id::<PhoneNumberId>("number_id")?).await?;
    filled(&context, &number, &[], &Faults::default()).await
}

/// The page with the messages of a refused form, and the users to choose from.
pub async fn filled(
    context: &PageContext,
    number: &PhoneNumber,
    candidates: &[UserIdentity],
    faults: &Faults,
) -> Result<Page> {
    let holder = holder(context, number).await?;
    let call = code::curl(context, &format!("/v1/phone/{}", number.register_id), &json!({}));
    let body = html! {
        h1 { "Number " bdi { (number.number) } }
        (faults.summary())
        (facts(context, number, holder.as_ref()))
        @if context.can(Role::Operator) { (settings(context, number, candidates, faults)) }
        h2 { "From code" }
        (snippet("curl", &call))
    };
    let page = page(context, "Phone number", body);
    Ok(if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) })
}

async fn holder(context: &PageContext, number: &PhoneNumber) -> Result<Option<UserIdentity>> {
    let Some(id) = number.user_identity_id else { return Ok(None) };
    match context.workspace().user_identity(id, Scope::Workspace).await {
        Ok(person) => Ok(Some(person)),
        // Deleted meanwhile.
        Err(Error::NotFound(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn facts(context: &PageContext, number: &PhoneNumber, holder: Option<&UserIdentity>) -> Markup {
    html! {
        dl {
            dt { "Status" } dd { (status(number)) }
            dt { "User" } dd {
                @match holder {
                    Some(person) => {
                        a href=(context.address(&format!("/users/{}/slots", person.user_identity_id))) {
                            (text(person.display_name()))
                        }
                    }
                    None => "None",
                }
            }
            dt { "Name" } dd { @match &number.nickname { Some(name) => (text(name)), None => "–" } }
            dt { "Origin" } dd {
                @match number.telephony_provider {
                    Provider::Netelip => "Bought, paid by the month",
                    Provider::Custom => "Imported",
                }
            }
            dt { "Created" } dd { (time(number.created_at)) }
            @if let Some(at) = number.assigned_at { dt { "Assigned" } dd { (time(at)) } }
            @if let Some(at) = number.released_at { dt { "Released" } dd { (time(at)) } }
            dt { "Id" } dd { (id_code(number.register_id)) }
        }
    }
}

fn settings(context: &PageContext, number: &PhoneNumber, candidates: &[UserIdentity], faults: &Faults) -> Markup {
    let address = |action: &str| context.address(&format!("/numbers/{}/{action}", number.register_id));
    let name = Field::text("nickname", "Name", MAX_TEXT);
    let is_assignable = number.assign(context.now).is_ok();
    html! {
        h2 { "Settings" }
        @if is_assignable {
            (form(context, &address("assign"), html! {
                (person::fields(context, candidates, faults))
                button type="submit" {
                    @if number.status == Status::Reserved { "Assign" } @else { "Assign to this user" }
                }
            }))
        }
        @if number.status != Status::Finished {
            (form(context, &address("name"), html! {
                (name.show(typed(context, "nickname", number.nickname.as_deref().unwrap_or_default()), faults))
                button type="submit" { "Save the name" }
            }))
        }
        @if number.cancel_release(context.now).is_ok() {
            (form(context, &address("cancel-release"), html! { button type="submit" { "Keep the number" } }))
        } @else if number.release(context.now).is_ok() {
            details {
                summary { "Release" }
                p {
                    @match number.telephony_provider {
                        Provider::Netelip => "It works until the end of the month that is paid. Until then you can keep it after all.",
                        Provider::Custom => "It is released at once, and taken off its user.",
                    }
                }
                (form(context, &address("release"), html! { button.danger type="submit" { "Release the number" } }))
            }
        }
    }
}
