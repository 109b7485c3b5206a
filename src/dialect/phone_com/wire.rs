//! Wire types, with keys in the order of the vendor's documents.

use super::input::query::ListQuery;
use crate::domain::contact::{self, ContactGroup, Text};
use crate::domain::extension;
use crate::domain::listing::{Listed, Listing};
use crate::error::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A part of a list, with the filters and the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The filters as given: a text each, or a list of texts.
    #[schema(value_type = BTreeMap<String, Value>, example = json!({ "id": "gt:0" }))]
    pub filters: Pairs,
    /// The order in force: `asc` or `desc` by field.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "id": "asc" }))]
    pub sort: Pairs,
    /// The number of items of the whole list.
    pub total: i64,
    /// The number of items that were skipped.
    pub offset: i64,
    /// The maximum number of items of this part.
    pub limit: i64,
    pub items: Vec<T>,
}

/// A JSON object whose members keep their order.
#[derive(Debug, Default)]
pub struct Pairs(pub Vec<(String, Value)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A contact, full or as a summary. Serialized by hand: the contact document is JSON already, with the vendor's names,
/// and is copied unchanged.
#[derive(Debug)]
pub enum Contact {
    Full(contact::Contact),
    Summary(contact::Contact),
}

/// Members after the contact document.
#[derive(Serialize)]
struct TrailingMembers {
    group: Option<Group>,
    created_at: i64,
    updated_at: i64,
}

impl Contact {
    pub fn json(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(ROOM);
        self.write(&mut out).map_err(unreadable)?;
        Ok(out)
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let (Contact::Full(contact) | Contact::Summary(contact)) = self;
        out.extend_from_slice(b"{\"id\":");
        serde_json::to_writer(&mut *out, &contact.contact_id)?;
        out.push(b'}');
        match self {
            Contact::Full(_) => {
                let group = contact.group.as_ref().map(Group::from);
                let (created_at, updated_at) = (contact.created_at.timestamp(), contact.updated_at.timestamp());
                join(out, contact.said.0.as_bytes());
                join(out, &serde_json::to_vec(&TrailingMembers { group, created_at, updated_at })?);
            }
            Contact::Summary(_) => {
                let (texts, mut summary) = (contact.fields()?.texts, Vec::new());
                let members = Text::SUMMARY.iter().map(|&text| (text.into_str(), &texts[text]));
                serde_json::Serializer::new(&mut summary).collect_map(members)?;
                join(out, &summary);
            }
        }
        Ok(())
    }
}

impl List<Contact> {
    pub fn json(self) -> Result<Vec<u8>> {
        self.written().map_err(unreadable)
    }

    fn written(self) -> serde_json::Result<Vec<u8>> {
        let List { filters, sort, total, offset, limit, items } = self;
        let mut out = Vec::with_capacity(ROOM * (items.len() + 1));
        serde_json::to_writer(&mut out, &List::<()> { filters, sort, total, offset, limit, items: Vec::new() })?;
        out.truncate(out.len().saturating_sub(END.len()));
        for (index, contact) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            contact.write(&mut out)?;
        }
        out.extend_from_slice(END);
        Ok(out)
    }
}

/// End of a list, after its last item.
const END: &[u8] = b"]}";

/// Approximate bytes of a contact in JSON.
const ROOM: usize = 512;

/// Appends the members of `object` to the object written last.
fn join(out: &mut Vec<u8>, object: &[u8]) {
    if let Some(members) = object.strip_prefix(b"{") {
        out.pop();
        out.push(b',');
        out.extend_from_slice(members);
    }
}

/// Error of a stored document that cannot be parsed.
fn unreadable(fault: serde_json::Error) -> Error {
    Error::Internal(fault.into())
}

/// A contact group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComGroup)]
pub struct Group {
    /// The number of the group.
    id: i64,
    /// The name.
    name: String,
}

impl From<&ContactGroup> for Group {
    fn from(group: &ContactGroup) -> Group {
        Group { id: group.contact_group_id.0, name: group.name.clone() }
    }
}

/// A workspace as an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComAccount)]
pub struct Account {
    /// The number of the account.
    id: i64,
    /// The name of the workspace.
    name: String,
    /// The id of the workspace.
    workspace_id: Uuid,
}

impl From<extension::NumberedAccount> for Account {
    fn from(account: extension::NumberedAccount) -> Account {
        Account { id: account.account_id.0, name: account.name, workspace_id: account.workspace_id.0 }
    }
}

/// A user identity as an extension.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComExtension)]
pub struct Extension {
    /// The number of the extension.
    id: i64,
    /// The display name of the user identity.
    name: String,
    /// The id of the user identity.
    user_identity_id: Uuid,
    /// The key of the user identity.
    #[schema(required)]
    user_identity_key: Option<String>,
}

impl From<extension::Extension> for Extension {
    fn from(extension: extension::Extension) -> Extension {
        Extension {
            id: extension.extension_id.0,
            name: extension.name,
            user_identity_id: extension.user_identity_id.0,
            user_identity_key: extension.user_identity_key,
        }
    }
}

/// A deletion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComDeleted)]
pub struct Deleted {
    success: bool,
}

impl Deleted {
    pub const DONE: Deleted = Deleted { success: true };
}

impl<T> List<T> {
    /// Converts a listed page to the wire format.
    pub fn of<M, F>(listed: Listed<M>, query: ListQuery<F>, item: impl Fn(M) -> T) -> Self {
        let ListQuery { listing: Listing { offset, limit, .. }, filters, sort, .. } = query;
        let items = listed.items.into_iter().map(item).collect();
        List { filters, sort, total: listed.total, offset, limit, items }
    }
}
