//! Cursors of lists in the addresses of pages.

use super::context::PageContext;
use crate::domain::page::{Paging, Position};
use chrono::DateTime;
use uuid::Uuid;

/// Entries of a page.
pub const PAGE: u32 = 50;

/// The part of a list that the address asks for. A cursor that is none means the first page.
pub fn paging(context: &PageContext) -> Paging {
    Paging { limit: Some(PAGE), from: context.query.filled("after").and_then(parse) }
}

/// The cursor of a position.
pub fn cursor(place: Position) -> String {
    format!("{}.{}", place.created_at.timestamp_micros(), place.id.simple())
}

fn parse(cursor: &str) -> Option<Position> {
    let (micros, id) = cursor.split_once('.')?;
    let created_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some(Position { created_at, id: Uuid::try_parse(id).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_the_position_that_it_was_made_of() {
        let created_at = DateTime::from_timestamp_micros(1_767_268_800_123_456).expect("a time");
        let place = Position { created_at, id: Uuid::from_u128(7) };
        assert_eq!(parse(&cursor(place)), Some(place));
        for text in ["", ".", "1", "x.y", "99999999999999999999.0", "1.2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
