//! A small judge of values by the schemas of the document: the keywords of OpenAPI 3.1 that the document uses (and of
//! 3.0, in which a part of it is served), and no others, so that a keyword that it cannot judge by fails instead of
//! passing unseen.

use chrono::DateTime;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

/// Faults of `value` by `schema`, whose references are into `document`. Empty if it is valid.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut validator = Validator { document, faults: Vec::new() };
    validator.value("$", schema, value);
    validator.faults
}

/// The schema that a reference names.
pub fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

struct Validator<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl<'a> Validator<'a> {
    fn fault(&mut self, at: &str, message: impl std::fmt::Display) {
        self.faults.push(format!("{at}: {message}"));
    }

    fn value(&mut self, at: &str, schema: &'a Value, value: &Value) {
        let Some(keywords) = schema.as_object() else {
            return self.fault(at, format_args!("no schema: {schema}"));
        };
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for (keyword, argument) in keywords {
            match keyword.as_str() {
                "$ref" => match argument.as_str().and_then(|name| resolve(self.document, name)) {
                    Some(meant) => self.value(at, meant, value),
                    None => self.fault(at, format_args!("{argument} leads nowhere")),
                },
                "allOf" => argument.as_array().into_iter().flatten().for_each(|part| self.value(at, part, value)),
                "anyOf" => {
                    let mut branches = argument.as_array().into_iter().flatten();
                    if !branches.any(|branch| faults(self.document, branch, value).is_empty()) {
                        self.fault(at, format_args!("{value} fits no branch"));
                    }
                }
                "oneOf" => self.one_of(at, schema, argument, value),
                "type" => self.types(at, argument, value),
                "propertyNames" => {
                    for name in value.as_object().into_iter().flat_map(|members| members.keys()) {
                        self.value(&format!("{at}: {name}"), argument, &Value::from(name.as_str()));
                    }
                }
                "pattern" => self.pattern(at, argument, value),
                "enum" if !argument.as_array().is_some_and(|known| known.contains(value)) => {
                    self.fault(at, format_args!("{value} is none of {argument}"));
                }
                "format" => self.format(at, argument, value),
                "items" => {
                    let items = value.as_array().into_iter().flatten().enumerate();
                    items.for_each(|(index, item)| self.value(&format!("{at}[{index}]"), argument, item));
                }
                "properties" => self.properties(at, argument, value),
                "required" => self.required(at, argument, value),
                "additionalProperties" => self.others(at, schema, argument, value),
                "minimum" | "maximum" | "minLength" | "maxLength" | "minItems" | "maxItems" | "maxProperties"
                | "exclusiveMinimum"
                    if !argument.is_boolean() =>
                {
                    self.bound(at, keyword, schema, argument, value);
                }
                "enum" | "nullable" | "exclusiveMinimum" | "discriminator" | "description" | "default" | "example"
                | "x-route-path" | "x-undocumented" | "x-resource-name" => {}
                other => self.fault(at, format_args!("no way to judge by {other:?}")),
            }
        }
    }

    fn one_of(&mut self, at: &str, schema: &Value, branches: &'a Value, value: &Value) {
        // With a discriminator the branch is known, and its faults can be reported.
        let property = schema["discriminator"]["propertyName"].as_str();
        let branches = branches.as_array().into_iter().flatten();
        let meant: Vec<&Value> = branches
            .filter(|branch| match property {
                Some(name) => {
                    let named = branch["$ref"].as_str().and_then(|name| resolve(self.document, name));
                    named.unwrap_or(branch)["properties"][name]["enum"] == serde_json::json!([value[name]])
                }
                None => faults(self.document, branch, value).is_empty(),
            })
            .collect();
        match meant.as_slice() {
            [one] => self.value(at, one, value),
            meant => self.fault(at, format_args!("{value} fits {} branches", meant.len())),
        }
    }

    fn types(&mut self, at: &str, names: &Value, value: &Value) {
        let names = names.as_array().map_or_else(|| std::slice::from_ref(names), Vec::as_slice);
        if !names.iter().any(|name| Self::is_of_type(name, value)) {
            self.fault(at, format_args!("{value} is of none of the types {names:?}"));
        }
    }

