//! Passwords of operators, and sign-in by e-mail address and password: one hash for each attempt, so that its duration tells nothing about
//! the address.

use super::sessions::insert_session;
use crate::domain::id::{OperatorId, OperatorSessionId};
use crate::domain::operator::{OpenedSession, Operator, SignInMethod};
use crate::domain::password::{Password, PasswordHash};
use crate::error::Result;
use crate::random::Random;
use crate::store::user_identities::DUMMY_HASH;
use crate::store::{Origin, Store};
use chrono::{DateTime, Utc};

impl Store {
    /// Opens a session of the operator with this e-mail address and password; `None` if either is wrong.
    pub async fn sign_in_operator(
        &self,
        email: &str,
        password: &str,
        origin: Origin,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<OpenedSession>> {
        let admission = self.hash_queue.enter(origin.client_network())?;
        let known = self.operator_with_password(email).await?;
        let hash = known.as_ref().map_or_else(|| DUMMY_HASH.clone(), |(_, hash)| hash.clone());
        let password = Password::given(password);
        let is_match = admission.run(move || hash.fits(&password)).await?;
        let Some((operator, hash)) = known.filter(|_| is_match) else { return Ok(None) };
        let random = random.clone();
        let opened = self.writer().transact(move |connection| {
            Box::pin(async move {
                // A password that was changed, or an operator removed, while the hash ran, opens nothing.
                let current = sqlx::query_scalar!(
                    "select operator_id from operator where operator_id = $1 and password_hash = $2 for share",
                    operator.operator_id.0,
                    hash.0,
                )
                .fetch_optional(&mut *connection)
                .await?;
                if current.is_none() {
                    return Ok(None);
                }
                insert_session(connection, operator, SignInMethod::Password, origin, now, &random).await.map(Some)
            })
        });
        opened.await
    }

    /// Whether an operator has a password.
    pub async fn has_operator_password(&self, operator: OperatorId) -> Result<bool> {
        let has = sqlx::query_scalar!(
            r#"select exists (select from operator where operator_id = $1 and password_hash is not null) as "has!""#,
            operator.0,
        );
        Ok(has.fetch_one(&self.pool).await?)
    }

    /// Replaces the password of an operator, and ends its links and its sessions but for one; `None` if the current password is
    /// wrong, or if there is none.
    pub async fn change_operator_password(
        &self,
        operator: &Operator,
        kept: OperatorSessionId,
        current: &str,
        chosen: Password,
        origin: Origin,
        random: &Random,
    ) -> Result<Option<()>> {
        let admission = self.hash_queue.enter(origin.client_network())?;
        let id = operator.operator_id;
        let known = self.operator_with_password(&operator.email).await?;
        let Some((_, hash)) = known.filter(|(known, _)| known.operator_id == id) else { return Ok(None) };
        let (password, old, random) = (Password::given(current), hash.clone(), random.clone());
        let new = admission.run(move || old.fits(&password).then(|| chosen.hash(&random))).await?;
        let Some(new) = new else { return Ok(None) };
        let changed = self.writer().transact(move |connection| {
            Box::pin(async move {
                let changed = sqlx::query_scalar!(
                    r#"
                    update operator set password_hash = $3 where operator_id = $1 and password_hash = $2
                    returning operator_id
                    "#,
                    id.0,
                    hash.0,
                    new.0,
                )
                .fetch_optional(&mut *connection)
                .await?;
                if changed.is_none() {
                    return Ok(None);
                }
                sqlx::query!(
                    "delete from operator_session where operator_id = $1 and operator_session_id <> $2",
                    id.0,
                    kept.0,
                )
                .execute(&mut *connection)
                .await?;
                sqlx::query!("delete from operator_link where operator_id = $1", id.0).execute(connection).await?;
                Ok(Some(()))
            })
        });
        changed.await
    }

    /// The operator with this e-mail address and a password, and its hash.
    async fn operator_with_password(&self, email: &str) -> Result<Option<(Operator, PasswordHash)>> {
        // Postgres cannot store U+0000, so no address contains it.
        let email = email.replace('\0', "\u{fffd}");
        let row = sqlx::query!(
            r#"
            select operator_id as "operator_id: OperatorId", email, password_hash as "password_hash!" from operator
            where email_folded = folded($1) and password_hash is not null
            "#,
            email,
        )
        .fetch_optional(&self.pool)
        .await?;
        let known = |operator_id, email| Operator { operator_id, email };
        Ok(row.map(|row| (known(row.operator_id, row.email), PasswordHash(row.password_hash))))
    }
}
