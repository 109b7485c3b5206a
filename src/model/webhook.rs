//! A webhook: where a workspace wants to hear of its events.

use super::id::{WebhookId, WorkspaceId};
use super::token::Token;

/// A webhook with its signing secret.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub workspace_id: WorkspaceId,
    pub webhook_id: WebhookId,
    pub url: String,
    /// Names of event types; the star stands for all that clients know of old.
    pub event_types: Vec<String>,
    pub secret: Token,
}
