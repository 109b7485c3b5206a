//! Sessions of operators: opened, authenticated, listed and ended. A session has no more than its operator's roles have at
//! the time of a request.

use crate::domain::id::{OperatorId, OperatorSessionId, WorkspaceId};
use crate::domain::operator::{IDLE, OpenedSession, Operator, Role, SessionRecord, SignInMethod};
use crate::domain::token::{Token, TokenHash};
use crate::domain::workspace::{PublishableKeySessions, WorkspaceRecord};
use crate::error::Result;
use crate::random::Random;
use crate::store::sql::audited::Actor;
use crate::store::workspace::select_workspaces;
use crate::store::{Origin, Principal, Store, Workspace};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

/// Maximum number of sessions of an operator: the oldest one ends when another is opened.
const MAX_SESSIONS: i64 = 20;

/// Interval in which the use of a session is noted, so that few requests write.
const NOTED: TimeDelta = TimeDelta::minutes(5);

/// An authenticated operator.
#[derive(Debug, Clone)]
pub struct OperatorSession {
    pub operator_session_id: OperatorSessionId,
    pub operator: Operator,
    /// The role in all workspaces.
    pub role: Option<Role>,
    /// The workspace that the request names, if the operator has a role in it.
    pub workspace: Option<OperatorWorkspace>,
}

/// A workspace as an operator may use it.
#[derive(Debug, Clone)]
pub struct OperatorWorkspace {
    pub workspace: Workspace,
    pub name: String,
    pub role: Role,
}

