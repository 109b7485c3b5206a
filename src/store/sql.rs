//! What statements share: the macros for events and the audit trail, encodings of the model's types, errors, and lists.

#[macro_use]
pub(super) mod emit_events;
#[macro_use]
pub(super) mod audited;
#[macro_use]
mod end_access;
#[macro_use]
mod fragments;

pub(super) mod faults;
pub(super) mod listing;
pub(super) mod types;

use crate::error::{Error, ResourceKind, Result};
use std::fmt::Display;
use uuid::Uuid;

/// The row that a statement returned, or `NotFound`.
pub(super) fn found<T>(row: Option<T>, noun: ResourceKind, id: impl Display) -> Result<T> {
    row.ok_or_else(|| Error::NotFound(noun, id.to_string()))
}

/// Typed ids as UUIDs, for a statement's parameter.
pub(super) fn raw_ids<T: Copy + Into<Uuid>>(ids: &Option<Vec<T>>) -> Option<Vec<Uuid>> {
    ids.as_ref().map(|ids| ids.iter().map(|id| (*id).into()).collect())
}
