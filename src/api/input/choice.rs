//! The rule for enums.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Reader, Rule, Shape};
use crate::error::{Expected, Problem};
use strum::VariantArray;

/// A type whose values have names on the wire.
pub trait Choice: Copy + 'static {
    /// Every name and its value, in the order in which messages list them.
    fn all() -> impl Iterator<Item = (&'static str, Self)>;
}

/// An enum by the names of its variants.
impl<E: VariantArray + Copy + Into<&'static str>> Choice for E {
    fn all() -> impl Iterator<Item = (&'static str, E)> {
        E::VARIANTS.iter().map(|&value| (value.into(), value))
    }
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
        Shape::Choice(names::<E>())
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<E> {
        let value = at.present(value)?;
        let Some(text) = value.as_str() else {
            at.mismatch(Expected::Choice(names::<E>()), &value);
            return None;
        };
        let chosen = E::all().find(|(name, _)| *name == text);
        if chosen.is_none() {
            at.fault(Problem::Choice { expected: names::<E>(), received: text.to_owned() });
        }
        chosen.map(|(_, value)| value)
    }
}

/// The names of a type.
pub fn names<E: Choice>() -> Vec<&'static str> {
    E::all().map(|(name, _)| name).collect()
}
