//! Keyset pagination in order of creation: a deep page costs as much as the first one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Start and size of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paging {
    /// Maximum; None for all.
    pub limit: Option<u32>,
    /// The first entry of the page; None for the beginning.
    pub from: Option<Position>,
}

impl Paging {
    /// Number of rows to fetch: one more than the page holds, to detect a next page.
    pub fn fetch(&self) -> Option<i64> {
        self.limit.map(|limit| i64::from(limit) + 1)
    }

    /// Truncates fetched rows to the page and finds the next one.
    pub fn cut<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> Position) -> Page<T> {
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let next = rows.get(limit).map(place);
        rows.truncate(limit);
        Page { items: rows, next }
    }
}

/// Position in the order (created_at, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

impl Position {
    /// Sorts before every entry.
    pub const FIRST: Position = Position { created_at: DateTime::UNIX_EPOCH, id: Uuid::nil() };
}

/// One page of a list, and the start of the next.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// The page with other entries in place of its own.
    pub fn map<U>(self, entry: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(entry).collect(), next: self.next }
    }
}
