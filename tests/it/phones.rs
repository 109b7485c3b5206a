//! Phones: registration, deactivation, lists, properties.

mod filters;
mod lifecycle;
