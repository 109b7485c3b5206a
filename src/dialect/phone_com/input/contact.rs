//! Contacts in request bodies, and the lookup of their group.

use super::Faults;
use super::body::Object;
use crate::error::{Place, Problem};
use crate::model::contact::*;
use crate::model::e164::{Dialled, Region};
use serde_json::{Number, Value};

/// The most e-mail addresses that a contact has.
pub const MOST_EMAILS: usize = 2;

/// Aliases of text fields in newer clients.
const ALIASES: [(&str, Text); 2] = [("organization", Text::Company), ("title", Text::JobTitle)];

/// Group of a contact: absent, null, or a lookup.
pub type GroupSaid = Option<Option<GroupLookup>>;

/// Reads a contact; its group is returned as a lookup.
pub fn read(body: &Object, faults: &mut Faults) -> (ContactChange, GroupSaid) {
    let mut texts: Vec<(Text, String)> = Vec::new();
    // A field's own name wins over its alias.
    for (name, text) in ALIASES.into_iter().chain(Text::ALL) {
        texts.extend(body.text(name, faults).map(|value| (text, value)));
    }
    let change = ContactChange {
        texts,
        emails: emails(body, faults),
        phone_numbers: phone_numbers(body, faults),
        addresses: addresses(body, faults),
        group: None,
    };
    (change, group(body, faults))
}

fn emails(body: &Object, faults: &mut Faults) -> Option<Vec<Email>> {
    let items = body.objects("emails", faults)?;
    if body.value("emails").and_then(Value::as_array).is_some_and(|items| items.len() > MOST_EMAILS) {
        let message = format!("A contact has at most {MOST_EMAILS} e-mail addresses");
        faults.add(Place::Body, body.at("emails"), Problem::Length, message);
    }
    let read = |item: &Object, faults: &mut Faults| {
        let kind = item.choice("type", EmailType::ALL, faults);
        let email = item.required_text("email", faults)?;
        if !is_like_email(&email) {
            let message = "It must be an e-mail address, as somebody@example.com";
            faults.add(Place::Body, item.at("email"), Problem::Format, message);
        }
        Some(Email { kind: kind?, email })
    };
    Some(items.iter().filter_map(|item| read(item, faults)).collect())
}

/// Whether a text is shaped like an e-mail address: local part, at sign, domain with a dot.
fn is_like_email(text: &str) -> bool {
    let is_plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let parts = text.split_once('@').filter(|(who, domain)| !who.is_empty() && !domain.contains('@'));
    let is_domain = |domain: &str| domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    is_plain && parts.is_some_and(|(_, domain)| is_domain(domain))
}

fn phone_numbers(body: &Object, faults: &mut Faults) -> Option<Vec<ContactNumber>> {
    let items = body.objects("phone_numbers", faults)?;
    let read = |item: &Object, faults: &mut Faults| {
        let kind = item.choice("type", NumberType::ALL, faults);
        let entered = item.required_text("number", faults)?;
        // The vendor's rule: a number without a plus is a US number, whatever the server's region.
        match Dialled::parse(&entered, Region::US) {
            Ok(dialled) => Some(ContactNumber::new(kind?, &entered, &dialled.number)),
            Err(fault) => {
                let message = format!("No number to dial: {fault}. Write one outside the USA as +34 675 89 76 54");
                faults.add(Place::Body, item.at("number"), Problem::Format, message);
                None
            }
        }
    };
    Some(items.iter().filter_map(|item| read(item, faults)).collect())
}

fn addresses(body: &Object, faults: &mut Faults) -> Option<Vec<Address>> {
    let items = body.objects("addresses", faults)?;
    let read = |item: &Object, faults: &mut Faults| {
        let kind = item.choice("type", AddressType::ALL, faults);
        let [street, city, state, zip, country] =
            ["street", "city", "state", "zip", "country"].map(|name| item.text(name, faults).unwrap_or_default());
        Some(Address { kind: kind?, street, city, state, zip, country })
    };
    Some(items.iter().filter_map(|item| read(item, faults)).collect())
}

/// Reads a group lookup: an object whose members must all match, or a number or string that is an id or a name.
fn group(body: &Object, faults: &mut Faults) -> GroupSaid {
    let any_of = |id: Option<i64>, name: String| GroupLookup { id, name: Some(name), needs_all: false };
    match body.value("group")? {
        Value::Null => Some(None),
        Value::Number(number) => Some(Some(any_of(whole(number), number.to_string()))),
        Value::String(text) if !text.contains('\0') => Some(Some(any_of(text.trim().parse().ok(), text.clone()))),
        Value::Object(members) => {
            let object = Object::of(members.clone(), body.at("group"));
            let id = id(&object, faults);
            let name = object.value("name").filter(|name| !name.is_null()).and_then(|_| object.text("name", faults));
            let says_nothing = ["id", "name"].iter().all(|key| object.value(key).is_none_or(Value::is_null));
            if says_nothing {
                let message = "Say the group's id, its name, or both";
                faults.add(Place::Body, body.at("group"), Problem::Missing, message);
            }
            // Without either, an error is recorded and nothing is looked up.
            (id.is_some() || name.is_some()).then_some(Some(GroupLookup { id, name, needs_all: true }))
        }
        Value::Bool(_) | Value::Array(_) | Value::String(_) => {
            let message = "It must be a group's id, its name, or an object with these";
            faults.add(Place::Body, body.at("group"), Problem::Type, message);
            None
        }
    }
}

/// Id of a lookup object: an integer, or a string of one.
fn id(object: &Object, faults: &mut Faults) -> Option<i64> {
    let id = match object.value("id")? {
        Value::Null => return None,
        Value::Number(number) => whole(number),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    if id.is_none() {
        faults.add(Place::Body, object.at("id"), Problem::Type, "It must be a whole number");
    }
    id
}

fn whole(number: &Number) -> Option<i64> {
    number.as_i64()
}

#[cfg(test)]
mod tests {
    use super::is_like_email;

    #[test]
    fn email_addresses_are_validated_by_shape() {
        for address in ["somebody@example.com", "a.b+c@d.e", "ü@exämple.de"] {
            assert!(is_like_email(address), "{address}");
        }
        for text in ["", "a", "a@", "@b.c", "a@b", "a@b.", "a@.b", "a b@c.d", "a@b@c.d", "jane:::at:::example.com"] {
            assert!(!is_like_email(text), "{text}");
        }
    }
}
