//! What a deactivation ends, and who is told of it.

use crate::cli::output::count;
use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::error::Result;
use crate::store::{DeactivationPreview, Workspace};
use std::fmt;

/// What a deactivation of phones would do beside deactivating them.
pub struct Consequences {
    pub preview: DeactivationPreview,
    /// Number of webhooks that get the events.
    pub webhooks: usize,
}

impl Consequences {
    /// What ends, as part of a sentence.
    pub fn ended(&self) -> String {
        let number = |number: i64| usize::try_from(number).unwrap_or_default();
        let credentials = count(number(self.preview.credentials), "credential");
        format!("{credentials} and {}", count(number(self.preview.client_sessions), "client session"))
    }
}

impl fmt::Display for Consequences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ends {}. {} told.",
            self.ended(),
            match self.webhooks {
                0 => "No webhook is".to_owned(),
                1 => "1 webhook is".to_owned(),
                several => format!("{several} webhooks are"),
            }
        )
    }
}

/// What the deactivation of these phones would do now.
pub async fn consequences(workspace: &Workspace, devices: &[DeviceId]) -> Result<Consequences> {
    let preview = workspace.preview_deactivation(devices).await?;
    let is_told =
        |types: &[String]| types.iter().any(|name| name == "*" || name == EventType::PhoneDeactivated.into_str());
    let webhooks = workspace.webhooks().await?;
    let webhooks =
        webhooks.iter().filter(|webhook| webhook.disabled_at.is_none() && is_told(&webhook.event_types)).count();
    Ok(Consequences { preview, webhooks })
}
