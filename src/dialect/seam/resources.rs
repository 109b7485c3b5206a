//! Resources as components of the OpenAPI document: their names, and the prefix of their routes.

use super::answer::{Component, Resource, schema_of};
use super::phone_sessions::PhoneSession;
use super::wire::*;
use serde_json::{Map, Value, json};

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
    WebhookDelivery "webhook_delivery" at "/webhooks",
    PhoneSession "phone_session" at "/seam/mobile_sdk/v1/phone_sessions",
}

impl Resource for Event {
    const COMPONENT: Component = Component { name: "event", route_path: "/events", schema: event };
}

impl Resource for ActionAttempt {
    const COMPONENT: Component =
        Component { name: "action_attempt", route_path: "/action_attempts", schema: action_attempt };
}

/// A `oneOf` of one, because command-line clients look for the attempt types in it.
fn action_attempt() -> Value {
    json!({
        "description": "Work that callers may poll for. It is done when the call that started it answers.",
        "oneOf": [{
            "type": "object",
            "required": ["action_attempt_id", "action_type", "status", "result", "error"],
            "properties": {
                "action_attempt_id": { "type": "string", "format": "uuid" },
                "action_type": { "type": "string", "enum": ["RESET_SANDBOX_WORKSPACE"] },
                "status": { "type": "string", "enum": ["success"] },
                "result": { "type": "object" },
                "error": { "type": "object", "nullable": true },
            },
        }],
    })
}

/// Event types, their routes, and properties beyond the common.
const EVENTS: [(&str, &str, &[&str]); 13] = [
    ("phone.deactivated", "/phones", &["device_id", "device_custom_metadata"]),
    ("phone.registered", "/phones", &["device_id", "device_custom_metadata"]),
    ("phone.updated", "/phones", &["device_id", "device_custom_metadata"]),
    ("phone_number.assigned", "/phones", &["register_id", "number"]),
    ("phone_number.release_scheduled", "/phones", &["register_id", "number", "scheduled_release_at"]),
    ("phone_number.released", "/phones", &["register_id", "number"]),
    ("phone_number.finished", "/phones", &["register_id", "number"]),
    ("acs_credential.issued", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("acs_credential.invalidated", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("acs_credential.deleted", "/acs/credentials", &["acs_credential_id", "acs_system_id"]),
    ("client_session.deleted", "/client_sessions", &["client_session_id"]),
    ("webhook.disabled", "/webhooks", &["webhook_id"]),
    ("webhook.ping", "/webhooks", &["webhook_id"]),
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
    properties.insert("occurred_at".to_owned(), time.clone());
    for property in own {
        let schema = match *property {
            "device_custom_metadata" => json!({ "type": "object", "additionalProperties": {
                "oneOf": [{ "type": "string" }, { "type": "boolean" }] } }),
            "number" => json!({ "type": "string", "example": "+34675897654" }),
            "scheduled_release_at" => time.clone(),
            _ => id.clone(),
        };
        properties.insert((*property).to_owned(), schema);
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "x-route-path": route_path })
}
