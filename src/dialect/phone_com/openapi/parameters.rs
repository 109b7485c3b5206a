//! What calls take in their path and their query.

use serde_json::{Value, json};

/// The numbers in a path.
pub fn path(names: &[&str]) -> Vec<Value> {
    let describe = |name: &str| match name {
        "account_id" => "The number of an account, which `/v4/accounts` tells",
        "extension_id" => "The number of an extension, which the account's `extensions` tell",
        "contact_id" => "The number of a contact",
        _ => "The number of a contact group",
    };
    let parameter = |name: &&str| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": describe(name),
            "schema": { "type": "integer", "format": "int64", "minimum": 1 },
            "example": 1,
        })
    };
    names.iter().map(parameter).collect()
}

/// What every list takes, with the fields that it can be filtered and sorted by.
pub fn list(filters: &[&str], sorts: &[&str]) -> Vec<Value> {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let mut parameters = vec![
        query(
            "limit",
            "At most so many",
            json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": 500, "default": 25 }),
        ),
        query(
            "offset",
            "So many are passed over. Deep ones cost more; walk with `filters[id]=gt:` instead",
            json!({ "type": "integer", "minimum": 0, "default": 0 }),
        ),
        query(
            "fields",
            "Whether summaries are enough; without it they are not",
            json!({ "type": "string", "enum": ["brief", "full", "all"] }),
        ),
        query("mode", "The newer name of `fields`", json!({ "type": "string", "enum": ["brief", "full"] })),
    ];
    for field in filters {
        let description = "A value, or an operator and what it takes: `empty`, `eq:`, `ne:`, `lt:`, `gt:`, `lte:`, `gte:`, \
             `starts-with:`, `ends-with:`, `contains:`, `between:a,b`, `in:a,b,c`, and most with `not-` before them. \
             Repeat it for more conditions; all must hold";
        let items = json!({ "type": "array", "items": { "type": "string" } });
        parameters.push(query(&format!("filters[{field}]"), description, items));
    }
    for field in sorts {
        let ways = json!({ "type": "string", "enum": ["asc", "desc"] });
        parameters.push(query(&format!("sort[{field}]"), "By this field, upwards or downwards", ways));
    }
    parameters
}
