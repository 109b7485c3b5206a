//! The credentials of one user identity or on one phone.

use super::{CredentialRow, select_credentials};
use crate::domain::credential::{AccessMethod, Credential};
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId};
use crate::error::Result;
use crate::store::Workspace;

impl Workspace {
    /// The newest credentials of a user identity, at most `limit`.
    pub async fn newest_credentials_of(&self, person: UserIdentityId, limit: i64) -> Result<Vec<Credential>> {
        let rows = select_credentials!(
            "where workspace_id = $1 and user_identity_id = $2 order by created_at desc, acs_credential_id limit $3",
            self.workspace_id(),
            person.0,
            limit,
        )
        .fetch_all(&self.store.pool)
        .await?;
        self.store.credentials_of(rows)
    }

    /// The newest credentials on a phone, at most `limit`.
    pub async fn newest_credentials_on(&self, device_id: DeviceId, limit: i64) -> Result<Vec<Credential>> {
        let rows = select_credentials!(
            "where workspace_id = $1 and device_id = $2 order by created_at desc, acs_credential_id limit $3",
            self.workspace_id(),
            device_id.0,
            limit,
        )
        .fetch_all(&self.store.pool)
        .await?;
        self.store.credentials_of(rows)
    }
}
