//! Wrappers of rules, for absence, null, defaults and further checks.

use serde_json::Value;

use super::{Absent, Cursor, Rule, Shape};
use crate::error::Problem;

/// Allows absence. Made by [`Rule::optional`].
#[derive(Debug, Clone)]
pub struct Optional<R>(pub(super) R);

impl<R: Rule> Rule for Optional<R> {
    type Output = Option<R::Output>;

    fn shape(&self) -> Shape {
        self.0.shape()
    }

    fn absent(&self) -> Absent {
        Absent::Allowed
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        match value {
            None => Some(None),
            value => self.0.read(value, at).map(Some),
        }
    }
}

/// Allows null. Made by [`Rule::nullable`].
#[derive(Debug, Clone)]
pub struct Nullable<R>(pub(super) R);

impl<R: Rule> Rule for Nullable<R> {
    type Output = Option<R::Output>;

    fn shape(&self) -> Shape {
        Shape::Nullable(Box::new(self.0.shape()))
    }

    fn absent(&self) -> Absent {
        self.0.absent()
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        match value {
            Some(Value::Null) => Some(None),
            value => self.0.read(value, at).map(Some),
        }
    }
}

/// Allows null and absence. Made by [`Rule::nullish`].
#[derive(Debug, Clone)]
pub struct Nullish<R>(pub(super) R);

impl<R: Rule> Rule for Nullish<R> {
    type Output = Option<R::Output>;

    fn shape(&self) -> Shape {
        Shape::Nullable(Box::new(self.0.shape()))
    }

    fn absent(&self) -> Absent {
        Absent::Allowed
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        match value {
            None | Some(Value::Null) => Some(None),
            value => self.0.read(value, at).map(Some),
        }
    }
}

/// Adds a default. Made by [`Rule::or`].
#[derive(Debug, Clone)]
pub struct Or<R> {
    pub(super) rule: R,
    pub(super) default: Value,
}

impl<R: Rule> Rule for Or<R> {
    type Output = R::Output;

    fn shape(&self) -> Shape {
        self.rule.shape()
    }

    fn absent(&self) -> Absent {
        Absent::Default(self.default.clone())
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        self.rule.read(Some(value.unwrap_or_else(|| self.default.clone())), at)
    }
}

/// Adds a check. Made by [`Rule::refine`].
#[derive(Debug, Clone)]
pub struct Refined<R: Rule> {
    pub(super) rule: R,
    pub(super) test: fn(&R::Output) -> bool,
    pub(super) message: &'static str,
}

impl<R: Rule> Rule for Refined<R> {
    type Output = R::Output;

    fn shape(&self) -> Shape {
        self.rule.shape()
    }

    fn absent(&self) -> Absent {
        self.rule.absent()
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        let read = self.rule.read(value, at)?;
        at.demand((self.test)(&read), Problem::Rule, || self.message.to_owned()).then_some(read)
    }
}
