//! The dialect's part of the OpenAPI document.

use serde_json::{Value, json};

/// The document.
pub fn document() -> Value {
    json!({})
}
