//! Users and groups of a company's directory (RFC 7643), and its tokens. A user is a user identity: one of another dialect is
//! a user, too, until a directory describes or deletes it.

mod change_user;
mod create_user;
mod groups;
mod suspend;
mod tokens;

use crate::domain::id::*;
use crate::domain::scim::*;
use crate::domain::slot::SlotType;
use crate::domain::user_identity::UserIdentity;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::sql::found;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::PgExecutor;
use std::collections::BTreeMap;
use strum::VariantArray;
use uuid::Uuid;

/// A user identity, and what a directory says of it.
struct UserRow {
    user_identity_id: UserIdentityId,
    user_identity_key: Option<String>,
    email_address: Option<String>,
    phone_number: Option<String>,
    full_name: Option<String>,
    created_at: DateTime<Utc>,
    suspended_at: Option<DateTime<Utc>>,
    user_name: Option<String>,
    external_id: Option<String>,
    attributes: Option<Document<Map<String, Value>>>,
    updated_at: Option<DateTime<Utc>>,
    numbers: Option<Document<BTreeMap<String, String>>>,
    managed_number: Option<String>,
    groups: Option<Document<Vec<GroupName>>>,
}

#[derive(Debug, Clone, Deserialize)]
struct GroupName {
    id: ScimGroupId,
    name: String,
}

impl UserRow {
    fn user(self, workspace_id: WorkspaceId) -> ScimUser {
        let mut numbers = self.numbers.map_or_else(BTreeMap::new, |numbers| numbers.0);
        let number = |slot: &SlotType| Some((*slot, numbers.remove((*slot).into_str())?));
        let record = |(user_name, updated_at)| ScimRecord {
            user_name,
            external_id: self.external_id,
            attributes: self.attributes.map_or_else(Map::new, |attributes| attributes.0),
            updated_at,
        };
        ScimUser {
            numbers: SlotType::VARIANTS.iter().filter_map(number).collect(),
            person: UserIdentity {
                workspace_id,
                user_identity_id: self.user_identity_id,
                user_identity_key: self.user_identity_key,
                email_address: self.email_address,
                phone_number: self.phone_number,
                full_name: self.full_name,
                created_at: self.created_at,
                merged_user_identity_ids: Vec::new(),
                merged_user_identity_keys: Vec::new(),
            },
            suspended_at: self.suspended_at,
            record: self.user_name.zip(self.updated_at).map(record),
            managed_number: self.managed_number,
            groups: self
                .groups
                .map_or_else(Vec::new, |groups| groups.0)
                .into_iter()
                .map(|group| ScimGroupName { scim_group_id: group.id, display_name: group.name })
                .collect(),
        }
    }
}

