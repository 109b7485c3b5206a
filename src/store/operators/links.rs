//! Links that let an operator in once: to sign in, or to choose a password. Two requests with one link open one session.

use super::sessions::insert_session;
use crate::domain::id::OperatorId;
use crate::domain::operator::{INVITATION, LinkPurpose, OpenedSession, Operator, SIGN_IN_LINK, SignInMethod};
use crate::domain::password::Password;
use crate::domain::token::{Token, TokenHash};
use crate::error::Result;
use crate::random::Random;
use crate::store::{Origin, Store};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

impl Store {
    /// Creates a link's token for an operator.
    pub async fn create_operator_link(
        &self,
        operator: OperatorId,
        purpose: LinkPurpose,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Token> {
        let token = Token::operator_link(random);
        let hash = token.hash();
        let lifetime = match purpose {
            LinkPurpose::SignIn => SIGN_IN_LINK,
            LinkPurpose::Invitation => INVITATION,
        };
        sqlx::query!(
            r#"
            insert into operator_link (token_hash, operator_id, purpose, created_at, expires_at)
            values ($1, $2, $3, $4, $5)
            "#,
            hash.as_bytes(),
            operator.0,
            purpose.into_str(),
            now,
            now + lifetime,
        )
        .execute(self.writer())
        .await?;
        Ok(token)
    }

    /// The operator whose unused invitation this is.
    pub async fn invited_operator(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Operator>> {
        let hash = TokenHash::of(token);
        Ok(sqlx::query_as!(
            Operator,
            r#"
            select operator_id as "operator_id: OperatorId", email
            from operator_link join operator using (operator_id)
            where token_hash = $1 and purpose = $2 and expires_at > $3
            "#,
            hash.as_bytes(),
            LinkPurpose::Invitation.into_str(),
            now,
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Opens a session by a link; `None` if it was used, has expired or is unknown.
    pub async fn sign_in_by_link(
        &self,
        token: &str,
        origin: Origin,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<OpenedSession>> {
        let (hash, random) = (TokenHash::of(token), random.clone());
        let opened = self.writer().transact(move |connection| {
            Box::pin(async move {
                let Some(operator) = use_link(connection, hash, LinkPurpose::SignIn, now).await? else {
                    return Ok(None);
                };
                insert_session(connection, operator, SignInMethod::Link, origin, now, &random).await.map(Some)
            })
        });
        opened.await
    }

    /// Sets the password of an invited operator and opens a session; `None` if the invitation was used, has expired or is
    /// unknown. Other invitations and all sessions of the operator end.
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: Password,
        origin: Origin,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<OpenedSession>> {
        let hash = TokenHash::of(token);
        let admission = self.hash_queue.enter(origin.client_network())?;
        // No hash for a token that is unknown; one that is valid now is judged again when it is used.
        if self.invited_operator(token, now).await?.is_none() {
            return Ok(None);
        }
        let (random, salts) = (random.clone(), random.clone());
        let password = admission.run(move || password.hash(&salts)).await?;
        let opened = self.writer().transact(move |connection| {
            Box::pin(async move {
                let Some(operator) = use_link(connection, hash, LinkPurpose::Invitation, now).await? else {
                    return Ok(None);
                };
                sqlx::query!(
                    "update operator set password_hash = $2 where operator_id = $1",
                    operator.operator_id.0,
                    password.0,
                )
                .execute(&mut *connection)
                .await?;
                sqlx::query!("delete from operator_link where operator_id = $1", operator.operator_id.0)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query!("delete from operator_session where operator_id = $1", operator.operator_id.0)
                    .execute(&mut *connection)
                    .await?;
                insert_session(connection, operator, SignInMethod::Invitation, origin, now, &random).await.map(Some)
            })
        });
        opened.await
    }
}

/// Uses a link up and returns its operator; `None` if it is not valid.
async fn use_link(
    connection: &mut PgConnection,
    hash: TokenHash,
    purpose: LinkPurpose,
    now: DateTime<Utc>,
) -> Result<Option<Operator>> {
    let used = sqlx::query_scalar!(
        r#"
        delete from operator_link where token_hash = $1 and purpose = $2 and expires_at > $3
        returning operator_id
        "#,
        hash.as_bytes(),
        purpose.into_str(),
        now,
    )
    .fetch_optional(&mut *connection)
    .await?;
    // The lock keeps the operator until the session is there.
    Ok(sqlx::query_as!(
        Operator,
        r#"
        select operator_id as "operator_id: OperatorId", email from operator where operator_id = $1
        for key share
        "#,
        used,
    )
    .fetch_optional(connection)
    .await?)
}
