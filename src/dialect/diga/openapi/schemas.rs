//! The schemas, each with a name that no other dialect's has.

use serde_json::{Value, json};

pub const ID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// Where a schema stands.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All of them.
pub fn all() -> Value {
    json!({
        "DigaPhone": phone(),
        "DigaPhonePage": page(),
        "DigaPhoneUpdate": update(),
        "DigaPhoneImport": import(),
        "DigaPhoneReserve": {
            "type": "object",
            "required": ["number"],
            "properties": { "number": number("The number, with a leading plus"), "nickname": nickname() },
        },
        "DigaPhoneAssign": {
            "type": "object",
            "properties": { "user_identity_id": nullable_id("The person who gets the number; null: nobody") },
        },
        "DigaError": error(),
        "DigaValidationError": validation_error(),
        "DigaRouterError": {
            "type": "object",
            "required": ["detail"],
            "properties": { "detail": { "type": "string" } },
        },
    })
}

/// A register as an example shows it.
pub fn phone_example() -> Value {
    json!({
        "id": ID,
        "nickname": "Front desk",
        "number": "+34675897654",
        "telephony_provider": "netelip",
        "status": "assigned",
        "released_at": null,
        "scheduled_release_at": null,
        "assigned_at": "2026-03-11T05:31:56.123000Z",
        "inbound_agent_id": null,
        "outbound_agent_id": null,
    })
}

fn phone() -> Value {
    json!({
        "type": "object",
        "description": "One life of a phone number with a workspace",
        "required": ["id", "number", "telephony_provider", "status"],
        "properties": {
            "id": { "type": "string", "format": "uuid", "description": "The id of the register, not of the number" },
            "nickname": nickname(),
            "number": number("The number in E.164"),
            "telephony_provider": {
                "type": "string",
                "enum": ["netelip", "custom"],
                "description": "netelip: bought here; custom: imported",
            },
            "status": {
                "type": "string",
                "enum": ["reserved", "assigned", "released", "finished"],
                "description": "How far it has come: held for a while, in use, in quarantine, over",
            },
            "released_at": time("When it was released"),
            "scheduled_release_at": time("When a release that was ordered comes about"),
            "assigned_at": time("When it was assigned"),
            "inbound_agent_id": nullable_id("The agent that answers calls to this number"),
            "outbound_agent_id": nullable_id("The agent that places calls from this number"),
        },
    })
}

fn page() -> Value {
    let whole = |description: &str| json!({ "type": "integer", "nullable": true, "description": description });
    json!({
        "type": "object",
        "required": ["data", "has_more"],
        "properties": {
            "data": { "type": "array", "items": reference("DigaPhone") },
            "has_more": { "type": "boolean", "description": "Whether more follow in the direction of travel" },
            "first_id": nullable_id("The id of the first entry; null if there is none"),
            "last_id": nullable_id("The id of the last entry; null if there is none"),
            "current_page": whole("The number of this page; null with a cursor"),
            "total_pages": whole("How many pages there are; null with a cursor"),
        },
    })
}

fn update() -> Value {
    json!({
        "type": "object",
        "description": "What is absent stays; null clears it",
        "properties": {
            "nickname": nickname(),
            "inbound_agent_id": nullable_id("The agent that answers calls to this number"),
            "outbound_agent_id": nullable_id("The agent that places calls from this number"),
            "inbound_version_id": nullable_id("Another name of inbound_agent_id"),
            "outbound_version_id": nullable_id("Another name of outbound_agent_id"),
        },
    })
}

fn import() -> Value {
    let text = |description: &str| json!({ "type": "string", "nullable": true, "description": description });
    json!({
        "type": "object",
        "required": ["phone_number"],
        "properties": {
            "phone_number": number("The number, with a leading plus"),
            "nickname": nickname(),
            "sip_config": {
                "type": "object",
                "nullable": true,
                "description": "How to reach the number. It is kept sealed and never shown",
                "required": ["termination_uri"],
                "properties": {
                    "termination_uri": { "type": "string", "minLength": 1, "description": "Without `sip:`" },
                    "username": text("Who calls"),
                    "password": text("The password; write-only"),
                },
            },
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "What the service says. 401 and 404 bear a `detail`, too, for clients that look for that",
        "required": ["status", "error_code", "message"],
        "properties": {
            "status": { "type": "string", "enum": ["error"] },
            "error_code": { "type": "string" },
            "message": { "type": "string", "description": "Text for people" },
            "detail": { "type": "string", "description": "The message in the framework's form" },
        },
    })
}

/// Both forms that a 422 may have, in one schema: the framework's list, or the service's envelope.
fn validation_error() -> Value {
    json!({
        "type": "object",
        "description": "What is wrong with the request: a list under `detail`, or, about pages, an error code",
        "properties": {
            "detail": { "type": "array", "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "type": { "type": "string" },
                    "loc": { "type": "array", "items": {
                        "anyOf": [{ "type": "string" }, { "type": "integer" }] } },
                    "msg": { "type": "string" },
                    "input": { "description": "What was there instead" },
                    "ctx": { "type": "object", "description": "What the message is made of" },
                },
            } },
            "status": { "type": "string", "enum": ["error"] },
            "error_code": { "type": "string" },
            "message": { "type": "string" },
        },
    })
}

fn nickname() -> Value {
    json!({ "type": "string", "nullable": true, "description": "A free label", "example": "Front desk" })
}

fn number(description: &str) -> Value {
    json!({ "type": "string", "format": "phone", "minLength": 1, "description": description, "example": "+34675897654" })
}

fn nullable_id(description: &str) -> Value {
    json!({ "type": "string", "format": "uuid", "nullable": true, "description": description })
}

fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "nullable": true, "description": description })
}
