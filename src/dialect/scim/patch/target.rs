//! What the path of an operation names: an attribute, or those of its values that pass a filter, perhaps a sub-attribute.

use super::{Op, no_target};
use crate::dialect::scim::filter::{Comparison, Filter};
use crate::dialect::scim::path::{AttributePath, own_name};
use crate::dialect::scim::resource::most_values;
use crate::dialect::scim::schema::{Attribute, ResourceType};
use crate::domain::scim::MAX_MEMBERS;
use crate::error::{Error, Issue, Limit, Problem, Result, Unit};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A path of an operation.
pub struct Target {
    pub path: AttributePath,
    filter: Option<Filter>,
    /// What the schemas say of the attribute.
    pub attribute: Option<&'static Attribute>,
}

impl Target {
    /// Parses a path of an operation on a resource.
    pub fn parse(text: &str, of: &'static ResourceType, resource: &Map<String, Value>) -> Result<Target, String> {
        let (attribute, filter, sub) = match text.split_once('[') {
            None => (text, None, None),
            Some((attribute, rest)) => {
                let (filter, rest) = Filter::parse_value_filter(rest, of)?;
                let sub = match rest.strip_prefix('.') {
                    Some(sub) => Some(sub),
                    None if rest.trim().is_empty() => None,
                    None => return Err(format!("{:?} is not expected behind the filter", brief(rest))),
                };
                (attribute, Some(filter), sub)
            }
        };
        let no_path = || format!("{:?} is no path to an attribute", brief(text));
        let mut path = AttributePath::parse_in(attribute.trim(), of, resource).ok_or_else(no_path)?;
        if let Some(sub) = sub {
            let parsed = AttributePath::parse(sub, of).filter(|sub| sub.extension.is_none() && sub.sub.is_none());
            path.sub = Some(parsed.ok_or_else(no_path)?.name);
        }
        let attribute = path.attribute(of);
        let is_known = |sub: &String| attribute.is_none_or(|attribute| attribute.sub_attribute(sub).is_some());
        if !path.sub.as_ref().is_none_or(is_known) {
            return Err(no_path());
        }
        Ok(Target { path, filter, attribute })
    }

    /// How many values an operation compares or writes.
    pub fn cost(&self, resource: &Map<String, Value>, op: Op, value: &Value) -> usize {
        let current = self.path.value(resource).and_then(Value::as_array).map_or(1, Vec::len);
        let given = value.as_array().map_or(&[][..], Vec::as_slice);
        let of_each = match (&self.filter, &self.path.sub, op) {
            (Some(filter), ..) => filter.weight() + weight(value),
            (None, Some(_), _) => weight(value),
            (None, None, Op::Remove) => {
                1 + given.iter().filter(|given| key(given).is_none()).map(weight).sum::<usize>()
            }
            (None, None, _) => 1,
        };
        current.saturating_mul(of_each).saturating_add(given.len())
    }

    /// Applies an operation to a resource.
    pub fn apply(&self, resource: &mut Map<String, Value>, op: Op, value: Value) -> Result<()> {
        let object = match &self.path.extension {
            None => resource,
            Some(urn) => {
                let urn = own_name(resource, urn);
                if self.path.name.is_empty() {
                    set(resource, &urn, op, value);
                    return Ok(());
                }
                let extension = resource.entry(urn).or_insert_with(|| Map::new().into());
                match extension.as_object_mut() {
                    Some(extension) => extension,
                    None => return Err(no_target()),
                }
            }
        };
        let name = self.attribute.map_or_else(|| own_name(object, &self.path.name), |known| known.name.to_owned());
        let is_multi_valued = match self.attribute {
            Some(attribute) => attribute.is_multi_valued,
            None => object.get(&name).is_some_and(Value::is_array),
        };
        match (&self.filter, is_multi_valued) {
            (Some(filter), _) => self.apply_to_selected(object, &name, filter, op, value),
            (None, true) => self.apply_to_values(object, &name, op, value),
            (None, false) => {
                match &self.path.sub {
                    None => set(object, &name, op, value),
                    Some(sub) => set_within(object, &name, &self.sub_name(sub), op, value),
                }
                Ok(())
            }
        }
    }

    /// The sub-attribute as the schemas write it.
    fn sub_name(&self, sub: &str) -> String {
        let known = self.attribute.and_then(|attribute| attribute.sub_attribute(sub));
        known.map_or(sub, |known| known.name).to_owned()
    }

    /// An operation on all values of an attribute.
    fn apply_to_values(&self, object: &mut Map<String, Value>, name: &str, op: Op, value: Value) -> Result<()> {
        let before = object.remove(name);
        let mut values = match before {
            Some(Value::Array(values)) => values,
            None | Some(Value::Null) => Vec::new(),
            Some(one) => vec![one],
        };
        let given: Vec<Value> = match value {
            Value::Array(given) => given,
            Value::Null => Vec::new(),
            one => vec![one],
        };
        let most = self.attribute.map_or(MAX_MEMBERS, |known| most_values(known.name));
        if given.len() > most {
            let problem = Problem::Length { limit: Limit::AtMost(most), unit: Unit::Items };
            return Err(Error::Invalid(vec![Issue::field(name, problem)]));
        }
        match (&self.path.sub, op) {
            (None, Op::Replace) => values = given,
            (None, Op::Remove) if given.is_empty() => values.clear(),
            (None, Op::Remove) => remove(&mut values, given),
            (None, Op::Add) => add(&mut values, given),
            (Some(sub), op) => {
                let sub = self.sub_name(sub);
                if values.is_empty() && op != Op::Remove {
                    values.push(Map::new().into());
                }
                let value = given.into_iter().next().unwrap_or_default();
                for one in values.iter_mut().filter_map(Value::as_object_mut) {
                    set(one, &sub, op, value.clone());
                }
            }
        }
        object.insert(name.to_owned(), values.into());
        Ok(())
    }

