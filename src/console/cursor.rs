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
