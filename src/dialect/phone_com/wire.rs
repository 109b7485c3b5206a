//! The wire's own things, with their keys in the order of the vendor's documents.

use crate::model::contact::{self, ContactGroup, Text, Texts};
use crate::model::extension;
use crate::model::listing::Listed;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// The names of a contact's texts; the first seven belong to its summary.
pub const TEXTS: [(&str, Text); 12] = [
    ("prefix", Text::Prefix),
    ("first_name", Text::FirstName),
    ("middle_name", Text::MiddleName),
    ("last_name", Text::LastName),
    ("suffix", Text::Suffix),
    ("nickname", Text::Nickname),
    ("company", Text::Company),
    ("phonetic_first_name", Text::PhoneticFirstName),
    ("phonetic_middle_name", Text::PhoneticMiddleName),
    ("phonetic_last_name", Text::PhoneticLastName),
    ("department", Text::Department),
    ("job_title", Text::JobTitle),
];
const SUMMARY: usize = 7;

/// A part of a list, and what was asked for.
#[derive(Debug, Serialize)]
pub struct List<T> {
    pub filters: Pairs,
    pub sort: Pairs,
    pub total: i64,
    pub offset: i64,
    pub limit: i64,
    pub items: Vec<T>,
}

/// An object whose members keep the order in which they were said.
#[derive(Debug, Default)]
pub struct Pairs(pub Vec<(String, Value)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A contact, whole or in brief.
#[derive(Debug)]
pub enum Contact {
    Full(contact::Contact),
    Summary(contact::Contact),
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (contact, texts) = match self {
            Contact::Full(contact) => (contact, &TEXTS[..]),
            Contact::Summary(contact) => (contact, &TEXTS[..SUMMARY]),
        };
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("id", &contact.contact_id)?;
        for (name, text) in texts {
            members.serialize_entry(name, text_of(&contact.texts, *text))?;
        }
        if let Contact::Full(contact) = self {
            members.serialize_entry("emails", &contact.emails)?;
            members.serialize_entry("phone_numbers", &contact.phone_numbers)?;
            members.serialize_entry("addresses", &contact.addresses)?;
            members.serialize_entry("group", &contact.group.as_ref().map(Group::from))?;
            members.serialize_entry("created_at", &contact.created_at.timestamp())?;
            members.serialize_entry("updated_at", &contact.updated_at.timestamp())?;
        }
        members.end()
    }
}

fn text_of(texts: &Texts, text: Text) -> &str {
    &texts[text]
}

/// A group; its summary is the same.
#[derive(Debug, Serialize)]
pub struct Group {
    id: i64,
    name: String,
}

impl From<&ContactGroup> for Group {
    fn from(group: &ContactGroup) -> Group {
        Group { id: group.contact_group_id.0, name: group.name.clone() }
    }
}

/// A workspace.
#[derive(Debug, Serialize)]
pub struct Account {
    id: i64,
    name: String,
    workspace_id: Uuid,
}

impl From<extension::NumberedAccount> for Account {
    fn from(account: extension::NumberedAccount) -> Account {
        Account { id: account.account_id.0, name: account.name, workspace_id: account.workspace_id.0 }
    }
}

/// A person.
#[derive(Debug, Serialize)]
pub struct Extension {
    id: i64,
    name: String,
    user_identity_id: Uuid,
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

/// Something is gone.
#[derive(Debug, Serialize)]
pub struct Deleted {
    success: bool,
}

impl Deleted {
    pub const DONE: Deleted = Deleted { success: true };
}

impl<T> List<T> {
    /// What the list gave, each entry in the wire's form.
    pub fn of<M>(
        listed: Listed<M>,
        filters: Pairs,
        sort: Pairs,
        (offset, limit): (i64, i64),
        item: impl Fn(M) -> T,
    ) -> Self {
        let items = listed.items.into_iter().map(item).collect();
        List { filters, sort, total: listed.total, offset, limit, items }
    }
}
