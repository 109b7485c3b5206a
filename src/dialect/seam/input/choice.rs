//! The rule for enums.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Cursor, Rule, Shape};
use crate::error::Problem;

/// A type whose values have names on the wire.
pub trait Choice: Copy + 'static {
    /// Every name and its value, in the order in which messages list them.
    const ALL: &'static [(&'static str, Self)];
}

/// One of the type's names.
pub fn choice<E: Choice>() -> OneOf<E> {
    OneOf(PhantomData)
}

/// One of a type's names. Made by [`choice`].
#[derive(Debug, Clone)]
pub struct OneOf<E>(PhantomData<E>);

impl<E: Choice> Rule for OneOf<E> {
    type Output = E;

    fn shape(&self) -> Shape {
        Shape::Choice(E::ALL.iter().map(|(name, _)| *name).collect())
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<E> {
        let value = at.present(value)?;
        let Some(text) = value.as_str() else {
            at.mismatch(&expected::<E>(), &value);
            return None;
        };
        let chosen = E::ALL.iter().find(|(name, _)| *name == text);
        if chosen.is_none() {
            let message = format!("Invalid enum value. Expected {}, received '{text}'", expected::<E>());
            at.fault(Problem::Choice, message);
        }
        chosen.map(|(_, value)| *value)
    }
}

fn expected<E: Choice>() -> String {
    E::ALL.iter().map(|(name, _)| format!("'{name}'")).collect::<Vec<_>>().join(" | ")
}
