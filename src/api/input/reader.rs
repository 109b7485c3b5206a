//! The state of reading: the current part of the request, the path in it, and the issues so far.

use serde_json::{Map, Value};

use super::Rule;
use crate::error::{Error, Expected, Issue, Limit, Problem, RequestPart, Result, Step, Unit};

/// More issues would not help; a hostile body could cause half a million.
const MOST_ISSUES: usize = 100;

/// Current part of the request, path, and issues.
#[derive(Debug)]
pub struct Reader {
    place: RequestPart,
    path: Vec<Step>,
    issues: Vec<Issue>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader::at(RequestPart::Body)
    }
}

impl Reader {
    /// A reader of this part of a request.
    pub fn at(place: RequestPart) -> Reader {
        Reader { place, path: Vec::new(), issues: Vec::new() }
    }

    /// Continues in another part of the request.
    pub fn go_to(&mut self, place: RequestPart) {
        self.place = place;
    }

    /// Reads one key of an object.
    pub fn field<T, R: Rule<Output = T>>(&mut self, name: &str, rule: &R, map: &mut Map<String, Value>) -> Option<T> {
        let value = map.remove(name);
        self.within(Step::Key(name.to_owned()), |at| rule.read(value, at))
    }

    /// Reads one step further in.
    pub fn within<T>(&mut self, step: Step, read: impl FnOnce(&mut Reader) -> T) -> T {
        self.path.push(step);
        let read = read(self);
        self.path.pop();
        read
    }

    /// Adds an issue at the path.
    pub fn fault(&mut self, problem: Problem) {
        if !self.is_full() {
            self.issues.push(Issue { place: self.place, path: self.path.clone(), problem, input: Value::Null });
        }
    }

    /// Whether further issues would be dropped, so that reading on is useless.
    pub fn is_full(&self) -> bool {
        self.issues.len() >= MOST_ISSUES
    }

    /// Adds an issue unless the test holds; returns the test.
    pub fn demand(&mut self, test: bool, problem: impl FnOnce() -> Problem) -> bool {
        if !test {
            self.fault(problem());
        }
        test
    }

    /// Adds an issue unless the length is within the limits; returns whether it is.
    pub fn length(&mut self, length: usize, min: Option<usize>, max: Option<usize>, unit: Unit) -> bool {
        let limit = match (min.filter(|min| length < *min), max.filter(|max| length > *max)) {
            (None, None) => return true,
            (Some(limit), _) | (_, Some(limit)) if min == max => Limit::Exactly(limit),
            (Some(limit), _) => Limit::AtLeast(limit),
            (_, Some(limit)) => Limit::AtMost(limit),
        };
        self.fault(Problem::Length { limit, unit });
        false
    }

    /// The value, which is required.
    pub fn present(&mut self, value: Option<Value>) -> Option<Value> {
        if value.is_none() {
            self.fault(Problem::Missing);
        }
        value
    }

    /// Adds an issue for a value of an unexpected type.
    pub fn mismatch(&mut self, expected: Expected, value: &Value) {
        self.fault(Problem::Type { expected, received: type_name(value) });
    }

    /// The value as text.
    pub fn string(&mut self, value: Option<Value>, expected: Expected) -> Option<String> {
        match self.present(value)? {
            Value::String(text) => Some(text),
            other => {
                self.mismatch(expected, &other);
                None
            }
        }
    }

    /// Whether the text can be stored.
    pub fn storable(&mut self, text: &str) -> bool {
        self.demand(!text.contains('\0'), || Problem::NullCharacter)
    }

    /// Returns what was read, or all issues.
    pub fn finish<T>(self, read: Option<T>) -> Result<T> {
        match read {
            Some(read) if self.issues.is_empty() => Ok(read),
            _ => Err(Error::Invalid(self.issues)),
        }
    }

    /// The issues so far.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
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
