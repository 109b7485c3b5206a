//! Query parameters: integers, times, UUIDs and enumerations. The last parameter of a name wins.

use super::super::fault::Faults;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use strum::EnumMessage;
use url::form_urlencoded;
use uuid::Uuid;

/// Query parameters of a request.
pub struct Query(HashMap<String, String>);

impl Query {
    /// Parses a query string; `None` is empty.
    pub fn of(text: Option<&str>) -> Query {
        Query(form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// UUID.
    pub fn uuid(&self, name: &str, faults: &mut Faults) -> Option<Uuid> {
        super::uuid(self.0.get(name)?, &["query", name], faults)
    }

    /// Integer from `least` to `most`, if there is an upper bound.
    pub fn integer(&self, name: &str, least: i64, most: Option<i64>, faults: &mut Faults) -> Option<i64> {
        let text = self.0.get(name)?;
        let loc = ["query", name];
        let input = Value::from(text.as_str());
        let Some(number) = integer(text) else {
            let message = "Input should be a valid integer, unable to parse string as an integer";
            faults.add("int_parsing", &loc, message, input, None);
            return None;
        };
        if number < least {
            let message = format!("Input should be greater than or equal to {least}");
            faults.add("greater_than_equal", &loc, message, input, Some(json!({ "ge": least })));
            return None;
        }
        if let Some(most) = most.filter(|most| number > *most) {
            let message = format!("Input should be less than or equal to {most}");
            faults.add("less_than_equal", &loc, message, input, Some(json!({ "le": most })));
            return None;
        }
        Some(number)
    }

    /// One of `words`. `kind` is pydantic's error type for this enumeration.
    pub fn choice<T: Copy>(
        &self,
        name: &str,
        kind: &'static str,
        words: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.0.get(name)?;
        let chosen = words.iter().find(|(word, _)| word == text).map(|(_, meaning)| *meaning);
        if chosen.is_none() {
            let expected = alternatives(words.iter().map(|(word, _)| *word));
            let message = format!("Input should be {expected}");
            let input = Value::from(text.as_str());
            faults.add(kind, &["query", name], message, input, Some(json!({ "expected": expected })));
        }
        chosen
    }

    /// Time: a date with or without a time of day, or seconds since 1970. UTC without an offset.
    pub fn time(&self, name: &str, faults: &mut Faults) -> Option<DateTime<Utc>> {
        let text = self.0.get(name)?;
        let read = time(text);
        if let Err(reason) = &read {
            let message = format!("Input should be a valid datetime or date, {reason}");
            let ctx = json!({ "error": reason });
            faults.add("datetime_from_date_parsing", &["query", name], message, text.as_str().into(), Some(ctx));
        }
        read.ok()
    }
}

/// Parses an integer as pydantic does: surrounding spaces, a sign, single underscores between digits, and a zero
/// fraction. Saturates at ±`i64::MAX`.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => digits,
    };
    let is_number =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit()));
    let magnitude = is_number.then(|| digits.replace('_', "").parse().unwrap_or(i64::MAX))?;
    Some(if is_negative { -magnitude } else { magnitude })
}

/// Parses a time, or returns the reason. Falls back to a date, whose reason is the one returned.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let out_of_range = || "input is out of range".to_owned();
    match speedate::DateTime::parse_str(text) {
        Ok(time) => {
            DateTime::from_timestamp(time.timestamp_tz(), time.time.microsecond * 1_000).ok_or_else(out_of_range)
        }
        Err(_) => match speedate::Date::parse_str(text) {
            Ok(date) => DateTime::from_timestamp(date.timestamp(), 0).ok_or_else(out_of_range),
            Err(fault) => Err(fault.get_documentation().unwrap_or("input is no time").to_owned()),
        },
    }
}

/// `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`.
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_parameters_are_parsed_as_pydantic_does() {
        for (text, number) in [("10", 10), (" 10 ", 10), ("+10", 10), ("-1", -1), ("10.0", 10), ("1_0", 10), ("007", 7)]
        {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
        for text in ["", "abc", "10.5", "1__0", "_1", "1_", "1e3", "--1", "10."] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn time_parameters_accept_dates_offsets_and_timestamps() {
        let at = |text: &str| time(text).expect(text).to_rfc3339();
        assert_eq!(at("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05+00:00");
        assert_eq!(at("2026-01-02T03:04:05+01:00"), "2026-01-02T02:04:05+00:00");
        assert_eq!(at("2026-01-02T03:04:05"), "2026-01-02T03:04:05+00:00");
        assert_eq!(at("2026-01-02"), "2026-01-02T00:00:00+00:00");
        assert_eq!(at("1767323045"), "2026-01-02T03:04:05+00:00");
        assert_eq!(time("zzz"), Err("input is too short".to_owned()));
        assert_eq!(time(""), Err("input is too short".to_owned()));
    }
}
