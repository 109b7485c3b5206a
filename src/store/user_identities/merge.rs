//! Merge of user identities into a primary one, as one unit of work: what belongs to them is the primary's then, and their ids
//! and keys name it.
//!
//! **Locks.** The user identities, in the order of their ids, then their phones; everything else in the order of a deletion. So
//! merges of the same user identities wait for each other, and the later one finds what the earlier one has made of them.

mod contacts;
mod directory;
mod limits;
mod numbers;
mod phones;
mod sessions;

use crate::domain::id::UserIdentityId;
use crate::domain::user_identity::MergeRequest;
use crate::error::{Error, MergeRefusal, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::column;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Attempts of a merge, each but the last of which another request has overtaken.
const ATTEMPTS: usize = 30;

/// A user identity that a request names.
struct Named {
    name: String,
    own: Option<UserIdentityId>,
    merged_into: Option<UserIdentityId>,
}

/// What is to be merged. The merged ones are distinct, in the order of the request, and the primary is none of them.
#[derive(Debug, Clone)]
struct Merge {
    /// A new id, of which the ids of events and credentials are made.
    merge_id: Uuid,
    primary: UserIdentityId,
    merged: Vec<UserIdentityId>,
}

/// A locked user identity.
struct LockedPerson {
    user_identity_id: UserIdentityId,
    email_address: Option<String>,
    duplicate_email_address: Option<String>,
    phone_number: Option<String>,
    duplicate_phone_number: Option<String>,
    password_hash: Option<String>,
    is_suspended: bool,
    contact_count: i64,
}

impl Merge {
    /// All user identities, the primary first.
    fn all(&self) -> Vec<Uuid> {
        std::iter::once(self.primary.0).chain(self.merged()).collect()
    }

    fn merged(&self) -> Vec<Uuid> {
        column(&self.merged, |person| person.0)
    }
}

impl Workspace {
    /// Merges user identities into a primary one. What is merged already stays as it is. One that is unknown is `NotFound`;
    /// one that is suspended, or that was merged into another one, is a conflict, and so is a merge beyond a limit.
    /// `merge_id` is a new id.
    pub async fn merge_user_identities(
        &self,
        request: &MergeRequest,
        merge_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let Some(merge) = self.plan_merge(request, merge_id).await? else { return Ok(()) };
            let workspace = self.clone();
            let merged = self.store.emitter().transact(move |connection| {
                Box::pin(async move { workspace.merge_under_locks(connection, &merge, now).await })
            });
            if merged.await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable("other requests merge the same user identities".to_owned()))
    }

    /// What a request is to merge; None if all of it is merged already.
    async fn plan_merge(&self, request: &MergeRequest, merge_id: Uuid) -> Result<Option<Merge>> {
        let mut named = match request {
            MergeRequest::ById { primary, merged } => self.named_by_id(primary, merged).await?,
            MergeRequest::ByKey { primary, merged } => self.named_by_key(primary, merged).await?,
        }
        .into_iter();
        let refused = |refusal| Error::Conflict(Reason::NotMergeable(refusal));
        let unknown = |name: &str| Error::NotFound(ResourceKind::UserIdentity, name.to_owned());
        let first = named.next().ok_or_else(|| Error::Internal("a merge without a primary".into()))?;
        let primary = first.own.or(first.merged_into).ok_or_else(|| unknown(&first.name))?;
        let mut merged = Vec::new();
        for person in named {
            match (person.own, person.merged_into) {
                (Some(own), _) if first.own == Some(own) => return Err(refused(MergeRefusal::IntoItself)),
                (Some(own), _) if own != primary && !merged.contains(&own) => merged.push(own),
                (None, Some(other)) if other != primary => {
                    return Err(refused(MergeRefusal::Elsewhere(other.to_string())));
                }
                (None, None) => return Err(unknown(&person.name)),
                _ => {}
            }
        }
        Ok((!merged.is_empty()).then_some(Merge { merge_id, primary, merged }))
    }

    async fn named_by_id(&self, primary: &UserIdentityId, merged: &[UserIdentityId]) -> Result<Vec<Named>> {
        let ids: Vec<Uuid> = std::iter::once(primary).chain(merged).map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            Named,
            r#"
            select id::text as "name!", (
                    select user_identity_id from user_identity where workspace_id = $1 and user_identity_id = id
                ) as "own: UserIdentityId", (
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and merged_user_identity_id = id
                ) as "merged_into: UserIdentityId"
            from unnest($2::uuid[]) with ordinality as requested (id, place)
            order by place
            "#,
            self.workspace_id(),
            &ids,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    async fn named_by_key(&self, primary: &str, merged: &[String]) -> Result<Vec<Named>> {
        let keys: Vec<String> =
            std::iter::once(primary).chain(merged.iter().map(String::as_str)).map(str::to_owned).collect();
        Ok(sqlx::query_as!(
            Named,
            r#"
            select key as "name!", (
                    select user_identity_id from user_identity
                    where workspace_id = $1 and (user_identity_key = key or (
                        normalize(user_identity_key, nfc) = normalize(key, nfc)
                        and user_identity_key is distinct from duplicate_user_identity_key))
                    order by user_identity_key <> key
                    limit 1
                ) as "own: UserIdentityId", (
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and user_identity_key is not null
                        and normalize(user_identity_key, nfc) = normalize(key, nfc)
                    order by user_identity_key <> key, merged_at
                    limit 1
                ) as "merged_into: UserIdentityId"
            from unnest($2::text[]) with ordinality as requested (key, place)
            order by place
            "#,
            self.workspace_id(),
            &keys,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// False, and without a change, if another request has merged or deleted one of the user identities.
    async fn merge_under_locks(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let persons = self.lock_merge(connection, merge).await?;
        if persons.len() <= merge.merged.len() {
            return Ok(false);
        }
        if persons.iter().any(|person| person.is_suspended) {
            return Err(Error::Conflict(Reason::UserIdentitySuspended));
        }
        let all: Vec<_> = persons.iter().map(|person| person.user_identity_id).collect();
        self.lock_phones_of(connection, &all).await?;
        self.check_merge(connection, merge).await?;
        self.move_contacts(connection, merge, now).await?;
        let number = self.move_slots_and_number(connection, merge, now).await?;
        self.move_directory_records(connection, merge, now).await?;
        self.move_sessions(connection, merge).await?;
        self.move_applications(connection, merge).await?;
        self.move_device_access(connection, merge, now).await?;
        self.move_phones(connection, merge, number, now).await?;
        self.replace_merged(connection, merge, now).await?;
        self.complete_primary(connection, merge, &persons).await?;
        Ok(true)
    }

    async fn lock_merge(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<Vec<LockedPerson>> {
        Ok(sqlx::query_as!(
            LockedPerson,
            r#"
            select user_identity_id, email_address, duplicate_email_address, phone_number, duplicate_phone_number,
                password_hash, suspended_at is not null as "is_suspended!", contact_count
            from user_identity
            where workspace_id = $1 and user_identity_id = any ($2)
            order by user_identity_id
            for update
            "#,
            self.workspace_id(),
            &merge.all(),
        )
        .fetch_all(connection)
        .await?)
    }

    /// Deletes the merged user identities, with what has no place at the primary, and has their ids and keys name it.
    async fn replace_merged(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            "update merged_user_identity set user_identity_id = $2 where workspace_id = $1 and user_identity_id = any ($3)",
            self.workspace_id(),
            merge.primary.0,
            &merge.merged(),
        )
        .execute(&mut *connection)
        .await?;
        audited!(
            query_scalar,
            r#"
            with replaced as materialized (
                select user_identity_id, user_identity_key, email_address, phone_number, full_name from user_identity
                where workspace_id = $1 and user_identity_id = any ($5)
            ), recorded as (
                insert into merged_user_identity (workspace_id, merged_user_identity_id, user_identity_id,
                    user_identity_key, merged_at)
                select $1, user_identity_id, $4, user_identity_key, $2 from replaced
            ), deleted as (
                delete from user_identity where workspace_id = $1 and user_identity_id = any ($5)
                returning user_identity_id
            ), changes as (
                select 'user_identity.merged' as action, user_identity_id as subject_id, to_jsonb(replaced) as before,
                    jsonb_build_object('user_identity_id', $4::uuid) as after
                from replaced
            )
            "#,
            r#"select count(*) as "count!" from deleted"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            merge.primary.0,
            &merge.merged(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Gives the primary what it lacks and a merged user identity had, the first that had it.
    async fn complete_primary(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        persons: &[LockedPerson],
    ) -> Result<()> {
        let in_order: Vec<&LockedPerson> = std::iter::once(&merge.primary)
            .chain(&merge.merged)
            .filter_map(|id| persons.iter().find(|person| person.user_identity_id == *id))
            .collect();
        let first_of = |value: fn(&LockedPerson) -> Option<&String>| {
            in_order.iter().find(|person| value(person).is_some_and(|text| !text.is_empty())).copied()
        };
        let with_email = first_of(|person| person.email_address.as_ref());
        let with_number = first_of(|person| person.phone_number.as_ref());
        sqlx::query!(
            r#"
            update user_identity
            set email_address = $3, duplicate_email_address = $4, phone_number = $5, duplicate_phone_number = $6,
                password_hash = $7, contact_count = $8
            where workspace_id = $1 and user_identity_id = $2
            "#,
            self.workspace_id(),
            merge.primary.0,
            with_email.and_then(|person| person.email_address.clone()),
            with_email.and_then(|person| person.duplicate_email_address.clone()),
            with_number.and_then(|person| person.phone_number.clone()),
            with_number.and_then(|person| person.duplicate_phone_number.clone()),
            in_order.iter().find_map(|person| person.password_hash.clone()),
            persons.iter().map(|person| person.contact_count).sum::<i64>(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
