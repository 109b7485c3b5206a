//! The token that a caller has sent: until when it is valid, and its end before that.

use crate::domain::token::{TokenHash, scheme_of};
use crate::error::{AuthFailure, Denial, Error, Result, Scheme};
use crate::store::principal::rejected;
use crate::store::workspace::{Account, AccountCredential};
use crate::store::{Authenticated, Caller, Principal};
use chrono::{DateTime, Utc};

impl Authenticated {
    /// When the caller's `token` expires; None if it is valid until it is revoked.
    pub async fn expires_at(&self, token: &str) -> Result<Option<DateTime<Utc>>> {
        match self {
            Authenticated::Account(account) => account.expires_at().await,
            Authenticated::Caller(caller) => match (scheme_of(token), caller.credential) {
                (Scheme::Pass, _) => caller.pass_expires_at(token).await.map(Some),
                (_, Principal::ClientSession(id, _)) => Ok(Some(caller.workspace.client_session(id).await?.expires_at)),
                _ => Ok(None),
            },
        }
    }

    /// Ends the caller's `token`, a pass or a client session. Credentials of the operator are ended by the operator.
    pub async fn end(&self, token: &str, now: DateTime<Utc>) -> Result<()> {
        match self {
            Authenticated::Account(_) => Err(Error::Forbidden(Denial::OperatorsCredential)),
            Authenticated::Caller(caller) => match (scheme_of(token), caller.credential) {
                (Scheme::Pass, _) => caller.end_pass(token).await,
                (_, Principal::ClientSession(id, _)) => match caller.workspace.delete_client_session(id, now).await {
                    // Another request has ended it.
                    Err(Error::NotFound(..)) => Ok(()),
                    ended => ended,
                },
                _ => Err(Error::Forbidden(Denial::OperatorsCredential)),
            },
        }
    }
}

impl Account {
    async fn expires_at(&self) -> Result<Option<DateTime<Utc>>> {
        let AccountCredential::ConsoleSession(id) = self.credential else { return Ok(None) };
        let expires_at =
            sqlx::query_scalar!("select expires_at from console_session where console_session_id = $1", id.0)
                .fetch_optional(&self.store.pool)
                .await?;
        expires_at.map(Some).ok_or_else(|| rejected(Scheme::ConsoleSession, AuthFailure::Unknown))
    }
}

impl Caller {
    async fn pass_expires_at(&self, pass: &str) -> Result<DateTime<Utc>> {
        let hash = TokenHash::of(pass);
        let expires_at =
            sqlx::query_scalar!("select expires_at from api_key_pass where token_hash = $1", hash.as_bytes())
                .fetch_optional(&self.workspace.store.pool)
                .await?;
        expires_at.ok_or_else(|| rejected(Scheme::Pass, AuthFailure::Unknown))
    }

    async fn end_pass(&self, pass: &str) -> Result<()> {
        let hash = TokenHash::of(pass);
        sqlx::query!("delete from api_key_pass where token_hash = $1", hash.as_bytes())
            .execute(self.workspace.store.writer())
            .await?;
        Ok(())
    }
}
