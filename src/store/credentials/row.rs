//! Rows of credentials, whose codes are sealed.

use crate::domain::credential::{AccessMethod, Credential};
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId, WorkspaceId};
use crate::error::Result;
use crate::store::Store;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A credential as it is stored.
pub(in crate::store) struct CredentialRow {
    pub workspace_id: WorkspaceId,
    pub acs_credential_id: CredentialId,
    pub parent_acs_credential_id: Option<CredentialId>,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    pub device_id: Option<DeviceId>,
    pub acs_system_id: Uuid,
    pub access_method: AccessMethod,
    pub is_multi_phone_sync_credential: bool,
    pub allowed_acs_entrance_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub code_sealed: Option<Vec<u8>>,
    pub issued_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Opens the code of a credential.
    pub(in crate::store) fn credential_of(&self, row: CredentialRow) -> Result<Credential> {
        let id = row.acs_credential_id;
        let code = row.code_sealed.map(|sealed| self.seal.open(&sealed, id.0)).transpose()?;
        Ok(Credential {
            workspace_id: row.workspace_id,
            acs_credential_id: id,
            parent_acs_credential_id: row.parent_acs_credential_id,
            user_identity_id: row.user_identity_id,
            acs_user_id: row.acs_user_id,
            device_id: row.device_id,
            acs_system_id: row.acs_system_id,
            access_method: row.access_method,
            is_multi_phone_sync_credential: row.is_multi_phone_sync_credential,
            allowed_acs_entrance_ids: row.allowed_acs_entrance_ids,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            code,
            issued_at: row.issued_at,
            created_at: row.created_at,
        })
    }

    /// As [`Store::credential_of`], of each.
    pub(in crate::store) fn credentials_of(&self, rows: Vec<CredentialRow>) -> Result<Vec<Credential>> {
        rows.into_iter().map(|row| self.credential_of(row)).collect()
    }
}
