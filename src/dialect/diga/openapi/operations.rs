//! The calls: where they are, what they take and give, and why they may be refused.

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

/// A call that takes nothing but its path and gives a register.
fn plain(path: &'static str, method: &'static str, id: &'static str) -> Operation {
    Operation {
        path,
        method,
        id,
        summary: "",
        description: "",
        parameters: Vec::new(),
        body: None,
        success: ("200", response("The phone as it is now", "DigaPhone", phone_example())),
        refusals: &[],
    }
}

fn list() -> Operation {
    let page = json!({ "data": [phone_example()], "has_more": false, "first_id": ID, "last_id": ID,
        "current_page": 1, "total_pages": 1 });
    Operation {
        summary: "List phones",
        description: "The phones of the workspace, newest first unless asked otherwise. Without a cursor by pages; with \
            `after` or `before` from an id of an earlier answer on, which excludes that one.",
        parameters: parameters(),
        success: ("200", response("A part of the list", "DigaPhonePage", page)),
        ..plain(LIST, "get", "diga_list_phones")
    }
}

fn show() -> Operation {
    Operation {
        summary: "Show a phone",
        description: "The register of one phone number.",
        parameters: vec![phone_id()],
        refusals: &[NO_PHONE],
        ..plain(ONE, "get", "diga_get_phone")
    }
}

fn change() -> Operation {
    Operation {
        summary: "Describe a phone anew",
        description: "Sets the nickname and the agents. What is absent stays, null clears it.",
        parameters: vec![phone_id()],
        body: Some(Body { schema: "DigaPhoneUpdate", is_required: true, example: json!({ "nickname": "Front desk" }) }),
        refusals: &[
            NO_PHONE,
            ("409", "PHONE_NOT_ASSIGNED", "The phone is reserved. Assign it before giving it agents"),
        ],
        ..plain(ONE, "patch", "diga_update_phone")
    }
}

fn release() -> Operation {
    Operation {
        summary: "Give a phone up",
        description: "A bought phone is released at the end of the month that is paid for, and works until then; an \
            imported one goes at once. Twice is as once.",
        parameters: vec![phone_id()],
        success: ("204", empty("The release is ordered or done")),
        refusals: &[
            NO_PHONE,
            ("409", "PHONE_NOT_RELEASABLE", "The phone is reserved. Only an assigned phone can be released"),
        ],
        ..plain(ONE, "delete", "diga_release_phone")
    }
}

fn import() -> Operation {
    Operation {
        summary: "Import a number",
        description: "Brings in a number of the workspace's own; it can be used at once.",
        body: Some(Body {
            schema: "DigaPhoneImport",
            is_required: true,
            example: json!({ "phone_number": "+34675897654", "nickname": "Front desk" }),
        }),
        refusals: &[IN_USE],
        ..plain("/v1/phone/import", "post", "diga_import_phone")
    }
}

fn reserve() -> Operation {
    Operation {
        summary: "Reserve a number",
        description: "Holds a number for a while, until it is assigned or the time is over.",
        body: Some(Body {
            schema: "DigaPhoneReserve",
            is_required: true,
            example: json!({ "number": "+34675897654" }),
        }),
        refusals: &[IN_USE],
        ..plain("/v1/phone/reserve", "post", "diga_reserve_phone")
    }
}

fn assign() -> Operation {
    Operation {
        summary: "Assign a phone",
        description: "Makes a reserved phone the workspace's and gives it to a person, or to nobody. One that is assigned \
            already goes to whom is named now.",
        parameters: vec![phone_id()],
        body: Some(Body { schema: "DigaPhoneAssign", is_required: false, example: json!({ "user_identity_id": ID }) }),
        refusals: &[
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
        summary: "Keep a phone",
        description: "Takes back a release that has not come about yet.",
        parameters: vec![phone_id()],
        refusals: &[NO_PHONE, ("409", "RELEASE_NOT_SCHEDULED", "No release of the phone is scheduled")],
        ..plain("/v1/phone/{phone_id}/cancel_release", "post", "diga_cancel_release_of_phone")
    }
}

fn phone_id() -> Value {
    json!({
        "name": "phone_id",
        "in": "path",
        "required": true,
        "description": "The id of the phone's register",
        "schema": { "type": "string", "format": "uuid" },
        "example": ID,
    })
}

fn parameters() -> Vec<Value> {
    let parameter = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let id = || json!({ "type": "string", "format": "uuid" });
    let time = || json!({ "type": "string", "format": "date-time" });
    vec![
        parameter("after", "What comes behind this entry", id()),
        parameter("before", "What comes in front of this entry", id()),
        parameter("page", "The number of a page", json!({ "type": "integer", "minimum": 1 })),
        parameter(
            "limit",
            "At most so many",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
        ),
        parameter(
            "order",
            "By time of creation",
            json!({ "type": "string", "enum": ["asc", "desc"], "default": "desc" }),
        ),
        parameter("inbound_agent_id", "Those that this agent answers", id()),
        parameter("outbound_agent_id", "Those from which this agent calls", id()),
        parameter(
            "status",
            "Those that have come so far",
            json!({ "type": "string", "enum": ["reserved", "assigned", "released", "finished"] }),
        ),
        parameter("start_assigned_at", "Assigned at this time or later", time()),
        parameter("end_assigned_at", "Assigned at this time or earlier", time()),
    ]
}
