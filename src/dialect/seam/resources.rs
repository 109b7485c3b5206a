//! Resources as components of the OpenAPI document: their names, and the routes that they belong to.

use super::answer::{Component, Resource};
use super::phone_sessions::PhoneSession;
use super::wire::*;
use crate::api::openapi::{Schemas, pascal_case, reference};
use crate::domain::event::{Event, EventType};
use crate::domain::phone::DISCONNECTED;
use serde_json::{Map, Value, json};
use strum::VariantArray;

macro_rules! resources {
    ($($type:ident $name:literal at $route_path:literal),* $(,)?) => {$(
        impl Resource for $type {
            const COMPONENT: Component = Component {
                schema: stringify!($type),
                name: $name,
                route_path: $route_path,
                define: Schemas::add::<$type>,
            };
        }
    )*};
}

resources! {
    Phone "phone" at "/phones",
    Device "device" at "/devices",
    DeviceProvider "device_provider" at "/devices",
    UserIdentity "user_identity" at "/user_identities",
    ClientSession "client_session" at "/client_sessions",
    InstantKey "instant_key" at "/instant_keys",
    InstantKeyPreview "instant_key_preview" at "/seam/instant_key/v1/preview",
    AcsCredential "acs_credential" at "/acs/credentials",
    AcsEntrance "acs_entrance" at "/acs/credentials",
    AcsSystem "acs_system" at "/user_identities",
    AcsUser "acs_user" at "/user_identities",
    EnrollmentAutomation "enrollment_automation" at "/user_identities/enrollment_automations",
    UnmanagedUserIdentity "unmanaged_user_identity" at "/user_identities/unmanaged",
    Workspace "workspace" at "/workspaces",
    CustomizationProfile "customization_profile" at "/workspaces/customization_profiles",
    Webhook "webhook" at "/webhooks",
    WebhookDelivery "webhook_delivery" at "/webhooks",
    ActionAttempt "action_attempt" at "/action_attempts",
    PhoneSession "phone_session" at "/seam/mobile_sdk/v1/phone_sessions",
}

/// What a search finds, of the resources that have names of their own.
impl Resource for Batch {
    const COMPONENT: Component =
        Component { schema: "Batch", name: "batch", route_path: "/workspaces", define: define_batch };
}

fn define_batch(schemas: &mut Schemas) {
    let members = [
        ("devices", Device::COMPONENT),
        ("events", Event::COMPONENT),
        ("user_identities", UserIdentity::COMPONENT),
        ("client_sessions", ClientSession::COMPONENT),
        ("acs_credentials", AcsCredential::COMPONENT),
        ("instant_keys", InstantKey::COMPONENT),
        ("action_attempts", ActionAttempt::COMPONENT),
        ("workspaces", Workspace::COMPONENT),
    ];
    let list_of = |(name, component): &(&str, Component)| {
        ((*name).to_owned(), json!({ "type": "array", "items": reference(component.schema) }))
    };
    let properties: Map<String, Value> = members.iter().map(list_of).collect();
    let batch = json!({
        "type": "object",
        "description": "The resources with an id.",
        "required": members.map(|(name, _)| name),
        "properties": properties,
    });
    schemas.0.insert("Batch".to_owned(), batch);
}

/// An event has the JSON form that all dialects share.
impl Resource for Event {
    const COMPONENT: Component =
        Component { schema: "Event", name: "event", route_path: "/events", define: define_event };
}

/// Route of an event type, and its properties beyond the common ones.
fn route_and_properties(event_type: EventType) -> (&'static str, &'static [&'static str]) {
    match event_type {
        EventType::PhoneDeactivated | EventType::PhoneRegistered | EventType::PhoneUpdated => {
            ("/phones", &["device_id", "device_custom_metadata"])
        }
        EventType::DeviceConnected | EventType::DeviceRemoved => {
            ("/devices", &["device_id", "device_custom_metadata", "connected_account_id"])
        }
        EventType::DeviceDisconnected => (
            "/devices",
            &[
                "device_id",
                "device_custom_metadata",
                "connected_account_id",
                "error_code",
                "device_errors",
                "device_warnings",
                "connected_account_errors",
                "connected_account_warnings",
            ],
        ),
        EventType::PhoneNumberAssigned | EventType::PhoneNumberReleased | EventType::PhoneNumberFinished => {
            ("/phones", &["register_id", "number"])
        }
        EventType::PhoneNumberReleaseScheduled => ("/phones", &["register_id", "number", "scheduled_release_at"]),
        EventType::AcsCredentialIssued | EventType::AcsCredentialInvalidated | EventType::AcsCredentialDeleted => {
            ("/acs/credentials", &["acs_credential_id", "acs_system_id"])
        }
        EventType::ClientSessionDeleted => ("/client_sessions", &["client_session_id"]),
        EventType::WebhookDisabled | EventType::WebhookPing => ("/webhooks", &["webhook_id"]),
    }
}

/// A choice by type of event, and each type as a schema of its own.
fn define_event(schemas: &mut Schemas) {
    let (mut variants, mut mapping) = (Vec::new(), Map::new());
    for event_type in EventType::VARIANTS {
        let (route_path, own) = route_and_properties(*event_type);
        let event_type = event_type.into_str();
        let name = format!("{}Event", pascal_case(event_type));
        let variant = reference(&name);
        mapping.insert(event_type.to_owned(), variant["$ref"].clone());
        variants.push(variant);
        schemas.0.insert(name, variant_of(event_type, route_path, own));
    }
    let event = json!({
        "description": "An event of the workspace. The properties depend on its type.",
        "required": ["event_type"],
        "discriminator": { "propertyName": "event_type", "mapping": mapping },
        "oneOf": variants,
    });
    schemas.0.insert("Event".to_owned(), event);
    schemas.0.insert("CustomMetadataEntry".to_owned(), json!({ "type": ["string", "boolean"] }));
}

fn variant_of(event_type: &str, route_path: &str, own: &[&str]) -> Value {
    let id = json!({ "type": "string", "format": "uuid" });
    let time = json!({ "type": "string", "format": "date-time" });
    let mut properties = json!({
        "event_id": id,
        "event_type": { "type": "string", "enum": [event_type] },
        "workspace_id": id,
        "created_at": time,
        "occurred_at": time,
    });
    for property in own {
        properties[*property] = match *property {
            "device_custom_metadata" => {
                json!({ "type": "object", "additionalProperties": reference("CustomMetadataEntry") })
            }
            "error_code" => json!({ "type": "string", "enum": [DISCONNECTED] }),
            "device_errors" | "connected_account_errors" => {
                json!({ "type": "array", "items": reference("ResourceError") })
            }
            "device_warnings" | "connected_account_warnings" => {
                json!({ "type": "array", "items": reference("ResourceWarning") })
            }
            "number" => json!({ "type": "string", "example": "+34675897654" }),
            "scheduled_release_at" => time.clone(),
            _ => id.clone(),
        };
    }
    // The type is required of the event as a whole: the Rust generator takes it out before it reads the variant.
    let names = properties.as_object().into_iter().flat_map(Map::keys);
    let required: Vec<&String> = names.filter(|name| *name != "event_type").collect();
    json!({ "type": "object", "required": required, "properties": properties, "x-route-path": route_path })
}
