//! The schemas, derived from the attributes, and those of messages.

use crate::api::openapi::{Schemas, pascal_case, reference};
use crate::dialect::scim::bulk::MAX_OPERATIONS;
use crate::dialect::scim::error::ErrorBody;
use crate::dialect::scim::path::is_urn;
use crate::dialect::scim::resource::{max_length, most_values};
use crate::dialect::scim::schema::{Attribute, GROUPS, Kind, ResourceType, Schema, USERS};
use crate::domain::limits::{MAX_ITEMS, MAX_TEXT};
use serde_json::{Map, Value, json};

/// All of them.
pub fn all() -> Schemas {
    let mut all = Schemas::default().with::<ErrorBody>();
    let mut add = |name: &str, schema: Value| _ = all.0.insert(name.to_owned(), schema);
    for of in [&USERS, &GROUPS] {
        let attributes = of.schema.attributes.iter().chain(of.extensions.iter().flat_map(|schema| schema.attributes));
        for attribute in attributes.filter(|attribute| attribute.kind == Kind::Complex) {
            add(&complex_name(attribute), object(attribute.description, attribute.sub_attributes, true));
        }
        for extension in of.extensions {
            add(&extension_name(extension), object(extension.description, extension.attributes, true));
        }
        add(&format!("ScimNew{}", of.name), resource(of, false));
        add(&format!("Scim{}", of.name), resource(of, true));
    }
    messages(&mut add);
    changes(&mut add);
    all
}

/// The schemas of messages.
fn messages(add: &mut dyn FnMut(&str, Value)) {
    add(
        "ScimList",
        message(
            "A page of a list",
            &["schemas", "Resources"],
            json!({
                "schemas": schemas(),
                "totalResults": number("The number of all resources; left out with a cursor"),
                "startIndex": number("The index of the first resource, from 1; left out with a cursor"),
                "itemsPerPage": number("The number of resources of this page"),
                "nextCursor": text("The cursor of the next page; left out on the last one"),
                "Resources": objects("The resources"),
            }),
        ),
    );
    add(
        "ScimSearchRequest",
        message(
            "A query",
            &[],
            json!({
                "schemas": schemas(),
                "attributes": texts("Only these attributes"),
                "excludedAttributes": texts("Not these attributes"),
                "filter": text("Only resources that pass this filter"),
                "sortBy": text("The attribute by which the list is sorted"),
                "sortOrder": { "type": "string", "enum": ["ascending", "descending"], "description": "The order" },
                "startIndex": number("The first resource of the page, from 1"),
                "count": number("The maximum number of resources"),
                "cursor": text("Pages by cursor: empty for the first one, then `nextCursor`"),
            }),
        ),
    );
    let discovery = json!({ "schemas": schemas(), "id": text("The id"), "name": text("The name") });
    add("ScimDiscovery", message("What the server supports", &["schemas"], discovery));
}

/// The schemas of messages that change resources.
fn changes(add: &mut dyn FnMut(&str, Value)) {
    add(
        "ScimPatch",
        message(
            "Operations on a resource",
            &["Operations"],
            json!({
                "schemas": schemas(),
                "Operations": at_most(
                    MAX_ITEMS,
                    objects("Each has `op` (add, replace or remove), perhaps a `path`, and a `value`"),
                ),
            }),
        ),
    );
    let bulk = |description: &str| {
        message(
            description,
            &["Operations"],
            json!({
                "schemas": schemas(),
                "failOnErrors": number("The number of errors after which the rest is left out"),
                "Operations": at_most(
                    MAX_OPERATIONS,
                    objects("Each has `method`, `path`, perhaps `bulkId`, `version` and `data`; an outcome has `status`"),
                ),
            }),
        )
    };
    add("ScimBulkRequest", bulk("Operations on several resources"));
    add("ScimBulkResponse", bulk("The outcomes of operations"));
}

/// The URN of a message.
fn schemas() -> Value {
    texts("The URN of the message")
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn number(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}

fn objects(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "object" }, "description": description })
}

/// A list with a maximum number of items.
fn at_most(items: usize, mut list: Value) -> Value {
    list["maxItems"] = items.into();
    list
}

fn message(description: &str, required: &[&str], properties: Value) -> Value {
    let mut schema = json!({ "type": "object", "description": description, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A resource as requests have it, or as it is shown.
fn resource(of: &'static ResourceType, is_shown: bool) -> Value {
    let mut schema = object(of.description, of.schema.attributes, is_shown);
    let properties = schema["properties"].as_object_mut().expect("an object has properties");
    properties.insert("schemas".to_owned(), texts("The URNs of the schemas"));
    let mut external_id = text("The id that the directory gives the resource");
    external_id["maxLength"] = MAX_TEXT.into();
    properties.insert("externalId".to_owned(), external_id);
    for extension in of.extensions {
        properties.insert(extension.id.to_owned(), reference(&extension_name(extension)));
    }
    if is_shown {
        properties.insert("id".to_owned(), text("The id of the resource"));
        properties.insert("meta".to_owned(), json!({ "type": "object", "description": "Metadata of the resource" }));
        schema["required"] = json!(["schemas", "id"]);
    } else {
        let required: Vec<&str> =
            of.schema.attributes.iter().filter(|attribute| attribute.is_required).map(|it| it.name).collect();
        schema["required"] = json!(required);
    }
    debug_assert!(of.extensions.iter().all(|extension| is_urn(extension.id)), "an extension has a URN");
    schema
}

/// An object of attributes, without `$ref`: readers of the document would take it for a reference.
fn object(description: &str, attributes: &'static [Attribute], is_shown: bool) -> Value {
    let properties: Map<String, Value> = attributes
        .iter()
        .filter(|attribute| attribute.name != "$ref" && (is_shown || attribute.is_writable()))
        .map(|attribute| (attribute.name.to_owned(), schema_of(attribute)))
        .collect();
    json!({ "type": "object", "description": description, "properties": properties })
}

fn schema_of(attribute: &Attribute) -> Value {
    let one = match attribute.kind {
        Kind::Complex => reference(&complex_name(attribute)),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::DateTime => json!({ "type": "string", "format": "date-time" }),
        Kind::String | Kind::Reference | Kind::Binary => {
            json!({ "type": "string", "maxLength": max_length(attribute.kind) })
        }
    };
    match (attribute.is_multi_valued, attribute.kind) {
        (true, _) => {
            let list = json!({ "type": "array", "items": one, "description": attribute.description });
            if attribute.is_writable() { at_most(most_values(attribute.name), list) } else { list }
        }
        (false, Kind::Complex) => one,
        (false, _) => {
            let mut one = one;
            one["description"] = attribute.description.into();
            one
        }
    }
}

/// The name of the schema of an extension.
fn extension_name(extension: &Schema) -> String {
    format!("Scim{}", pascal_case(extension.name))
}

/// The name of the schema of a complex attribute's value.
fn complex_name(attribute: &Attribute) -> String {
    let name = attribute.name;
    let singular = name.strip_suffix("es").filter(|_| name == "addresses").or(name.strip_suffix('s')).unwrap_or(name);
    format!("Scim{}Value", pascal_case(singular))
}
