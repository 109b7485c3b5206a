//! `…/extensions/{id}/contact-groups`: the contact groups of an extension.

use super::access::{self, InExtension};
use super::answer::{self, Answer};
use super::input::query::ListQuery;
use super::input::{Filled, Unread};
use super::openapi::examples::*;
use super::route::{Call, Head, Nothing, Operation};
use super::wire::{Deleted, Group, List};
use crate::api::input::input;
use crate::domain::contact::ContactGroup;
use crate::domain::extension::NamedField;
use crate::domain::id::ContactGroupId;
use crate::error::{Error, ResourceKind, Result};
use axum::http::StatusCode;
use serde_json::json;

const GROUPS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups";
const GROUP: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups/{group_id}";

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new(GROUPS, &["GET"], list)
            .about("phone_com_list_contact_groups", "List contact groups")
            .describe("Returns the contact groups of the extension.")
            .lists("PhoneComGroupList"),
        Operation::new(GROUPS, &["POST"], create)
            .about("phone_com_create_contact_group", "Create a contact group")
            .describe("Creates a contact group without contacts.")
            .example(json!({ "name": "Family" }))
            .creates("PhoneComGroup", group_example()),
        Operation::new(GROUP, &["GET"], get)
            .about("phone_com_get_contact_group", "Get a contact group")
            .describe("Returns one contact group.")
            .returns("PhoneComGroup", group_example()),
        Operation::new(GROUP, &["PUT"], rename)
            .about("phone_com_replace_contact_group", "Replace a contact group")
            .describe("Sets the name of the contact group.")
            .example(json!({ "name": "Family" }))
            .returns("PhoneComGroup", group_example()),
        Operation::new(GROUP, &["PATCH"], rename)
            .about("phone_com_update_contact_group", "Update a contact group")
            .describe("Sets the name of the contact group.")
            .example(json!({ "name": "Family" }))
            .returns("PhoneComGroup", group_example()),
        Operation::new(GROUP, &["DELETE"], delete)
            .about("phone_com_delete_contact_group", "Delete a contact group")
            .describe("Deletes a contact group. Its contacts stay, without a group.")
            .returns("PhoneComDeleted", json!(Deleted::DONE)),
    ]
}

input! {
    /// A contact group to create or rename.
    pub struct GroupInput {
        /// The name.
        name: String = Filled,
    }
}

async fn list(Call { grant: own, .. }: Call<InExtension>, query: ListQuery<NamedField>) -> Result<Answer> {
    let listed = own.workspace.contact_groups(own.extension.user_identity_id, &query.listing).await?;
    Ok(Answer::ok(&List::of(listed, query, |group| Group::from(&group))))
}

async fn create(Call { grant: own, .. }: Call<InExtension>, body: Unread<GroupInput>) -> Result<Answer> {
    let name = body.read().await?.name;
    let made = own.workspace.create_contact_group(own.extension.user_identity_id, &name).await?;
    let at = format!("{}/contact-groups/{}", own.path(), made.contact_group_id);
    Ok(Answer::new(StatusCode::CREATED, &Group::from(&made)).at(&at))
}

async fn get(Call { grant: own, head, .. }: Call<InExtension>, _: Nothing) -> Result<Answer> {
    let group = own.workspace.contact_group(own.extension.user_identity_id, group_id(&head)?).await?;
    Ok(Answer::ok(&Group::from(&group)))
}

async fn rename(Call { grant: own, head, .. }: Call<InExtension>, body: Unread<GroupInput>) -> Result<Answer> {
    let person = own.extension.user_identity_id;
    let id = group_id(&head)?;
    own.workspace.contact_group(person, id).await?;
    let name = body.read().await?.name;
    let precondition = answer::precondition(head.headers(), shown);
    Ok(Answer::ok(&Group::from(&own.workspace.rename_contact_group(person, id, name, precondition).await?)))
}

async fn delete(Call { grant: own, head, now, .. }: Call<InExtension>, _: Nothing) -> Result<Answer> {
    let precondition = answer::precondition(head.headers(), shown);
    own.workspace.delete_contact_group(own.extension.user_identity_id, group_id(&head)?, precondition, now).await?;
    Ok(Answer::ok(&Deleted::DONE))
}

fn group_id(head: &Head) -> Result<ContactGroupId> {
    let unknown = || Error::NotFound(ResourceKind::ContactGroup, head.param(2).to_owned());
    access::number(head.param(2)).map(ContactGroupId).ok_or_else(unknown)
}

/// What a GET shows of a group.
fn shown(group: &ContactGroup) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Group::from(group)).expect("response values have string keys only"))
}
