//! Wrappers of rules, for absence, null, defaults and conversions.

use serde_json::Value;

use super::{Absent, Reader, Rule, Shape};
use crate::error::Problem;

/// Allows absence, null, or both. Made by [`Rule::optional`], [`Rule::nullable`] and [`Rule::nullish`].
#[derive(Debug, Clone)]
pub struct Optional<R> {
    pub(super) rule: R,
    pub(super) allows_absence: bool,
    pub(super) allows_null: bool,
}

impl<R: Rule> Rule for Optional<R> {
    type Output = Option<R::Output>;

    fn shape(&self) -> Shape {
        self.rule.shape().nullable_if(self.allows_null)
    }

    fn absent(&self) -> Absent {
        if self.allows_absence { Absent::Allowed } else { self.rule.absent() }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output> {
        match value {
            None if self.allows_absence => Some(None),
            Some(Value::Null) if self.allows_null => Some(None),
            value => self.rule.read(value, at).map(Some),
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
        self.rule.shape().nullable_if(self.replaces_null)
    }

    fn absent(&self) -> Absent {
        Absent::Default(self.default.clone())
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output> {
        let value = value.filter(|value| !(self.replaces_null && value.is_null()));
        self.rule.read(Some(value.unwrap_or_else(|| self.default.clone())), at)
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

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output> {
        self.rule.read(value, at)
    }
}

/// Converts the output. Made by [`Rule::try_map`] and [`Rule::refine`].
#[derive(Debug, Clone)]
pub struct TryMap<R, F> {
    pub(super) rule: R,
    pub(super) convert: F,
}

impl<R: Rule, T, F: Fn(R::Output) -> Result<T, Problem>> Rule for TryMap<R, F> {
    type Output = T;

    fn shape(&self) -> Shape {
        self.rule.shape()
    }

    fn absent(&self) -> Absent {
        self.rule.absent()
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<T> {
        (self.convert)(self.rule.read(value, at)?).map_err(|problem| at.fault(problem)).ok()
    }
}
