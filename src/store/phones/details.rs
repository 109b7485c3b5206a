//! Phones as operators see them: also deactivated ones, with the installations that these bar, and what ends with a phone.

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, EventId, UserIdentityId, WorkspaceId};
use crate::domain::metadata::Metadata;
use crate::domain::page::{Page, Paging, Position};
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Phone, PhoneDetails, PhoneTies};
use crate::error::{ResourceKind, Result};
use crate::store::sql::types::Document;
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Behind every barred installation.
const LAST: Position = Position {
    created_at: DateTime::from_timestamp(253_402_300_799, 0).expect("9999-12-31T23:59:59Z is a valid time"),
    id: Uuid::max(),
};

struct Row {
    workspace_id: WorkspaceId,
    device_id: DeviceId,
    user_identity_id: Option<UserIdentityId>,
    operating_system: OperatingSystem,
    os_version: String,
    device_manufacturer: String,
    device_model: String,
    nickname: Option<String>,
    custom_metadata: Document<Metadata>,
    assa_abloy_metadata: Option<AssaAbloyMetadata>,
    created_at: DateTime<Utc>,
    deactivated_at: Option<DateTime<Utc>>,
    disconnected_at: Option<DateTime<Utc>>,
    custom_sdk_installation_id: Option<String>,
    deactivation_reason: Option<String>,
    readmitted_at: Option<DateTime<Utc>>,
    deactivation_event_id: Option<Uuid>,
}

impl From<Row> for PhoneDetails {
    fn from(row: Row) -> PhoneDetails {
        PhoneDetails {
            phone: Phone {
                workspace_id: row.workspace_id,
                device_id: row.device_id,
                user_identity_id: row.user_identity_id,
                operating_system: row.operating_system,
                os_version: row.os_version,
                device_manufacturer: row.device_manufacturer,
                device_model: row.device_model,
                nickname: row.nickname,
                custom_metadata: row.custom_metadata.0,
                assa_abloy_metadata: row.assa_abloy_metadata,
                created_at: row.created_at,
                deactivated_at: row.deactivated_at,
                disconnected_at: row.disconnected_at,
            },
            custom_sdk_installation_id: row.custom_sdk_installation_id,
            deactivation_reason: row.deactivation_reason,
            readmitted_at: row.readmitted_at,
            deactivation_event_id: row.deactivation_event_id.map(EventId),
        }
    }
}

/// Selects phones with their details; the literal is the rest of the statement, whose parameters begin with `$3`.
macro_rules! select_details {
    ($workspace:expr, $rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            select workspace_id, device_id, user_identity_id as "user_identity_id: UserIdentityId",
                operating_system as "operating_system: OperatingSystem", os_version, device_manufacturer, device_model,
                nickname, custom_metadata as "custom_metadata: Document<Metadata>",
                assa_abloy_metadata as "assa_abloy_metadata: AssaAbloyMetadata", created_at, deactivated_at,
                disconnected_at, custom_sdk_installation_id, deactivation_reason, readmitted_at,
                case when deactivated_at is not null then name_uuid(device_id, $2::text) end as deactivation_event_id
            from phone
            where workspace_id = $1
            "# + $rest,
            $workspace.workspace_id(),
            EventType::PhoneDeactivated.into_str()
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// The phone with this id, active or not.
    pub async fn phone_details(&self, device_id: DeviceId) -> Result<PhoneDetails> {
        let row = select_details!(self, "and device_id = $3", device_id.0).fetch_optional(&self.store.pool).await?;
        found(row.map(PhoneDetails::from), ResourceKind::Phone, device_id)
    }

    /// The phones of a user identity that were deactivated last, at most `limit`.
    pub async fn deactivated_phones_of(&self, person: UserIdentityId, limit: i64) -> Result<Vec<PhoneDetails>> {
        let rows = select_details!(
            self,
            "and user_identity_id = $3 and deactivated_at is not null
            order by deactivated_at desc, device_id desc
            limit $4",
            person.0,
            limit,
        );
        Ok(rows.fetch_all(&self.store.pool).await?.into_iter().map(PhoneDetails::from).collect())
    }

    /// Deactivated phones whose installations may not register again, the last deactivated first. The position of one is the
    /// time of its deactivation.
    pub async fn barred_installations(&self, paging: &Paging) -> Result<Page<PhoneDetails>> {
        let from = paging.from.unwrap_or(LAST);
        let rows = select_details!(
            self,
            "and deactivated_at is not null and readmitted_at is null and custom_sdk_installation_id is not null
                and (deactivated_at, device_id) <= ($3, $4)
            order by deactivated_at desc, device_id desc
            limit $5",
            from.created_at,
            from.id,
            paging.fetch(),
        );
        let phones = rows.fetch_all(&self.store.pool).await?.into_iter().map(PhoneDetails::from).collect();
        Ok(paging.cut(phones, |details: &PhoneDetails| Position {
            created_at: details.phone.deactivated_at.unwrap_or_default(),
            id: details.phone.device_id.0,
        }))
    }

    /// What ends with each of these phones.
    pub async fn phone_ties(&self, ids: &[DeviceId]) -> Result<BTreeMap<DeviceId, PhoneTies>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"
            select device_id as "device_id!: DeviceId", (
                    select count(*) from credential
                    where credential.workspace_id = $1 and credential.device_id = requested.device_id
                ) as "credentials!", (
                    select count(*) from phone_client_session as tie
                    where tie.workspace_id = $1 and tie.device_id = requested.device_id
                ) as "client_sessions!"
            from unnest($2::uuid[]) as requested (device_id)
            "#,
            self.workspace_id(),
            &ids,
        )
        .fetch_all(&self.store.pool)
        .await?;
        let ties = |credentials, client_sessions| PhoneTies { credentials, client_sessions };
        Ok(rows.into_iter().map(|row| (row.device_id, ties(row.credentials, row.client_sessions))).collect())
    }

    /// Names of phones, active or not. Unknown ones have none.
    pub async fn phone_names(&self, ids: &[DeviceId]) -> Result<BTreeMap<DeviceId, String>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"
            select device_id as "device_id: DeviceId", coalesce(nickname, device_model) as "name!" from phone
            where workspace_id = $1 and device_id = any ($2)
            "#,
            self.workspace_id(),
            &ids,
        )
        .fetch_all(&self.store.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.device_id, row.name)).collect())
    }
}
