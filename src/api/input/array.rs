//! The rule for lists.

use serde_json::Value;

use super::{Reader, Rule, Shape};
use crate::domain::limits::MAX_ITEMS;
use crate::error::{Expected, Step, Unit};

/// A list whose items match a rule, of at most [`MAX_ITEMS`] unless a rule says otherwise.
pub fn array<R: Rule>(items: R) -> Array<R> {
    Array { items, min: None, max: MAX_ITEMS }
}

/// A list. Made by [`array`].
#[derive(Debug, Clone)]
pub struct Array<R> {
    items: R,
    min: Option<usize>,
    max: usize,
}

impl<R> Array<R> {
    /// Maximum number of items.
    pub fn max(self, max: usize) -> Array<R> {
        Array { max, ..self }
    }

    /// Minimum number of items.
    pub fn min(self, min: usize) -> Array<R> {
        Array { min: Some(min), ..self }
    }

    /// Exact number of items.
    pub fn exactly(self, count: usize) -> Array<R> {
        Array { min: Some(count), max: count, ..self }
    }
}

impl<R: Rule> Rule for Array<R> {
    type Output = Vec<R::Output>;

    fn shape(&self) -> Shape {
        Shape::List { items: Box::new(self.items.shape()), min: self.min, max: Some(self.max) }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output> {
        let values = match at.present(value)? {
            Value::Array(values) => values,
            other => {
                at.mismatch(Expected::Json("array"), &other);
                return None;
            }
        };
        let mut items = Vec::new();
        let mut sound = at.length(values.len(), self.min, Some(self.max), Unit::Items);
        for (index, value) in values.into_iter().enumerate() {
            if at.is_full() {
                return None;
            }
            match at.within(Step::Index(index), |at| self.items.read(Some(value), at)) {
                Some(item) => items.push(item),
                None => sound = false,
            }
        }
        sound.then_some(items)
    }
}
