//! Instant keys of a person that can still be used. They are shown without their links, and ended.

use super::action::Action;
use super::context::PageContext;
use super::elements::{form, time};
use super::layout::Redirect;
use super::phones::{COUNT, others, shown};
use crate::domain::id::{InstantKeyId, UserIdentityId};
use crate::domain::instant_key::InstantKeySummary;
use crate::domain::operator::Role;
use crate::error::Result;
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    vec![Action::post(
        "/console/w/{workspace_id}/users/{user_identity_id}/instant-keys/{instant_key_id}/end",
        Role::Operator,
        end,
    )]
}

/// The instant keys of a person, if there are any.
pub async fn table(context: &PageContext, person: UserIdentityId) -> Result<Markup> {
    let keys = context.workspace().usable_instant_keys_of(person, COUNT + 1, context.now).await?;
    Ok(html! {
        @if !keys.is_empty() {
            h2 { "Instant keys" }
            div.scroll tabindex="0" role="region" aria-label="Instant keys" {
                table {
                    caption { "Links that let phones of this person in, newest first" }
                    thead { tr { th scope="col" { "Created" } th scope="col" { "Expires" } th scope="col" { "Uses left" } th scope="col" { "End" } } }
                    tbody { @for key in keys.iter().take(shown()) { (row(context, person, key)) } }
                }
            }
            (others(keys.len()))
        }
    })
}

fn row(context: &PageContext, person: UserIdentityId, key: &InstantKeySummary) -> Markup {
    let address = context.address(&format!("/users/{person}/instant-keys/{}/end", key.instant_key_id));
    html! {
        tr {
            th scope="row" { (time(key.created_at)) }
            td { (time(key.uses.expires_at)) }
            td { (key.uses.left()) " of " (key.uses.max_use_count) }
            td {
                @if context.can(Role::Operator) {
                    (form(context, &address, html! {
                        button.danger type="submit" { "End" span.visually-hidden { " the instant key of " (key.created_at) } }
                    }))
                }
            }
        }
    }
}

async fn end(context: PageContext) -> Result<Redirect> {
    let (person, key): (UserIdentityId, InstantKeyId) =
        (context.id("user_identity_id")?, context.id("instant_key_id")?);
    context.workspace().delete_instant_key(key, context.now).await?;
    let back = context.redirect(&format!("/users/{person}"));
    Ok(back.notice("The instant key has ended, and the client sessions that it has handed out."))
}
