//! Reading of resources: members in any case get the names of the schemas, values their types. What only the server sets is
//! ignored, and so are unknown attributes; those of unknown extensions are kept as they are.

use super::path::{is_urn, own_name};
use super::schema::{Attribute, Kind, ResourceType};
use crate::domain::limits::{MAX_ITEMS, MAX_TEXT, MAX_URL};
use crate::domain::scim::MAX_MEMBERS;
use crate::error::{Error, Expected, Issue, Limit, Problem, Result, Step, Unit};
use serde_json::{Map, Value};

/// Maximum size of the attributes of a resource as JSON, in bytes, without members of groups.
pub const MAX_ATTRIBUTES: usize = 16 * 1024;

/// Maximum length of a certificate in base64.
const MAX_BINARY: usize = 8 * 1024;

/// Maximum number of values of an attribute of a user.
const MAX_VALUES: usize = 50;

/// Reads a resource.
pub fn read(of: &'static ResourceType, given: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut at = Vec::new();
    check_members(&given, &at)?;
    let mut resource = Map::new();
    for (name, value) in given {
        at.push(Step::Key(name.clone()));
        if let Some(attribute) = of.attribute(None, &name).filter(|attribute| attribute.is_writable()) {
            insert(&mut resource, attribute, value, &mut at)?;
        } else if let Some(schema) = of.extension(&name) {
            let mut extension = Map::new();
            for (name, value) in members(value, &at)? {
                let known = schema.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(&name));
                at.push(Step::Key(name));
                if let Some(attribute) = known.filter(|attribute| attribute.is_writable()) {
                    insert(&mut extension, attribute, value, &mut at)?;
                }
                at.pop();
            }
            insert_filled(&mut resource, schema.id, extension.into());
        } else if is_urn(&name) && name.matches(':').count() > 1 && !name.eq_ignore_ascii_case(of.schema.id) {
            check_stored(&value, &at)?;
            check_stored(&Value::from(name.as_str()), &at)?;
            let name = own_name(&resource, &name);
            insert_filled(&mut resource, &name, value);
        }
        at.pop();
    }
    check_whole(of, &resource)?;
    Ok(resource)
}

/// Checks what is required, and the size of what is stored.
fn check_whole(of: &ResourceType, resource: &Map<String, Value>) -> Result<()> {
    for attribute in of.schema.attributes.iter().filter(|attribute| attribute.is_required) {
        if !resource.contains_key(attribute.name) {
            return Err(Error::Invalid(vec![Issue::field(attribute.name, Problem::Missing)]));
        }
    }
    let stored = resource.iter().filter(|(name, _)| *name != "members");
    let size: usize = stored.map(|(name, value)| name.len() + value.to_string().len()).sum();
    if size > MAX_ATTRIBUTES {
        let message = format!("the attributes are over the limit of {MAX_ATTRIBUTES} bytes");
        return Err(Error::Invalid(vec![Issue::new(Vec::new(), Problem::Rule(message.into()))]));
    }
    Ok(())
}

fn insert(object: &mut Map<String, Value>, attribute: &Attribute, value: Value, at: &mut Vec<Step>) -> Result<()> {
    let value = read_value(attribute, value, at)?;
    // The last of several spellings wins.
    object.remove(attribute.name);
    insert_filled(object, attribute.name, value);
    Ok(())
}

/// Inserts a value that is one: null, and what is empty, is unassigned (RFC 7643, section 2.5).
fn insert_filled(object: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_empty {
        object.insert(name.to_owned(), value);
    }
}

/// Reads the value of an attribute: all values if it has several.
fn read_value(attribute: &Attribute, value: Value, at: &mut Vec<Step>) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(values) if attribute.is_multi_valued => {
            let most = most_values(attribute.name);
            if values.len() > most {
                return Err(fault(at, Problem::Length { limit: Limit::AtMost(most), unit: Unit::Items }));
            }
            let mut read = Vec::with_capacity(values.len());
            for (index, value) in values.into_iter().enumerate() {
                at.push(Step::Index(index));
                let value = read_single(attribute, value, at)?;
                at.pop();
                if !value.is_null() {
                    read.push(value);
                }
            }
            keep_one_primary(&mut read);
            Ok(read.into())
        }
        value if attribute.is_multi_valued => {
            let value = read_single(attribute, value, at)?;
            Ok(if value.is_null() { value } else { vec![value].into() })
        }
        value => read_single(attribute, value, at),
    }
}

