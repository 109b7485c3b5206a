//! What a deactivation would end, for those who confirm it first.

use crate::domain::id::DeviceId;
use crate::error::Result;
use crate::store::Workspace;
use uuid::Uuid;

/// Numbers of what ends with phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeactivationPreview {
    pub credentials: i64,
    pub client_sessions: i64,
}

impl Workspace {
    /// What a deactivation of these phones would end now.
    pub async fn preview_deactivation(&self, devices: &[DeviceId]) -> Result<DeactivationPreview> {
        let devices: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
        Ok(sqlx::query_as!(
            DeactivationPreview,
            r#"
            select (
                    select count(*) from credential where workspace_id = $1 and device_id = any ($2)
                ) as "credentials!", (
                    select count(distinct client_session_id) from phone_client_session
                    where workspace_id = $1 and device_id = any ($2)
                ) as "client_sessions!"
            "#,
            self.workspace_id(),
            &devices,
        )
        .fetch_one(&self.store.pool)
        .await?)
    }
}
