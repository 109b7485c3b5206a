//! Sign-in of operators that a provider of single sign-on has identified. The role that its rules give is stored with the
//! account, and replaced at each sign-in; roles given on the command line stay.

use super::sessions::insert_session;
use crate::domain::id::OperatorId;
use crate::domain::operator::{OpenedSession, Operator, Role, SignInMethod, SsoIdentity};
use crate::domain::token::Token;
use crate::error::Result;
use crate::random::Random;
use crate::store::{Origin, Store};
use base64::prelude::*;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What the cookies of sign-ins at a provider are sealed for, in place of a row.
const PURPOSE: Uuid = Uuid::from_u128(0x2f61_9d0e_7c35_4b8a_a1f4_0e6d_93b2_c857);

impl Store {
    /// Seals what a sign-in at a provider has to remember.
    pub fn seal_sso_attempt(&self, contents: &Token) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.seal.close(contents, PURPOSE))
    }

    /// Opens it; `None` if this deployment has not sealed it.
    pub fn open_sso_attempt(&self, sealed: &str) -> Option<Token> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        self.seal.open(&sealed, PURPOSE).ok()
    }

    /// Opens a session of the operator with this identity, who is created if the rules give a role; `None` without any role,
    /// or if the e-mail address is another operator's and not verified.
    pub async fn sign_in_by_sso(
        &self,
        identity: SsoIdentity,
        origin: Origin,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<OpenedSession>> {
        let random = random.clone();
        let opened = self.writer().transact(move |connection| {
            Box::pin(async move {
                let known = match known(connection, &identity).await? {
                    Some(known) => Some(known),
                    None => adopt(connection, &identity).await?,
                };
                let operator = match (known, identity.role) {
                    (Some(known), _) => Some(known),
                    (None, Some(role)) => create(connection, &identity, role, now, &random).await?,
                    (None, None) => None,
                };
                match operator {
                    Some(operator) if has_role(connection, &operator).await? => {
                        insert_session(connection, operator, SignInMethod::Sso, origin, now, &random).await.map(Some)
                    }
                    _ => Ok(None),
                }
            })
        });
        opened.await
    }
}

/// The operator with this identity, with its role as the rules give it now.
async fn known(connection: &mut PgConnection, identity: &SsoIdentity) -> Result<Option<Operator>> {
    Ok(sqlx::query_as!(
        Operator,
        r#"
        update operator set sso_role = $2 where sso_subject = $1
        returning operator_id as "operator_id: OperatorId", email
        "#,
        identity.subject,
        identity.role.map(Role::name),
    )
    .fetch_optional(connection)
    .await?)
}

/// The operator with the verified e-mail address, which gets this identity unless it has another one.
async fn adopt(connection: &mut PgConnection, identity: &SsoIdentity) -> Result<Option<Operator>> {
    if !identity.is_email_verified {
        return Ok(None);
    }
    Ok(sqlx::query_as!(
        Operator,
        r#"
        update operator set sso_subject = $1, sso_role = $2
        where email_folded = folded($3) and sso_subject is null
        returning operator_id as "operator_id: OperatorId", email
        "#,
        identity.subject,
        identity.role.map(Role::name),
        identity.email,
    )
    .fetch_optional(connection)
    .await?)
}

/// A new operator; `None` if there is one with the e-mail address.
async fn create(
    connection: &mut PgConnection,
    identity: &SsoIdentity,
    role: Role,
    now: DateTime<Utc>,
    random: &Random,
) -> Result<Option<Operator>> {
    let id: OperatorId = random.id(now);
    Ok(sqlx::query_as!(
        Operator,
        r#"
        insert into operator (operator_id, email, sso_subject, sso_role, created_at) values ($1, $2, $3, $4, $5)
        on conflict do nothing
        returning operator_id as "operator_id: OperatorId", email
        "#,
        id.0,
        identity.email,
        identity.subject,
        role.name(),
        now,
    )
    .fetch_optional(connection)
    .await?)
}

/// Whether an operator has any role.
async fn has_role(connection: &mut PgConnection, operator: &Operator) -> Result<bool> {
    let has = sqlx::query_scalar!(
        r#"
        select coalesce(role, sso_role) is not null
            or exists (select from operator_role as member where member.operator_id = operator.operator_id) as "has!"
        from operator
        where operator_id = $1
        "#,
        operator.operator_id.0,
    );
    Ok(has.fetch_one(connection).await?)
}
