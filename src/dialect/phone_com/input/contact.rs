//! Contacts in request bodies, and the lookup of their group.

use super::super::error::message;
use super::Filled;
use crate::api::input::*;
use crate::domain::contact::*;
use crate::domain::e164::{Dialled, Region};
use crate::domain::limits::MAX_CONTACT_ENTRIES;
use crate::error::{Expected, Format, Problem};
use serde_json::{Map, Value, json};
use strum::VariantArray;

/// The most e-mail addresses that a contact has.
pub const MOST_EMAILS: usize = 2;

/// Aliases of text fields in newer clients.
const ALIASES: [(&str, Text); 2] = [("organization", Text::Company), ("title", Text::JobTitle)];

input! {
    /// An e-mail address of a contact.
    pub struct EmailInput {
        r#type: EmailType = choice().named("PhoneComEmailType").or_if_nullish("primary"),
        /// The address.
        email: String = Filled.try_map(|text| {
            if is_like_email(&text) { Ok(text) } else { Err(Problem::Format(Format::Email)) }
        }),
    }
}

input! {
    /// A telephone number of a contact.
    pub struct NumberInput {
        r#type: NumberType = choice().named("PhoneComNumberType").or_if_nullish("home"),
        /// The number. Without a leading plus it is one of the USA.
        number: (String, Dialled) = Filled.try_map(|text| match Dialled::parse(&text, Region::US) {
            // The vendor's rule: a number without a plus is a US number, whatever the server's region.
            Ok(dialled) => Ok((text, dialled)),
            Err(fault) => Err(Problem::Format(Format::PhoneNumber(fault.to_string()))),
        }),
    }
}

input! {
    /// A postal address of a contact.
    pub struct AddressInput {
        r#type: AddressType = choice().named("PhoneComAddressType").or_if_nullish("home"),
        street: String = text().or_if_nullish(""),
        city: String = text().or_if_nullish(""),
        state: String = text().or_if_nullish(""),
        zip: String = text().or_if_nullish(""),
        country: String = text().or_if_nullish(""),
    }
}

/// A contact to create or change. What is invalid is left out.
#[derive(Debug)]
pub struct ContactInput {
    /// Without the group.
    pub change: ContactChange,
    /// Group of the contact: absent, null, or a lookup.
    pub group: Option<Option<GroupLookup>>,
}

impl Input for ContactInput {
    const NAME: &'static str = "ContactInput";
    const DESCRIPTION: &'static str = "A contact to create or change.";

    fn fields() -> Vec<Field> {
        let own =
            Text::VARIANTS.iter().map(|text| Field::new(text.into_str(), "Null is an empty text.", &text_field()));
        let aliases = [
            Field::new("organization", "An alias of `company`.", &text_field()),
            Field::new("title", "An alias of `job_title`.", &text_field()),
        ];
        let lists = [
            Field::new("emails", "", &emails()),
            Field::new("phone_numbers", "", &phone_numbers()),
            Field::new("addresses", "", &addresses()),
            Field::new("group", "", &GroupReference.nullable().optional()),
        ];
        own.chain(aliases).chain(lists).collect()
    }

