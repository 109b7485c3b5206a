//! Converts one parameter's text to the value of its shape. Other text stays text.

use serde_json::Value;

use crate::api::input::Shape;

const YES: [&str; 7] = ["true", "True", "TRUE", "yes", "Yes", "YES", "1"];
const NO: [&str; 7] = ["false", "False", "FALSE", "no", "No", "NO", "0"];

/// Converts text by a shape that is neither list nor object.
pub(super) fn read(text: &str, shape: &Shape, nullable: bool, strict: bool) -> Value {
    let plain: fn(&str, bool) -> Option<Value> = match shape {
        Shape::Number { .. } => |text, _| number(text),
        Shape::Boolean => boolean,
        // Of the formats, only date-time ignores surrounding space.
        Shape::Text { format: Some("date-time"), .. } if !strict => return string(text.trim(), nullable, strict),
        _ => return string(text, nullable, strict),
    };
    let trimmed = text.trim();
    match (strict, trimmed.is_empty()) {
        (true, _) if text.is_empty() => Value::Null,
        (true, _) if text != trimmed => Value::from(text),
        (false, true) => Value::Null,
        _ => plain(trimmed, strict).unwrap_or_else(|| Value::from(trimmed)),
    }
}

/// Empty text is null for Seam's serializer, which drops the empty string. A handwritten query may intend it.
fn string(text: &str, nullable: bool, strict: bool) -> Value {
    if text.is_empty() && (strict || nullable) { Value::Null } else { Value::from(text) }
}

fn boolean(text: &str, strict: bool) -> Option<Value> {
    let (yes, no) = if strict { (&YES[..1], &NO[..1]) } else { (&YES[..], &NO[..]) };
    let is_yes = yes.contains(&text);
    (is_yes || no.contains(&text)).then_some(Value::Bool(is_yes))
}

/// The result of JavaScript's `Number()`, if it is finite.
fn number(text: &str) -> Option<Value> {
    let number = match text.split_at_checked(2) {
        Some(("0x" | "0X", digits)) => radix(digits, 16),
        Some(("0o" | "0O", digits)) => radix(digits, 8),
        Some(("0b" | "0B", digits)) => radix(digits, 2),
        // Rust also parses "inf" and "nan".
        _ if text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) => text.parse().ok(),
        _ => None,
    }?;
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(Value::from(number as i64));
    }
    number.is_finite().then(|| Value::from(number))
}

fn radix(digits: &str, radix: u32) -> Option<f64> {
    let value = |sum: f64, digit: char| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?));
    digits.chars().try_fold(0.0, value).filter(|_| !digits.is_empty())
}
