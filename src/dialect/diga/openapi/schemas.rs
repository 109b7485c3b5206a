//! The schemas, derived from the wire types, and examples.

use super::super::error::{ErrorStatus, RouterError, ServiceError};
use super::super::phones::EXAMPLE;
use super::super::validation::ValidationIssue;
use super::super::wire::{Page, Phone};
use crate::api::openapi::Schemas;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// All of them.
pub fn all() -> Schemas {
    Schemas::default()
        .with::<Phone>()
        .with::<Page>()
        .with::<ServiceError>()
        .with::<ValidationError>()
        .with::<RouterError>()
}

/// A phone as an example.
pub fn phone_example() -> Value {
    json!({
        "id": EXAMPLE,
        "nickname": "Front desk",
        "number": "+34675897654",
        "telephony_provider": "netelip",
        "status": "assigned",
        "released_at": null,
        "scheduled_release_at": null,
        "assigned_at": "2026-03-11T05:31:56.123000Z",
        "inbound_agent_id": null,
        "outbound_agent_id": null,
    })
}

/// An invalid request: the framework's list under `detail` or, for pages, an error of the service.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaValidationError)]
struct ValidationError {
    #[schema(nullable = false)]
    detail: Option<Vec<ValidationIssue>>,
    #[schema(nullable = false)]
    status: Option<ErrorStatus>,
    #[schema(nullable = false)]
    error_code: Option<String>,
    #[schema(nullable = false)]
    message: Option<String>,
}