    /// An operation on the values that pass a filter.
    fn apply_to_selected(
        &self,
        object: &mut Map<String, Value>,
        name: &str,
        filter: &Filter,
        op: Op,
        value: Value,
    ) -> Result<()> {
        let mut values = match object.remove(name) {
            Some(Value::Array(values)) => values,
            None | Some(Value::Null) => Vec::new(),
            Some(one) => vec![one],
        };
        let is_selected = |value: &Value| filter.matches_value(value, self.attribute);
        let mut selected: Vec<usize> = (0..values.len()).filter(|index| is_selected(&values[*index])).collect();
        if op == Op::Remove && self.path.sub.is_none() {
            values.retain(|value| !is_selected(value));
            object.insert(name.to_owned(), values.into());
            return Ok(());
        }
        if selected.is_empty() && op == Op::Add {
            // Entra adds a value by what it will be.
            values.push(described_by(filter).ok_or_else(no_target)?.into());
            selected.push(values.len() - 1);
        }
        if selected.is_empty() && op == Op::Replace {
            return Err(no_target());
        }
        for index in &selected {
            match (&self.path.sub, &mut values[*index]) {
                (Some(sub), Value::Object(members)) => set(members, &self.sub_name(sub), op, value.clone()),
                (None, Value::Object(members)) => match &value {
                    Value::Object(given) => members.extend(given.clone()),
                    simple => set(members, "value", op, simple.clone()),
                },
                (_, simple) => *simple = value.clone(),
            }
        }
        demote_others(&mut values, &selected);
        object.insert(name.to_owned(), values.into());
        Ok(())
    }
}

/// Sets or removes a member. A complex value is merged with what is there.
fn set(object: &mut Map<String, Value>, name: &str, op: Op, value: Value) {
    let name = own_name(object, name);
    match (op, object.get_mut(&name), value) {
        (Op::Remove, ..) => _ = object.remove(&name),
        (_, Some(Value::Object(members)), Value::Object(given)) => {
            for (sub, value) in given {
                let sub = own_name(members, &sub);
                members.insert(sub, value);
            }
        }
        (_, _, value) => _ = object.insert(name, value),
    }
}

/// Sets or removes a sub-attribute.
fn set_within(object: &mut Map<String, Value>, name: &str, sub: &str, op: Op, value: Value) {
    let complex = object.entry(name.to_owned()).or_insert_with(|| Map::new().into());
    if !complex.is_object() {
        *complex = Map::new().into();
    }
    if let Some(members) = complex.as_object_mut() {
        set(members, sub, op, value);
    }
}

/// Adds the values that are not there yet. A new primary value is the only one.
fn add(values: &mut Vec<Value>, given: Vec<Value>) {
    let keys: HashSet<&str> = given.iter().filter_map(key).collect();
    let may_be_given = |value: &&Value| key(value).is_none_or(|key| keys.contains(key));
    let mut known: HashSet<String> = values.iter().filter(may_be_given).map(Value::to_string).collect();
    let mut primary = None;
    for given in given.into_iter().filter(|given| known.insert(given.to_string())) {
        if is_primary(&given) {
            primary = Some(values.len());
        }
        values.push(given);
    }
    demote_others(values, primary.as_slice());
}

/// Removes the values that are given: by their `value`, or else by all that is given. What says nothing removes nothing.
fn remove(values: &mut Vec<Value>, given: Vec<Value>) {
    let (by_value, others): (Vec<Value>, Vec<Value>) = given.into_iter().partition(|given| key(given).is_some());
    let keys: HashSet<&str> = by_value.iter().filter_map(key).collect();
    let others: Vec<&Map<String, Value>> = others.iter().filter_map(Value::as_object).collect();
    let is_other = |value: &Value| {
        let mut others = others.iter().filter(|given| given.values().any(|given| !given.is_null()));
        others.any(|given| given.iter().all(|(name, given)| value[name] == *given))
    };
    values.retain(|value| !key(value).is_some_and(|key| keys.contains(key)) && !is_other(value));
}

/// What identifies a value: its `value`, or the simple value itself.
fn key(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["value"].as_str())
}

/// The size of a value: its parts, and pieces of long texts.
fn weight(value: &Value) -> usize {
    let of_text = |text: &str| 1 + text.len() / 64;
    match value {
        Value::String(text) => of_text(text),
        Value::Array(values) => 1 + values.iter().map(weight).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|(name, value)| of_text(name) + weight(value)).sum::<usize>(),
        _ => 1,
    }
}

fn is_primary(value: &Value) -> bool {
    value["primary"] == true || value["primary"].as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// After one of the changed values has become primary, no other one is.
fn demote_others(values: &mut [Value], changed: &[usize]) {
    if !changed.iter().any(|index| values.get(*index).is_some_and(is_primary)) {
        return;
    }
    for (index, value) in values.iter_mut().enumerate() {
        if is_primary(value) && !changed.contains(&index) {
            value["primary"] = false.into();
        }
    }
}

/// The value that a filter describes, if it only says what attributes are equal to.
fn described_by(filter: &Filter) -> Option<Map<String, Value>> {
    let mut value = Map::new();
    for condition in filter.conditions() {
        match condition {
            Filter::Compare(path, Comparison::Eq, wanted) if path.sub.is_none() => {
                value.insert(path.name.clone(), wanted.clone());
            }
            _ => return None,
        }
    }
    Some(value)
}

fn brief(text: &str) -> String {
    text.chars().take(60).collect()
}
