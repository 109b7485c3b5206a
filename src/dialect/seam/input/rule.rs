//! What a rule is, and the ways to wrap one. A rule is a plain value that is made anew for each request; it holds no
//! more than its limits.

use serde_json::Value;

use super::{Cursor, Nullable, Nullish, Optional, Or, Refined, Shape};

/// What one value must be, and what it becomes.
pub trait Rule: Sized {
    /// What a value that keeps the rule becomes.
    type Output;

    /// What the rule allows, for the query-string parser and the OpenAPI document.
    fn shape(&self) -> Shape;

    /// What becomes of a key that is absent.
    fn absent(&self) -> Absent {
        Absent::Refused
    }

    /// Reads a value, where `None` is an absent key. Leaves issues at the cursor and gives `None` if it breaks the rule.
    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output>;

    /// May be absent; null is refused, as zod 3 does.
    fn optional(self) -> Optional<Self> {
        Optional(self)
    }

    /// May be null; has to be there, as zod 3 does. `.nullable().optional()` tells absent, null and a value apart.
    fn nullable(self) -> Nullable<Self> {
        Nullable(self)
    }

    /// May be null or absent, with no difference.
    fn nullish(self) -> Nullish<Self> {
        Nullish(self)
    }

    /// Takes this input in place of an absent one. It is read by the rule like any other input, as zod 3 does.
    fn or(self, default: impl Into<Value>) -> Or<Self> {
        Or { rule: self, default: default.into() }
    }

    /// Demands more of what was read, and says so in these words.
    fn refine(self, test: fn(&Self::Output) -> bool, message: &'static str) -> Refined<Self> {
        Refined { rule: self, test, message }
    }
}

/// What becomes of a key that is absent.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// It is a fault.
    Refused,
    /// Nothing.
    Allowed,
    /// This input takes its place.
    Default(Value),
}
