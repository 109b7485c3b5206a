//! Contacts, contact groups and applications of merged user identities.

use super::Merge;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::column;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

/// Maximum number of applications per user identity; the oldest ones beyond it end.
const MAX_APPLICATIONS: i64 = 100;

/// A contact that is in a group, and the group that it is in after the merge.
struct Grouped {
    contact_id: i64,
    contact_group_id: i64,
}

impl Workspace {
    /// Gives the primary the contacts and their groups. The members of a group whose name the primary has, too, join that one.
    /// Each moved contact counts as updated, so that clients which read what has changed find it.
    pub(super) async fn move_contacts(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.lock_contact_groups(connection, merge).await?;
        let grouped = self.grouped_contacts(connection, merge).await?;
        // First without their groups: a contact and its group have the same user identity after each statement.
        self.move_contacts_without_groups(connection, merge, now).await?;
        self.move_contact_groups(connection, merge).await?;
        if grouped.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"
            update contact set contact_group_id = group_id
            from unnest($2::bigint[], $3::bigint[]) as grouped (id, group_id)
            where workspace_id = $1 and contact_id = id
            "#,
            self.workspace_id(),
            &column(&grouped, |contact| contact.contact_id),
            &column(&grouped, |contact| contact.contact_group_id),
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn lock_contact_groups(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        sqlx::query!(
            r#"
            with held as materialized (
                select contact_group_id from contact_group
                where workspace_id = $1 and user_identity_id = any ($2)
                order by contact_group_id
                for update
            )
            select count(*) from held
            "#,
            self.workspace_id(),
            &merge.all(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    async fn grouped_contacts(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<Vec<Grouped>> {
        Ok(sqlx::query_as!(
            Grouped,
            r#"
            with own_group as materialized (
                select contact_group_id, name_folded, user_identity_id <> $2 as is_merged from contact_group
                where workspace_id = $1 and user_identity_id = any ($3)
            )
            select contact_id, (
                    select kept.contact_group_id from own_group as kept
                    where kept.name_folded = own_group.name_folded
                    order by kept.is_merged, kept.contact_group_id
                    limit 1
                ) as "contact_group_id!"
            from contact join own_group using (contact_group_id)
            where workspace_id = $1 and user_identity_id = any ($3) and is_merged
            for no key update of contact
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.all(),
        )
        .fetch_all(connection)
        .await?)
    }

    async fn move_contacts_without_groups(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<()> {
        // Of contacts that were imported from the same entry, one is known to the next import.
        sqlx::query!(
            r#"
            with known as materialized (
                select distinct on (import_key) contact_id from contact
                where workspace_id = $1 and user_identity_id = any ($3) and import_key is not null and deleted_at is null
                order by import_key, user_identity_id <> $2, contact_id
            )
            update contact
            set user_identity_id = $2, contact_group_id = null, updated_at = date_trunc('second', $5::timestamptz),
                import_key = case when contact_id in (select contact_id from known) then import_key end
            where workspace_id = $1 and user_identity_id = any ($4) and deleted_at is null
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.all(),
            &merge.merged(),
            now,
        )
        .execute(&mut *connection)
        .await?;
        // After the contacts are locked: a change of one that was under way may have replaced its numbers.
        sqlx::query!(
            "update contact_number set user_identity_id = $2 where workspace_id = $1 and user_identity_id = any ($3)",
            self.workspace_id(),
            merge.primary.0,
            &merge.merged(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn move_contact_groups(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        sqlx::query!(
            r#"
            with own_group as materialized (
                select contact_group_id, name_folded, user_identity_id <> $2 as is_merged from contact_group
                where workspace_id = $1 and user_identity_id = any ($3)
            ), kept as materialized (
                select distinct on (name_folded) contact_group_id from own_group
                order by name_folded, is_merged, contact_group_id
            ), deleted as (
                delete from contact_group
                where workspace_id = $1 and user_identity_id = any ($4)
                    and contact_group_id not in (select contact_group_id from kept)
            )
            update contact_group set user_identity_id = $2
            where workspace_id = $1 and user_identity_id = any ($4)
                and contact_group_id in (select contact_group_id from kept)
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.all(),
            &merge.merged(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Gives the primary the applications, but not one at an endpoint where it has another.
    pub(super) async fn move_applications(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        sqlx::query!(
            r#"
            with kept as materialized (
                select distinct on (endpoint_id) application_id from application
                where workspace_id = $1 and user_identity_id = any ($3)
                order by endpoint_id, user_identity_id <> $2, created_at desc, application_id
            )
            update application set user_identity_id = $2
            where workspace_id = $1 and user_identity_id = any ($4)
                and application_id in (select application_id from kept)
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.all(),
            &merge.merged(),
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            r#"
            with oldest as materialized (
                select application_id from application
                where workspace_id = $1 and user_identity_id = $2
                order by created_at desc, application_id
                offset $3
            )
            delete from application
            where workspace_id = $1 and application_id in (select application_id from oldest)
            "#,
            self.workspace_id(),
            merge.primary.0,
            MAX_APPLICATIONS,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
