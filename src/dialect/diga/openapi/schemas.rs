//! The schemas of errors, and examples. Those of phones are derived in `wire`, those of requests from their rules.

use super::super::phones::EXAMPLE;
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
        .with::<ErrorEnvelope>()
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

/// A page of one phone.
pub fn page_example() -> Value {
    json!({
        "data": [phone_example()],
        "has_more": false,
        "first_id": EXAMPLE,
        "last_id": EXAMPLE,
        "current_page": 1,
        "total_pages": 1,
    })
}

/// An error of the service. 401 and 404 also have a `detail`, for clients that read that.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaError)]
struct ErrorEnvelope {
    status: ErrorStatus,
    /// A code for programs.
    error_code: String,
    /// A message for people.
    message: String,
    /// The message, as the framework puts it.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// The status of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaErrorStatus)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is in the document only")]
enum ErrorStatus {
    Error,
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

/// One issue of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaValidationIssue)]
struct ValidationIssue {
    /// The kind of issue.
    r#type: String,
    /// The path to the value, from the outermost member inwards.
    loc: Vec<PathStep>,
    /// A message for people.
    msg: String,
    /// The value that was found.
    #[schema(required = false)]
    input: Value,
    /// The values in the message.
    #[schema(value_type = Option<Object>, nullable = false)]
    ctx: Option<Value>,
}

/// The name of a member or the index of an item.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaPathStep)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is in the document only")]
enum PathStep {
    Name(String),
    Index(i64),
}

/// An error of the router.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaRouterError)]
struct RouterError {
    detail: String,
}
