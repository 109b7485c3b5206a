//! Phones: registration, deactivation, lists, properties.

mod deactivation;
pub mod filters;
mod properties;
mod registration;
mod text_comparison;
