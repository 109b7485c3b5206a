//! What the dialects share beneath their wire formats: routes, input rules, and the frame of the OpenAPI document.

pub mod input;
pub mod openapi;
pub mod route;
