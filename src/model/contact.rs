//! Contacts that a person keeps: names, addresses and numbers of others, sorted into groups.

use super::e164::E164;
use super::id::{ContactGroupId, ContactId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashMap;
use std::ops::{Index, IndexMut};

/// A contact as the registry knows it.
#[derive(Debug, Clone)]
pub struct Contact {
    pub contact_id: ContactId,
    pub said: ContactDocument,
    pub group: Option<ContactGroup>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Contact {
    /// All that is said of it, to be changed.
    pub fn fields(&self) -> serde_json::Result<ContactFields> {
        let group = self.group.as_ref().map(|group| group.contact_group_id);
        let fields: ContactFields = serde_json::from_str(&self.said.0)?;
        Ok(ContactFields { group, ..fields })
    }
}

/// What is said of a contact, but for its group, as JSON: an object of its texts in their order, then its `emails`,
/// `phone_numbers` and `addresses`. Whoever only shows it need not read it.
#[derive(Debug, Clone)]
pub struct ContactDocument(String);

impl ContactDocument {
    /// What is said in an object of JSON.
    pub fn in_json(object: &str) -> ContactDocument {
        ContactDocument(object.to_owned())
    }

    pub fn json(&self) -> &str {
        &self.0
    }
}

/// What can be said of a contact.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ContactFields {
    #[serde(flatten)]
    pub texts: Texts,
    pub emails: Vec<Email>,
    pub phone_numbers: Vec<ContactNumber>,
    pub addresses: Vec<Address>,
    #[serde(skip)]
    pub group: Option<ContactGroupId>,
}

/// A change of a contact: what is None, or not among the texts, is not spoken of.
#[derive(Debug, Clone, Default)]
pub struct ContactChange {
    pub texts: Vec<(Text, String)>,
    pub emails: Option<Vec<Email>>,
    pub phone_numbers: Option<Vec<ContactNumber>>,
    pub addresses: Option<Vec<Address>>,
    pub group: Option<Option<ContactGroupId>>,
}

/// What becomes of what a change does not speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    Merge,
    Replace,
}

impl ContactFields {
    /// Takes a change in.
    pub fn take(&mut self, change: ContactChange) {
        for (text, value) in change.texts {
            self.texts[text] = value;
        }
        self.emails = change.emails.unwrap_or_else(|| std::mem::take(&mut self.emails));
        self.phone_numbers = change.phone_numbers.unwrap_or_else(|| std::mem::take(&mut self.phone_numbers));
        self.addresses = change.addresses.unwrap_or_else(|| std::mem::take(&mut self.addresses));
        self.group = change.group.unwrap_or(self.group);
    }
}

impl From<ContactChange> for ContactFields {
    fn from(change: ContactChange) -> ContactFields {
        let mut fields = ContactFields::default();
        fields.take(change);
        fields
    }
}

/// A plain text of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    Prefix,
    FirstName,
    MiddleName,
    LastName,
    Suffix,
    Nickname,
    Company,
    PhoneticFirstName,
    PhoneticMiddleName,
    PhoneticLastName,
    Department,
    JobTitle,
}

impl Text {
    /// All of them by their names, in the order in which they are kept.
    pub const ALL: [(&str, Text); 12] = [
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

    /// Those that tell who it is.
    pub const SUMMARY: &[(&str, Text)] = Text::ALL.split_at(7).0;
}

/// The plain texts of a contact; what nobody said is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts([String; Text::ALL.len()]);

impl Texts {
    /// In the order of [`Text::ALL`].
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        let mut said = HashMap::<String, String>::deserialize(deserializer)?;
        Ok(Texts(Text::ALL.map(|(name, _)| said.remove(name).unwrap_or_default())))
    }
}

impl Index<Text> for Texts {
    type Output = String;

    fn index(&self, text: Text) -> &String {
        &self.0[text as usize]
    }
}

impl IndexMut<Text> for Texts {
    fn index_mut(&mut self, text: Text) -> &mut String {
        &mut self.0[text as usize]
    }
}

/// An e-mail address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    #[serde(rename = "type")]
    pub kind: EmailType,
    pub email: String,
}

/// A number of a contact, as it was entered and as it is dialled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactNumber {
    #[serde(rename = "type")]
    pub kind: NumberType,
    pub number: String,
    pub normalized: String,
}

impl ContactNumber {
    /// A number, entered so.
    pub fn new(kind: NumberType, entered: &str, dialled: &E164) -> ContactNumber {
        ContactNumber { kind, number: entered.to_owned(), normalized: dialled.as_str().to_owned() }
    }
}

/// Where a contact lives or works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    #[serde(rename = "type")]
    pub kind: AddressType,
    pub street: String,
    pub city: String,
    pub state: String,
    pub zip: String,
    pub country: String,
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            #[default]
            $($variant),*
        }

        impl $name {
            /// All of them by their names; the first is meant where none is said.
            pub const ALL: &[(&str, $name)] = &[$(($text, $name::$variant)),*];
        }
    )*};
}

types! {
    /// Which of the contact's e-mail addresses it is.
    EmailType { Primary = "primary", Alternate = "alternate" }
    /// What a number is for.
    NumberType { Home = "home", Business = "business", Mobile = "mobile", Fax = "fax", Pager = "pager" }
    /// What an address is.
    AddressType { Home = "home", Business = "business" }
}

/// A group of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactGroup {
    pub contact_group_id: ContactGroupId,
    pub name: String,
}

/// What a group is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLookup {
    pub id: Option<i64>,
    pub name: Option<String>,
    /// Whether all that is given must fit; otherwise any of it is enough.
    pub needs_all: bool,
}

/// What lists of contacts are filtered and sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactField {
    Id,
    GroupId,
    UpdatedAt,
    Name,
    Phone,
}
