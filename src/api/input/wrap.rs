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

/// Adds a default. Made by [`Rule::or`] and [`Rule::or_if_nullish`].
#[derive(Debug, Clone)]
pub struct Or<R> {
    pub(super) rule: R,
    pub(super) default: Value,
    /// Whether null stands for the default, too.
    pub(super) replaces_null: bool,
}

impl<R: Rule> Rule for Or<R> {
    type Output = R::Output;

    fn shape(&self) -> Shape {
        match self.rule.shape() {
            shape if self.replaces_null => Shape::Nullable(Box::new(shape)),
            shape => shape,
        }
    }

    fn absent(&self) -> Absent {
        Absent::Default(self.default.clone())
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        let value = value.filter(|value| !(self.replaces_null && value.is_null()));
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
        at.demand((self.test)(&read), || Problem::Rule(self.message.into())).then_some(read)
    }
}

/// Names the schema. Made by [`Rule::named`].
#[derive(Debug, Clone)]
pub struct Named<R> {
    pub(super) rule: R,
    pub(super) name: &'static str,
}

impl<R: Rule> Rule for Named<R> {
    type Output = R::Output;

    fn shape(&self) -> Shape {
        Shape::Named(self.name, Box::new(self.rule.shape()))
    }

    fn absent(&self) -> Absent {
        self.rule.absent()
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        self.rule.read(value, at)
    }
}

/// Converts the output. Made by [`Rule::try_map`].
#[derive(Debug, Clone)]
pub struct TryMap<R: Rule, T> {
    pub(super) rule: R,
    pub(super) convert: fn(R::Output) -> Result<T, Problem>,
}

impl<R: Rule, T> Rule for TryMap<R, T> {
    type Output = T;

    fn shape(&self) -> Shape {
        self.rule.shape()
    }

    fn absent(&self) -> Absent {
        self.rule.absent()
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<T> {
        (self.convert)(self.rule.read(value, at)?).map_err(|problem| at.fault(problem)).ok()
    }
}
