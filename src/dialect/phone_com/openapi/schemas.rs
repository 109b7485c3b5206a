//! The schemas of tokens and contacts. Those of requests come from their rules; the others are derived in `wire` and
//! `error`.

use super::super::error::ErrorBody;
use super::super::oauth::{Token, TokenDetails};
use super::super::probes::{Hello, Ping};
use super::super::wire::{Account, Deleted, Extension, Group, List};
use crate::api::openapi::{Schemas, enum_schema, own_schema, reference};
use crate::domain::contact::{AddressType, EmailType, NumberType, Text};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use strum::VariantArray;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// All of them.
pub fn all() -> Schemas {
    let mut all = Schemas::default()
        .with::<Hello>()
        .with::<Ping>()
        .with::<TokenRequest>()
        .with::<Token>()
        .with::<TokenDetails>()
        .with::<Account>()
        .with::<Extension>()
        .with::<Group>()
        .with::<Contact>()
        .with::<Deleted>()
        .with::<ErrorBody>()
        .with::<Email>()
        .with::<Number>()
        .with::<Address>()
        .with::<GroupReference>();
    all.0.insert("PhoneComPart".to_owned(), part());
    for item in ["PhoneComAccount", "PhoneComExtension", "PhoneComGroup", "PhoneComContact"] {
        all.0.insert(format!("{item}List"), list_of(item));
    }
    all
}

/// The schema of a list without its items.
fn part() -> Value {
    let mut part = own_schema::<List<Account>>();
    part["properties"].as_object_mut().map(|properties| properties.remove("items"));
    part["required"].as_array_mut().into_iter().for_each(|required| required.retain(|name| name != "items"));
    part
}

/// The schema of a list of this resource.
fn list_of(item: &str) -> Value {
    let items = json!({ "type": "array", "items": reference(item) });
    let own = json!({ "type": "object", "properties": { "items": items }, "required": ["items"] });
    json!({ "allOf": [reference("PhoneComPart"), own] })
}

/// The credentials for an access token.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneComTokenRequest)]
struct TokenRequest {
    grant_type: GrantType,
    /// The id of an API key. Alone, with a name and a password, it signs in to the workspace of the key only.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// The API key.
    #[schema(nullable = false)]
    client_secret: Option<String>,
    /// The e-mail address or key of a user identity.
    #[schema(nullable = false)]
    username: Option<String>,
    /// The password of the user identity.
    #[schema(nullable = false)]
    password: Option<String>,
}

/// The type of a grant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PhoneComGrantType)]
#[expect(dead_code, reason = "it is in the document only")]
enum GrantType {
    ClientCredentials,
    Password,
}

enum_schema!(EmailType, "PhoneComEmailType", "The type of an e-mail address");
enum_schema!(NumberType, "PhoneComNumberType", "The type of a telephone number");
enum_schema!(AddressType, "PhoneComAddressType", "The type of an address");

/// An e-mail address of a contact.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneComEmail)]
struct Email {
    r#type: EmailType,
    /// The address.
    email: String,
}

/// A telephone number of a contact.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneComNumber)]
struct Number {
    r#type: NumberType,
    /// The number as entered.
    number: String,
    /// The number in E.164.
    normalized: String,
}

/// A postal address of a contact.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneComAddress)]
struct Address {
    r#type: AddressType,
    street: String,
    city: String,
    state: String,
    zip: String,
    country: String,
}

/// A contact group by its id, its name, or an object with either or both.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PhoneComGroupReference)]
#[expect(dead_code, reason = "it is in the document only")]
enum GroupReference {
    Lookup(GroupLookup),
    Id(i64),
    Name(String),
}

/// The id or the name of a contact group, or both.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneComGroupLookup)]
struct GroupLookup {
    /// The number of the group.
    id: Option<i64>,
    /// The name, in any case.
    #[schema(max_length = 500)]
    name: Option<String>,
}

/// A contact, whose texts have their names from the model.
struct Contact;

impl PartialSchema for Contact {
    fn schema() -> RefOr<Schema> {
        serde_json::from_value(contact()).expect("it is a schema")
    }
}

impl ToSchema for Contact {
    fn name() -> Cow<'static, str> {
        "PhoneComContact".into()
    }
}

/// A contact; its summary is its first eight members.
fn contact() -> Value {
    let text = json!({ "type": "string", "description": "Empty if unknown" });
    let list = |item: &str| json!({ "type": "array", "items": reference(item) });
    let time = json!({ "type": "integer", "format": "int64", "description": "In seconds since 1970" });
    let mut properties = Map::new();
    let id = json!({ "type": "integer", "format": "int64", "description": "The number of the contact" });
    properties.insert("id".to_owned(), id);
    properties.extend(Text::VARIANTS.iter().map(|name| (name.into_str().to_owned(), text.clone())));
    for (name, schema) in [
        ("emails", list("PhoneComEmail")),
        ("phone_numbers", list("PhoneComNumber")),
        ("addresses", list("PhoneComAddress")),
        ("group", json!({ "oneOf": [reference("PhoneComGroup"), { "type": "null" }] })),
        ("created_at", time.clone()),
        ("updated_at", time),
    ] {
        properties.insert(name.to_owned(), schema);
    }
    let summary: Vec<&str> = ["id"].into_iter().chain(Text::SUMMARY.iter().map(|name| name.into_str())).collect();
    json!({ "type": "object", "description": "A contact", "required": summary, "properties": properties })
}
