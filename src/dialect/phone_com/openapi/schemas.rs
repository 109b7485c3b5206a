//! The schemas, each with a name that no other dialect's has.

use crate::model::contact::Text;
use serde_json::{Map, Value, json};

/// Where a schema stands.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All of them.
pub fn all() -> Value {
    let mut all = json!({
        "PhoneComHello": object(&["name", "version"], json!({ "name": text("Who answers"), "version": text("Of the API") })),
        "PhoneComPing": object(&["ping"], json!({ "ping": text("pong") })),
        "PhoneComTokenRequest": object(&["grant_type"], json!({
            "grant_type": { "type": "string", "enum": ["client_credentials", "password"] },
            "client_id": text("The id of an API key"),
            "client_secret": text("The key itself"),
            "username": text("A person's e-mail address or key"),
            "password": text("The person's password"),
        })),
        "PhoneComToken": object(&["access_token", "token_type", "expires_in", "scope"], json!({
            "access_token": text("Show it as a bearer token"),
            "token_type": { "type": "string", "enum": ["Bearer"] },
            "expires_in": integer("For so many seconds it is good"),
            "scope": { "type": "string", "enum": ["account-owner", "extension-user"] },
        })),
        "PhoneComAccount": object(&["id", "name", "workspace_id"], json!({
            "id": integer("The number of the account"),
            "name": text("The workspace's name"),
            "workspace_id": id("The workspace that it is"),
        })),
        "PhoneComAccountList": list("PhoneComAccount"),
        "PhoneComExtension": object(&["id", "name", "user_identity_id", "user_identity_key"], json!({
            "id": integer("The number of the extension"),
            "name": text("What to call the person"),
            "user_identity_id": id("The person who it is"),
            "user_identity_key": { "type": "string", "nullable": true, "description": "The person's key" },
        })),
        "PhoneComExtensionList": list("PhoneComExtension"),
        "PhoneComDeleted": object(&["success"], json!({ "success": { "type": "boolean" } })),
        "PhoneComError": error(),
    });
    for (name, schema) in of_contacts().as_object().into_iter().flatten() {
        all[name] = schema.clone();
    }
    all
}

fn of_contacts() -> Value {
    json!({
        "PhoneComContact": contact(),
        "PhoneComContactList": list("PhoneComContact"),
        "PhoneComContactInput": input(),
        "PhoneComEmail": object(&["type", "email"], json!({ "type": kind(EMAILS), "email": text("The address") })),
        "PhoneComNumber": object(&["type", "number", "normalized"], json!({
            "type": kind(NUMBERS),
            "number": text("As it was entered"),
            "normalized": text("In E.164"),
        })),
        "PhoneComAddress": object(&["type"], json!({
            "type": kind(ADDRESSES), "street": text("Street"), "city": text("City"), "state": text("State"),
            "zip": text("ZIP code"), "country": text("Country"),
        })),
        "PhoneComEmailInput": object(&["email"], json!({ "type": optional(kind(EMAILS)), "email": text("The address") })),
        "PhoneComNumberInput": object(&["number"], json!({
            "type": optional(kind(NUMBERS)),
            "number": text("Without a plus it is one of the USA"),
        })),
        "PhoneComAddressInput": object(&[], json!({
            "type": optional(kind(ADDRESSES)), "street": optional(text("Street")), "city": optional(text("City")),
            "state": optional(text("State")), "zip": optional(text("ZIP code")), "country": optional(text("Country")),
        })),
        "PhoneComGroup": object(&["id", "name"], json!({ "id": integer("The number of the group"), "name": text("Its name") })),
        "PhoneComGroupList": list("PhoneComGroup"),
        "PhoneComGroupInput": object(&["name"], json!({
            "name": { "type": "string", "minLength": 1, "description": "Its name" },
        })),
        "PhoneComGroupLookup": object(&[], json!({
            "id": optional(integer("The number of the group")), "name": optional(text("Its name, in any case")),
        })),
    })
}

const EMAILS: &[&str] = &["primary", "alternate"];
const NUMBERS: &[&str] = &["home", "business", "mobile", "fax", "pager"];
const ADDRESSES: &[&str] = &["home", "business"];

/// A contact as an example shows it.
pub fn contact_example() -> Value {
    let mut example = Map::from_iter([("id".to_owned(), json!(1))]);
    example.extend(Text::ALL.iter().map(|(name, _)| ((*name).to_owned(), json!(""))));
    let mut example = Value::from(example);
    example["first_name"] = json!("Jane");
    example["last_name"] = json!("Doe");
    example["emails"] = json!([{ "type": "primary", "email": "jane@example.com" }]);
    example["phone_numbers"] = json!([{ "type": "mobile", "number": "(999) 999-9999", "normalized": "+19999999999" }]);
    example["addresses"] = json!([]);
    example["group"] = group_example();
    example["created_at"] = json!(1_767_268_800);
    example["updated_at"] = json!(1_767_268_800);
    example
}

pub fn group_example() -> Value {
    json!({ "id": 1, "name": "Family" })
}