/// Selects users that a directory knows, in order of creation; the literal is a further condition. **`$1` is the workspace,
/// `$2` is now, `$3` and `$4` are the position before the first, `$5` the limit and `$6` the offset.**
macro_rules! select_users {
    ($condition:tt $(, $argument:expr)* $(,)?) => {
        managed_number!(query_as(
            UserRow,
            r#"
            with chosen as materialized (
                select person.user_identity_id, user_identity_key, email_address, phone_number, full_name,
                    person.created_at, suspended_at, user_name, external_id, attributes, updated_at
                from user_identity as person left join scim_user using (workspace_id, user_identity_id)
                where person.workspace_id = $1 and deleted_at is null
                    and ($3::timestamptz is null or (person.created_at, person.user_identity_id) > ($3, $4::uuid))
            "# + $condition + r#"
                order by person.created_at, person.user_identity_id
                limit $5 offset $6
            )
            select chosen.user_identity_id as "user_identity_id!: UserIdentityId", user_identity_key, email_address,
                phone_number, full_name, chosen.created_at as "created_at!", suspended_at, user_name as "user_name?",
                external_id as "external_id?", attributes as "attributes?: Document<Map<String, Value>>",
                updated_at as "updated_at?", (
                    select jsonb_object_agg(slot.slot_type, slot.number) from slot
                    where slot.workspace_id = $1 and slot.user_identity_id = chosen.user_identity_id and slot.number <> ''
                ) as "numbers?: Document<BTreeMap<String, String>>", 'tel:' || managed.number as "managed_number?", (
                    select jsonb_agg(jsonb_build_object('id', scim_group_id, 'name', display_name)
                        order by display_name, scim_group_id)
                    from scim_group_member join scim_group using (workspace_id, scim_group_id)
                    where scim_group_member.workspace_id = $1
                        and scim_group_member.user_identity_id = chosen.user_identity_id
                ) as "groups?: Document<Vec<GroupName>>"
            from chosen
            cross join lateral (
                select chosen.user_identity_id, 'work' as slot_type, $2::timestamptz as now
            ) as requested
            left join lateral ("#,
            r#") as managed on true
            order by chosen.created_at, chosen.user_identity_id
            "#
            $(, $argument)*
        ))
    };
}

impl Workspace {
    /// The user with this id.
    pub async fn scim_user(&self, id: UserIdentityId, now: DateTime<Utc>) -> Result<ScimUser> {
        self.scim_user_on(&self.store.pool, id, now).await
    }

    async fn scim_user_on(
        &self,
        executor: impl PgExecutor<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<ScimUser> {
        let users = self.users_by_ids(executor, &[id.0], now).await?;
        found(users.into_iter().next(), ResourceKind::UserIdentity, id)
    }

    /// The users with these ids, in order of creation.
    pub async fn scim_users_by_ids(&self, ids: &[UserIdentityId], now: DateTime<Utc>) -> Result<Vec<ScimUser>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.users_by_ids(&self.store.pool, &ids, now).await
    }

    async fn users_by_ids(
        &self,
        executor: impl PgExecutor<'_>,
        ids: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Vec<ScimUser>> {
        let rows = select_users!(
            "and person.user_identity_id = any ($7)",
            self.workspace_id(),
            now,
            None::<DateTime<Utc>>,
            None::<Uuid>,
            i64::try_from(ids.len()).unwrap_or(i64::MAX),
            0,
            ids,
        );
        Ok(rows.fetch_all(executor).await?.into_iter().map(|row| row.user(self.id())).collect())
    }

    /// Users in order of creation: those that an index finds, or all.
    #[expect(clippy::too_many_lines, reason = "a statement for each index")]
    pub async fn scim_users(
        &self,
        probe: &ScimUserProbe,
        window: ScimWindow,
        now: DateTime<Utc>,
    ) -> Result<Vec<ScimUser>> {
        let (workspace, pool, (at, id)) =
            (self.workspace_id(), &self.store.pool, window.after.map(|from| (from.created_at, from.id)).unzip());
        let (limit, offset) = (window.limit, window.offset);
        let rows = match probe {
            ScimUserProbe::Any => select_users!("", workspace, now, at, id, limit, offset).fetch_all(pool).await?,
            ScimUserProbe::Id(only) => {
                select_users!("and person.user_identity_id = $7", workspace, now, at, id, limit, offset, only.0)
                    .fetch_all(pool)
                    .await?
            }
            ScimUserProbe::UserName(name) => {
                select_users!(
                    "and person.user_identity_id in (
                        select user_identity_id from scim_user
                        where workspace_id = $1 and user_name_folded = (select folded(text) from normalize($7::text, nfc) as text)
                            and deleted_at is null
                        union all
                        select user_identity_id from user_identity
                        where workspace_id = $1 and normalize(user_identity_key, nfc) = normalize($7, nfc)
                        union all
                        select user_identity_id from user_identity
                        where workspace_id = $1 and email_address_folded = (select folded(text) from normalize($7, nfc) as text)
                        union all
                        select user_identity_id from user_identity where workspace_id = $1 and user_identity_id = $8)",
                    workspace,
                    now,
                    at,
                    id,
                    limit,
                    offset,
                    name,
                    Uuid::parse_str(name).ok(),
                )
                .fetch_all(pool)
                .await?
            }
            ScimUserProbe::ExternalId(external_id) => {
                select_users!(
                    "and person.user_identity_id in (
                        select user_identity_id from scim_user where workspace_id = $1 and external_id = $7)",
                    workspace,
                    now,
                    at,
                    id,
                    limit,
                    offset,
                    external_id,
                )
                .fetch_all(pool)
                .await?
            }
            ScimUserProbe::Email(address) => {
                select_users!(
                    "and person.user_identity_id in (
                        select user_identity_id from user_identity
                        where workspace_id = $1 and email_address_folded = (select folded(text) from normalize($7::text, nfc) as text)
                        union all
                        select user_identity_id from scim_user
                        where workspace_id = $1 and emails @> array[(select folded(text) from normalize($7, nfc) as text)])",
                    workspace,
                    now,
                    at,
                    id,
                    limit,
                    offset,
                    address,
                )
                .fetch_all(pool)
                .await?
            }
            ScimUserProbe::ModifiedSince(time) => {
                select_users!(
                    "and person.user_identity_id in (
                        select user_identity_id from scim_user where workspace_id = $1 and updated_at >= $7
                        union all
                        select user_identity_id from user_identity where workspace_id = $1 and created_at >= $7)",
                    workspace,
                    now,
                    at,
                    id,
                    limit,
                    offset,
                    time,
                )
                .fetch_all(pool)
                .await?
            }
        };
        Ok(rows.into_iter().map(|row| row.user(self.id())).collect())
    }

    /// Number of the users that a directory knows.
    pub async fn count_scim_users(&self) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"
            select (select count(*) from user_identity where workspace_id = $1)
                - (select count(*) from scim_user where workspace_id = $1 and deleted_at is not null) as "count!"
            "#,
            self.workspace_id(),
        )
        .fetch_one(&self.store.pool)
        .await?)
    }
}
