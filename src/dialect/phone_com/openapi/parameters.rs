//! Path and query parameters.

use super::super::input::query::{Fields, LARGEST_PAGE, PAGE};
use crate::api::openapi::{Kind, component, pascal_case};
use serde_json::{Value, json};

/// The numbers in a path.
pub fn path(names: &[&str]) -> Vec<Value> {
    let describe = |name: &str| match name {
        "account_id" => "The number of the account; see `/v4/accounts`",
        "extension_id" => "The number of the extension; see the account's `extensions`",
        "contact_id" => "The number of the contact",
        _ => "The number of the contact group",
    };
    let parameter = |name: &&str| {
        named(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": describe(name),
            "schema": { "type": "integer", "format": "int64", "minimum": 1 },
            "example": 1,
        }))
    };
    names.iter().map(parameter).collect()
}

/// The parameters of a list with these fields.
pub fn list<F>(fields: &Fields<F>) -> Vec<Value> {
    let size = json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE });
    let mut parameters = vec![
        query("limit", "The maximum number of items", size),
        query(
            "offset",
            "The number of items to skip. Large offsets are slower; page with `filters[id]=gt:` instead",
            json!({ "type": "integer", "minimum": 0, "default": 0 }),
        ),
        query(
            "fields",
            "`brief` for summaries; full items by default",
            json!({ "type": "string", "enum": ["brief", "full", "all"] }),
        ),
        query("mode", "The newer name of `fields`", json!({ "type": "string", "enum": ["brief", "full"] })),
    ];
    for (field, ..) in fields.filters {
        let description = "A value, or an operator and its argument: `empty`, `eq:`, `ne:`, `lt:`, `gt:`, `lte:`, `gte:`, \
             `starts-with:`, `ends-with:`, `contains:`, `between:a,b`, `in:a,b,c`, and most with `not-` before them. \
             Repeated filters must all match";
        let items = json!({ "type": "array", "items": { "type": "string" } });
        parameters.push(query(&format!("filters[{field}]"), description, items));
    }
    for (field, _) in fields.sorts {
        let order = json!({ "type": "string", "enum": ["asc", "desc"] });
        parameters.push(query(&format!("sort[{field}]"), "The order by this field", order));
    }
    parameters
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    named(json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema }))
}

fn named(parameter: Value) -> Value {
    let name = format!("PhoneCom{}", pascal_case(parameter["name"].as_str().unwrap_or_default()));
    component(Kind::Parameter, &name, parameter)
}
