//! Pages of lists, by the cursor in the address.

use super::context::PageContext;
use super::cursor;
use crate::domain::page::{Paging, Position};

/// Entries of a page.
pub const PAGE: u32 = 50;

/// The part of a list that the address asks for. A cursor that is none means the first page.
pub fn paging(context: &PageContext) -> Paging {
    let from = context.query.filled("after").and_then(cursor::parse);
    Paging { limit: Some(PAGE), from: from.map(|(created_at, id)| Position { created_at, id }) }
}

/// The cursor of a position.
pub fn cursor(place: Position) -> String {
    cursor::write(place.created_at, place.id)
}
