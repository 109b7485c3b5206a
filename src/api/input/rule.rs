//! The rule trait and its wrappers. A rule is a plain value, created for each request; it holds only its limits.

use serde_json::Value;

use super::{Named, Optional, Or, Reader, Shape, TryMap};
use crate::error::Problem;

/// A rule for one value.
pub trait Rule: Sized {
    /// The type of a valid value.
    type Output;

    /// Shape of valid values, for the query-string parser and the OpenAPI document.
    fn shape(&self) -> Shape;

    /// Treatment of an absent key.
    fn absent(&self) -> Absent {
        Absent::Refused
    }

    /// Reads a value, where `None` is an absent key. Adds issues to the cursor and returns `None` if it is invalid.
    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output>;

    /// Allows absence; refuses null, as in zod 3.
    fn optional(self) -> Optional<Self> {
        Optional { rule: self, allows_absence: true, allows_null: false }
    }

    /// Allows null; refuses absence, as in zod 3. `.nullable().optional()` distinguishes absent, null and a value.
    fn nullable(self) -> Optional<Self> {
        Optional { rule: self, allows_absence: false, allows_null: true }
    }

    /// Allows null and absence, undistinguished.
    fn nullish(self) -> Optional<Self> {
        Optional { rule: self, allows_absence: true, allows_null: true }
    }

    /// Sets the default of an absent key. The rule reads it like any other input, as in zod 3.
    fn or(self, default: impl Into<Value>) -> Or<Self> {
        Or { rule: self, default: default.into(), replaces_null: false }
    }

    /// Sets the default of an absent key and of null.
    fn or_if_nullish(self, default: impl Into<Value>) -> Or<Self> {
        Or { rule: self, default: default.into(), replaces_null: true }
    }

    /// Adds a check of the output, with its message.
    fn refine(self, test: fn(&Self::Output) -> bool, message: &'static str) -> impl Rule<Output = Self::Output> {
        self.try_map(move |output| if test(&output) { Ok(output) } else { Err(Problem::Rule(message.into())) })
    }

    /// Makes the shape a schema of its own in the document.
    fn named(self, name: &'static str) -> Named<Self> {
        Named { rule: self, name }
    }

    /// Converts the output, or adds an issue.
    fn try_map<T, F: Fn(Self::Output) -> Result<T, Problem>>(self, convert: F) -> TryMap<Self, F> {
        TryMap { rule: self, convert }
    }
}

/// Treatment of an absent key.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// An issue.
    Refused,
    /// No value.
    Allowed,
    /// The default input.
    Default(Value),
}
