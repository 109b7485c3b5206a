//! Handset: one registry of phones in Postgres, and the wire dialects that existing clients speak.

pub mod ambient;
pub mod deactivation;
pub mod dialect;
pub mod error;
pub mod http;
pub mod model;
pub mod store;
