//! The schemas, each with a name that no other dialect's has.

use super::inputs::{include_in_contact_card, number};
use serde_json::{Value, json};

/// Where a schema stands.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All of them.
pub fn all() -> Value {
    json!({
        "UcwaLink": {
            "type": "object",
            "required": ["href"],
            "properties": { "href": { "type": "string", "description": "An address of this server" } },
        },
        "UcwaPhone": phone(),
        "UcwaPhones": phones(),
        "UcwaMe": me(),
        "UcwaApplication": application(),
        "UcwaResource": resource("What has a name and an address, and nothing in it", "The name of the resource"),
        "UcwaEvents": events(),
        "UcwaDiscovery": {
            "type": "object",
            "required": ["_links"],
            "properties": { "_links": links("Where to go on, with scheme and host") },
        },
        "UcwaChangeNumber": {
            "type": "object",
            "description": "No number clears",
            "properties": { "number": number(), "includeInContactCard": include_in_contact_card() },
        },
        "UcwaChangeVisibility": {
            "type": "object",
            "description": "Absent is false",
            "properties": { "includeInContactCard": include_in_contact_card() },
        },
        "UcwaNewPhone": new_phone(),
        "UcwaNewApplication": new_application(),
        "UcwaMakeMeAvailable": {
            "type": "object",
            "description": "How the person can be reached. It is read and not kept",
            "properties": { "supportedModalities": { "type": "array", "items": { "type": "string" } } },
        },
        "UcwaTokenRequest": token_request(),
        "UcwaToken": token(),
        "UcwaTokenError": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": {
                "type": "string",
                "enum": [
                    "invalid_request", "invalid_grant", "unsupported_grant_type", "server_error", "temporarily_unavailable",
                ],
            }, "error_description": { "type": "string" } },
        },
        "UcwaError": error(),
        "UcwaXml": { "type": "string", "description": "The same in XML, in the namespace of UCWA" },
        "UcwaPage": { "type": "string", "description": "A sentence for people" },
    })
}

fn links(description: &str) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": reference("UcwaLink") })
}

fn resource(description: &str, rel: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": ["rel", "_links"],
        "properties": {
            "rel": { "type": "string", "description": rel },
            "_links": links("What can be done; what may not be done now has no link"),
        },
    })
}

fn phone() -> Value {
    let mut phone = resource("One of a person's four telephone numbers", "phone");
    phone["required"] = json!(["rel", "type", "number", "includeInContactCard", "etag", "_links"]);
    let properties = &mut phone["properties"];
    properties["type"] = json!({ "type": "string", "enum": ["work", "mobile", "home", "other"] });
    properties["number"] = json!({ "type": "string", "description": "A tel URI, or digits; empty if there is none" });
    properties["includeInContactCard"] =
        json!({ "type": "boolean", "description": "Whether others see it on the contact card" });
    properties["etag"] = json!({ "type": "string", "description": "Moves when something that is seen here changes" });
    phone
}

fn phones() -> Value {
    let mut phones = resource("A person's telephone numbers", "phones");
    phones["required"] = json!(["rel", "_links", "_embedded"]);
    phones["properties"]["_embedded"] = json!({
        "type": "object",
        "required": ["phone"],
        "properties": { "phone": {
            "type": "array",
            "minItems": 4,
            "maxItems": 4,
            "description": "work, mobile, home, other",
            "items": reference("UcwaPhone"),
        } },
    });
    phones
}

fn me() -> Value {
    let mut me = resource("The person", "me");
    me["required"] = json!(["rel", "name", "uri", "_links"]);
    me["properties"]["name"] = json!({ "type": "string" });
    me["properties"]["uri"] = json!({ "type": "string", "description": "The person's sip address" });
    me["properties"]["emailAddresses"] = json!({ "type": "array", "items": { "type": "string" } });
    me
}

fn application() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let mut application = resource("A client of the person, at work", "application");
    application["required"] = json!(["rel", "culture", "userAgent", "etag", "_links", "_embedded"]);
    let properties = &mut application["properties"];
    properties["culture"] = text("The language in which the client speaks");
    properties["userAgent"] = text("What the client calls itself");
    properties["instanceId"] = text("What windows of one client have in common");
    properties["type"] = text("The kind of client");
    properties["etag"] = text("Moves when something that is seen here changes");
    properties["_embedded"] = json!({
        "type": "object",
        "required": ["me", "people", "onlineMeetings", "communication"],
        "properties": {
            "me": reference("UcwaMe"),
            "people": reference("UcwaResource"),
            "onlineMeetings": reference("UcwaResource"),
            "communication": reference("UcwaResource"),
        },
    });
    application
}

fn events() -> Value {
    let mut events = resource("What happened: nothing is told of telephone numbers", "events");
    events["required"] = json!(["rel", "_links", "sender"]);
    events["properties"]["sender"] = json!({ "type": "array", "maxItems": 0, "items": { "type": "object" } });
    events
}

fn new_phone() -> Value {
    let mut number = number();
    number["nullable"] = false.into();
    number["minLength"] = 1.into();
    json!({
        "type": "object",
        "required": ["type", "number"],
        "properties": {
            "type": { "type": "string", "minLength": 1, "description": "Which of the four; in any case", "example": "home" },
            "number": number,
            "includeInContactCard": include_in_contact_card(),
        },
    })
}

fn new_application() -> Value {
    let text = |description: &str, example: &str| json!({ "type": "string", "minLength": 1, "maxLength": 100, "description": description, "example": example });
    let optional = |description: &str, example: &str| json!({ "type": "string", "nullable": true, "maxLength": 100, "description": description, "example": example });
    json!({
        "type": "object",
        "description": "Names are taken in any case",
        "required": ["culture", "endpointId", "userAgent"],
        "properties": {
            "culture": text("The language in which the client speaks", "en-US"),
            "endpointId": text("What tells the person's clients apart", "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4"),
            "userAgent": text("What the client calls itself", "curl"),
            "instanceId": optional("What windows of one client have in common; they share an application", "browser-1"),
            "type": optional("The kind of client", "Browser"),
        },
    })
}

fn token_request() -> Value {
    json!({
        "type": "object",
        "required": ["grant_type", "username", "password"],
        "properties": {
            "grant_type": { "type": "string", "enum": ["password"] },
            "username": {
                "type": "string",
                "minLength": 1,
                "description": "The person's e-mail address, or what your system calls them; with `sip:` or without",
            },
            "password": {
                "type": "string",
                "minLength": 1,
                "description": "As it was set with `handset user set-password`",
            },
        },
    })
}

fn token() -> Value {
    json!({
        "type": "object",
        "required": ["access_token", "expires_in", "ms_rtc_identityscope", "token_type"],
        "properties": {
            "access_token": { "type": "string", "description": "Begins with `cwt=`" },
            "expires_in": { "type": "integer", "description": "In seconds" },
            "ms_rtc_identityscope": { "type": "string", "enum": ["local"] },
            "token_type": { "type": "string", "enum": ["Bearer"] },
        },
    })
}

fn error() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "required": ["code"],
        "properties": {
            "code": text("What kind of fault it is; one for each status"),
            "subcode": text("Which fault it is, if there is a word for it"),
            "message": text("Text for people"),
            "parameters": {
                "type": "array",
                "description": "The inputs that are wrong",
                "items": {
                    "type": "object",
                    "required": ["name", "reason"],
                    "properties": { "name": text("The input"), "reason": text("What is wrong with it") },
                },
            },
        },
    })
}
