//! A user identity as a user: what the directory said, with what other callers have changed since; and back.

use crate::dialect::scim::route::{Context, Shown, location};
use crate::dialect::scim::schema::USERS;
use crate::domain::e164::Region;
use crate::domain::limits::{MAX_EMAIL, MAX_TEXT};
use crate::domain::scim::{ScimUser, ScimUserChange};
use crate::domain::slot::SlotType;
use crate::domain::slot_number;
use serde_json::{Map, Value, json};
use strum::VariantArray;

/// What attributes say of a user identity.
struct Derived {
    full_name: Option<String>,
    email_address: Option<String>,
    numbers: Vec<(SlotType, String)>,
}

impl Derived {
    fn of(attributes: &Map<String, Value>, region: Region) -> Derived {
        let number = |slot_type: &SlotType| (*slot_type, number_of(attributes, *slot_type, region));
        Derived {
            full_name: full_name(attributes),
            email_address: email_address(attributes),
            numbers: SlotType::VARIANTS.iter().map(number).collect(),
        }
    }
}

/// The display name, else the formatted name, else its parts.
fn full_name(attributes: &Map<String, Value>) -> Option<String> {
    let part = |name: &str| attributes.get("name")?.get(name)?.as_str();
    let whole = attributes.get("displayName").and_then(Value::as_str).or_else(|| part("formatted"));
    let parts = || {
        let parts: Vec<&str> = ["givenName", "familyName"].into_iter().filter_map(part).collect();
        (!parts.is_empty()).then(|| parts.join(" ").chars().take(MAX_TEXT / 2).collect())
    };
    whole.map(str::to_owned).or_else(parts)
}

/// The index of the primary value, else of the first one that passes.
fn preferred(values: &[Value], passes: impl Fn(&Value) -> bool) -> Option<usize> {
    let primary = values.iter().position(|value| value["primary"] == true && passes(value));
    primary.or_else(|| values.iter().position(passes))
}

fn values<'a>(attributes: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    attributes.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The preferred address, if it is one.
fn email_address(attributes: &Map<String, Value>) -> Option<String> {
    let emails = values(attributes, "emails");
    let address = emails[preferred(emails, |email| email["value"].is_string())?]["value"].as_str()?;
    let is_address = address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    (is_address && address.encode_utf16().count() <= MAX_EMAIL).then(|| address.to_owned())
}

fn is_of(slot_type: SlotType, number: &Value) -> bool {
    let own = number["type"].as_str().and_then(|name| name.parse::<SlotType>().ok());
    own == Some(slot_type) && number["value"].is_string()
}

/// The number of a slot, normalized; empty if there is none, or none that is one.
fn number_of(attributes: &Map<String, Value>, slot_type: SlotType, region: Region) -> String {
    let numbers = values(attributes, "phoneNumbers");
    let number =
        preferred(numbers, |number| is_of(slot_type, number)).and_then(|index| numbers[index]["value"].as_str());
    let number = number.filter(|number| number.chars().count() <= slot_number::LONGEST);
    number.and_then(|number| slot_number::normalized(number, region)).unwrap_or_default()
}

/// A change to what a resource says. `is_active` is whether the user is, if the resource does not say so.
pub fn change_of(mut resource: Map<String, Value>, is_active: bool, region: Region) -> ScimUserChange {
    let mut text = |name: &str| match resource.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (user_name, external_id) = (text("userName").unwrap_or_default(), text("externalId"));
    let is_active = resource.remove("active").and_then(|active| active.as_bool()).unwrap_or(is_active);
    let Derived { full_name, email_address, numbers } = Derived::of(&resource, region);
    let emails = values(&resource, "emails").iter().filter_map(|email| email["value"].as_str()).map(str::to_owned);
    ScimUserChange {
        emails: emails.collect(),
        user_name,
        external_id,
        attributes: resource,
        is_active,
        email_address,
        full_name,
        numbers,
    }
}

/// The attributes of a user that requests may set.
pub fn writable(user: &ScimUser, region: Region) -> Map<String, Value> {
    let record = user.record.as_ref();
    let mut attributes = record.map_or_else(Map::new, |record| record.attributes.clone());
    let said = Derived::of(&attributes, region);
    if said.full_name != user.person.full_name {
        set_full_name(&mut attributes, user.person.full_name.as_deref());
    }
    if said.email_address != user.person.email_address {
        set_email_address(&mut attributes, user.person.email_address.as_deref());
    }
    for (slot_type, said) in said.numbers {
        let managed = user.managed_number.as_deref().filter(|_| slot_type == SlotType::Work);
        let current = managed.unwrap_or_else(|| user.number(slot_type));
        if said != current {
            set_number(&mut attributes, slot_type, current);
        }
    }
    attributes.insert("userName".to_owned(), user.user_name().into());
    if let Some(external_id) = record.and_then(|record| record.external_id.as_ref()) {
        attributes.insert("externalId".to_owned(), external_id.as_str().into());
    }
    // Null if the directory has removed it.
    if attributes.remove("active").is_none() {
        attributes.insert("active".to_owned(), user.is_active().into());
    }
    attributes
}

fn set_full_name(attributes: &mut Map<String, Value>, name: Option<&str>) {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => _ = attributes.insert("displayName".to_owned(), name.into()),
        None => {
            attributes.remove("displayName");
            attributes.remove("name");
        }
    }
}

fn set_email_address(attributes: &mut Map<String, Value>, address: Option<&str>) {
    let preferred = preferred(values(attributes, "emails"), |email| email["value"].is_string());
    let mut emails = values(attributes, "emails").to_vec();
    match (address.filter(|address| !address.is_empty()), preferred) {
        (Some(address), Some(index)) => emails[index]["value"] = address.into(),
        (Some(address), None) => emails.push(json!({ "value": address, "type": "work", "primary": true })),
        (None, Some(index)) => _ = emails.remove(index),
        (None, None) => {}
    }
    set_values(attributes, "emails", emails);
}

fn set_number(attributes: &mut Map<String, Value>, slot_type: SlotType, current: &str) {
    let mut numbers = values(attributes, "phoneNumbers").to_vec();
    match preferred(&numbers, |number| is_of(slot_type, number)) {
        _ if current.is_empty() => numbers.retain(|number| !is_of(slot_type, number)),
        Some(index) => numbers[index]["value"] = current.into(),
        None => numbers.push(json!({ "value": current, "type": slot_type.into_str() })),
    }
    set_values(attributes, "phoneNumbers", numbers);
}

fn set_values(attributes: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    match values.is_empty() {
        true => _ = attributes.remove(name),
        false => _ = attributes.insert(name.to_owned(), values.into()),
    }
}

/// A user as it is shown.
pub fn shown(user: &ScimUser, context: &Context) -> Shown {
    shown_at(user, &context.base, context.app.region)
}

/// A user as it is shown, with links below a base URL.
pub fn shown_at(user: &ScimUser, base: &str, region: Region) -> Shown {
    let id = user.person.user_identity_id;
    let mut resource = writable(user, region);
    resource.insert("id".to_owned(), id.to_string().into());
    if !user.groups.is_empty() {
        let group = |group: &crate::domain::scim::ScimGroupName| {
            let location = location(base, &crate::dialect::scim::schema::GROUPS, group.scim_group_id);
            json!({ "value": group.scim_group_id, "$ref": location, "display": group.display_name, "type": "direct" })
        };
        resource.insert("groups".to_owned(), user.groups.iter().map(group).collect());
    }
    let times = [user.person.created_at, user.last_modified()];
    Shown::new(&USERS, resource, true, location(base, &USERS, id), times)
}
