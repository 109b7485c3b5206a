//! User identities: created, read, listed and updated.

mod applications;
mod create;
mod delete;
mod directory;
mod extensions;
mod hash_queue;
mod import;
mod merge;
mod merged;
mod passwords;
mod search;
mod subscribers;
mod summary;

pub(in crate::store) use create::NewUserIdentity;
pub(in crate::store) use hash_queue::HashQueue;
pub use import::KnownUsers;
pub(in crate::store) use passwords::DUMMY_HASH;
pub use subscribers::SubscriberKey;
pub(in crate::store) use subscribers::SubscriberRow;

use crate::domain::id::UserIdentityId;
use crate::domain::page::{Page, Position};
use crate::domain::scope::Scope;
use crate::domain::user_identity::*;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::sql::{found, raw_ids};
use std::collections::BTreeSet;

/// Selects user identities; the literal is the rest of the statement.
macro_rules! select_user_identities {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            UserIdentity,
            r#"
            select workspace_id, user_identity_id, user_identity_key, email_address, phone_number, full_name, created_at,
                array(
                    select merged_user_identity_id from merged_user_identity as merged
                    where merged.workspace_id = $1 and merged.user_identity_id = user_identity.user_identity_id
                    order by merged_at, merged_user_identity_id
                ) as "merged_user_identity_ids!", array(
                    select merged.user_identity_key from merged_user_identity as merged
                    where merged.workspace_id = $1 and merged.user_identity_id = user_identity.user_identity_id
                        and merged.user_identity_key is not null
                    order by merged_at, merged_user_identity_id
                ) as "merged_user_identity_keys!"
            from user_identity
            "# + $rest
            $(, $argument)*
        )
    };
}
use select_user_identities;

impl Workspace {
    /// The user identity with this id.
    pub async fn user_identity(&self, id: UserIdentityId, scope: Scope) -> Result<UserIdentity> {
        let row = select_user_identities!(
            "where workspace_id = $1 and user_identity_id = $2 and ($3::uuid is null or user_identity_id = $3)",
            self.workspace_id(),
            id.0,
            scope.owner(),
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::UserIdentity, id)
    }

