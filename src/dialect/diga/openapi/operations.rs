//! The operations.

use super::responses::{empty, response};
use super::schemas::{ID, phone_example};
use super::{Body, Operation};
use serde_json::{Value, json};

const LIST: &str = "/v1/phone/";
const ONE: &str = "/v1/phone/{phone_id}";

const NO_PHONE: (&str, &str, &str) = ("404", "PHONE_NOT_FOUND", "Phone 3fa85f64-5717-4562-b3fc-2c963f66afa6 not found");
const IN_USE: (&str, &str, &str) = ("409", "PHONE_ALREADY_IN_USE", "The phone number is in use. Choose another one");

/// All of them, in the order of the document.
pub fn all() -> Vec<Operation> {
    vec![list(), show(), change(), release(), import(), reserve(), assign(), cancel_release()]
}

/// An operation that takes nothing but its path and returns a phone.
fn plain(path: &'static str, method: &'static str, id: &'static str) -> Operation {
    Operation {
        path,
        method,
        id,
        summary: "",
        description: "",
        parameters: Vec::new(),
        body: None,
        success: ("200", response("DigaPhone", "OK", "DigaPhone", phone_example())),
        errors: &[],
    }
}

fn list() -> Operation {
    let page = json!({ "data": [phone_example()], "has_more": false, "first_id": ID, "last_id": ID,
        "current_page": 1, "total_pages": 1 });
    Operation {
        summary: "List phones",
        description: "Returns the phones of the workspace, newest first by default, by page number or, with `after` or \
            `before`, by cursor: an id of an earlier response, which is excluded.",
        parameters: parameters(),
        success: ("200", response("DigaPhonePage", "OK", "DigaPhonePage", page)),
        ..plain(LIST, "get", "diga_list_phones")
    }
}

fn show() -> Operation {
    Operation {
        summary: "Get a phone",
        description: "Returns one phone.",
        parameters: vec![phone_id()],
        errors: &[NO_PHONE],
        ..plain(ONE, "get", "diga_get_phone")
    }
}

fn change() -> Operation {
    Operation {
        summary: "Update a phone",
        description: "Sets the nickname and the agents. Absent members stay as they are; null clears.",
        parameters: vec![phone_id()],
        body: Some(Body { schema: "DigaPhoneUpdate", is_required: true, example: json!({ "nickname": "Front desk" }) }),
        errors: &[NO_PHONE, ("409", "PHONE_NOT_ASSIGNED", "The phone is reserved. Assign it before giving it agents")],
        ..plain(ONE, "patch", "diga_update_phone")
    }
}

fn release() -> Operation {
    Operation {
        summary: "Release a phone",
        description: "A purchased phone is released at the end of the paid month and works until then; an imported one \
            is released at once. Idempotent.",
        parameters: vec![phone_id()],
        success: ("204", empty("DigaReleased", "The phone is released, or its release is scheduled")),
        errors: &[
            NO_PHONE,
            ("409", "PHONE_NOT_RELEASABLE", "The phone is reserved. Only an assigned phone can be released"),
        ],
        ..plain(ONE, "delete", "diga_release_phone")
    }
}

fn import() -> Operation {
    Operation {
        summary: "Import a number",
        description: "Adds a number that the workspace already owns. It can be used at once.",
        body: Some(Body {
            schema: "DigaPhoneImport",
            is_required: true,
            example: json!({ "phone_number": "+34675897654", "nickname": "Front desk" }),
        }),
        errors: &[IN_USE],
        ..plain("/v1/phone/import", "post", "diga_import_phone")
    }
}

fn reserve() -> Operation {
    Operation {
        summary: "Reserve a number",
        description: "Holds a number until it is assigned or the reservation expires.",
        body: Some(Body {
            schema: "DigaPhoneReserve",
            is_required: true,
            example: json!({ "number": "+34675897654" }),
        }),
        errors: &[IN_USE],
        ..plain("/v1/phone/reserve", "post", "diga_reserve_phone")
    }
}

fn assign() -> Operation {
    Operation {
        summary: "Assign a phone",
        description: "Assigns a reserved phone to the workspace and to a user identity, or to none. An assigned phone is \
            reassigned.",
        parameters: vec![phone_id()],
        body: Some(Body { schema: "DigaPhoneAssign", is_required: false, example: json!({ "user_identity_id": ID }) }),
        errors: &[
            NO_PHONE,
            ("404", "USER_IDENTITY_NOT_FOUND", "User identity 3fa85f64-5717-4562-b3fc-2c963f66afa6 not found"),
            ("409", "PHONE_NOT_ASSIGNABLE", "The phone is finished. Only a reserved or assigned phone can be assigned"),
            ("409", "USER_ALREADY_HAS_NUMBER", "The user identity has a phone already"),
        ],
        ..plain("/v1/phone/{phone_id}/assign", "post", "diga_assign_phone")
    }
}

fn cancel_release() -> Operation {
    Operation {
        summary: "Cancel a scheduled release",
        description: "Cancels the scheduled release of a phone that is not released yet.",
        parameters: vec![phone_id()],
        errors: &[NO_PHONE, ("409", "RELEASE_NOT_SCHEDULED", "No release of the phone is scheduled")],
        ..plain("/v1/phone/{phone_id}/cancel_release", "post", "diga_cancel_release_of_phone")
    }
}

fn phone_id() -> Value {
    json!({
        "name": "phone_id",
        "in": "path",
        "required": true,
        "description": "The id of the phone",
        "schema": { "type": "string", "format": "uuid" },
        "example": ID,
    })
}

fn parameters() -> Vec<Value> {
    let parameter = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let id = || json!({ "type": "string", "format": "uuid" });
    let time = || json!({ "type": "string", "format": "date-time" });
    vec![
        parameter("after", "Only phones after this one", id()),
        parameter("before", "Only phones before this one", id()),
        parameter("page", "The page number", json!({ "type": "integer", "minimum": 1 })),
        parameter(
            "limit",
            "The maximum number of phones",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
        ),
        parameter(
            "order",
            "The order by time of creation",
            json!({ "type": "string", "enum": ["asc", "desc"], "default": "desc" }),
        ),
        parameter("inbound_agent_id", "Only phones with this inbound agent", id()),
        parameter("outbound_agent_id", "Only phones with this outbound agent", id()),
        parameter(
            "status",
            "Only phones with this status",
            json!({ "type": "string", "enum": ["reserved", "assigned", "released", "finished"] }),
        ),
        parameter("start_assigned_at", "Only phones assigned at this time or later", time()),
        parameter("end_assigned_at", "Only phones assigned at this time or earlier", time()),
    ]
}
