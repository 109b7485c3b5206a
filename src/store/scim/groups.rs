//! Groups of a directory: labels of user identities.

use crate::domain::id::{ScimGroupId, UserIdentityId};
use crate::domain::scim::*;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::PgExecutor;
use std::collections::BTreeSet;
use uuid::Uuid;

struct GroupRow {
    scim_group_id: ScimGroupId,
    display_name: String,
    external_id: Option<String>,
    attributes: Document<Map<String, Value>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    members: Vec<Uuid>,
}

impl From<GroupRow> for ScimGroup {
    fn from(row: GroupRow) -> ScimGroup {
        ScimGroup {
            scim_group_id: row.scim_group_id,
            display_name: row.display_name,
            external_id: row.external_id,
            attributes: row.attributes.0,
            members: row.members.into_iter().map(UserIdentityId).collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Selects groups; the literal is a further condition. **`$1` is the workspace, `$2` whether their members are read, `$3` and
/// `$4` are the position before the first, `$5` the limit and `$6` the offset.**
macro_rules! select_scim_groups {
    ($condition:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GroupRow,
            r#"
            with chosen as materialized (
                select scim_group_id, display_name, external_id, attributes, created_at, updated_at from scim_group
                where workspace_id = $1 and ($3::timestamptz is null or (created_at, scim_group_id) > ($3, $4::uuid))
            "# + $condition + r#"
                order by created_at, scim_group_id
                limit $5 offset $6
            )
            select scim_group_id as "scim_group_id!: ScimGroupId", display_name as "display_name!", external_id,
                attributes as "attributes!: Document<Map<String, Value>>", created_at as "created_at!",
                updated_at as "updated_at!", case when $2::boolean then array(
                    select user_identity_id from scim_group_member as member
                    where member.workspace_id = $1 and member.scim_group_id = chosen.scim_group_id
                    order by user_identity_id
                ) else '{}' end as "members!"
            from chosen
            order by created_at, scim_group_id
            "#
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// The group with this id.
    pub async fn scim_group(&self, id: ScimGroupId, with_members: bool) -> Result<ScimGroup> {
        self.scim_group_on(&self.store.pool, id, with_members).await
    }

    async fn scim_group_on(
        &self,
        executor: impl PgExecutor<'_>,
        id: ScimGroupId,
        with_members: bool,
    ) -> Result<ScimGroup> {
        let group = select_scim_groups!(
            "and scim_group_id = $7",
            self.workspace_id(),
            with_members,
            None::<DateTime<Utc>>,
            None::<Uuid>,
            1,
            0,
            id.0,
        );
        found(group.fetch_optional(executor).await?, ResourceKind::ScimGroup, id).map(ScimGroup::from)
    }

    /// Groups in order of creation: those that an index finds, or all.
    pub async fn scim_groups(
        &self,
        probe: &ScimGroupProbe,
        with_members: bool,
        window: ScimWindow,
    ) -> Result<Vec<ScimGroup>> {
        let (workspace, pool, (at, id)) =
            (self.workspace_id(), &self.store.pool, window.after.map(|from| (from.created_at, from.id)).unzip());
        let (limit, offset) = (window.limit, window.offset);
        let rows = match probe {
            ScimGroupProbe::Any => {
                select_scim_groups!("", workspace, with_members, at, id, limit, offset).fetch_all(pool).await?
            }
            ScimGroupProbe::Id(only) => {
                select_scim_groups!("and scim_group_id = $7", workspace, with_members, at, id, limit, offset, only.0)
                    .fetch_all(pool)
                    .await?
            }
            ScimGroupProbe::DisplayName(name) => {
                select_scim_groups!(
                    "and display_name_folded = (select folded(text) from normalize($7, nfc) as text)",
                    workspace,
                    with_members,
                    at,
                    id,
                    limit,
                    offset,
                    name,
                )
                .fetch_all(pool)
                .await?
            }
            ScimGroupProbe::ExternalId(external_id) => {
                select_scim_groups!("and external_id = $7", workspace, with_members, at, id, limit, offset, external_id)
                    .fetch_all(pool)
                    .await?
            }
            ScimGroupProbe::Member(person) => {
                select_scim_groups!(
                    "and scim_group_id in (
                        select scim_group_id from scim_group_member where workspace_id = $1 and user_identity_id = $7)",
                    workspace,
                    with_members,
                    at,
                    id,
                    limit,
                    offset,
                    person.0,
                )
                .fetch_all(pool)
                .await?
            }
        };
        Ok(rows.into_iter().map(ScimGroup::from).collect())
    }

    /// Number of groups.
    pub async fn count_scim_groups(&self) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from scim_group where workspace_id = $1"#,
            self.workspace_id(),
        )
        .fetch_one(&self.store.pool)
        .await?)
    }

