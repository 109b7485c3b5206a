//! The wire's things as components of the OpenAPI document: their names, and the routes that they belong to.

use super::answer::{Component, Resource};
use super::phone_sessions::PhoneSession;
use super::wire::*;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

macro_rules! resources {
    ($($type:ident $name:literal at $route_path:literal),* $(,)?) => {$(
        impl Resource for $type {
            const COMPONENT: Component =
                Component { name: $name, route_path: $route_path, schema: schema_of::<$type> };
        }
    )*};
}

resources! {
    Phone "phone" at "/phones",
    Device "device" at "/devices",
    UserIdentity "user_identity" at "/user_identities",
    ClientSession "client_session" at "/client_sessions",
    AcsCredential "acs_credential" at "/acs/credentials",
    Workspace "workspace" at "/workspaces",
    Webhook "webhook" at "/webhooks",
    ActionAttempt "action_attempt" at "/action_attempts",
    PhoneSession "phone_session" at "/seam/mobile_sdk/v1/phone_sessions",
}

impl Resource for Event {
    const COMPONENT: Component = Component { name: "event", route_path: "/events", schema: event };
}

fn schema_of<T: ToSchema>() -> Value {
    serde_json::to_value(<T as PartialSchema>::schema()).expect("a schema has text keys")
}

/// What each type of event shows beyond the common properties.
const EVENTS: [(&str, &str, &[&str]); 7] = [
    ("phone.deactivated", "/phones", &["device_id", "device_custom_metadata"]),
    ("phone.registered", "/phones", &["device_id", "device_custom_metadata"]),
    ("phone.updated", "/phones", &["device_id", "device_custom_metadata"]),
    ("acs_credential.issued", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("acs_credential.invalidated", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("acs_credential.deleted", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("client_session.deleted", "/client_sessions", &["client_session_id"]),
];

fn event() -> Value {
    let variants: Vec<Value> = EVENTS.iter().map(|(name, route_path, own)| variant(name, route_path, own)).collect();
    json!({
        "description": "Something that others must hear of. Each type has properties of its own.",
        "discriminator": { "propertyName": "event_type" },
        "oneOf": variants,
    })
}

fn variant(name: &str, route_path: &str, own: &[&str]) -> Value {
    let id = json!({ "type": "string", "format": "uuid" });
    let time = json!({ "type": "string", "format": "date-time" });
    let mut properties = Map::new();
    properties.insert("event_id".to_owned(), id.clone());
    properties.insert("event_type".to_owned(), json!({ "type": "string", "enum": [name] }));
    properties.insert("workspace_id".to_owned(), id.clone());
    properties.insert("created_at".to_owned(), time.clone());
    properties.insert("occurred_at".to_owned(), time);
    for property in own {
        let schema = match *property {
            "device_custom_metadata" => json!({ "type": "object", "additionalProperties": {
                "oneOf": [{ "type": "string" }, { "type": "boolean" }] } }),
            _ => id.clone(),
        };
        properties.insert((*property).to_owned(), schema);
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "x-route-path": route_path })
}
