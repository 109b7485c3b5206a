//! The rule for objects of known fields.

use std::marker::PhantomData;

use serde_json::{Map, Value};

use super::{Input, Reader, Rule, Shape};
use crate::error::Expected;

/// An object of known fields.
pub fn object<T: Input>() -> Object<T> {
    Object(PhantomData)
}

/// An object of known fields. Made by [`object`].
#[derive(Debug, Clone)]
pub struct Object<T>(PhantomData<T>);

impl<T: Input> Rule for Object<T> {
    type Output = T;

    fn shape(&self) -> Shape {
        Shape::Object(T::DESCRIPTION, T::fields())
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<T> {
        T::read(&mut keys(value, at)?, at)
    }
}

/// The keys of a value, which has to be an object.
pub(super) fn keys(value: Option<Value>, at: &mut Reader) -> Option<Map<String, Value>> {
    match at.present(value)? {
        Value::Object(map) => Some(map),
        other => {
            at.mismatch(Expected::Json("object"), &other);
            None
        }
    }
}
