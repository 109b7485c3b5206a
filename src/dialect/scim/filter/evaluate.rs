//! Evaluation of filters over resources. A condition on an attribute of several values holds if it holds for one of them; an
//! attribute without a value is equal to null, and differs from each value.

use super::{Comparison, Filter};
use crate::dialect::scim::path::{AttributePath, member};
use crate::dialect::scim::schema::{Attribute, Kind, ResourceType};
use crate::domain::text::{caseless, normalized};
use chrono::DateTime;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// What a filter is evaluated over.
#[derive(Clone, Copy)]
enum Scope {
    Resource(&'static ResourceType),
    /// A value of a complex attribute; None if no schema knows it.
    Value(Option<&'static Attribute>),
}

impl Filter {
    /// Whether a resource passes the filter.
    pub fn matches(&self, resource: &Map<String, Value>, of: &'static ResourceType) -> bool {
        self.holds(resource, Scope::Resource(of))
    }

    /// Whether a value of an attribute passes the filter.
    pub fn matches_value(&self, value: &Value, of: Option<&'static Attribute>) -> bool {
        match value {
            Value::Object(value) => self.holds(value, Scope::Value(of)),
            // A simple value has only itself.
            simple => self.holds(&Map::from_iter([("value".to_owned(), simple.clone())]), Scope::Value(of)),
        }
    }

    fn holds(&self, object: &Map<String, Value>, scope: Scope) -> bool {
        match self {
            Filter::And(all) => all.iter().all(|one| one.holds(object, scope)),
            Filter::Or(all) => all.iter().any(|one| one.holds(object, scope)),
            Filter::Not(one) => !one.holds(object, scope),
            Filter::Present(path) => found(object, path, scope).0.iter().any(|value| is_present(value)),
            Filter::Compare(path, comparison, wanted) => {
                let (values, attribute) = found(object, path, scope);
                compares(&values, attribute, *comparison, wanted)
            }
            Filter::AnyValue(path, within) => {
                let attribute = attribute(path, scope);
                let value = value(object, path, scope);
                each(value).into_iter().any(|value| within.matches_value(value, attribute))
            }
        }
    }
}

fn attribute(path: &AttributePath, scope: Scope) -> Option<&'static Attribute> {
    match scope {
        Scope::Resource(of) => path.attribute(of),
        Scope::Value(of) => of.and_then(|of| of.sub_attribute(&path.name)),
    }
}

fn value<'o>(object: &'o Map<String, Value>, path: &AttributePath, scope: Scope) -> Option<&'o Value> {
    match scope {
        Scope::Resource(_) => path.value(object),
        Scope::Value(_) => member(object, &path.name),
    }
}

/// The values at a path, and what the schemas say of them. That of a complex attribute without a sub-attribute is its
/// `value`.
fn found<'o>(
    object: &'o Map<String, Value>,
    path: &AttributePath,
    scope: Scope,
) -> (Vec<&'o Value>, Option<&'static Attribute>) {
    let whole = attribute(path, scope);
    let sub = path.sub.as_deref().unwrap_or("value");
    let mut is_complex = false;
    let values = each(value(object, path, scope)).into_iter().filter_map(|value| match value {
        Value::Object(members) => {
            is_complex = true;
            // A test of presence is of the whole value.
            member(members, sub).or((path.sub.is_none() && member(members, "value").is_none()).then_some(value))
        }
        simple => path.sub.is_none().then_some(simple),
    });
    let values: Vec<&Value> = values.collect();
    let own = if is_complex { whole.and_then(|whole| whole.sub_attribute(sub)) } else { whole };
    (values, own)
}

fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn compares(values: &[&Value], attribute: Option<&'static Attribute>, comparison: Comparison, wanted: &Value) -> bool {
    match (comparison, wanted, values.is_empty()) {
        (Comparison::Eq, Value::Null, is_empty) => is_empty,
        (Comparison::Ne, Value::Null, is_empty) => !is_empty,
        (Comparison::Ne, _, true) => true,
        _ => values.iter().any(|value| compare(value, attribute, comparison, wanted)),
    }
}

