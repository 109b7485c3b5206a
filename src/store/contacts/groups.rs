//! Contact groups: created, found, listed, renamed and deleted, which leaves their contacts without one.

use crate::domain::contact::*;
use crate::domain::extension::NamedField;
use crate::domain::id::{ContactGroupId, UserIdentityId};
use crate::domain::listing::{Listed, Listing};
use crate::error::{ResourceKind, Result};
use crate::store::pool::UnitConnection;
use crate::store::pool::rows;
use crate::store::sql::listing::{self, Column, Field, Source};
use crate::store::{Precondition, Workspace, sql::found};
use chrono::{DateTime, Utc};

/// A field of a group.
#[derive(Debug, Clone, Copy)]
struct GroupField(NamedField);

impl Field for GroupField {
    fn column(self) -> Column {
        match self.0 {
            NamedField::Id => Column::Number("contact_group_id"),
            NamedField::Name => Column::Text(&["name_folded"]),
        }
    }
}

/// Selects groups; the literal is the rest of the statement.
macro_rules! select_groups {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ContactGroup,
            r#"
            select contact_group_id as "contact_group_id: ContactGroupId", name
            from contact_group
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// The user identity's group with this id.
    pub async fn contact_group(&self, person: UserIdentityId, id: ContactGroupId) -> Result<ContactGroup> {
        let row = select_groups!(
            "where workspace_id = $1 and user_identity_id = $2 and contact_group_id = $3",
            self.workspace_id(),
            person.0,
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::ContactGroup, id)
    }

    /// The user identity's first group that matches, if any.
    pub async fn find_contact_group(
        &self,
        person: UserIdentityId,
        lookup: &GroupLookup,
    ) -> Result<Option<ContactGroup>> {
        Ok(select_groups!(
            "where workspace_id = $1 and user_identity_id = $2
                and case when $5
                    then ($3::bigint is null or contact_group_id = $3)
                        and ($4::text is null or name_folded = (select folded($4)))
                    else contact_group_id = $3 or name_folded = (select folded($4))
                end
            order by contact_group_id
            limit 1",
            self.workspace_id(),
            person.0,
            lookup.id,
            lookup.name,
            lookup.needs_all,
        )
        .fetch_optional(&self.store.pool)
        .await?)
    }

    /// A page of the user identity's groups.
    pub async fn contact_groups(
        &self,
        person: UserIdentityId,
        listing: &Listing<NamedField>,
    ) -> Result<Listed<ContactGroup>> {
        let source = Source {
            from: "from contact_group where workspace_id = $1 and user_identity_id = $2",
            id: "contact_group_id",
            keys: vec![Some(self.workspace_id()), Some(person.0)],
        };
        let (workspace, listing) = (self.clone(), listing.over(GroupField));
        let listed = self.store.pool.snapshot(move |connection| {
            Box::pin(async move {
                let selected = listing::select(connection, &source, &listing, None).await?;
                let rows = select_groups!(
                    "where workspace_id = $1 and user_identity_id = $2 and contact_group_id = any ($3)",
                    workspace.workspace_id(),
                    person.0,
                    &selected.ids,
                )
                .fetch_all(rows::Page(connection))
                .await?;
                let items = listing::in_order(rows, &selected.ids, |group| group.contact_group_id.0);
                Ok(Listed { items, total: selected.total })
            })
        });
        listed.await
    }

    /// Creates a group. An unknown user identity is `NotFound`.
    pub async fn create_contact_group(&self, person: UserIdentityId, name: &str) -> Result<ContactGroup> {
        let id = self.draw_ids("contact_group_id_sequence", 1).await?.pop();
        let made = sqlx::query_as!(
            ContactGroup,
            r#"
            with person as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $2
                for key share
            ), made as (
                insert into contact_group (workspace_id, contact_group_id, user_identity_id, name)
                select $1, coalesce($4, nextval('contact_group_id_sequence')), user_identity_id, $3 from person
                returning contact_group_id, name
            )
            select contact_group_id as "contact_group_id!: ContactGroupId", name as "name!" from made
            "#,
            self.workspace_id(),
            person.0,
            name,
            id,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(made, ResourceKind::UserIdentity, person)
    }

    /// Renames a group.
    pub async fn rename_contact_group(
        &self,
        person: UserIdentityId,
        id: ContactGroupId,
        name: String,
        precondition: Precondition<ContactGroup>,
    ) -> Result<ContactGroup> {
        let workspace = self.clone();
        if precondition.is_none() {
            let renamed = self.store.writer().run(move |connection| {
                Box::pin(async move { workspace.rename_group(connection, person, id, &name).await })
            });
            return renamed.await;
        }
        let renamed = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                precondition.check(&workspace.lock_group(connection, person, id).await?)?;
                workspace.rename_group(connection, person, id, &name).await
            })
        });
        renamed.await
    }

    async fn rename_group(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactGroupId,
        name: &str,
    ) -> Result<ContactGroup> {
        let renamed = sqlx::query_as!(
            ContactGroup,
            r#"
            update contact_group set name = $4
            where workspace_id = $1 and user_identity_id = $2 and contact_group_id = $3
            returning contact_group_id as "contact_group_id: ContactGroupId", name
            "#,
            self.workspace_id(),
            person.0,
            id.0,
            name,
        )
        .fetch_optional(connection)
        .await?;
        found(renamed, ResourceKind::ContactGroup, id)
    }

    /// Deletes a group. Its contacts lose it, which changes each.
    pub async fn delete_contact_group(
        &self,
        person: UserIdentityId,
        id: ContactGroupId,
        precondition: Precondition<ContactGroup>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        let deleted = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                // A transaction that adds a contact to it waits, and then finds no group.
                precondition.check(&workspace.lock_group(connection, person, id).await?)?;
                workspace.delete_group(connection, person, id, now).await
            })
        });
        deleted.await
    }

    /// Locks a group against any change until the transaction ends.
    async fn lock_group(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactGroupId,
    ) -> Result<ContactGroup> {
        let row = select_groups!(
            "where workspace_id = $1 and user_identity_id = $2 and contact_group_id = $3 for update",
            self.workspace_id(),
            person.0,
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        found(row, ResourceKind::ContactGroup, id)
    }

    async fn delete_group(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactGroupId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update contact set contact_group_id = null, updated_at = date_trunc('second', $4::timestamptz)
            where workspace_id = $1 and user_identity_id = $2 and contact_group_id = $3
            "#,
            self.workspace_id(),
            person.0,
            id.0,
            now,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "delete from contact_group where workspace_id = $1 and contact_group_id = $2",
            self.workspace_id(),
            id.0
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Locks a group against deletion until the transaction ends.
    pub(in crate::store) async fn hold_group(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactGroupId,
    ) -> Result<()> {
        let held = sqlx::query_scalar!(
            r#"
            select contact_group_id from contact_group
            where workspace_id = $1 and user_identity_id = $2 and contact_group_id = $3
            for key share
            "#,
            self.workspace_id(),
            person.0,
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        found(held, ResourceKind::ContactGroup, id).map(|_| ())
    }
}
