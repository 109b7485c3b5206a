//! Examples of resources and messages.

use crate::dialect::scim::schema::{ENTERPRISE, GROUP, USER};
use serde_json::{Value, json};

pub const ID: &str = "01a20068-eae5-738a-b167-1fdb72ae93a6";
pub const GROUP_ID: &str = "01a20068-eb02-7c11-9d3e-6a4c21f0b7d8";

const BASE: &str = "https://phones.example.com/scim/v2";

/// What a user is created with.
pub fn new_user() -> Value {
    json!({
        "schemas": [USER.id, ENTERPRISE.id],
        "userName": "jane@example.com",
        "externalId": "58b2c1",
        "name": { "givenName": "Jane", "familyName": "Doe" },
        "displayName": "Jane Doe",
        "emails": [{ "value": "jane@example.com", "type": "work", "primary": true }],
        "phoneNumbers": [{ "value": "+1 425 555 0199", "type": "mobile" }],
        "active": true,
        (ENTERPRISE.id): { "employeeNumber": "701984", "department": "Sales" },
    })
}

/// A user.
pub fn user() -> Value {
    let mut user = new_user();
    user["id"] = ID.into();
    user["meta"] = json!({
        "resourceType": "User",
        "created": "2026-01-01T12:00:00.000Z",
        "lastModified": "2026-01-01T12:00:00.000Z",
        "location": format!("{BASE}/Users/{ID}"),
        "version": "W/\"b7n0lYyXo2wQ1f9c\"",
    });
    user
}

/// What a group is created with.
pub fn new_group() -> Value {
    json!({ "schemas": [GROUP.id], "displayName": "Sales", "members": [{ "value": ID }] })
}

/// A group.
pub fn group() -> Value {
    json!({
        "schemas": [GROUP.id],
        "id": GROUP_ID,
        "displayName": "Sales",
        "members": [{ "value": ID, "type": "User" }],
        "meta": { "resourceType": "Group", "location": format!("{BASE}/Groups/{GROUP_ID}") },
    })
}

/// A list of one resource.
pub fn list(resource: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 1,
        "startIndex": 1,
        "itemsPerPage": 1,
        "Resources": [resource],
    })
}

/// A query.
pub fn search() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "displayName sw \"Jane\"",
        "count": 10,
    })
}

/// Operations on a user.
pub fn patch() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    })
}

/// Operations on a group.
pub fn group_patch() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": [{ "value": ID }] }],
    })
}

/// Operations on several resources.
pub fn bulk() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": 1,
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "jane", "data": { "userName": "jane@example.com" } },
            { "method": "POST", "path": "/Groups", "bulkId": "sales",
                "data": { "displayName": "Sales", "members": [{ "value": "bulkId:jane" }] } },
        ],
    })
}

/// Outcomes of operations.
pub fn bulk_response() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": [{ "method": "POST", "bulkId": "jane", "status": "201", "location": format!("{BASE}/Users/{ID}") }],
    })
}

/// A schema, with one of its attributes.
pub fn schema(base: &str) -> Value {
    let mut schema = GROUP.json();
    schema["meta"] = json!({ "resourceType": "Schema", "location": format!("{base}/Schemas/{}", GROUP.id) });
    if let Some(attributes) = schema["attributes"].as_array_mut() {
        attributes.truncate(1);
    }
    schema
}
