//! Readmission of installations whose phones were deactivated.

use crate::domain::id::DeviceId;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::sql::found;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Allows the installation of a deactivated phone to register again, unless another phone of it was deactivated
    /// later. The deactivated phones stay deactivated. A phone is readmitted once, so a repetition changes nothing, also
    /// after a later deactivation of the installation.
    pub async fn readmit_phone(&self, device_id: DeviceId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            query_scalar,
            r#"
            with wanted as materialized (
                select device_id, custom_sdk_installation_id, deactivated_at, readmitted_at
                from phone
                where workspace_id = $1 and device_id = $4
            ), readmitted as (
                update phone set readmitted_at = $2
                from wanted
                where phone.workspace_id = $1
                    and installation_key(phone.custom_sdk_installation_id)
                        = installation_key(wanted.custom_sdk_installation_id)
                    and phone.custom_sdk_installation_id is not null
                    and phone.deactivated_at <= wanted.deactivated_at and phone.readmitted_at is null
                    and wanted.readmitted_at is null
                returning phone.device_id, phone.user_identity_id
            ), changes as (
                select 'phone.readmitted' as action, device_id as subject_id, ids as before,
                    ids || jsonb_build_object('readmitted_at', $2::timestamptz) as after
                from readmitted
                cross join lateral jsonb_build_object(
                    'device_id', device_id, 'user_identity_id', user_identity_id) as ids
            )
            "#,
            "select device_id from wanted",
            self.workspace_id(),
            now,
            self.context(&[]),
            device_id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(known, ResourceKind::Phone, device_id).map(|_| ())
    }
}
