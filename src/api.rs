//! What the dialects share beneath their wire formats.

pub mod openapi;