    /// Creates a group. An unknown member is `NotFound`.
    pub async fn create_scim_group(
        &self,
        id: ScimGroupId,
        change: ScimGroupChange,
        now: DateTime<Utc>,
    ) -> Result<ScimGroup> {
        if self.count_scim_groups().await? >= MAX_GROUPS {
            return Err(Error::Conflict(Reason::TooManyGroups(MAX_GROUPS)));
        }
        let workspace = self.clone();
        let created = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.write_scim_group(connection, id, &change, now).await?;
                workspace.write_members(connection, id, &[], &change.members).await?;
                workspace.scim_group_on(connection, id, true).await
            })
        });
        created.await
    }

    /// Changes a group under its lock, as a function of what it is; `None` leaves it. Returns the group after it.
    pub async fn change_scim_group(
        &self,
        id: ScimGroupId,
        change: impl FnOnce(&ScimGroup) -> Result<Option<ScimGroupChange>> + Send + 'static,
        now: DateTime<Utc>,
    ) -> Result<ScimGroup> {
        let workspace = self.clone();
        let changed = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_scim_group(connection, id).await?;
                let group = workspace.scim_group_on(&mut *connection, id, true).await?;
                match change(&group)? {
                    None => Ok(group),
                    Some(change) => {
                        workspace.write_scim_group(connection, id, &change, now).await?;
                        workspace.write_members(connection, id, &group.members, &change.members).await?;
                        workspace.scim_group_on(connection, id, true).await
                    }
                }
            })
        });
        changed.await
    }

    /// Deletes a group, under its lock and if a condition holds. Its members stay.
    pub async fn delete_scim_group(
        &self,
        id: ScimGroupId,
        condition: impl FnOnce(&ScimGroup) -> Result<()> + Send + 'static,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        let deleted = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_scim_group(connection, id).await?;
                condition(&workspace.scim_group_on(&mut *connection, id, true).await?)?;
                workspace.delete_group_under_lock(connection, id, now).await
            })
        });
        deleted.await
    }

    async fn delete_group_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        id: ScimGroupId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with deleted as (
                delete from scim_group where workspace_id = $1 and scim_group_id = $4
                returning scim_group_id, display_name, external_id
            ), changes as (
                select 'scim_group.deleted' as action, scim_group_id as subject_id,
                    jsonb_build_object('display_name', display_name, 'external_id', external_id) as before,
                    null::jsonb as after
                from deleted
            )
            "#,
            "select scim_group_id from deleted",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    async fn lock_scim_group(&self, connection: &mut UnitConnection<'_>, id: ScimGroupId) -> Result<()> {
        let locked = sqlx::query_scalar!(
            "select scim_group_id from scim_group where workspace_id = $1 and scim_group_id = $2 for no key update",
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        found(locked, ResourceKind::ScimGroup, id).map(|_| ())
    }

    /// Writes a group without its members.
    async fn write_scim_group(
        &self,
        connection: &mut UnitConnection<'_>,
        id: ScimGroupId,
        change: &ScimGroupChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as materialized (
                select jsonb_build_object('display_name', display_name, 'external_id', external_id) as before
                from scim_group
                where workspace_id = $1 and scim_group_id = $4
            ), written as (
                insert into scim_group (workspace_id, scim_group_id, display_name, external_id, attributes, created_at,
                    updated_at)
                values ($1, $4, $5, $6, $7, $2, $2)
                on conflict (workspace_id, scim_group_id) do update
                set display_name = excluded.display_name, external_id = excluded.external_id,
                    attributes = excluded.attributes, updated_at = excluded.updated_at
                returning scim_group_id, display_name, external_id
            ), changes as (
                select case when before is null then 'scim_group.created' else 'scim_group.updated' end as action,
                    scim_group_id as subject_id, before,
                    jsonb_build_object('display_name', display_name, 'external_id', external_id) as after
                from written left join held on true
            )
            "#,
            "select scim_group_id from written",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            change.display_name,
            change.external_id,
            Value::from(change.attributes.clone()),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Adds and removes members. One that no directory knows is `NotFound`.
    async fn write_members(
        &self,
        connection: &mut UnitConnection<'_>,
        id: ScimGroupId,
        before: &[UserIdentityId],
        after: &[UserIdentityId],
    ) -> Result<()> {
        let (before, after): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
        let removed: Vec<Uuid> = before.difference(&after).map(|person| person.0).collect();
        let added: Vec<Uuid> = after.difference(&before).map(|person| person.0).collect();
        if !added.is_empty() {
            self.check_members(connection, &added).await?;
        }
        if removed.is_empty() && added.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"
            with removed as (
                delete from scim_group_member
                where workspace_id = $1 and scim_group_id = $2 and user_identity_id = any ($3)
            )
            insert into scim_group_member (workspace_id, scim_group_id, user_identity_id)
            select $1, $2, user_identity_id from unnest($4::uuid[]) as user_identity_id
            on conflict (workspace_id, scim_group_id, user_identity_id) do nothing
            "#,
            self.workspace_id(),
            id.0,
            &removed,
            &added,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Locks user identities that become members, in order.
    async fn check_members(&self, connection: &mut UnitConnection<'_>, added: &[Uuid]) -> Result<()> {
        let known: BTreeSet<Uuid> = sqlx::query_scalar!(
            r#"
            select person.user_identity_id from user_identity as person
            where person.workspace_id = $1 and person.user_identity_id = any ($2) and not exists (
                    select from scim_user
                    where scim_user.workspace_id = $1 and scim_user.user_identity_id = person.user_identity_id
                        and deleted_at is not null
                )
            order by person.user_identity_id
            for key share of person
            "#,
            self.workspace_id(),
            added,
        )
        .fetch_all(connection)
        .await?
        .into_iter()
        .collect();
        match added.iter().find(|person| !known.contains(person)) {
            Some(person) => Err(Error::NotFound(ResourceKind::UserIdentity, person.to_string())),
            None => Ok(()),
        }
    }
}
