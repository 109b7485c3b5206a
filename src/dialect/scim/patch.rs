//! PATCH (RFC 7644, section 3.5.2), with the habits of directories: operations in any case, objects without a path whose names
//! are paths, `add` by a filter that no value passes yet, which makes one, and `remove` with the values to remove.

mod target;

use super::openapi::too_many_operations;
use super::path::{AttributePath, is_urn, member};
use super::resource::{self, check_members, check_size};
use super::schema::ResourceType;
use crate::domain::limits::MAX_ITEMS;
use crate::error::{Error, Issue, Problem, Result, Step};
use serde_json::{Map, Value};
use strum::{EnumString, VariantArray};
use target::Target;

/// Maximum number of values that the operations of a request compare or write: 200 operations on a group of maximum size. They
/// are applied under the lock of the resource.
const MAX_COMPARED: usize = 2_000_000;

/// An operation.
#[derive(Debug, Clone)]
pub struct PatchOperation {
    op: Op,
    path: Option<String>,
    value: Value,
}

/// What an operation does, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantArray, strum::IntoStaticStr)]
#[strum(ascii_case_insensitive, serialize_all = "lowercase")]
pub enum Op {
    Add,
    Replace,
    Remove,
}

/// Reads the operations of a body.
pub fn read(body: &Map<String, Value>) -> Result<Vec<PatchOperation>> {
    let given = member(body, "Operations").unwrap_or(&Value::Null);
    let operations = given.as_array().filter(|operations| !operations.is_empty());
    let Some(operations) = operations else {
        return Err(Error::Invalid(vec![Issue::field("Operations", Problem::Missing)]));
    };
    if operations.len() > MAX_ITEMS {
        return Err(too_many_operations(MAX_ITEMS));
    }
    operations.iter().enumerate().map(|(index, operation)| read_operation(index, operation)).collect()
}

fn read_operation(index: usize, operation: &Value) -> Result<PatchOperation> {
    let fault = |name: &str, problem| {
        let path = [Step::Key("Operations".to_owned()), Step::Index(index), Step::Key(name.to_owned())];
        Error::Invalid(vec![Issue::new(path.into(), problem)])
    };
    let none = Map::new();
    let members = operation.as_object().unwrap_or(&none);
    let op = member(members, "op").and_then(Value::as_str).unwrap_or_default();
    let one_of = || Problem::Choice {
        expected: Op::VARIANTS.iter().map(|op| op.into()).collect(),
        received: op.chars().take(40).collect(),
    };
    let path = match member(members, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.is_empty() => None,
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => return Err(fault("path", Problem::Rule("a text is expected".into()))),
    };
    let op = op.parse().map_err(|_| fault("op", one_of()))?;
    let value = member(members, "value").cloned();
    if value.is_none() && op != Op::Remove {
        return Err(fault("value", Problem::Missing));
    }
    Ok(PatchOperation { op, path, value: value.unwrap_or_default() })
}

/// Applies operations, in order, to a resource as it is shown. What comes out is read as a new resource is.
pub fn apply(
    of: &'static ResourceType,
    resource: &mut Map<String, Value>,
    operations: Vec<PatchOperation>,
) -> Result<()> {
    let mut patch = Patch { of, resource, left: MAX_COMPARED };
    for PatchOperation { op, path, value } in operations {
        match path {
            Some(path) => patch.apply_at(op, &path, value)?,
            None => patch.apply_object(op, value)?,
        }
        check_size(patch.resource)?;
    }
    Ok(())
}

/// Reads a resource after its operations. What is required is not removed (RFC 7644, section 3.5.2.2).
pub fn read_result(of: &'static ResourceType, resource: Map<String, Value>) -> Result<Map<String, Value>> {
    let required = |issue: Issue| match issue.problem {
        Problem::Missing => Issue { problem: Problem::Required, ..issue },
        _ => issue,
    };
    resource::read(of, resource).map_err(|error| match error {
        Error::Invalid(issues) => Error::Invalid(issues.into_iter().map(required).collect()),
        error => error,
    })
}

/// Operations in progress.
struct Patch<'r> {
    of: &'static ResourceType,
    resource: &'r mut Map<String, Value>,
    /// Values that may still be compared or written.
    left: usize,
}

impl Patch<'_> {
    /// An operation without a path: each member of its value is one with a path.
    fn apply_object(&mut self, op: Op, value: Value) -> Result<()> {
        let Value::Object(members) = value else {
            return match op {
                Op::Remove => Err(no_target()),
                _ => Err(Error::Invalid(vec![Issue::field("value", Problem::Rule("an object is expected".into()))])),
            };
        };
        if op == Op::Remove {
            return Err(no_target());
        }
        check_members(&members, &[])?;
        for (name, value) in members {
            // Okta repeats the id, and clients send whole resources back: what only the server sets is ignored.
            let path = AttributePath::parse(&name, self.of);
            let attribute = path.as_ref().and_then(|path| path.attribute(self.of));
            if name.eq_ignore_ascii_case("schemas") || attribute.is_some_and(|attribute| !attribute.is_writable()) {
                continue;
            }
            let is_whole_extension = path.is_some_and(|path| path.extension.is_some() && path.name.is_empty());
            match value {
                Value::Object(members) if is_whole_extension || is_urn(&name) && attribute.is_none() => {
                    check_members(&members, &[])?;
                    for (sub, value) in members {
                        self.apply_at(op, &format!("{name}:{sub}"), value)?;
                    }
                }
                value => self.apply_at(op, &name, value)?,
            }
        }
        Ok(())
    }

    fn apply_at(&mut self, op: Op, path: &str, value: Value) -> Result<()> {
        // Passwords of directories are not kept.
        if path.eq_ignore_ascii_case("password") {
            return Ok(());
        }
        if let Value::Object(members) = &value {
            check_members(members, &[])?;
        }
        let (of, resource) = (self.of, &mut *self.resource);
        let target = Target::parse(path, of, resource).map_err(invalid_path)?;
        let is_known_schema = target.path.extension.as_deref().is_none_or(|urn| of.extension(urn).is_some());
        self.left = self.left.checked_sub(target.cost(resource, op, &value)).ok_or_else(too_many)?;
        match target.attribute {
            None if is_known_schema && !target.path.name.is_empty() => {
                Err(invalid_path(format!("{:?} is no attribute", target.path.name)))
            }
            Some(attribute) if !attribute.is_writable() => {
                let is_same = target.path.sub.is_none() && target.path.value(resource) == Some(&value);
                if is_same { Ok(()) } else { Err(read_only(attribute.name)) }
            }
            _ => target.apply(resource, op, value),
        }
    }
}

/// The error of operations that together take too long.
fn too_many() -> Error {
    let message = "together the operations compare more values than one request may. Send fewer at a time";
    Error::Invalid(vec![Issue::field("Operations", Problem::Rule(message.into()))])
}

/// The error of a path that is none.
fn invalid_path(reason: String) -> Error {
    Error::Invalid(vec![Issue::field("path", Problem::Rule(reason.into()))])
}

/// The error of a path that names nothing that is there.
fn no_target() -> Error {
    Error::Invalid(vec![Issue::field("path", Problem::NoTarget)])
}

/// The error of a change of what can only be read.
fn read_only(name: &str) -> Error {
    Error::Invalid(vec![Issue::field(name, Problem::ReadOnly)])
}
