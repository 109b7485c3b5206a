//! The schemas of requests and errors; those of phones are derived in `wire`.

use super::super::wire::{Page, Phone};
use crate::api::openapi::Schemas;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

pub const ID: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// All of them.
pub fn all() -> Schemas {
    Schemas::default()
        .with::<Phone>()
        .with::<Page>()
        .with::<PhoneUpdate>()
        .with::<PhoneImport>()
        .with::<PhoneReserve>()
        .with::<PhoneAssign>()
        .with::<ErrorEnvelope>()
        .with::<ValidationError>()
        .with::<RouterError>()
}

/// A phone as an example.
pub fn phone_example() -> Value {
    json!({
        "id": ID,
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

/// A change of a phone. Absent members stay as they are; null clears.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaPhoneUpdate)]
struct PhoneUpdate {
    /// A free label.
    #[schema(example = "Front desk")]
    nickname: Option<String>,
    /// The agent that answers calls to this number.
    inbound_agent_id: Option<Uuid>,
    /// The agent that places calls from this number.
    outbound_agent_id: Option<Uuid>,
    /// An alias of `inbound_agent_id`.
    inbound_version_id: Option<Uuid>,
    /// An alias of `outbound_agent_id`.
    outbound_version_id: Option<Uuid>,
}

/// A number to import.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaPhoneImport)]
struct PhoneImport {
    /// The number in E.164.
    #[schema(format = "phone", min_length = 1, example = "+34675897654")]
    phone_number: String,
    /// A free label.
    #[schema(example = "Front desk")]
    nickname: Option<String>,
    /// The SIP trunk of the number. It is stored encrypted and never returned.
    sip_config: Option<SipConfig>,
}

/// A SIP trunk.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaSipConfig)]
struct SipConfig {
    /// The host, without `sip:`.
    #[schema(min_length = 1)]
    termination_uri: String,
    /// The user name.
    username: Option<String>,
    /// The password.
    password: Option<String>,
}

/// A number to reserve.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaPhoneReserve)]
struct PhoneReserve {
    /// The number in E.164.
    #[schema(format = "phone", min_length = 1, example = "+34675897654")]
    number: String,
    /// A free label.
    #[schema(example = "Front desk")]
    nickname: Option<String>,
}

/// The assignment of a phone.
#[derive(Serialize, ToSchema)]
#[schema(as = DigaPhoneAssign)]
struct PhoneAssign {
    /// The user identity that gets the number; null for none.
    user_identity_id: Option<Uuid>,
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
