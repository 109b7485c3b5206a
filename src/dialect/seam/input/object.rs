//! The rules for objects: one of known fields, and one of anything.

use std::marker::PhantomData;

use serde_json::{Map, Value};

use super::{Cursor, Input, Rule, Shape};
use crate::error::Step;

/// An object of known fields.
pub fn object<T: Input>() -> Object<T> {
    Object(PhantomData)
}

/// An object of any keys and values.
pub fn any_object() -> AnyObject {
    AnyObject
}

/// An object of known fields. Made by [`object`].
#[derive(Debug, Clone)]
pub struct Object<T>(PhantomData<T>);

impl<T: Input> Rule for Object<T> {
    type Output = T;

    fn shape(&self) -> Shape {
        Shape::Object(T::fields())
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<T> {
        T::read(&mut keys(value, at)?, at)
    }
}

/// An object of anything. Made by [`any_object`].
#[derive(Debug, Clone)]
pub struct AnyObject;

impl Rule for AnyObject {
    type Output = Map<String, Value>;

    fn shape(&self) -> Shape {
        Shape::AnyObject
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        let map = keys(value, at)?;
        are_storable(&map, at).then_some(map)
    }
}

/// The keys of a value, which has to be an object.
pub(super) fn keys(value: Option<Value>, at: &mut Cursor) -> Option<Map<String, Value>> {
    match at.present(value)? {
        Value::Object(map) => Some(map),
        other => {
            at.mismatch("object", &other);
            None
        }
    }
}

fn are_storable(map: &Map<String, Value>, at: &mut Cursor) -> bool {
    map.iter().fold(true, |sound, (key, value)| {
        at.within(Step::Key(key.clone()), |at| at.storable(key) && is_storable(value, at)) && sound
    })
}

/// Whether all text within can be stored. The JSON parser's limit on depth is the limit of the recursion.
fn is_storable(value: &Value, at: &mut Cursor) -> bool {
    match value {
        Value::String(text) => at.storable(text),
        Value::Object(map) => are_storable(map, at),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .fold(true, |sound, (index, value)| at.within(Step::Index(index), |at| is_storable(value, at)) && sound),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}
