//! API keys, the credential of nearly every request. They are looked up together with whoever calls at the same time, and
//! the phone that a request is about in the same statement: one round trip tells who is calling and what they came for.
//! Nothing is kept in memory, so a key that was revoked and a phone that was deactivated are gone for every server at once.

use super::caller::rejected;
use super::gather::Question;
use super::recording::Actor;
use super::types::Document;
use super::workspace::Brought;
use super::{Authenticated, Caller, Credential, Origin, Store, Workspace};
use crate::error::{Result, Scheme, Why};
use crate::model::id::{ApiKeyId, DeviceId, UserIdentityId, WorkspaceId};
use crate::model::metadata::Metadata;
use crate::model::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::model::token::TokenHash;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What somebody is about to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Nothing that can be done on the way in.
    None,
    /// A living phone.
    Phone(DeviceId),
}

impl Errand {
    fn device(self) -> Option<Uuid> {
        match self {
            Errand::None => None,
            Errand::Phone(device_id) => Some(device_id.0),
        }
    }
}

/// A key that somebody shows, and what for.
#[derive(Debug, Clone)]
pub(super) struct Bearing {
    token_hash: TokenHash,
    errand: Errand,
}

/// A key that there is, and the phone if there is one.
pub(super) struct Row {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    device_id: Option<Uuid>,
    user_identity_id: Option<UserIdentityId>,
    operating_system: Option<OperatingSystem>,
    os_version: Option<String>,
    device_manufacturer: Option<String>,
    device_model: Option<String>,
    nickname: Option<String>,
    custom_metadata: Option<Document<Metadata>>,
    assa_abloy_metadata: Option<AssaAbloyMetadata>,
    created_at: Option<DateTime<Utc>>,
    deactivated_at: Option<DateTime<Utc>>,
}

impl Question for Bearing {
    type Lane = ();
    type Answer = Option<Row>;

    const ABREAST: usize = 2;

    fn lane(&self) {}

    async fn ask(together: Vec<Bearing>, store: Store) -> Result<Vec<Option<Row>>> {
        let hashes: Vec<&[u8]> = together.iter().map(|bearing| bearing.token_hash.as_bytes()).collect();
        let devices: Vec<Option<Uuid>> = together.iter().map(|bearing| bearing.errand.device()).collect();
        let pool = store.gathered.as_ref().unwrap_or(&store.pool);
        let question = sqlx::query_as!(
            Row,
            r#"
            select place as "place!", api_key_id, revoked_at, workspace_id, account_id, is_sandbox,
                phone.device_id as "device_id?", user_identity_id as "user_identity_id?: UserIdentityId",
                operating_system as "operating_system?: OperatingSystem", os_version as "os_version?",
                device_manufacturer as "device_manufacturer?", device_model as "device_model?", nickname,
                custom_metadata as "custom_metadata?: Document<Metadata>",
                assa_abloy_metadata as "assa_abloy_metadata?: AssaAbloyMetadata", phone.created_at as "created_at?",
                deactivated_at
            from unnest($1::bytea[], $2::uuid[]) with ordinality as asked (token_hash, device_id, place)
            join api_key using (token_hash)
            join workspace using (workspace_id)
            left join phone using (workspace_id, device_id)
            "#,
            &hashes as _,
            &devices as _,
        )
        .fetch_all(pool);
        let rows = pool.promptly(question).await?;
        let mut answers: Vec<Option<Row>> = std::iter::repeat_with(|| None).take(together.len()).collect();
        for row in rows {
            let place = usize::try_from(row.place - 1).unwrap_or(usize::MAX);
            if let Some(answer) = answers.get_mut(place) {
                *answer = Some(row);
            }
        }
        Ok(answers)
    }
}

impl Store {
    pub(super) async fn api_key(&self, key: &str, errand: Errand, origin: Origin) -> Result<Authenticated> {
        let bearing = Bearing { token_hash: TokenHash::of(key), errand };
        let row = self.keys.ask(bearing, self).await?.ok_or_else(|| rejected(Scheme::ApiKey, Why::Unknown))?;
        if row.revoked_at.is_some() {
            return Err(rejected(Scheme::ApiKey, Why::Revoked));
        }
        let credential = Credential::ApiKey(ApiKeyId(row.api_key_id));
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        let workspace = Workspace::new(self.clone(), tenant, Actor::new(credential, origin));
        let workspace = match errand {
            Errand::None => workspace,
            Errand::Phone(device_id) => workspace.bringing(Brought { device_id, phone: row.phone() }),
        };
        Ok(Authenticated::Caller(Caller { workspace, credential }))
    }
}

impl Row {
    /// The phone, if there is one and it lives.
    fn phone(self) -> Option<Phone> {
        if self.deactivated_at.is_some() {
            return None;
        }
        Some(Phone {
            workspace_id: WorkspaceId(self.workspace_id),
            device_id: DeviceId(self.device_id?),
            user_identity_id: self.user_identity_id,
            operating_system: self.operating_system?,
            os_version: self.os_version?,
            device_manufacturer: self.device_manufacturer?,
            device_model: self.device_model?,
            nickname: self.nickname,
            custom_metadata: self.custom_metadata?.0,
            assa_abloy_metadata: self.assa_abloy_metadata,
            created_at: self.created_at?,
            deactivated_at: None,
        })
    }
}
