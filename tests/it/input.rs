//! The rules: valid values, issues, fields and schemas.

use uuid::Uuid;

use handset::api::input::*;
use handset::error::{Error, Expected, Issue, Problem, RequestPart, Step};
use serde_json::{Map, Value, json};
use strum::{IntoStaticStr, VariantArray};

mod messages;
mod nulls;
mod query;

#[derive(Debug, Clone, Copy, PartialEq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum System {
    Android,
    Ios,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct PersonId(Uuid);

impl From<Uuid> for PersonId {
    fn from(id: Uuid) -> PersonId {
        PersonId(id)
    }
}

input! {
    /// No input.
    pub struct Nothing {}
}

input! {
    /// A sandbox phone, in part.
    pub struct Create {
        /// Whose phone
        /// it will be.
        user_identity_id: PersonId = id(),
        custom_sdk_installation_id: Option<String> = text().max(500).optional(),
        /// What the phone says of itself.
        phone_metadata: Phone = object().or(json!({})),
        max_use_count: u32 = integer().at_least(1).or(1),
        name: Option<Option<String>> = text().min(1).nullable().optional(),
        page_cursor: Option<String> = text().nullish(),
        tags: Vec<String> = array(text()).max(2).or(vec!["*"]),
    }
}

input! {
    struct Phone {
        operating_system: System = choice().or("android"),
        nfc: bool = boolean().or(false),
    }
}

const ID: &str = "0195f0a0-1111-7222-8333-444455556666";

fn map(value: Value) -> Map<String, Value> {
    keys(value).expect("an object")
}

fn create(query: Value, body: Value) -> Create {
    read(map(query), map(body)).expect("the input is valid")
}

