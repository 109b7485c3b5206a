//! Which attributes a response has (RFC 7644, section 3.9).

use super::path::{AttributePath, own_name};
use super::schema::{ResourceType, Returned};
use serde_json::{Map, Value};

/// The attributes that a client asks for, or does without.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    /// Empty for the default.
    pub attributes: Vec<String>,
    pub excluded_attributes: Vec<String>,
}

impl Projection {
    /// Whether this attribute of the core schema is in the response.
    pub fn includes(&self, name: &str, of: &ResourceType) -> bool {
        let names = |list: &[String]| {
            list.iter()
                .filter_map(|text| AttributePath::parse(text, of))
                .any(|path| path.extension.is_none() && path.name.eq_ignore_ascii_case(name))
        };
        let has_all = |list: &[String]| {
            let plain = AttributePath::parse(name, of).map(|path| AttributePath { sub: None, ..path });
            list.iter().filter_map(|text| AttributePath::parse(text, of)).any(|path| Some(path) == plain)
        };
        match self.attributes.is_empty() {
            true => !has_all(&self.excluded_attributes),
            false => names(&self.attributes),
        }
    }

    /// The part of a resource that is returned.
    pub fn apply(&self, resource: Map<String, Value>, of: &ResourceType) -> Map<String, Value> {
        let paths = |list: &[String]| -> Vec<AttributePath> {
            list.iter().filter_map(|text| AttributePath::parse_in(text, of, &resource)).collect()
        };
        if !self.attributes.is_empty() {
            let mut kept = Map::new();
            for (name, value) in &resource {
                if is_always_returned(name, of) {
                    kept.insert(name.clone(), value.clone());
                }
            }
            paths(&self.attributes).iter().for_each(|path| copy(&resource, &mut kept, path));
            return kept;
        }
        let excluded = paths(&self.excluded_attributes);
        let mut kept = resource;
        for path in excluded.iter().filter(|path| !is_always_returned(&path.name, of)) {
            remove(&mut kept, path);
        }
        kept
    }
}

fn is_always_returned(name: &str, of: &ResourceType) -> bool {
    of.attribute(None, name).is_some_and(|attribute| attribute.returned == Returned::Always)
}

/// Copies what a path names from a resource into its part.
fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, path: &AttributePath) {
    let Some(value) = path.value(from) else { return };
    let (urn, name) = match &path.extension {
        Some(urn) if path.name.is_empty() => {
            to.insert(own_name(from, urn), value.clone());
            return;
        }
        Some(urn) => (Some(own_name(from, urn)), &path.name),
        None => (None, &path.name),
    };
    let own = match &urn {
        None => Some(from),
        Some(urn) => from.get(urn).and_then(Value::as_object),
    };
    let name = own.map_or_else(|| name.clone(), |own| own_name(own, name));
    let target = match urn {
        None => to,
        Some(urn) => {
            let extension = to.entry(urn).or_insert_with(|| Map::new().into());
            match extension.as_object_mut() {
                Some(extension) => extension,
                None => return,
            }
        }
    };
    let Some(sub) = &path.sub else {
        target.insert(name, value.clone());
        return;
    };
    match value {
        Value::Array(values) => {
            let existing = target.entry(name).or_insert_with(|| vec![Value::from(Map::new()); values.len()].into());
            for (part, value) in existing.as_array_mut().into_iter().flatten().zip(values) {
                copy_member(value, part, sub);
            }
        }
        value => copy_member(value, target.entry(name).or_insert_with(|| Map::new().into()), sub),
    }
}

fn copy_member(from: &Value, to: &mut Value, sub: &str) {
    if let (Some(from), Some(to)) = (from.as_object(), to.as_object_mut()) {
        let name = own_name(from, sub);
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

/// Removes what a path names.
fn remove(resource: &mut Map<String, Value>, path: &AttributePath) {
    let object = match &path.extension {
        None => resource,
        Some(urn) => {
            let urn = own_name(resource, urn);
            if path.name.is_empty() {
                resource.remove(&urn);
                return;
            }
            match resource.get_mut(&urn).and_then(Value::as_object_mut) {
                Some(extension) => extension,
                None => return,
            }
        }
    };
    let name = own_name(object, &path.name);
    let Some(sub) = &path.sub else {
        object.remove(&name);
        return;
    };
    let remove_member = |value: &mut Value| {
        if let Some(members) = value.as_object_mut() {
            let own = own_name(members, sub);
            members.remove(&own);
        }
    };
    match object.get_mut(&name) {
        Some(Value::Array(values)) => values.iter_mut().for_each(remove_member),
        Some(value) => remove_member(value),
        None => {}
    }
}
