//! Handset: one registry of phones in Postgres, and the wire dialects that existing clients speak.

pub mod ambient;
pub mod command;
pub mod config;
pub mod deactivation;
pub mod dialect;
pub mod error;
pub mod http;
pub mod lifecycle;
pub mod model;
pub mod postgres;
pub mod server;
pub mod store;
pub mod telemetry;
