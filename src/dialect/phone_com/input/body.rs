//! JSON bodies, parsed whatever their content type is, and typed readers of object members.

use super::Faults;
use crate::error::{BodyFault, Error, Place, Problem, Result, Step};
use crate::http::body;
use axum::extract::Request;
use serde_json::{Map, Value};

/// A JSON object of the body and its path.
#[derive(Debug)]
pub struct Object {
    members: Map<String, Value>,
    path: Vec<Step>,
}

/// Reads the request body, an object; an absent body is an empty one.
pub async fn read(request: Request) -> Result<Object> {
    let bytes = body::read(request.into_body()).await?;
    if bytes.is_empty() {
        return Ok(Object { members: Map::new(), path: Vec::new() });
    }
    let unreadable = |reason: String| Error::Unreadable(BodyFault::Syntax(reason));
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Ok(Object { members, path: Vec::new() }),
        Ok(_) => Err(unreadable("it must be a JSON object".to_owned())),
        Err(fault) => Err(unreadable(fault.to_string())),
    }
}

impl Object {
    /// Object at `path`.
    pub fn of(members: Map<String, Value>, path: Vec<Step>) -> Object {
        Object { members, path }
    }

    /// Path of a member.
    pub fn at(&self, name: &str) -> Vec<Step> {
        self.path.iter().cloned().chain([Step::Key(name.to_owned())]).collect()
    }

    /// Value of a member.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// String; null is empty. `None` if absent or invalid.
    pub fn text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        match self.members.get(name)? {
            Value::Null => Some(String::new()),
            // Postgres cannot store U+0000.
            Value::String(text) if text.contains('\0') => {
                let message = "It must not contain the null character";
                faults.add(Place::Body, self.at(name), Problem::Format, message);
                None
            }
            Value::String(text) => Some(text.clone()),
            _ => {
                faults.add(Place::Body, self.at(name), Problem::Type, "It must be a text");
                None
            }
        }
    }

    /// Required string that is not empty.
    pub fn required_text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        let is_absent = self.members.get(name).is_none_or(|value| value.is_null() || *value == "");
        if is_absent {
            faults.add(Place::Body, self.at(name), Problem::Missing, "It is required");
            return None;
        }
        self.text(name, faults)
    }

    /// One of `words`; the first if absent or null.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let said = match self.members.get(name) {
            None | Some(Value::Null) => return words.first().map(|(_, meaning)| *meaning),
            Some(said) => said,
        };
        let chosen = words.iter().find(|(word, _)| said == word).map(|(_, meaning)| *meaning);
        if chosen.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let problem = if said.is_string() { Problem::Choice } else { Problem::Type };
            faults.add(Place::Body, self.at(name), problem, format!("It must be one of: {}", words.join(", ")));
        }
        chosen
    }

    /// List of objects; null is empty. `None` if absent or invalid.
    pub fn objects(&self, name: &str, faults: &mut Faults) -> Option<Vec<Object>> {
        let items = match self.members.get(name)? {
            Value::Null => return Some(Vec::new()),
            Value::Array(items) => items,
            _ => {
                faults.add(Place::Body, self.at(name), Problem::Type, "It must be a list");
                return None;
            }
        };
        let mut objects = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if faults.is_full() {
                return None;
            }
            let mut path = self.at(name);
            path.push(Step::Index(index));
            match item {
                Value::Object(members) => objects.push(Object::of(members.clone(), path)),
                _ => faults.add(Place::Body, path, Problem::Type, "It must be an object"),
            }
        }
        Some(objects)
    }
}