pub fn account_example() -> Value {
    json!({ "id": 1, "name": "Demo", "workspace_id": "01a20068-eae0-7db8-b448-15c4f79e31e0" })
}

pub fn extension_example() -> Value {
    json!({ "id": 1, "name": "Jane Doe", "user_identity_id": "01a20068-eae5-738a-b167-1fdb72ae93a6",
        "user_identity_key": "jane" })
}

pub fn list_example(item: Value) -> Value {
    json!({ "filters": { "id": "gt:0" }, "sort": { "id": "asc" }, "total": 1, "offset": 0, "limit": 25, "items": [item] })
}

/// A contact; its summary is its first eight keys.
fn contact() -> Value {
    let mut properties = json!({ "id": integer("The number of the contact") });
    for (name, _) in Text::ALL {
        properties[name] = text("Empty if nobody said");
    }
    let lists = [("emails", "PhoneComEmail"), ("phone_numbers", "PhoneComNumber"), ("addresses", "PhoneComAddress")];
    for (name, item) in lists {
        properties[name] = json!({ "type": "array", "items": reference(item) });
    }
    properties["group"] = nullable(reference("PhoneComGroup"), "The group that it is in, or null");
    properties["created_at"] = integer("In seconds since 1970");
    properties["updated_at"] = integer("In seconds since 1970");
    let summary: Vec<&str> = ["id"].into_iter().chain(Text::SUMMARY.iter().map(|(name, _)| *name)).collect();
    object(&summary, properties)
}

fn input() -> Value {
    let mut properties = json!({});
    for (name, _) in Text::ALL {
        properties[name] = optional(text("Null is an empty text"));
    }
    properties["organization"] = optional(text("Another name of company"));
    properties["title"] = optional(text("Another name of job_title"));
    let list = |item: &str| json!({ "type": "array", "nullable": true, "items": reference(item) });
    properties["emails"] = list("PhoneComEmailInput");
    properties["emails"]["maxItems"] = json!(2);
    properties["phone_numbers"] = list("PhoneComNumberInput");
    properties["addresses"] = list("PhoneComAddressInput");
    properties["group"] = json!({
        "description": "The group: its number, its name, or an object with any of both; null for none",
        "anyOf": [
            reference("PhoneComGroupLookup"),
            { "type": "integer", "format": "int64", "nullable": true },
            { "type": "string" },
        ],
    });
    object(&[], properties)
}

fn list(item: &str) -> Value {
    object(
        &["filters", "sort", "total", "offset", "limit", "items"],
        json!({
            "filters": {
                "type": "object",
                "description": "The conditions as they were given",
                "additionalProperties": {
                    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
                },
            },
            "sort": {
                "type": "object",
                "description": "The order in force",
                "additionalProperties": { "type": "string", "enum": ["asc", "desc"] },
            },
            "total": integer("How many there are in all"),
            "offset": integer("How many were passed over"),
            "limit": integer("How many there are at most in one answer"),
            "items": { "type": "array", "items": reference(item) },
        }),
    )
}

fn error() -> Value {
    let told = object(
        &["@message", "@httpStatusCode", "@time"],
        json!({
            "@message": text("Text for people"),
            "@httpStatusCode": integer("The status"),
            "@time": { "type": "string", "format": "date-time" },
            "@code": text("OAuth's word for it"),
            "@details": text("The message again, where there is a code"),
            "@messages": { "type": "array", "items": { "type": "string" } },
            "@rateLimit": object(
                &["Retry-After"],
                json!({
                    "RateLimit-Limit": integer("How many requests are allowed at a time"),
                    "RateLimit-Remaining": integer("How many are left"),
                    "RateLimit-Reset": integer("When all are there again, in seconds since 1970"),
                    "Retry-After": integer("In how many seconds to come again"),
                }),
            ),
            "fields": {
                "type": "object",
                "description": "What is wrong with which value, by its dotted path",
                "additionalProperties": { "type": "array", "items": { "type": "string" } },
            },
        }),
    );
    let mut schema =
        object(&["@error"], json!({ "error_description": text("The message again, where there is an `error`") }));
    schema["properties"]["@error"] = told;
    // Its name is `@error`'s own to generators of clients, which drop the mark; so it is told in words.
    schema["description"] = json!(
        "What is the matter. Where nobody is let in (401) and where we are at fault (500, 503) there is also a text \
         `error`, OAuth's word for it"
    );
    schema
}

fn object(required: &[&str], properties: Value) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn integer(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "description": description })
}

fn id(description: &str) -> Value {
    json!({ "type": "string", "format": "uuid", "description": description })
}

fn kind(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words, "default": words.first() })
}

fn optional(mut schema: Value) -> Value {
    schema["nullable"] = json!(true);
    schema
}

fn nullable(schema: Value, description: &str) -> Value {
    // OpenAPI 3.0 has no type of null; generators of clients know it by this.
    json!({ "description": description, "anyOf": [schema, { "type": "string", "nullable": true, "enum": [null] }] })
}
