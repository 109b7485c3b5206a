//! Contacts of a user identity: names, addresses and numbers, sorted into groups.

use super::e164::E164;
use super::id::{ContactGroupId, ContactId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use strum::{IntoStaticStr, VariantArray};

/// A stored contact.
#[derive(Debug, Clone)]
pub struct Contact {
    pub contact_id: ContactId,
    pub said: ContactDocument,
    pub group: Option<ContactGroup>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Contact {
    /// Parses the fields, for a change.
    pub fn fields(&self) -> serde_json::Result<ContactFields> {
        let group = self.group.as_ref().map(|group| group.contact_group_id);
        let fields: ContactFields = serde_json::from_str(&self.said.0)?;
        Ok(ContactFields { group, ..fields })
    }
}

/// A contact without its group, as JSON: an object of its texts in their order, then its `emails`, `phone_numbers` and
/// `addresses`. Rendering a contact does not parse it.
#[derive(Debug, Clone)]
pub struct ContactDocument(pub String);

/// Fields of a contact.
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

/// A change of a contact. None and unlisted texts are unspecified.
#[derive(Debug, Clone, Default)]
pub struct ContactChange {
    pub texts: Vec<(Text, String)>,
    pub emails: Option<Vec<Email>>,
    pub phone_numbers: Option<Vec<ContactNumber>>,
    pub addresses: Option<Vec<Address>>,
    pub group: Option<Option<ContactGroupId>>,
}

/// Treatment of unspecified fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    Merge,
    Replace,
}

impl ContactFields {
    /// Applies a change.
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

/// A text field of a contact, in storage order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
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
    /// Names and company.
    pub const SUMMARY: &[Text] = Text::VARIANTS.split_at(7).0;
}

/// Text fields of a contact; unset ones are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts([String; Text::VARIANTS.len()]);

impl Texts {
    /// Values in storage order.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        let mut said = HashMap::<String, String>::deserialize(deserializer)?;
        let mut text = |index: usize| said.remove(Text::VARIANTS[index].into_str()).unwrap_or_default();
        Ok(Texts(std::array::from_fn(&mut text)))
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

/// A number of a contact, as entered and in E.164.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactNumber {
    #[serde(rename = "type")]
    pub kind: NumberType,
    pub number: String,
    pub normalized: String,
}

impl ContactNumber {
    /// A number as entered, with its E.164 form.
    pub fn new(kind: NumberType, entered: &str, dialled: &E164) -> ContactNumber {
        ContactNumber { kind, number: entered.to_owned(), normalized: dialled.as_str().to_owned() }
    }
}

/// A postal address.
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

/// Type of an e-mail address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmailType {
    #[default]
    Primary,
    Alternate,
}

/// Type of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NumberType {
    #[default]
    Home,
    Business,
    Mobile,
    Fax,
    Pager,
}

/// Type of an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AddressType {
    #[default]
    Home,
    Business,
}

/// A group of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactGroup {
    pub contact_group_id: ContactGroupId,
    pub name: String,
}

/// Criteria for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLookup {
    pub id: Option<i64>,
    pub name: Option<String>,
    /// Whether all given criteria must match; otherwise one is enough.
    pub needs_all: bool,
}

/// Filter and sort fields of contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactField {
    Id,
    GroupId,
    UpdatedAt,
    Name,
    Phone,
}
