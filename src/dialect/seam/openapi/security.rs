//! Who may call an operation.

use super::super::access::{Access, ByKey, SeamGrant};
use super::super::stream_ticket::PARAMETER;
use serde_json::{Value, json};

/// The requirements of most operations, which the document has once.
pub fn of_most() -> Value {
    of(ByKey::ACCESS)
}

/// The requirements of an operation; null for those of most.
pub fn of_operation(access: &[Access]) -> Value {
    Some(of(access)).filter(|security| *security != of_most()).unwrap_or_default()
}

/// The ways in which callers of a route authenticate.
fn of(access: &[Access]) -> Value {
    let ways = |access: &Access| match access {
        Access::ApiKey => vec![json!({ "api_key": [] })],
        Access::Member => vec![json!({ "pat_with_workspace": [], "workspace": [] })],
        Access::Console => vec![json!({ "console_session_with_workspace": [], "workspace": [] })],
        Access::Account => {
            vec![json!({ "pat_without_workspace": [] }), json!({ "console_session_without_workspace": [] })]
        }
        Access::ClientSession => vec![json!({ "client_session": [] })],
        Access::PublishableKey => vec![json!({ "publishable_key": [] })],
        Access::StreamTicket => vec![json!({ "event_stream_ticket": [] })],
    };
    access.iter().flat_map(ways).collect()
}

/// Every scheme.
pub fn schemes() -> Value {
    let bearer = |format: &str, description: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": description });
    let header = |name: &str, description: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": description });
    let token = "A personal access token, created with `handset token create`";
    let session = "The JWT of a console session, created with `handset console-session create`";
    json!({
        "api_key": bearer("seam_…", "An API key of a workspace, created with `handset key create`"),
        "pat_with_workspace": bearer("seam_at1…", token),
        "pat_without_workspace": bearer("seam_at1…", token),
        "console_session_with_workspace": bearer("JWT", session),
        "console_session_without_workspace": bearer("JWT", session),
        "client_session": header("client-session-token", "The token of a client session; also accepted as a bearer token"),
        "publishable_key": header("seam-publishable-key", "The publishable key of a workspace, without other credentials"),
        "event_stream_ticket": {
            "type": "apiKey", "in": "query", "name": PARAMETER,
            "description": "A ticket of `/events/create_stream_ticket`, for clients that cannot send a header",
        },
        "workspace": header("seam-workspace", "The id of the workspace"),
    })
}