    /// The user identity with this key, in any canonically equivalent form, or with which one of this key was merged. The
    /// form that was stored wins over a duplicate from before there was this rule.
    pub async fn user_identity_by_key(&self, key: &str) -> Result<UserIdentity> {
        let row = select_user_identities!(
            "where workspace_id = $1 and (user_identity_key = $2 or (
                normalize(user_identity_key, nfc) = normalize($2, nfc)
                and user_identity_key is distinct from duplicate_user_identity_key))
            order by user_identity_key <> $2
            limit 1",
            self.workspace_id(),
            key,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        match row {
            Some(person) => Ok(person),
            None => self.user_identity_by_merged_key(key).await,
        }
    }

    async fn user_identity_by_merged_key(&self, key: &str) -> Result<UserIdentity> {
        let row = select_user_identities!(
            "where workspace_id = $1 and user_identity_id = (
                select user_identity_id from merged_user_identity
                where workspace_id = $1 and user_identity_key is not null
                    and normalize(user_identity_key, nfc) = normalize($2, nfc)
                order by user_identity_key <> $2, merged_at
                limit 1)",
            self.workspace_id(),
            key,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::UserIdentity, key)
    }

    /// User identities that match a filter, in order of creation.
    pub async fn user_identities(&self, filter: &UserIdentityFilter, scope: Scope) -> Result<Page<UserIdentity>> {
        let rows = select_user_identities!(
            "where workspace_id = $1
                and ($2::uuid is null or user_identity_id = $2)
                and ($3::uuid[] is null or user_identity_id = any (array(
                    select unnest($3)
                    union all
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and merged_user_identity_id = any ($3))))
                and ($4::text is null
                    or strpos(search_text, (select caseless($4))) > 0
                    or strpos(phone_number_folded, (select caseless($4))) > 0
                    or (length($4) >= 4 and starts_with(user_identity_id::text, (select caseless($4)))))
                and ($5::timestamptz is null or created_at < $5)
                and ($6::timestamptz is null or (created_at, user_identity_id) >= ($6, $7))
            order by created_at, user_identity_id
            limit $8",
            self.workspace_id(),
            scope.owner(),
            raw_ids(&filter.user_identity_ids) as _,
            filter.search,
            filter.created_before,
            filter.paging.from.map(|place| place.created_at),
            filter.paging.from.map(|place| place.id),
            filter.paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        Ok(filter.paging.cut(rows, |person| Position { created_at: person.created_at, id: person.user_identity_id.0 }))
    }

    /// Updates a user identity. The key of one that was merged into another is in use. A key in use is refused before the
    /// constraint is tried, which would wait for a merge that deletes the user identity of the key, and not for the alias.
    pub async fn update_user_identity(&self, id: UserIdentityId, change: &UserIdentityChange) -> Result<()> {
        let row = sqlx::query!(
            r#"
            with known as materialized (
                select user_identity_key as own from user_identity where workspace_id = $1 and user_identity_id = $2
            ), taken as materialized (
                select user_identity_id from merged_user_identity
                where workspace_id = $1 and $3 and user_identity_key is not null
                    and normalize(user_identity_key, nfc) = normalize($4, nfc) and user_identity_id <> $2
                union all
                select user_identity_id from user_identity
                where workspace_id = $1 and $3 and user_identity_key is distinct from duplicate_user_identity_key
                    and normalize(user_identity_key, nfc) = normalize($4, nfc) and user_identity_id <> $2
                    and not exists (select from known where own = $4)
            ), changed as (
                update user_identity
                set user_identity_key = case when $3 then $4 else user_identity_key end,
                    duplicate_user_identity_key = case
                        when $3 and user_identity_key is distinct from $4 then null else duplicate_user_identity_key
                    end,
                    email_address = case when $5 then $6 else email_address end,
                    duplicate_email_address = case
                        when $5 and email_address is distinct from $6 then null else duplicate_email_address
                    end,
                    phone_number = case when $7 then $8 else phone_number end,
                    duplicate_phone_number = case
                        when $7 and phone_number is distinct from $8 then null else duplicate_phone_number
                    end,
                    full_name = case when $9 then $10 else full_name end,
                    enterprise_voice = coalesce($11, enterprise_voice)
                where workspace_id = $1 and user_identity_id = $2 and not exists (select from taken)
                returning user_identity_id
            )
            select exists (select from known) as "is_known!", exists (select from taken) as "is_taken!",
                exists (select from changed) as "is_changed!"
            "#,
            self.workspace_id(),
            id.0,
            change.user_identity_key.is_some(),
            change.user_identity_key.clone().flatten(),
            change.email_address.is_some(),
            change.email_address.clone().flatten(),
            change.phone_number.is_some(),
            change.phone_number.clone().flatten(),
            change.full_name.is_some(),
            change.full_name.clone().flatten(),
            change.enterprise_voice,
        )
        .fetch_one(self.store.writer())
        .await?;
        if row.is_known && row.is_taken {
            return Err(Error::Conflict(Reason::UserIdentityExists("user_identity_key")));
        }
        found(row.is_changed.then_some(()), ResourceKind::UserIdentity, id)
    }

    /// Locks a user identity until the transaction ends.
    pub(super) async fn lock_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
    ) -> Result<()> {
        let locked = sqlx::query_scalar!(
            r#"
            select user_identity_id from user_identity
            where workspace_id = $1 and user_identity_id = $2
            for no key update
            "#,
            self.workspace_id(),
            person.0,
        )
        .fetch_optional(connection)
        .await?;
        found(locked, ResourceKind::UserIdentity, person).map(|_| ())
    }

    /// Locks user identities that are to get access until the transaction ends, and returns those that are locked. A locked or
    /// suspended one is passed over. `waits`: for all of them; an unknown one is `NotFound`, a suspended one is refused.
    pub(super) async fn lock_active_user_identities(
        &self,
        connection: &mut UnitConnection<'_>,
        persons: &[UserIdentityId],
        waits: bool,
    ) -> Result<BTreeSet<UserIdentityId>> {
        if waits {
            for person in persons {
                self.lock_active_user_identity(connection, *person).await?;
            }
            return Ok(persons.iter().copied().collect());
        }
        if persons.is_empty() {
            return Ok(BTreeSet::new());
        }
        let locked = sqlx::query_scalar!(
            r#"
            select user_identity_id as "user_identity_id: UserIdentityId" from user_identity
            where workspace_id = $1 and user_identity_id = any ($2) and suspended_at is null
            for no key update skip locked
            "#,
            self.workspace_id(),
            &persons.iter().map(|person| person.0).collect::<Vec<_>>(),
        );
        Ok(locked.fetch_all(connection).await?.into_iter().collect())
    }

    async fn lock_active_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
    ) -> Result<()> {
        let locked = sqlx::query_scalar!(
            r#"
            select suspended_at is not null as "is_suspended!" from user_identity
            where workspace_id = $1 and user_identity_id = $2
            for no key update
            "#,
            self.workspace_id(),
            person.0,
        )
        .fetch_optional(connection)
        .await?;
        match found(locked, ResourceKind::UserIdentity, person)? {
            true => Err(Error::Conflict(Reason::UserIdentitySuspended)),
            false => Ok(()),
        }
    }
}
