//! `…/extensions/{id}/contacts`: the contacts of an extension.

use super::access::{self, InExtension};
use super::answer::{self, Answer};
use super::input::Unread;
use super::input::contact::ContactInput;
use super::input::filter::Kind;
use super::input::query::{Fields, ListField, ListQuery};
use super::openapi::examples::*;
use super::route::{Call, Head, Nothing, Operation};
use super::wire::{Contact, Deleted, List};
use crate::domain::contact::{self, ContactChange, ContactField, ContactFields, UpdateMode};
use crate::domain::id::ContactId;
use crate::error::{Error, Issue, Problem, ResourceKind, Result, Step};
use axum::http::StatusCode;
use serde_json::json;
use std::borrow::Cow;

const CONTACTS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts";
const CONTACT: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts/{contact_id}";

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new(CONTACTS, &["GET"], list)
            .about("phone_com_list_contacts", "List contacts")
            .describe("Returns the contacts of the extension, in full or as summaries.")
            .lists("PhoneComContactList"),
        Operation::new(CONTACTS, &["POST"], create)
            .about("phone_com_create_contact", "Create a contact")
            .describe("Creates a contact. Absent members are empty.")
            .example(input_example())
            .creates("PhoneComContact", contact_example()),
        Operation::new(CONTACT, &["GET"], get)
            .about("phone_com_get_contact", "Get a contact")
            .describe("Returns one contact in full.")
            .returns("PhoneComContact", contact_example()),
        Operation::new(CONTACT, &["PUT"], replace)
            .about("phone_com_replace_contact", "Replace a contact")
            .describe("Replaces all members. Absent members become empty.")
            .example(input_example())
            .returns("PhoneComContact", contact_example()),
        Operation::new(CONTACT, &["PATCH"], update)
            .about("phone_com_update_contact", "Update a contact")
            .describe("Updates the given members. Absent members stay as they are.")
            .example(input_example())
            .returns("PhoneComContact", contact_example()),
        Operation::new(CONTACT, &["DELETE"], delete)
            .about("phone_com_delete_contact", "Delete a contact")
            .describe("Deletes a contact.")
            .returns("PhoneComDeleted", json!(Deleted::DONE)),
    ]
}

impl ListField for ContactField {
    const FIELDS: Fields<ContactField> = Fields {
        filters: &[
            ("id", ContactField::Id, Kind::Number),
            ("group_id", ContactField::GroupId, Kind::Number),
            ("updated_at", ContactField::UpdatedAt, Kind::Number),
            ("name", ContactField::Name, Kind::Text),
            ("phone", ContactField::Phone, Kind::Phone),
        ],
        sorts: &[("id", ContactField::Id), ("updated_at", ContactField::UpdatedAt)],
    };
}

async fn list(Call { grant: own, .. }: Call<InExtension>, query: ListQuery<ContactField>) -> Result<Answer> {
    let listed = own.workspace.contacts(own.extension.user_identity_id, &query.listing).await?;
    let form = if query.is_brief { Contact::Summary } else { Contact::Full };
    Ok(Answer::written(StatusCode::OK, List::of(listed, query, form).json()?))
}

async fn create(Call { grant: own, now, .. }: Call<InExtension>, body: Unread<ContactInput>) -> Result<Answer> {
    let fields = ContactFields::from(change_of(&own, body).await?);
    let made = own.workspace.create_contact(own.extension.user_identity_id, fields, now).await.map_err(no_group)?;
    let at = format!("{}/contacts/{}", own.path(), made.contact_id);
    Ok(Answer::written(StatusCode::CREATED, Contact::Full(made).json()?).at(&at))
}

async fn get(Call { grant: own, head, .. }: Call<InExtension>, _: Nothing) -> Result<Answer> {
    let contact = own.workspace.contact(own.extension.user_identity_id, contact_id(&head)?).await?;
    Ok(Answer::written(StatusCode::OK, Contact::Full(contact).json()?))
}

async fn replace(call: Call<InExtension>, body: Unread<ContactInput>) -> Result<Answer> {
    change(call, body, UpdateMode::Replace).await
}

async fn update(call: Call<InExtension>, body: Unread<ContactInput>) -> Result<Answer> {
    change(call, body, UpdateMode::Merge).await
}

async fn change(
    Call { grant: own, head, now, .. }: Call<InExtension>,
    body: Unread<ContactInput>,
    mode: UpdateMode,
) -> Result<Answer> {
    let person = own.extension.user_identity_id;
    let id = contact_id(&head)?;
    own.workspace.contact(person, id).await?;
    let change = change_of(&own, body).await?;
    let precondition = answer::precondition(head.headers(), shown);
    let changed = own.workspace.update_contact(person, id, change, mode, precondition, now).await.map_err(no_group)?;
    Ok(Answer::written(StatusCode::OK, Contact::Full(changed).json()?))
}

async fn delete(Call { grant: own, head, now, .. }: Call<InExtension>, _: Nothing) -> Result<Answer> {
    let precondition = answer::precondition(head.headers(), shown);
    own.workspace.delete_contact(own.extension.user_identity_id, contact_id(&head)?, precondition, now).await?;
    Ok(Answer::ok(&Deleted::DONE))
}

/// What a GET shows of a contact.
fn shown(contact: &contact::Contact) -> Result<Vec<u8>> {
    Contact::Full(contact.clone()).json()
}

/// Reads a contact from the body and resolves its group.
async fn change_of(own: &InExtension, body: Unread<ContactInput>) -> Result<ContactChange> {
    let (input, mut at) = body.read_with_issues().await?;
    let mut change = None;
    if let Some(input) = input {
        let group = match input.group {
            Some(Some(lookup)) => {
                let found = own.workspace.find_contact_group(own.extension.user_identity_id, &lookup).await?;
                if found.is_none() {
                    at.within(Step::Key("group".to_owned()), |at| at.fault(NO_GROUP));
                }
                Some(found.map(|group| group.contact_group_id))
            }
            other => other.map(|_| None),
        };
        change = Some(ContactChange { group, ..input.change });
    }
    at.finish(change)
}

const NO_GROUP: Problem = Problem::Rule(Cow::Borrowed("The extension has no such contact group"));

/// A group deleted between lookup and use is reported as an unknown group.
fn no_group(error: Error) -> Error {
    match error {
        Error::NotFound(ResourceKind::ContactGroup, _) => Error::Invalid(vec![Issue::field("group", NO_GROUP)]),
        error => error,
    }
}

fn contact_id(head: &Head) -> Result<ContactId> {
    let unknown = || Error::NotFound(ResourceKind::Contact, head.param(2).to_owned());
    access::number(head.param(2)).map(ContactId).ok_or_else(unknown)
}
