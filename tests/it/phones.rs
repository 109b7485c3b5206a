//! Phones: registration, deactivation, lists, properties.

mod deactivation;
pub mod filters;
mod properties;
mod registration;
mod simulation;
mod text_comparison;
