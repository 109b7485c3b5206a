//! Import of user identities: many in one statement, each at most once.

use super::NewUserIdentity;
use crate::domain::id::UserIdentityId;
use crate::domain::text::normalized;
use crate::domain::user_identity::UserIdentityFields;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order};
use chrono::{DateTime, Utc};

/// The user identities that have the key, the e-mail address and the phone number of an imported one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownUsers {
    pub by_key: Option<UserIdentityId>,
    pub by_email: Option<UserIdentityId>,
    pub by_phone_number: Option<UserIdentityId>,
}

/// A user identity that has a requested value.
struct Row {
    /// Index of the request, from one.
    place: i64,
    user_identity_id: UserIdentityId,
}

impl Workspace {
    /// Who has the unique values of these user identities, in their order. A key that was merged counts as that of its user identity.
    pub async fn known_users(&self, users: &[UserIdentityFields]) -> Result<Vec<KnownUsers>> {
        let value = |value: &Option<String>| value.as_deref().map(normalized);
        let by_key = self.users_with_keys(&column(users, |user| value(&user.user_identity_key))).await?;
        let by_email = self.users_with_email_addresses(&column(users, |user| value(&user.email_address))).await?;
        let by_number = self.users_with_phone_numbers(&column(users, |user| user.phone_number.clone())).await?;
        let in_order = |rows: Vec<Row>| {
            let rows = rows.into_iter().map(|row| (row.place, Some(row.user_identity_id)));
            in_order(users.len(), || None, rows)
        };
        let known = in_order(by_key).into_iter().zip(in_order(by_email)).zip(in_order(by_number));
        let known = known.map(|((by_key, by_email), by_phone_number)| KnownUsers { by_key, by_email, by_phone_number });
        Ok(known.collect())
    }

    async fn users_with_keys(&self, keys: &[Option<String>]) -> Result<Vec<Row>> {
        Ok(sqlx::query_as!(
            Row,
            r#"
            select place as "place!", user_identity_id as "user_identity_id!: UserIdentityId"
            from unnest($2::text[]) with ordinality as requested (key, place)
            join user_identity on normalize(user_identity_key, nfc) = key
            where workspace_id = $1 and user_identity_key is distinct from duplicate_user_identity_key
            union all
            select place, user_identity_id
            from unnest($2) with ordinality as requested (key, place)
            join merged_user_identity on normalize(user_identity_key, nfc) = key
            where workspace_id = $1 and user_identity_key is not null
            "#,
            self.workspace_id(),
            keys as _,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    async fn users_with_email_addresses(&self, addresses: &[Option<String>]) -> Result<Vec<Row>> {
        Ok(sqlx::query_as!(
            Row,
            r#"
            with requested as materialized (
                select (select folded(text)) as address, place from unnest($2::text[]) with ordinality as given (text, place)
            )
            select place as "place!", user_identity_id as "user_identity_id: UserIdentityId"
            from requested join user_identity on email_address_folded = address
            where workspace_id = $1
            "#,
            self.workspace_id(),
            addresses as _,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    async fn users_with_phone_numbers(&self, numbers: &[Option<String>]) -> Result<Vec<Row>> {
        Ok(sqlx::query_as!(
            Row,
            r#"
            with requested as materialized (
                select (select folded(text)) as number, place from unnest($2::text[]) with ordinality as given (text, place)
            )
            select place as "place!", user_identity_id as "user_identity_id: UserIdentityId"
            from requested join user_identity on phone_number_folded = number
            where workspace_id = $1 and phone_number is distinct from duplicate_phone_number
            "#,
            self.workspace_id(),
            numbers as _,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Creates user identities in one statement, and says of each in their order whether it is new. One whose key, e-mail
    /// address or phone number is in use is passed over.
    pub async fn import_user_identities(
        &self,
        users: Vec<(UserIdentityId, UserIdentityFields)>,
        now: DateTime<Utc>,
    ) -> Result<Vec<bool>> {
        let requests = users.into_iter().map(|(id, fields)| NewUserIdentity::new(id, fields, now)).collect();
        let created = NewUserIdentity::write(self.clone(), requests, false).await?;
        Ok(created.into_iter().map(|user| user.is_some()).collect())
    }
}