    fn read(map: &mut Map<String, Value>, at: &mut Reader) -> Option<ContactInput> {
        let mut texts: Vec<(Text, String)> = Vec::new();
        // A field's own name wins over its alias.
        let own = Text::VARIANTS.iter().map(|&text| (text.into_str(), text));
        for (name, text) in ALIASES.into_iter().chain(own) {
            texts.extend(at.field(name, &text_field(), map).flatten().map(|value| (text, value)));
        }
        let emails = at.field("emails", &emails(), map).flatten();
        let phone_numbers = at.field("phone_numbers", &phone_numbers(), map).flatten();
        let addresses = at.field("addresses", &addresses(), map).flatten();
        let group = at.field("group", &GroupReference.nullable().optional(), map).flatten();
        let email = |EmailInput { r#type: kind, email }| Email { kind, email };
        let number = |input: NumberInput| ContactNumber::new(input.r#type, &input.number.0, &input.number.1.number);
        let address = |AddressInput { r#type: kind, street, city, state, zip, country }| Address {
            kind,
            street,
            city,
            state,
            zip,
            country,
        };
        let change = ContactChange {
            texts,
            emails: emails.map(|items| items.into_iter().map(email).collect()),
            phone_numbers: phone_numbers.map(|items| items.into_iter().map(number).collect()),
            addresses: addresses.map(|items| items.into_iter().map(address).collect()),
            group: None,
        };
        Some(ContactInput { change, group })
    }
}

/// Reads a contact without a group by the rules of the API. Issues are worded as the API does, with their paths.
pub fn read_contact(mut members: Map<String, Value>) -> Result<ContactFields, Vec<String>> {
    let mut at = Reader::default();
    let input = ContactInput::read(&mut members, &mut at);
    match input.filter(|_| at.issues().is_empty()) {
        Some(input) => Ok(input.change.into()),
        None => Err(at.issues().iter().map(|issue| format!("{}: {}", issue.dotted(), message(issue))).collect()),
    }
}

fn text_field() -> impl Rule<Output = Option<String>> {
    text().or_if_nullish("").optional()
}

fn emails() -> impl Rule<Output = Option<Vec<EmailInput>>> {
    array(object().named("PhoneComEmailInput")).max(MOST_EMAILS).or_if_nullish(json!([])).optional()
}

fn phone_numbers() -> impl Rule<Output = Option<Vec<NumberInput>>> {
    array(object().named("PhoneComNumberInput")).max(MAX_CONTACT_ENTRIES).or_if_nullish(json!([])).optional()
}

fn addresses() -> impl Rule<Output = Option<Vec<AddressInput>>> {
    array(object().named("PhoneComAddressInput")).max(MAX_CONTACT_ENTRIES).or_if_nullish(json!([])).optional()
}

/// Whether a text is shaped like an e-mail address: local part, at sign, domain with a dot.
fn is_like_email(text: &str) -> bool {
    let is_plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    // Of the characters that only a quoted local part may have (RFC 5322), a colon marks the scheme of a URL.
    let is_local = |local: &str| {
        let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
        !local.is_empty() && (is_quoted || !local.contains(['"', '(', ')', ',', ':', ';', '<', '>', '[', '\\', ']']))
    };
    let parts = text.split_once('@').filter(|(local, domain)| is_local(local) && !domain.contains('@'));
    let is_domain = |domain: &str| domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    is_plain && parts.is_some_and(|(_, domain)| is_domain(domain))
}

/// A group lookup: an object whose members must all match, or a number or string that is an id or a name.
struct GroupReference;

impl Rule for GroupReference {
    type Output = GroupLookup;

    fn shape(&self) -> Shape {
        Shape::Reference("PhoneComGroupReference")
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<GroupLookup> {
        let any_of = |id: Option<i64>, name: String| GroupLookup { id, name: Some(name), needs_all: false };
        match at.present(value)? {
            Value::Number(number) => Some(any_of(number.as_i64(), number.to_string())),
            Value::String(name) if !name.contains('\0') => {
                let name = text().read(Some(Value::String(name)), at)?;
                Some(any_of(name.trim().parse().ok(), name))
            }
            Value::Object(mut members) => {
                let is_empty = ["id", "name"].iter().all(|key| members.get(*key).is_none_or(Value::is_null));
                let id = at.field("id", &WholeNumber.nullish(), &mut members).flatten();
                let name = at.field("name", &text().nullish(), &mut members).flatten();
                if is_empty {
                    at.fault(Problem::Rule("Say the group's id, its name, or both".into()));
                }
                // Without either there is an issue, and nothing is looked up.
                (id.is_some() || name.is_some()).then_some(GroupLookup { id, name, needs_all: true })
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::String(_) => {
                at.fault(Problem::Rule("It must be a group's id, its name, or an object with these".into()));
                None
            }
        }
    }
}

/// An integer, or a string of one.
struct WholeNumber;

impl Rule for WholeNumber {
    type Output = i64;

    fn shape(&self) -> Shape {
        integer::<i64>().shape()
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<i64> {
        let value = at.present(value)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        if number.is_none() {
            at.mismatch(Expected::Json("number"), &value);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::is_like_email;

    #[test]
    fn email_addresses_are_validated_by_shape() {
        for address in ["somebody@example.com", "a.b+c@d.e", "ü@exämple.de"] {
            assert!(is_like_email(address), "{address}");
        }
        for text in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b.",
            "a@.b",
            "a b@c.d",
            "a@b@c.d",
            "jane:::at:::example.com",
            "mailto:jane@example.com",
        ] {
            assert!(!is_like_email(text), "{text}");
        }
    }
}
