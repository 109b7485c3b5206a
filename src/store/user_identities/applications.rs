//! Applications of user identities: created, made available, ended.

use crate::domain::application::NewApplication;
use crate::domain::id::{ApplicationId, UserIdentityId};
use crate::domain::presence::{Availability, PresenceChange};
use crate::domain::text::normalized;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::pool::UnitConnection;
use crate::store::{Precondition, Workspace, sql::found};
use chrono::{DateTime, Utc};

/// Maximum number of applications per user identity; one more ends the oldest.
const MAX_APPLICATIONS: i64 = 100;

impl Workspace {
    /// Creates an application. Returns its id and whether it is new: another window of the same instance shares the
    /// existing one. At the same endpoint it replaces the former one and keeps its availability. Canonically equivalent ids
    /// are the same; that of an endpoint is not shown, so it is stored in the form that is compared. The user identity is locked
    /// before its applications, as a merge does. An unknown one is `NotFound`.
    pub async fn begin_application(
        &self,
        person: UserIdentityId,
        new: &NewApplication,
        now: DateTime<Utc>,
    ) -> Result<(ApplicationId, bool)> {
        let begun = sqlx::query!(
            r#"
            with person as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $2
                for key share
            ), known as materialized (
                select application_id from application
                where workspace_id = $1 and user_identity_id = $2 and normalize(instance_id, nfc) = normalize($5, nfc)
                order by created_at desc, application_id
                limit 1
            ), oldest as materialized (
                select application_id from application
                where workspace_id = $1 and user_identity_id = $2 and endpoint_id <> $4
                order by created_at desc, application_id
                offset $10
            ), begun as (
                insert into application (workspace_id, user_identity_id, application_id, endpoint_id, instance_id, culture,
                    user_agent, application_type, created_at)
                select $1, user_identity_id, $3, $4, $5, $6, $7, $8, $9 from person
                where not exists (select from known)
                on conflict (workspace_id, user_identity_id, endpoint_id) do update
                set application_id = excluded.application_id, instance_id = excluded.instance_id,
                    culture = excluded.culture, user_agent = excluded.user_agent,
                    application_type = excluded.application_type, created_at = excluded.created_at
                returning application_id
            ), ended as (
                delete from application
                where workspace_id = $1 and exists (select from person)
                    and application_id in (select application_id from oldest)
            )
            select application_id as "application_id!", true as "is_new!" from begun
            union all
            select application_id, false from known where exists (select from person)
            "#,
            self.workspace_id(),
            person.0,
            new.application_id.0,
            normalized(&new.endpoint_id),
            new.instance_id,
            new.culture,
            new.user_agent,
            new.application_type,
            now,
            MAX_APPLICATIONS - 1,
        )
        .fetch_optional(self.store.writer())
        .await?;
        let begun = found(begun, ResourceKind::UserIdentity, person)?;
        Ok((ApplicationId(begun.application_id), begun.is_new))
    }

    /// Makes a user identity available by an application, with this availability if it chooses one. Twice is a conflict.
    pub async fn make_available(
        &self,
        person: UserIdentityId,
        id: ApplicationId,
        availability: Option<Availability>,
    ) -> Result<()> {
        let was_available = sqlx::query_scalar!(
            r#"
            with held as materialized (
                select application_id, is_available from application
                where workspace_id = $1 and user_identity_id = $2 and application_id = $3
                for no key update
            ), made as (
                update application set is_available = true, availability = $4
                from held
                where application.workspace_id = $1 and application.application_id = held.application_id
                    and not held.is_available
            )
            select is_available from held
            "#,
            self.workspace_id(),
            person.0,
            id.0,
            availability.map(|availability| availability.into_str()),
        )
        .fetch_optional(self.store.writer())
        .await?;
        match found(was_available, ResourceKind::Application, id)? {
            true => Err(Error::Conflict(Reason::AlreadyAvailable)),
            false => Ok(()),
        }
    }

    /// Changes what a user identity shows by an application. It is a conflict before the application has made it available.
    pub async fn change_presence(
        &self,
        person: UserIdentityId,
        id: ApplicationId,
        change: PresenceChange,
    ) -> Result<()> {
        let (column, value) = match change {
            PresenceChange::Availability(value) => ("availability", value.map(|value| value.into_str().to_owned())),
            PresenceChange::Note(value) => ("note", value),
            PresenceChange::Location(value) => ("location", value),
        };
        let is_available = sqlx::query_scalar!(
            r#"
            with held as materialized (
                select application_id, is_available from application
                where workspace_id = $1 and user_identity_id = $2 and application_id = $3
                for no key update
            ), changed as (
                update application
                set availability = case $4::text when 'availability' then $5 else availability end,
                    note = case $4 when 'note' then $5 else note end,
                    location = case $4 when 'location' then $5 else location end
                from held
                where application.workspace_id = $1 and application.application_id = held.application_id
                    and held.is_available
            )
            select is_available from held
            "#,
            self.workspace_id(),
            person.0,
            id.0,
            column,
            value,
        )
        .fetch_optional(self.store.writer())
        .await?;
        match found(is_available, ResourceKind::Application, id)? {
            true => Ok(()),
            false => Err(Error::Conflict(Reason::NotAvailable)),
        }
    }

    /// Ends an application of a user identity. The precondition is on whether it has made the user identity available.
    pub async fn end_application(
        &self,
        person: UserIdentityId,
        id: ApplicationId,
        precondition: Precondition<bool>,
    ) -> Result<()> {
        let workspace = self.clone();
        if precondition.is_none() {
            let ended = self.store.writer().run(move |connection| {
                Box::pin(async move { workspace.delete_application(connection, person, id).await })
            });
            return ended.await;
        }
        let ended = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                let is_available = sqlx::query_scalar!(
                    r#"
                    select is_available from application
                    where workspace_id = $1 and user_identity_id = $2 and application_id = $3
                    for update
                    "#,
                    workspace.workspace_id(),
                    person.0,
                    id.0,
                )
                .fetch_optional(&mut *connection)
                .await?;
                precondition.check(&found(is_available, ResourceKind::Application, id)?)?;
                workspace.delete_application(connection, person, id).await
            })
        });
        ended.await
    }

    async fn delete_application(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        id: ApplicationId,
    ) -> Result<()> {
        let ended = sqlx::query!(
            "delete from application where workspace_id = $1 and user_identity_id = $2 and application_id = $3",
            self.workspace_id(),
            person.0,
            id.0,
        )
        .execute(connection)
        .await?;
        found((ended.rows_affected() > 0).then_some(()), ResourceKind::Application, id)
    }
}