fn compare(value: &Value, attribute: Option<&Attribute>, comparison: Comparison, wanted: &Value) -> bool {
    let is_exact = attribute.is_some_and(|attribute| attribute.is_case_exact);
    match (value, wanted) {
        (Value::String(text), Value::String(wanted)) => {
            if attribute.is_some_and(|attribute| attribute.kind == Kind::DateTime) {
                let (at, wanted) = (DateTime::parse_from_rfc3339(text), DateTime::parse_from_rfc3339(wanted));
                return at.ok().zip(wanted.ok()).is_some_and(|(at, wanted)| in_order(at.cmp(&wanted), comparison));
            }
            let form = if is_exact { normalized } else { caseless };
            compare_text(&form(text), &form(wanted), comparison)
        }
        // Directories write booleans as texts, too.
        (Value::Bool(value), Value::String(wanted)) => wanted
            .parse::<bool>()
            .or_else(|_| wanted.to_ascii_lowercase().parse())
            .is_ok_and(|wanted| in_order(value.cmp(&wanted), comparison)),
        (Value::Bool(value), Value::Bool(wanted)) => in_order(value.cmp(wanted), comparison),
        (Value::Number(value), Value::Number(wanted)) => {
            let order = value.as_f64().zip(wanted.as_f64()).and_then(|(value, wanted)| value.partial_cmp(&wanted));
            order.is_some_and(|order| in_order(order, comparison))
        }
        _ => comparison == Comparison::Ne,
    }
}

fn compare_text(text: &str, wanted: &str, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Co => text.contains(wanted),
        Comparison::Sw => text.starts_with(wanted),
        Comparison::Ew => text.ends_with(wanted),
        comparison => in_order(text.cmp(wanted), comparison),
    }
}

/// Whether an order fulfils an operator.
fn in_order(order: Ordering, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
        Comparison::Co | Comparison::Sw | Comparison::Ew => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::scim::schema::USERS;
    use serde_json::json;

    fn jane() -> Map<String, Value> {
        let jane = json!({
            "id": "0199a5c6",
            "userName": "Jane@Example.com",
            "externalId": "A7",
            "active": true,
            "name": { "familyName": "Doe" },
            "emails": [{ "value": "jane@example.com", "type": "work" }, { "value": "jane@home.org", "type": "home" }],
            "meta": { "lastModified": "2026-01-01T12:00:00Z" },
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
            "urn:acme:2.0:User": { "floor": 3 },
        });
        jane.as_object().cloned().expect("an object")
    }

    #[test]
    fn filters_hold_by_the_rules_of_the_attributes() {
        for (expected, filter) in [
            (true, r#"userName eq "jane@example.COM""#),
            (false, r#"externalId eq "a7""#),
            (true, r#"externalId eq "A7""#),
            (true, r#"emails co "@home""#),
            (true, r#"emails.value ew ".org" and emails.type eq "WORK""#),
            (false, r#"emails[type eq "work" and value ew ".org"]"#),
            (true, r#"emails[type eq "home"].value sw "jane""#),
            (true, r#"not (title pr) and title eq null and title ne "x""#),
            (false, "title pr or nickName pr"),
            (true, "emails pr and name pr"),
            (true, r#"meta.lastModified gt "2026-01-01T12:00:00+01:00""#),
            (false, r#"meta.lastModified gt "2026-01-01T12:00:00Z""#),
            (true, r#"meta.lastModified ge "2026-01-01T12:00:00Z""#),
            (true, "active eq true"),
            (true, r#"active eq "True""#),
            (false, "active ne true"),
            (true, r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#),
            (true, "urn:acme:2.0:User:floor ge 3 and urn:acme:2.0:User:floor lt 4"),
            (true, r#"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName eq "DOE""#),
            (true, r#"userName gt "a" and userName lt "k""#),
            (false, r#"unknown eq "x""#),
        ] {
            let parsed = Filter::parse(filter, &USERS).unwrap_or_else(|fault| panic!("{filter}: {fault}"));
            assert_eq!(parsed.matches(&jane(), &USERS), expected, "{filter}");
        }
    }
}
