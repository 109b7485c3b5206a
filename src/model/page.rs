//! Pages of a list in its order of creation: by keyset, so that a deep page costs what the first one does.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where a page starts and how much it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paging {
    /// At most so many; None for all.
    pub limit: Option<u32>,
    /// The first entry of the page; None for the beginning.
    pub from: Option<Place>,
}

impl Paging {
    /// How many rows to ask for: one more than the page holds tells whether another page follows.
    pub fn fetch(&self) -> Option<i64> {
        self.limit.map(|limit| i64::from(limit) + 1)
    }

    /// Cuts fetched rows to the page, and says where the next one starts.
    pub fn cut<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> Place) -> Page<T> {
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let next = rows.get(limit).map(place);
        rows.truncate(limit);
        Page { items: rows, next }
    }
}

/// An entry's place in the order (created_at, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

impl Place {
    /// In front of every entry there can be.
    pub const FIRST: Place = Place { created_at: DateTime::UNIX_EPOCH, id: Uuid::nil() };
}

/// Some entries of a list, and where the next ones start.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Place>,
}
