//! Contacts: created, read, listed, updated and deleted. Deleted ones stay in the table and are never returned.

mod create;
mod groups;
mod import;
mod lists;

use crate::domain::contact::*;
use crate::domain::id::{ContactGroupId, ContactId, UserIdentityId};
use crate::domain::listing::{Listed, Listing};
use crate::error::{Error, ResourceKind, Result};
use crate::store::batch::{Lookup, each};
use crate::store::pool::UnitConnection;
use crate::store::pool::rows;
use crate::store::sql::listing::{self, Source};
use crate::store::sql::{faults::missing, found};
use crate::store::{Precondition, Workspace};
use chrono::{DateTime, Utc};
use lists::Page;
use serde_json::Value;

pub(super) use create::NewContact;
pub use import::ImportedContact;

/// Foreign key of a contact's group.
const GROUP_KEY: &str = "contact_group_fkey";

/// A row of a contact.
#[derive(Clone)]
struct Row {
    contact_id: ContactId,
    user_identity_id: UserIdentityId,
    said: ContactDocument,
    contact_group_id: Option<ContactGroupId>,
    group_name: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Contact {
    fn from(row: Row) -> Contact {
        Contact {
            contact_id: row.contact_id,
            said: row.said,
            group: group(row.contact_group_id, row.group_name),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

fn group(id: Option<ContactGroupId>, name: Option<String>) -> Option<ContactGroup> {
    id.zip(name).map(|(contact_group_id, name)| ContactGroup { contact_group_id, name })
}

/// Selects contacts; the literal is the rest of the statement.
macro_rules! select_contacts {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            select contact_id as "contact_id: ContactId", user_identity_id as "user_identity_id: UserIdentityId",
                said as "said: ContactDocument", contact_group_id as "contact_group_id: ContactGroupId",
                contact_group.name as "group_name?", created_at, updated_at
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Lookup for Contact {
    type Key = (UserIdentityId, ContactId);

    async fn all(keys: Vec<(UserIdentityId, ContactId)>, workspace: &Workspace) -> Result<Vec<Option<Contact>>> {
        let ids: Vec<i64> = keys.iter().map(|(_, id)| id.0).collect();
        let rows = select_contacts!(
            "from contact left join contact_group using (workspace_id, user_identity_id, contact_group_id)
            where workspace_id = $1 and contact_id = any ($2) and deleted_at is null",
            workspace.workspace_id(),
            &ids,
        );
        let rows = workspace.store.read_short(rows).await?;
        let each = each(&keys, &rows, |row| (row.user_identity_id, row.contact_id));
        Ok(each.into_iter().map(|row| row.map(Contact::from)).collect())
    }
}

impl Workspace {
    /// The user identity's contact with this id.
    pub async fn contact(&self, person: UserIdentityId, id: ContactId) -> Result<Contact> {
        found(self.look_up((person, id)).await?, ResourceKind::Contact, id)
    }

    /// A page of the user identity's contacts. Items and total come from one snapshot.
    pub async fn contacts(&self, person: UserIdentityId, listing: &Listing<ContactField>) -> Result<Listed<Contact>> {
        if let Some(page) = Page::of(person, listing)
            && let Some(listed) = self.look_up(page).await?
        {
            return Ok(listed);
        }
        let source = Source {
            from: "from contact where workspace_id = $1 and user_identity_id = $2 and deleted_at is null",
            id: "contact_id",
            keys: vec![Some(self.workspace_id()), Some(person.0)],
        };
        let (workspace, listing) = (self.clone(), listing.clone());
        let listed = self.store.pool.snapshot(move |connection| {
            Box::pin(async move {
                let known = match listing.conditions.is_empty() {
                    true => Some(workspace.count_contacts(connection, person).await?),
                    false => None,
                };
                let selected = listing::select(connection, &source, &listing, known).await?;
                let rows = workspace.selected_contacts(connection, person, &selected.ids).await?;
                let items = listing::in_order(rows, &selected.ids, |row| row.contact_id.0);
                Ok(Listed { items: items.into_iter().map(Contact::from).collect(), total: selected.total })
            })
        });
        listed.await
    }

    async fn selected_contacts(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        ids: &[i64],
    ) -> Result<Vec<Row>> {
        Ok(select_contacts!(
            "from contact left join contact_group using (workspace_id, user_identity_id, contact_group_id)
            where workspace_id = $1 and user_identity_id = $2 and contact_id = any ($3)",
            self.workspace_id(),
            person.0,
            ids,
        )
        .fetch_all(rows::Page(connection))
        .await?)
    }

    async fn count_contacts(&self, connection: &mut UnitConnection<'_>, person: UserIdentityId) -> Result<i64> {
        let count = sqlx::query_scalar!(
            "select contact_count from user_identity where workspace_id = $1 and user_identity_id = $2",
            self.workspace_id(),
            person.0,
        )
        .fetch_optional(connection)
        .await?;
        Ok(count.unwrap_or(0))
    }

    async fn insert_numbers(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactId,
        numbers: &[ContactNumber],
    ) -> Result<()> {
        let normalized: Vec<String> = numbers.iter().map(|number| number.normalized.clone()).collect();
        let entered: Vec<String> = numbers.iter().map(|number| number.number.clone()).collect();
        sqlx::query!(
            r#"
            insert into contact_number (workspace_id, contact_id, place, user_identity_id, normalized, entered)
            select $1, $2, place, $3, normalized, entered
            from unnest($4::text[], $5::text[]) with ordinality as number (normalized, entered, place)
            "#,
            self.workspace_id(),
            id.0,
            person.0,
            &normalized,
            &entered,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Updates a contact. A group that is not the user identity's is `NotFound`.
    pub async fn update_contact(
        &self,
        person: UserIdentityId,
        id: ContactId,
        change: ContactChange,
        rest: UpdateMode,
        precondition: Precondition<Contact>,
        now: DateTime<Utc>,
    ) -> Result<Contact> {
        let workspace = self.clone();
        let updated = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                // A group is locked before its contacts, as when a group is deleted.
                if let Some(Some(group)) = change.group {
                    workspace.hold_group(connection, person, group).await?;
                }
                let contact = workspace.lock_contact(connection, person, id).await?;
                precondition.check(&contact)?;
                let mut fields = match rest {
                    UpdateMode::Merge => contact.fields().map_err(|fault| Error::Internal(fault.into()))?,
                    UpdateMode::Replace => ContactFields::default(),
                };
                fields.take(change);
                workspace.write_contact(connection, id, &fields, now).await?;
                workspace.delete_numbers(connection, id).await?;
                workspace.insert_numbers(connection, person, id, &fields.phone_numbers).await
            })
        });
        updated.await?;
        self.contact(person, id).await
    }

    async fn delete_numbers(&self, connection: &mut UnitConnection<'_>, id: ContactId) -> Result<()> {
        sqlx::query!(
            "delete from contact_number where workspace_id = $1 and contact_id = $2",
            self.workspace_id(),
            id.0
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn lock_contact(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactId,
    ) -> Result<Contact> {
        let row = select_contacts!(
            "from contact left join contact_group using (workspace_id, user_identity_id, contact_group_id)
            where workspace_id = $1 and user_identity_id = $2 and contact_id = $3 and deleted_at is null
            for no key update of contact",
            self.workspace_id(),
            person.0,
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        found(row, ResourceKind::Contact, id).map(Contact::from)
    }

    async fn write_contact(
        &self,
        connection: &mut UnitConnection<'_>,
        id: ContactId,
        fields: &ContactFields,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update contact
            set contact_group_id = $3, emails = $4, phone_numbers = $5, addresses = $6,
                updated_at = date_trunc('second', $7::timestamptz),
                (prefix, first_name, middle_name, last_name, suffix, nickname, company, phonetic_first_name,
                    phonetic_middle_name, phonetic_last_name, department, job_title) = (
                    select text[1], text[2], text[3], text[4], text[5], text[6], text[7], text[8], text[9], text[10],
                        text[11], text[12]
                    from (values ($8::text[])) as texts (text)
                )
            where workspace_id = $1 and contact_id = $2
            "#,
            self.workspace_id(),
            id.0,
            fields.group.map(|id| id.0),
            document(&fields.emails),
            document(&fields.phone_numbers),
            document(&fields.addresses),
            now,
            fields.texts.as_slice(),
        )
        .execute(connection)
        .await
        .map_err(|fault| missing(fault, GROUP_KEY, ResourceKind::ContactGroup, fields.group))?;
        Ok(())
    }

    /// Deletes a contact.
    pub async fn delete_contact(
        &self,
        person: UserIdentityId,
        id: ContactId,
        precondition: Precondition<Contact>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        if precondition.is_none() {
            let deleted = self.store.writer().run(move |connection| {
                Box::pin(async move { workspace.mark_deleted(connection, person, id, now).await })
            });
            return deleted.await;
        }
        let deleted = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, person).await?;
                precondition.check(&workspace.lock_contact(connection, person, id).await?)?;
                workspace.mark_deleted(connection, person, id, now).await
            })
        });
        deleted.await
    }

    async fn mark_deleted(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ContactId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let deleted = sqlx::query_scalar!(
            r#"
            with person as materialized (
                -- First, as by all that change both.
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $2
                for no key update
            ), deleted as (
                update contact set deleted_at = $4, contact_group_id = null
                where workspace_id = $1 and user_identity_id = (select user_identity_id from person) and contact_id = $3
                    and deleted_at is null
                returning contact_id
            ), numbers as (
                delete from contact_number
                where workspace_id = $1 and contact_id in (select contact_id from deleted)
            )
            update user_identity set contact_count = contact_count - 1
            where workspace_id = $1 and user_identity_id = $2 and exists (select from deleted)
            returning contact_count
            "#,
            self.workspace_id(),
            person.0,
            id.0,
            now,
        )
        .fetch_optional(connection)
        .await?;
        found(deleted, ResourceKind::Contact, id).map(|_| ())
    }
}

/// A list as the JSON of its column.
fn document<T: serde::Serialize>(list: &[T]) -> Value {
    serde_json::to_value(list).unwrap_or_default()
}
