//! The state of reading: the current path and the issues so far. Messages that all rules share are here.

use serde_json::{Map, Value};

use super::Rule;
use crate::error::{Issue, Place, Problem, Step};

/// More issues would not help; a hostile body could cause half a million.
const MOST_ISSUES: usize = 100;

/// Current path and issues.
#[derive(Debug, Default)]
pub struct Cursor {
    path: Vec<Step>,
    issues: Vec<Issue>,
}

impl Cursor {
    /// Reads one key of an object.
    pub fn field<T, R: Rule<Output = T>>(&mut self, name: &str, rule: &R, map: &mut Map<String, Value>) -> Option<T> {
        let value = map.remove(name);
        self.within(Step::Key(name.to_owned()), |at| rule.read(value, at))
    }

    /// Reads one step further in.
    pub fn within<T>(&mut self, step: Step, read: impl FnOnce(&mut Cursor) -> T) -> T {
        self.path.push(step);
        let read = read(self);
        self.path.pop();
        read
    }

    /// Adds an issue at the path.
    pub fn fault(&mut self, problem: Problem, message: impl Into<String>) {
        if !self.is_full() {
            let path = self.path.clone();
            self.issues.push(Issue { place: Place::Body, path, problem, message: message.into() });
        }
    }

    /// Whether further issues would be dropped, so that reading on is useless.
    pub fn is_full(&self) -> bool {
        self.issues.len() >= MOST_ISSUES
    }

    /// Adds an issue unless the test holds; returns the test.
    pub fn demand(&mut self, test: bool, problem: Problem, message: impl FnOnce() -> String) -> bool {
        if !test {
            self.fault(problem, message());
        }
        test
    }

    /// The value, which is required.
    pub fn present(&mut self, value: Option<Value>) -> Option<Value> {
        if value.is_none() {
            self.fault(Problem::Missing, "Required");
        }
        value
    }

    /// Adds an issue for a value of an unexpected type, with zod 3's names.
    pub fn mismatch(&mut self, expected: &str, value: &Value) {
        self.fault(Problem::Type, format!("Expected {expected}, received {}", type_name(value)));
    }

    /// The value as text that can be stored.
    pub fn string(&mut self, value: Option<Value>) -> Option<String> {
        match self.present(value)? {
            Value::String(text) => self.storable(&text).then_some(text),
            other => {
                self.mismatch("string", &other);
                None
            }
        }
    }

    /// Whether the text can be stored; Postgres cannot store U+0000. zod 3 has no such rule; the message is ours.
    pub fn storable(&mut self, text: &str) -> bool {
        self.demand(!text.contains('\0'), Problem::Format, || "String must not contain the character U+0000".to_owned())
    }

    /// Returns the issues.
    pub fn into_issues(self) -> Vec<Issue> {
        self.issues
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
