//! The contacts of a user, who is an extension in Phone.com's API, and the list of users as extensions.

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{empty, pager, snippet, text, time};
use super::field::{Faults, Field};
use super::layout::{Page, page};
use super::paging::{PAGE, cursor, paging};
use crate::domain::contact::{Contact, ContactField, ContactFields, Text};
use crate::domain::id::{ExtensionId, UserIdentityId};
use crate::domain::limits::MAX_TEXT;
use crate::domain::listing::{Condition, Listing, Operand, Order, Part, Relation, Test};
use crate::domain::scope::Scope;
use crate::domain::user_identity::{UserIdentity, UserIdentityFilter};
use crate::error::{Error, Result};
use crate::store::Prefetched;
use maud::{Markup, html};
use serde_json::json;

/// The parameter of the address with what is looked for.
const SEARCH: &str = "q";

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/extensions", extensions),
        Action::get("/console/w/{workspace_id}/users/{user_identity_id}/contacts", list),
    ]
}

/// The form that narrows a list.
fn search_form(label: &str, typed: &str) -> Markup {
    html! {
        form.search method="get" role="search" {
            (Field::text(SEARCH, label, MAX_TEXT).kind("search").show(typed, &Faults::default()))
            button type="submit" { "Search" }
        }
    }
}

async fn extensions(context: PageContext) -> Result<Page> {
    let search = context.query.filled(SEARCH).unwrap_or_default();
    let users = match search.parse().ok().map(ExtensionId) {
        Some(id) => of_extension(&context, id).await?.map(|user| (vec![user], None)),
        None => None,
    };
    let (users, next) = match users {
        Some(found) => found,
        None => {
            let search = (!search.is_empty()).then(|| search.chars().take(MAX_TEXT).collect());
            let filter = UserIdentityFilter { search, paging: paging(&context), ..UserIdentityFilter::default() };
            let found = context.workspace().user_identities(&filter, Scope::Workspace).await?;
            (found.items, found.next.map(cursor))
        }
    };
    let account = context.workspace().account_id();
    let body = html! {
        h1 { "Extensions" }
        p { "Each user has four telephone numbers in UCWA, and is an extension with contacts in Phone.com’s API." }
        (search_form("Name, e-mail address, key or number of the extension", search))
        @if users.is_empty() {
            (empty(html! {
                @if search.is_empty() { "There are no users yet. Your server creates one for each person." }
                @else { "No user matches." }
            }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Users, in order of creation" {
                table {
                    caption { "Users, in order of creation" }
                    thead { tr {
                        th scope="col" { "User" } th scope="col" { "E-mail address" } th scope="col" { "Pages" }
                    } }
                    tbody { @for user in &users { (user_row(&context, user)) } }
                }
            }
            (pager(&context, next.as_deref()))
        }
        h2 { "From code" }
        (snippet("curl", &code::curl(&context, &format!("/v4/accounts/{account}/extensions"), &json!({}))))
    };
    Ok(page(&context, "Extensions", body))
}

async fn of_extension(context: &PageContext, id: ExtensionId) -> Result<Option<UserIdentity>> {
    match context.workspace().extension(Prefetched::Nothing, id).await {
        Ok(extension) => {
            context.workspace().user_identity(extension.user_identity_id, Scope::Workspace).await.map(Some)
        }
        Err(Error::NotFound(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn user_row(context: &PageContext, user: &UserIdentity) -> Markup {
    let address = |page: &str| context.address(&format!("/users/{}/{page}", user.user_identity_id));
    let name = user.display_name();
    html! {
        tr {
            th scope="row" { (text(name)) }
            td { @match &user.email_address { Some(email) => (text(email)), None => "–" } }
            td {
                a href=(address("slots")) { "Slots" span.visually-hidden { " of " (name) } } ", "
                a href=(address("contacts")) { "Contacts" span.visually-hidden { " of " (name) } } ", "
                a href=(context.address(&format!("/sessions?user={}", user.user_identity_id))) {
                    "Sessions" span.visually-hidden { " of " (name) }
                }
            }
        }
    }
}

async fn list(context: PageContext) -> Result<Page> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    let user = context.workspace().user_identity(id, Scope::Workspace).await?;
    let search = context.query.filled(SEARCH).unwrap_or_default();
    let found = context.workspace().contacts(id, &listing(&context, search)).await?;
    let is_more = found.total > i64::from(PAGE);
    let next = found.items.last().filter(|_| is_more).map(|contact| contact.contact_id.to_string());
    let body = html! {
        h1 { "Contacts of " (text(user.display_name())) }
        p { a href=(context.address(&format!("/users/{id}/slots"))) { "Slots of this user" } }
        (search_form("Name of a contact", search))
        @if found.items.is_empty() {
            (empty(html! {
                @if search.is_empty() { "This user has no contacts. They are created with Phone.com’s API, or imported." }
                @else { "No contact matches." }
            }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Contacts, in order of creation" {
                table {
                    caption { "Contacts, in order of creation" }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "Numbers" } th scope="col" { "E-mail addresses" }
                        th scope="col" { "Group" } th scope="col" { "Changed" }
                    } }
                    tbody { @for contact in &found.items { (contact_row(contact)?) } }
                }
            }
            (pager(&context, next.as_deref()))
        }
    };
    Ok(page(&context, "Contacts", body))
}

/// The contacts after the cursor whose name contains a text.
fn listing(context: &PageContext, search: &str) -> Listing<ContactField> {
    let after: Option<i64> = context.query.filled("after").and_then(|id| id.parse().ok());
    let condition = |field, test| Condition { field, is_negated: false, test };
    let after = after.map(|id| condition(ContactField::Id, Test::Compared(Relation::Greater, Operand::Number(id))));
    let search: String = search.chars().take(MAX_TEXT).collect();
    let name = (!search.is_empty()).then(|| condition(ContactField::Name, Test::Matches(Part::Anywhere, search)));
    Listing {
        conditions: after.into_iter().chain(name).collect(),
        order: vec![Order { field: ContactField::Id, is_ascending: true }],
        limit: i64::from(PAGE),
        offset: 0,
    }
}

fn contact_row(contact: &Contact) -> Result<Markup> {
    let fields = contact.fields().map_err(|fault| Error::Internal(fault.into()))?;
    Ok(html! {
        tr {
            th scope="row" { (text(&contact_name(&fields))) }
            td { (lines(fields.phone_numbers.iter().map(|number| number.number.as_str()))) }
            td { (lines(fields.emails.iter().map(|email| email.email.as_str()))) }
            td { @match &contact.group { Some(group) => (text(&group.name)), None => "–" } }
            td { (time(contact.updated_at)) }
        }
    })
}

fn lines<'a>(values: impl Iterator<Item = &'a str>) -> Markup {
    html! { @for (index, value) in values.enumerate() { @if index > 0 { br; } (text(value)) } }
}

/// The name of a contact, or else what stands for it.
fn contact_name(fields: &ContactFields) -> String {
    let named = |parts: &[Text]| {
        let parts: Vec<&str> =
            parts.iter().map(|part| fields.texts[*part].as_str()).filter(|part| !part.is_empty()).collect();
        Some(parts.join(" ")).filter(|name| !name.is_empty())
    };
    named(&[Text::FirstName, Text::MiddleName, Text::LastName])
        .or_else(|| named(&[Text::Nickname]))
        .or_else(|| named(&[Text::Company]))
        .unwrap_or_else(|| "(no name)".to_owned())
}