    fn is_of_type(name: &Value, value: &Value) -> bool {
        match name.as_str() {
            Some("null") => value.is_null(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => false,
        }
    }

    /// The one pattern that the document has.
    fn pattern(&mut self, at: &str, pattern: &Value, value: &Value) {
        match (pattern.as_str(), value.as_str()) {
            (Some("^[^.]*$"), Some(text)) if text.contains('.') => self.fault(at, format_args!("{text:?} has a dot")),
            (Some("^[^.]*$"), _) => {}
            (other, _) => self.fault(at, format_args!("no way to judge by the pattern {other:?}")),
        }
    }

    fn format(&mut self, at: &str, name: &Value, value: &Value) {
        let Some(text) = value.as_str() else { return };
        let fits = match name.as_str() {
            Some("uuid") => Uuid::parse_str(text).is_ok() && text.len() == 36,
            Some("date-time") => DateTime::parse_from_rfc3339(text).is_ok(),
            Some("phone") => {
                text.len() > 7 && text.strip_prefix('+').is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()))
            }
            Some("uri") => Url::parse(text).is_ok(),
            Some("email") => text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.')),
            _ => false,
        };
        if !fits {
            self.fault(at, format_args!("{text:?} is not of format {name}"));
        }
    }

    fn properties(&mut self, at: &str, schemas: &'a Value, value: &Value) {
        let (Some(schemas), Some(members)) = (schemas.as_object(), value.as_object()) else { return };
        for (name, member) in members {
            if let Some(schema) = schemas.get(name) {
                self.value(&format!("{at}.{name}"), schema, member);
            }
        }
    }

    fn required(&mut self, at: &str, names: &Value, value: &Value) {
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                self.fault(at, format_args!("{name} is missing"));
            }
        }
    }

    fn others(&mut self, at: &str, schema: &Value, rule: &'a Value, value: &Value) {
        for (name, member) in value.as_object().into_iter().flatten() {
            if schema["properties"].get(name).is_some() || *rule == true {
                continue;
            }
            match rule {
                Value::Object(_) => self.value(&format!("{at}.{name}"), rule, member),
                _ => self.fault(at, format_args!("{name} is one too many")),
            }
        }
    }

    fn bound(&mut self, at: &str, keyword: &str, schema: &Value, bound: &Value, value: &Value) {
        let measured = match keyword {
            "minimum" | "maximum" | "exclusiveMinimum" => value.as_f64(),
            "minLength" | "maxLength" => value.as_str().map(|text| text.chars().count() as f64),
            "maxProperties" => value.as_object().map(|members| members.len() as f64),
            _ => value.as_array().map(|items| items.len() as f64),
        };
        let (Some(measured), Some(limit)) = (measured, bound.as_f64()) else { return };
        let is_exclusive = keyword == "minimum" && schema["exclusiveMinimum"] == true;
        let fits = match keyword.starts_with("min") {
            _ if keyword == "exclusiveMinimum" || is_exclusive => measured > limit,
            true => measured >= limit,
            false => measured <= limit,
        };
        if !fits {
            self.fault(at, format_args!("{value} is beyond {keyword} {limit}"));
        }
    }
}

#[test]
fn the_schema_validator_finds_faults() {
    let document = serde_json::json!({ "named": { "type": "string", "format": "uuid" } });
    let schema = serde_json::json!({
        "type": "object", "required": ["id", "kind"], "additionalProperties": false,
        "properties": {
            "id": { "$ref": "#/named" },
            "kind": { "type": "string", "nullable": true, "enum": ["a", "b"] },
            "some": { "type": "array", "maxItems": 1, "items": { "oneOf": [{ "type": "string" }, { "type": "boolean" }] } },
        },
    });
    let faults_of = |value: Value| faults(&document, &schema, &value);
    let id = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";
    assert_eq!(faults_of(serde_json::json!({ "id": id, "kind": null, "some": [true] })), Vec::<String>::new());
    for wrong in [
        serde_json::json!([]),
        serde_json::json!({ "id": id }),
        serde_json::json!({ "id": "no", "kind": "a" }),
        serde_json::json!({ "id": id, "kind": "c" }),
        serde_json::json!({ "id": id, "kind": "a", "some": [1] }),
        serde_json::json!({ "id": id, "kind": "a", "some": ["x", "y"] }),
        serde_json::json!({ "id": id, "kind": "a", "other": 1 }),
    ] {
        assert_ne!(faults_of(wrong.clone()), Vec::<String>::new(), "{wrong}");
    }
    let either = serde_json::json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
    assert_eq!(faults(&document, &either, &serde_json::json!(1)), Vec::<String>::new());
    assert_ne!(faults(&document, &either, &serde_json::json!(true)), Vec::<String>::new());
    assert_ne!(faults(&document, &serde_json::json!({ "if": {} }), &Value::Null), Vec::<String>::new());
    let several = serde_json::json!({ "type": ["string", "null"], "exclusiveMinimum": 0 });
    assert_eq!(faults(&document, &several, &Value::Null), Vec::<String>::new());
    assert_ne!(faults(&document, &several, &serde_json::json!(1)), Vec::<String>::new());
    let positive = serde_json::json!({ "type": "integer", "exclusiveMinimum": 0 });
    assert_eq!(faults(&document, &positive, &serde_json::json!(1)), Vec::<String>::new());
    assert_ne!(faults(&document, &positive, &serde_json::json!(0)), Vec::<String>::new());
    let names = serde_json::json!({ "propertyNames": { "type": "string", "pattern": "^[^.]*$" } });
    assert_ne!(faults(&document, &names, &serde_json::json!({ "a.b": 1 })), Vec::<String>::new());
}
