//! The user that a form names: by id, key, e-mail address, phone number or a part of the name. Where several match, the form
//! asks which.

use crate::console::context::PageContext;
use crate::console::elements::text;
use crate::console::field::{Faults, Field, typed};
use crate::domain::id::UserIdentityId;
use crate::domain::limits::MAX_TEXT;
use crate::domain::page::Paging;
use crate::domain::scope::Scope;
use crate::domain::user_identity::{UserIdentity, UserIdentityFilter};
use crate::error::{Error, Result};
use maud::{Markup, html};
use uuid::Uuid;

/// Names of the fields: what was typed, and which of those that match was chosen.
const TYPED: &str = "user";
const CHOSEN: &str = "user_id";

/// Number of users to choose from.
const FEW: u32 = 20;

/// What a form says about a user.
pub enum Named {
    /// The field is empty.
    Unnamed,
    One(UserIdentityId),
    /// These match, or too many.
    Several(Vec<UserIdentity>),
}

/// The user that the form names. Messages are added to `faults`.
pub async fn named(context: &PageContext, faults: &mut Faults) -> Result<Named> {
    let chosen = context.form.filled(CHOSEN).and_then(|id| Uuid::try_parse(id).ok());
    let Some(search) = context.form.filled(TYPED) else { return Ok(Named::Unnamed) };
    let id = chosen.or_else(|| Uuid::try_parse(search).ok());
    if let Some(id) = id {
        return match context.workspace().user_identity(UserIdentityId(id), Scope::Workspace).await {
            Ok(person) => Ok(Named::One(person.user_identity_id)),
            Err(Error::NotFound(..)) => Ok(unknown(faults)),
            Err(error) => Err(error),
        };
    }
    if search.encode_utf16().count() > MAX_TEXT {
        return Ok(unknown(faults));
    }
    let filter = UserIdentityFilter {
        search: Some(search.to_owned()),
        paging: Paging { limit: Some(FEW), from: None },
        ..UserIdentityFilter::default()
    };
    let mut found = context.workspace().user_identities(&filter, Scope::Workspace).await?.items;
    let is_exact = |person: &UserIdentity| {
        [&person.user_identity_key, &person.email_address].iter().any(|text| text.as_deref() == Some(search))
    };
    if found.iter().filter(|person| is_exact(person)).count() == 1 {
        found.retain(is_exact);
    }
    match found.as_slice() {
        [] => Ok(unknown(faults)),
        [person] => Ok(Named::One(person.user_identity_id)),
        _ => {
            faults.add(TYPED, "Several users match: choose one, or type more");
            Ok(Named::Several(found))
        }
    }
}

fn unknown(faults: &mut Faults) -> Named {
    faults.add(TYPED, "No user of this workspace matches");
    Named::Several(Vec::new())
}

/// The fields, with the users to choose from.
pub fn fields(context: &PageContext, candidates: &[UserIdentity], faults: &Faults) -> Markup {
    let field = Field::text(TYPED, "User", MAX_TEXT)
        .hint("Name, e-mail address, key or id. Leave it empty for a number of the workspace that no user has.");
    html! {
        (field.show(typed(context, TYPED, ""), faults))
        @if !candidates.is_empty() {
            fieldset {
                legend { "Users that match" }
                @for person in candidates {
                    label {
                        input type="radio" name=(CHOSEN) value=(person.user_identity_id);
                        " " (text(person.display_name()))
                        @if let Some(email) = &person.email_address { ", " (text(email)) }
                        @if let Some(key) = &person.user_identity_key { ", key " (text(key)) }
                    }
                }
            }
        }
    }
}