fn faults(query: Value, body: Value) -> Vec<Issue> {
    match read::<Create>(map(query), map(body)) {
        Err(Error::Invalid(issues)) => issues,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_input_without_fields_ignores_unknown_keys() {
    assert!(read::<Nothing>(Map::new(), map(json!({ "unknown": "\0" }))).is_ok());
    assert!(Nothing::fields().is_empty());
}

#[test]
fn defaults_replace_absent_values() {
    let create = create(json!({}), json!({ "user_identity_id": ID, "unknown": 1 }));
    assert_eq!(create.user_identity_id, PersonId(Uuid::try_parse(ID).expect("a UUID")));
    assert_eq!(create.custom_sdk_installation_id, None);
    assert_eq!(create.phone_metadata.operating_system, System::Android);
    assert!(!create.phone_metadata.nfc);
    assert_eq!(create.max_use_count, 1);
    assert_eq!(create.name, None);
    assert_eq!(create.page_cursor, None);
    assert_eq!(create.tags, ["*"]);
}

#[test]
fn a_patch_distinguishes_absent_null_and_a_value() {
    let name = |body: Value| create(json!({ "user_identity_id": ID }), body).name;
    assert_eq!(name(json!({})), None);
    assert_eq!(name(json!({ "name": null })), Some(None));
    assert_eq!(name(json!({ "name": "x" })), Some(Some("x".to_owned())));
}

#[test]
fn the_body_wins_over_the_query() {
    let create = create(
        json!({ "user_identity_id": "x", "max_use_count": 2, "name": "query" }),
        json!({ "user_identity_id": ID, "page_cursor": null, "name": null, "phone_metadata": { "operating_system": "ios" } }),
    );
    assert_eq!(create.max_use_count, 2);
    assert_eq!(create.name, Some(None));
    assert_eq!(create.phone_metadata.operating_system, System::Ios);
}

#[test]
fn all_issues_are_found_in_declared_order_with_their_places_and_paths() {
    let issues = faults(
        json!({ "max_use_count": 0, "tags": 1, "custom_sdk_installation_id": 5 }),
        json!({ "tags": ["a", 1, null], "phone_metadata": { "nfc": "yes", "operating_system": "win" } }),
    );
    let key = |key: &str| Step::Key(key.to_owned());
    let kind = |problem: &Problem| match problem {
        Problem::Missing => "missing",
        Problem::Type { .. } => "type",
        Problem::Choice { .. } => "choice",
        Problem::Range(_) => "range",
        Problem::Length { .. } => "length",
        _ => "another",
    };
    let found: Vec<_> = issues.into_iter().map(|issue| (issue.place, issue.path, kind(&issue.problem))).collect();
    assert_eq!(
        found,
        [
            (RequestPart::Body, vec![key("user_identity_id")], "missing"),
            (RequestPart::Query, vec![key("custom_sdk_installation_id")], "type"),
            (RequestPart::Body, vec![key("phone_metadata"), key("operating_system")], "choice"),
            (RequestPart::Body, vec![key("phone_metadata"), key("nfc")], "type"),
            (RequestPart::Query, vec![key("max_use_count")], "range"),
            (RequestPart::Body, vec![key("tags")], "length"),
            (RequestPart::Body, vec![key("tags"), Step::Index(1)], "type"),
            (RequestPart::Body, vec![key("tags"), Step::Index(2)], "type"),
        ]
    );
}

#[test]
fn a_body_must_be_an_object() {
    for (body, received) in [(json!([]), "array"), (json!("x"), "string"), (json!(null), "null"), (json!(1), "number")]
    {
        let Err(Error::Invalid(issues)) = keys(body) else { panic!("the body was accepted") };
        let expected = Expected::Json("object");
        assert_eq!(issues, [Issue::new(Vec::new(), Problem::Type { expected, received })]);
    }
}

#[test]
fn issues_are_limited_to_one_hundred() {
    let start = std::time::Instant::now();
    let issues = faults(json!({}), json!({ "user_identity_id": ID, "tags": vec![1; 500_000] }));
    assert_eq!(issues.len(), 100);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn fields_have_descriptions_defaults_and_required_flags() {
    let fields = Create::fields();
    let find = |name: &str| fields.iter().find(|field| field.name == name).expect("a declared field");
    assert_eq!(find("user_identity_id").description, "Whose phone it will be.");
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    assert_eq!(required, ["user_identity_id"]);
    assert_eq!(find("max_use_count").default, Some(json!(1)));
    assert_eq!(find("name").description, "");
}

#[test]
fn schemas_are_openapi_3_1() {
    let schema = serde_json::to_value(Field::object("", &Create::fields())).expect("schemas are JSON");
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "required": ["user_identity_id"],
            "properties": {
                "user_identity_id": { "type": "string", "format": "uuid", "description": "Whose phone it will be." },
                "custom_sdk_installation_id": { "type": "string", "maxLength": 500 },
                "phone_metadata": {
                    "type": "object",
                    "description": "What the phone says of itself.",
                    "default": {},
                    "properties": {
                        "operating_system": { "type": "string", "enum": ["android", "ios"], "default": "android" },
                        "nfc": { "type": "boolean", "default": false },
                    },
                },
                "max_use_count": { "type": "integer", "minimum": 1, "maximum": 4294967295_u32, "default": 1 },
                "name": { "type": ["string", "null"], "minLength": 1, "maxLength": 500 },
                "page_cursor": { "type": ["string", "null"], "maxLength": 500 },
                "tags": { "type": "array", "items": { "type": "string", "maxLength": 500 }, "maxItems": 2, "default": ["*"] },
            },
        })
    );
}

#[test]
fn schemas_of_the_rarer_shapes_are_openapi_3_1() {
    let schema = |shape: Shape| serde_json::to_value(shape.schema()).expect("schemas are JSON");
    assert_eq!(
        schema(choice::<System>().nullable().shape()),
        json!({ "oneOf": [{ "type": "string", "enum": ["android", "ios"] }, { "type": "null" }] })
    );
    assert_eq!(
        schema(number().above(0.5).at_most(2).shape()),
        json!({ "type": "number", "exclusiveMinimum": 0.5, "maximum": 2 })
    );
    assert_eq!(
        schema(array(date_time()).exactly(2).nullable().shape()),
        json!({ "type": ["array", "null"], "items": { "type": "string", "format": "date-time" }, "minItems": 2, "maxItems": 2 })
    );
    assert_eq!(
        schema(metadata().shape()),
        json!({
            "type": "object",
            "maxProperties": 50,
            "propertyNames": { "type": "string", "maxLength": 40, "pattern": "^[^.]*$" },
            "additionalProperties": { "type": ["string", "boolean", "null"], "maxLength": 500 },
        })
    );
}
