//! Rules for numbers and booleans. A JSON number is a 64-bit float, as in JavaScript; an integer rule is also limited
//! to the range of its Rust type.

use std::marker::PhantomData;

use serde_json::Value;

use super::{Reader, Rule, Shape};
use crate::error::{Expected, Limit, Problem};

/// Any number.
pub fn number() -> Number<f64> {
    Number { least: None, above: None, most: None, output: PhantomData }
}

/// A whole number.
pub fn integer<T: Numeric>() -> Number<T> {
    Number { least: None, above: None, most: None, output: PhantomData }
}

/// A boolean.
pub fn boolean() -> Boolean {
    Boolean
}

/// A type of a JSON number.
pub trait Numeric: Sized {
    /// Whether only integers are valid.
    const WHOLE: bool;
    /// Minimum and maximum.
    const RANGE: (f64, f64);

    /// Converts a number in range, of which the float is an approximation.
    fn of(number: f64, exact: &Value) -> Self;
}

impl Numeric for f64 {
    const WHOLE: bool = false;
    const RANGE: (f64, f64) = (f64::MIN, f64::MAX);

    fn of(number: f64, _: &Value) -> f64 {
        number
    }
}

macro_rules! whole {
    ($($type:ty = $range:expr),* $(,)?) => {$(
        impl Numeric for $type {
            const WHOLE: bool = true;
            const RANGE: (f64, f64) = $range;

            fn of(number: f64, exact: &Value) -> $type {
                exact.as_i64().and_then(|exact| exact.try_into().ok()).unwrap_or(number as $type)
            }
        }
    )*};
}

whole! {
    u32 = (0.0, u32::MAX as f64),
    i64 = (i64::MIN as f64, i64::MAX as f64),
}

/// A number. Made by [`number`] and [`integer`].
#[derive(Debug, Clone)]
pub struct Number<T> {
    least: Option<f64>,
    above: Option<f64>,
    most: Option<f64>,
    output: PhantomData<T>,
}

impl<T> Number<T> {
    /// Minimum.
    pub fn at_least(self, least: impl Into<f64>) -> Number<T> {
        Number { least: Some(least.into()), ..self }
    }

    /// Exclusive minimum.
    pub fn above(self, above: impl Into<f64>) -> Number<T> {
        Number { above: Some(above.into()), ..self }
    }

    /// Maximum.
    pub fn at_most(self, most: impl Into<f64>) -> Number<T> {
        Number { most: Some(most.into()), ..self }
    }
}

impl<T: Numeric> Rule for Number<T> {
    type Output = T;

    fn shape(&self) -> Shape {
        // JSON Schema has no use for a limit that floats do not have exactly.
        let most = self.most.or(Some(T::RANGE.1).filter(|most| *most < 1e15));
        Shape::Number { whole: T::WHOLE, least: self.least, above: self.above, most }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<T> {
        let value = at.present(value)?;
        let Some(number) = value.as_f64() else {
            at.mismatch(Expected::Json("number"), &value);
            return None;
        };
        let whole = at.demand(!T::WHOLE || number.fract() == 0.0, || Problem::Fraction);
        let (floor, ceiling) = T::RANGE;
        let least = self.least.map_or(floor, |least| least.max(floor));
        // A stricter `above` replaces the type's minimum: one issue, not two.
        let least = if self.above.is_some_and(|above| above >= least) { f64::MIN } else { least };
        let above = self.above.unwrap_or(f64::NEG_INFINITY);
        let most = self.most.map_or(ceiling, |most| most.min(ceiling));
        let within = at.demand(number >= least, || Problem::Range(Limit::AtLeast(least)))
            & at.demand(number > above, || Problem::Range(Limit::Above(above)))
            & at.demand(number <= most, || Problem::Range(Limit::AtMost(most)));
        (whole && within).then(|| T::of(number, &value))
    }
}

/// A boolean. Made by [`boolean`].
#[derive(Debug, Clone)]
pub struct Boolean;

impl Rule for Boolean {
    type Output = bool;

    fn shape(&self) -> Shape {
        Shape::Boolean
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<bool> {
        let value = at.present(value)?;
        if value.as_bool().is_none() {
            at.mismatch(Expected::Json("boolean"), &value);
        }
        value.as_bool()
    }
}