impl Store {
    /// Authenticates an operator by the token of a session, and opens the workspace that the request names. `None` if the
    /// session is unknown, was ended or has expired. Changes in the workspace are audited as the operator's.
    pub async fn operator_session(
        &self,
        token: &str,
        workspace: Option<WorkspaceId>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Option<OperatorSession>> {
        let Some((session, used_at)) = self.read_session(token, workspace, origin, now).await? else { return Ok(None) };
        if now >= used_at + NOTED {
            self.note_use(TokenHash::of(token), now).await?;
        }
        Ok(Some(session))
    }

    /// As [`Store::operator_session`], for an open stream: it is no use of the session, which expires if nothing else is.
    pub async fn watching_operator_session(
        &self,
        token: &str,
        workspace: WorkspaceId,
        now: DateTime<Utc>,
    ) -> Result<Option<OperatorSession>> {
        // A read is not audited, so the origin is not needed.
        let session = self.read_session(token, Some(workspace), Origin::default(), now).await?;
        Ok(session.map(|(session, _)| session))
    }

    /// A valid session, and when it was used.
    async fn read_session(
        &self,
        token: &str,
        workspace: Option<WorkspaceId>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Option<(OperatorSession, DateTime<Utc>)>> {
        let hash = TokenHash::of(token);
        let row = sqlx::query!(
            r#"
            select session.operator_session_id, session.used_at, session.expires_at,
                operator.operator_id as "operator_id: OperatorId", operator.email, operator.role as "role: Role",
                operator.sso_role as "sso_role: Role", workspace.workspace_id as "workspace_id?",
                workspace.account_id as "account_id?", workspace.is_sandbox as "is_sandbox?", workspace.name as "name?",
                member.role as "workspace_role?: Role"
            from operator_session as session
            join operator on operator.operator_id = session.operator_id
            left join workspace on workspace.workspace_id = $2
            left join operator_role as member
                on member.operator_id = session.operator_id and member.workspace_id = workspace.workspace_id
            where session.token_hash = $1
            "#,
            hash.as_bytes(),
            workspace.map(|id| id.0),
        )
        .fetch_optional(self.short())
        .await?;
        let Some(row) = row.filter(|row| now < row.expires_at && now < row.used_at + IDLE) else { return Ok(None) };
        let principal = Principal::Operator(row.operator_id);
        let everywhere = row.role.max(row.sso_role);
        let tenant = row.workspace_id.zip(row.account_id).zip(row.is_sandbox).zip(row.name);
        let workspace = tenant.zip(everywhere.max(row.workspace_role));
        let workspace = workspace.map(|((((id, account), is_sandbox), name), role)| {
            let store = self.of_caller(WorkspaceId(id), principal);
            let workspace = Workspace::new(store, (id, account, is_sandbox), Actor::new(principal, origin));
            OperatorWorkspace { workspace, name, role }
        });
        let session = OperatorSession {
            operator_session_id: OperatorSessionId(row.operator_session_id),
            operator: Operator { operator_id: row.operator_id, email: row.email },
            role: everywhere,
            workspace,
        };
        Ok(Some((session, row.used_at)))
    }

    async fn note_use(&self, token: TokenHash, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!("update operator_session set used_at = $2 where token_hash = $1", token.as_bytes(), now)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// The sessions of an operator that have not expired, the last one first.
    pub async fn operator_sessions(&self, operator: OperatorId, now: DateTime<Utc>) -> Result<Vec<SessionRecord>> {
        let rows = sqlx::query!(
            r#"
            select operator_session_id, method as "method: SignInMethod", host(address) as address, created_at, used_at,
                expires_at
            from operator_session
            where operator_id = $1 and expires_at > $2 and used_at > $3
            order by created_at desc, operator_session_id
            "#,
            operator.0,
            now,
            now - IDLE,
        )
        .fetch_all(&self.pool)
        .await?;
        let records = rows.into_iter().map(|row| SessionRecord {
            operator_session_id: OperatorSessionId(row.operator_session_id),
            method: row.method,
            address: row.address,
            created_at: row.created_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
        });
        Ok(records.collect())
    }

    /// Ends a session of an operator. Idempotent.
    pub async fn end_operator_session(&self, operator: OperatorId, session: OperatorSessionId) -> Result<()> {
        sqlx::query!(
            "delete from operator_session where operator_id = $1 and operator_session_id = $2",
            operator.0,
            session.0,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Ends all sessions of an operator.
    pub async fn end_operator_sessions(&self, operator: OperatorId) -> Result<()> {
        sqlx::query!("delete from operator_session where operator_id = $1", operator.0).execute(self.writer()).await?;
        Ok(())
    }

    /// Deletes sessions and links that have expired. Returns their number.
    pub async fn prune_operator_sessions(&self, now: DateTime<Utc>) -> Result<u64> {
        let sessions =
            sqlx::query!("delete from operator_session where expires_at <= $1 or used_at <= $2", now, now - IDLE)
                .execute(self.writer())
                .await?;
        let links =
            sqlx::query!("delete from operator_link where expires_at <= $1", now).execute(self.writer()).await?;
        Ok(sessions.rows_affected() + links.rows_affected())
    }

    /// Workspaces in which an operator has a role, in order of their names: at most `count`, after the one with this name
    /// and id.
    pub async fn workspaces_of_operator(
        &self,
        operator: OperatorId,
        after: Option<(String, WorkspaceId)>,
        count: i64,
    ) -> Result<Vec<WorkspaceRecord>> {
        let (name, id) = after.unzip();
        Ok(select_workspaces!(
            "where (exists (select from operator_role as member
                        where member.workspace_id = workspace.workspace_id and member.operator_id = $1)
                    or exists (select from operator where operator_id = $1 and coalesce(role, sso_role) is not null))
                and ($2::text is null or (name, workspace_id) > ($2, $3))
            order by name, workspace_id
            limit $4",
            operator.0,
            name,
            id.map(|id| id.0),
            count,
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Opens a session of an operator.
pub(super) async fn insert_session(
    connection: &mut PgConnection,
    operator: Operator,
    method: SignInMethod,
    origin: Origin,
    now: DateTime<Utc>,
    random: &Random,
) -> Result<OpenedSession> {
    let (id, token): (OperatorSessionId, _) = (random.id(now), Token::operator_session(random));
    let (hash, expires_at) = (token.hash(), now + method.lifetime());
    sqlx::query!(
        r#"
        delete from operator_session
        where operator_session_id in (
            select operator_session_id from operator_session where operator_id = $1
            order by created_at desc, operator_session_id desc
            offset $2
        )
        "#,
        operator.operator_id.0,
        MAX_SESSIONS - 1,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        insert into operator_session (token_hash, operator_session_id, operator_id, method, address, created_at, used_at,
            expires_at)
        values ($1, $2, $3, $4, $5::text::inet, $6, $6, $7)
        "#,
        hash.as_bytes(),
        id.0,
        operator.operator_id.0,
        method.into_str(),
        origin.address.map(|address| address.to_string()),
        now,
        expires_at,
    )
    .execute(connection)
    .await?;
    Ok(OpenedSession { operator, token, expires_at })
}
