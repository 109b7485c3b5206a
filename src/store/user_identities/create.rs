//! Creation of user identities. Concurrent ones in a workspace share a statement.

use crate::domain::id::UserIdentityId;
use crate::domain::user_identity::*;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column};
use chrono::{DateTime, Utc};

/// A user identity to create, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct NewUserIdentity {
    id: UserIdentityId,
    fields: UserIdentityFields,
    at: DateTime<Utc>,
}

impl NewUserIdentity {
    pub(super) fn new(id: UserIdentityId, fields: UserIdentityFields, at: DateTime<Utc>) -> NewUserIdentity {
        NewUserIdentity { id, fields, at }
    }
}

/// Inserts user identities and returns them; the literal says what a conflict does. One whose key is in use is passed over before
/// the constraint is tried, which would wait for a merge that deletes the user identity of the key, and not for the alias.
macro_rules! insert_user_identities {
    ($workspace:expr, $requests:expr, $ids:expr, $on_conflict:tt) => {
        sqlx::query_as!(
            UserIdentity,
            r#"
            insert into user_identity (workspace_id, user_identity_id, user_identity_key, email_address, phone_number,
                full_name, enterprise_voice, created_at, extension_id)
            select $1, user_identity_id, user_identity_key, email_address, phone_number, full_name,
                coalesce(enterprise_voice, true), created_at, coalesce(drawn_id, nextval('extension_id_sequence'))
            from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::timestamptz[],
                $9::bigint[]) with ordinality as requested (user_identity_id, user_identity_key, email_address,
                    phone_number, full_name, enterprise_voice, created_at, drawn_id, place)
            where requested.user_identity_key is null or normalize(requested.user_identity_key, nfc) <> all (array(
                select normalize(user_identity_key, nfc) from merged_user_identity
                where workspace_id = $1 and user_identity_key is not null and normalize(user_identity_key, nfc) = any (array(
                    select normalize(requested_key, nfc) from unnest($3::text[]) as requested_key))
                union all
                select normalize(user_identity_key, nfc) from user_identity
                where workspace_id = $1 and user_identity_key is distinct from duplicate_user_identity_key
                    and normalize(user_identity_key, nfc) = any (array(
                        select normalize(requested_key, nfc) from unnest($3) as requested_key))))
            order by place
            "# + $on_conflict
                + r#"
            returning workspace_id, user_identity_id, user_identity_key, email_address, phone_number, full_name,
                created_at, '{}'::uuid[] as "merged_user_identity_ids!", '{}'::text[] as "merged_user_identity_keys!"
            "#,
            $workspace.workspace_id(),
            &column($requests, |request| request.id.0),
            &column($requests, |request| request.fields.user_identity_key.as_deref()) as _,
            &column($requests, |request| request.fields.email_address.as_deref()) as _,
            &column($requests, |request| request.fields.phone_number.as_deref()) as _,
            &column($requests, |request| request.fields.full_name.as_deref()) as _,
            &column($requests, |request| request.fields.enterprise_voice) as _,
            &column($requests, |request| request.at),
            $ids,
        )
        .fetch_all($workspace.store.writer())
    };
}

impl SharedWrite for NewUserIdentity {
    type Outcome = UserIdentity;

    async fn write(
        workspace: Workspace,
        requests: Vec<NewUserIdentity>,
        waits: bool,
    ) -> Result<Vec<Option<UserIdentity>>> {
        let ids = workspace.draw_ids("extension_id_sequence", requests.len()).await?;
        // One that conflicts is passed over. Alone it fails with the constraint that it violates.
        let created = match waits {
            false => insert_user_identities!(workspace, &requests, &ids, "on conflict do nothing").await?,
            true => insert_user_identities!(workspace, &requests, &ids, "").await?,
        };
        // Alone, what else is passed over has a key in use, or that of one that was merged into another.
        if waits && created.len() < requests.len() {
            return Err(Error::Conflict(Reason::UserIdentityExists("user_identity_key")));
        }
        let person = |request: &NewUserIdentity| created.iter().find(|person| person.user_identity_id == request.id);
        Ok(requests.iter().map(|request| person(request).cloned()).collect())
    }
}

impl Workspace {
    /// Creates a user identity. A key, e-mail address or phone number in use is a conflict.
    pub async fn create_user_identity(
        &self,
        id: UserIdentityId,
        fields: UserIdentityFields,
        now: DateTime<Utc>,
    ) -> Result<UserIdentity> {
        self.write(NewUserIdentity { id, fields, at: now }).await
    }
}