/// Of several primary values the last one stays so.
fn keep_one_primary(values: &mut [Value]) {
    let is_primary = |value: &Value| value["primary"] == true;
    let last = values.iter().rposition(is_primary);
    for (index, value) in values.iter_mut().enumerate() {
        if is_primary(value) && Some(index) != last {
            value["primary"] = false.into();
        }
    }
}

/// Reads one value.
fn read_single(attribute: &Attribute, value: Value, at: &mut Vec<Step>) -> Result<Value> {
    let mismatch = |expected: &'static str, value: &Value| {
        let received = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        Problem::Type { expected: Expected::Json(expected), received }
    };
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Complex, Value::Object(members)) => {
            let mut read = Map::new();
            for (name, value) in members {
                let Some(sub) = attribute.sub_attribute(&name).filter(|sub| sub.is_writable()) else { continue };
                at.push(Step::Key(name));
                insert(&mut read, sub, value, at)?;
                at.pop();
            }
            Ok(if read.is_empty() { Value::Null } else { read.into() })
        }
        // Entra sends the value alone, and an empty one for none.
        (Kind::Complex, Value::String(text)) if attribute.sub_attribute("value").is_some() => match text.as_str() {
            "" => Ok(Value::Null),
            _ => read_single(attribute, Map::from_iter([("value".to_owned(), text.into())]).into(), at),
        },
        (Kind::Complex, value) => Err(fault(at, mismatch("object", &value))),
        (Kind::Boolean, Value::Bool(value)) => Ok(value.into()),
        // Entra sends booleans as texts.
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true.into()),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false.into()),
        (Kind::Boolean, value) => Err(fault(at, mismatch("boolean", &value))),
        (kind, Value::String(text)) => {
            let most = max_length(kind);
            if text.encode_utf16().count() > most {
                return Err(fault(at, Problem::Length { limit: Limit::AtMost(most), unit: Unit::Characters }));
            }
            let text = Value::from(text);
            check_stored(&text, at)?;
            Ok(if text == "" { Value::Null } else { text })
        }
        (_, value) => Err(fault(at, mismatch("string", &value))),
    }
}

/// The members of an extension.
fn members(value: Value, at: &[Step]) -> Result<Map<String, Value>> {
    match value {
        Value::Object(members) => check_members(&members, at).map(|()| members),
        Value::Null => Ok(Map::new()),
        _ => Err(fault(at, Problem::Type { expected: Expected::Json("object"), received: "another type" })),
    }
}

/// Limits the members of an object, each of which is looked up among the others.
pub fn check_members(object: &Map<String, Value>, at: &[Step]) -> Result<()> {
    match object.len() {
        0..=MAX_ITEMS => Ok(()),
        _ => Err(fault(at, Problem::Length { limit: Limit::AtMost(MAX_ITEMS), unit: Unit::Keys })),
    }
}

/// Limits what an operation on a resource leaves, so that the next one takes no longer.
pub fn check_size(resource: &Map<String, Value>) -> Result<()> {
    check_members(resource, &[])?;
    for (name, value) in resource {
        let at = [Step::Key(name.clone())];
        match value {
            Value::Object(members) => check_members(members, &at)?,
            Value::Array(values) if values.len() > most_values(name) => {
                let limit = Limit::AtMost(most_values(name));
                return Err(fault(&at, Problem::Length { limit, unit: Unit::Items }));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Maximum number of values of an attribute.
pub fn most_values(name: &str) -> usize {
    if name == "members" { MAX_MEMBERS } else { MAX_VALUES }
}

/// Maximum number of characters of a text.
pub fn max_length(kind: Kind) -> usize {
    match kind {
        Kind::Reference => MAX_URL,
        Kind::Binary => MAX_BINARY,
        _ => MAX_TEXT,
    }
}

/// Checks that no text within a value has a character that Postgres cannot store.
pub fn check_stored(value: &Value, at: &[Step]) -> Result<()> {
    let is_stored = match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(values) => return values.iter().try_for_each(|value| check_stored(value, at)),
        Value::Object(members) => {
            members.values().try_for_each(|value| check_stored(value, at))?;
            !members.keys().any(|name| name.contains('\0'))
        }
        _ => true,
    };
    if is_stored { Ok(()) } else { Err(fault(at, Problem::NullCharacter)) }
}

fn fault(at: &[Step], problem: Problem) -> Error {
    Error::Invalid(vec![Issue::new(at.to_vec(), problem)])
}
