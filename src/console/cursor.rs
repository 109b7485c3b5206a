//! Positions in lists, in a form that addresses can have.

use chrono::{DateTime, Datelike, Utc};
use uuid::Uuid;

/// A time and an id.
pub fn write(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}.{id}", at.timestamp_micros())
}

/// None if it is none; then the list begins at its start.
pub fn parse(cursor: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = cursor.split_once('.')?;
    Some((parse_micros(at)?, Uuid::parse_str(id).ok()?))
}

/// A time in microseconds since 1970, of a year that Postgres takes.
pub fn parse_micros(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::from_timestamp_micros(text.parse().ok()?);
    at.filter(|at| (0..=9999).contains(&at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_the_position_that_it_was_made_of() {
        let at = DateTime::from_timestamp_micros(1_767_268_800_123_456).expect("a time");
        assert_eq!(parse(&write(at, Uuid::from_u128(7))), Some((at, Uuid::from_u128(7))));
        for text in [
            "",
            ".",
            "1",
            "x.y",
            "99999999999999999999.0",
            "1.2",
            "-99999999999999999.00000000000000000000000000000007",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
