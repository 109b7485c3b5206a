//! The two handles that authentication returns: a [`Workspace`], whose methods are the scoped queries, and an
//! [`Account`], a caller that has not selected a workspace.

mod accounts;
mod drawn_ids;
mod find;
mod operator;
mod sandbox;

use crate::domain::event::EventType;
use crate::domain::id::{AccessTokenId, AccountId, ConsoleSessionId, WorkspaceId};
use crate::domain::token::Token;
use crate::domain::workspace::{PublishableKeySessions, WorkspaceRecord};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::random::Random;
use crate::store::pool::Connections;
use crate::store::sql::audited::Actor;
use crate::store::sql::found;
use crate::store::{Principal, Store};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::net::IpAddr;
use uuid::Uuid;

/// Number of workspaces from which on an access token or a console session creates no more.
const MAX_WORKSPACES: i64 = 100;

/// Selects workspaces; the literal is the rest of the statement.
macro_rules! select_workspaces {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            WorkspaceRecord,
            r#"
            select workspace_id, name, is_sandbox, publishable_key,
                publishable_key_sessions as "publishable_key_sessions: PublishableKeySessions", connect_partner_name,
                created_at
            from workspace
            "# + $rest
            $(, $argument)*
        )
    };
}
pub(super) use select_workspaces;

/// Capability for a workspace's rows. Only [`Store::authenticate`] creates one, and for the operator's commands
/// [`Store::workspace_of_operator`].
#[derive(Debug, Clone)]
pub struct Workspace {
    pub(super) store: Store,
    pub(super) workspace_id: WorkspaceId,
    pub(super) account_id: AccountId,
    pub(super) is_sandbox: bool,
    /// Author of its changes.
    actor: Actor,
}

/// Id and account number of a workspace, and whether it is a sandbox.
pub(super) type WorkspaceRow = (Uuid, i64, bool);

impl Workspace {
    pub(super) fn new(store: Store, (workspace_id, account_id, is_sandbox): WorkspaceRow, actor: Actor) -> Workspace {
        let (workspace_id, account_id) = (WorkspaceId(workspace_id), AccountId(account_id));
        Workspace { store, workspace_id, account_id, is_sandbox, actor }
    }

    /// The workspace's id.
    pub fn id(&self) -> WorkspaceId {
        self.workspace_id
    }

    /// Account number.
    pub fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// True for a sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.is_sandbox
    }

    /// The workspace within the share of all its callers.
    pub(super) fn with_whole_share(&self) -> Workspace {
        self.with_connections(self.store.pool.whole_share())
    }

    /// The workspace on other connections.
    pub(super) fn with_connections(&self, pool: Connections) -> Workspace {
        Workspace { store: Store { pool, ..self.store.clone() }, ..self.clone() }
    }

    /// The first parameter of every scoped statement.
    pub(super) fn workspace_id(&self) -> Uuid {
        self.workspace_id.0
    }

    /// The third parameter of every statement that is audited or causes events.
    pub(super) fn context(&self, event_types: &[EventType]) -> serde_json::Value {
        self.actor.context(event_types)
    }

    /// The network that counts as the client.
    pub(super) fn client_network(&self) -> Option<IpAddr> {
        self.actor.client_network()
    }

    /// The key that vouches for the client sessions that it creates or extends.
    pub(super) fn issuer_id(&self) -> Option<Uuid> {
        self.actor.key_id()
    }

    /// The workspace's own record.
    pub async fn record(&self) -> Result<WorkspaceRecord> {
        let row = select_workspaces!("where workspace_id = $1", self.workspace_id());
        let row = row.fetch_optional(&self.store.pool).await?;
        found(row, ResourceKind::Workspace, self.workspace_id)
    }
}

impl Workspace {
    /// Updates the name or the company; None leaves it unchanged.
    pub async fn rename(&self, name: Option<&str>, connect_partner_name: Option<Option<String>>) -> Result<()> {
        sqlx::query!(
            r#"
            update workspace
            set name = coalesce($2, name),
                connect_partner_name = case when $3 then $4 else connect_partner_name end
            where workspace_id = $1
            "#,
            self.workspace_id(),
            name,
            connect_partner_name.is_some(),
            connect_partner_name.flatten(),
        )
        .execute(self.store.writer())
        .await?;
        Ok(())
    }
}

/// A caller that has not selected a workspace.
#[derive(Debug, Clone)]
pub struct Account {
    pub(super) store: Store,
    pub(super) credential: AccountCredential,
}

/// Credential of an account.
#[derive(Debug, Clone, Copy)]
pub(super) enum AccountCredential {
    AccessToken(AccessTokenId),
    ConsoleSession(ConsoleSessionId),
}

impl AccountCredential {
    pub fn principal(self) -> Principal {
        match self {
            AccountCredential::AccessToken(id) => Principal::AccessToken(id),
            AccountCredential::ConsoleSession(id) => Principal::ConsoleSession(id),
        }
    }
}

/// A workspace to create.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub is_sandbox: bool,
    pub connect_partner_name: Option<String>,
    pub publishable_key: Token,
    pub publishable_key_sessions: PublishableKeySessions,
}

impl NewWorkspace {
    /// A workspace called `name`, with a new id and publishable key.
    pub fn named(name: impl Into<String>, is_sandbox: bool, now: DateTime<Utc>, random: &Random) -> NewWorkspace {
        NewWorkspace {
            workspace_id: random.id(now),
            name: name.into(),
            is_sandbox,
            connect_partner_name: None,
            publishable_key: Token::publishable_key(random),
            publishable_key_sessions: PublishableKeySessions::default_for(is_sandbox),
        }
    }
}

impl Account {
    /// Workspaces of which this account is a member, in order of creation.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRecord>> {
        let (token, session) = self.keys();
        Ok(select_workspaces!(
            "where workspace_id in (
                select workspace_id from access_token_workspace where access_token_id = $1
                union all
                select workspace_id from console_session_workspace where console_session_id = $2
            )
            order by created_at, workspace_id",
            token,
            session,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Creates a workspace with this account as a member, unless it has [`MAX_WORKSPACES`]: the shares of the server are
    /// those of workspaces, so a caller must not have as many as it likes.
    pub async fn create_workspace(&self, new: NewWorkspace, now: DateTime<Utc>) -> Result<WorkspaceRecord> {
        let keys = self.keys();
        let created = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                if lock_and_count(connection, keys).await? >= MAX_WORKSPACES {
                    return Err(Error::Conflict(Reason::TooManyWorkspaces(MAX_WORKSPACES)));
                }
                insert_workspace(connection, &new, keys, now).await
            })
        });
        created.await
    }

    pub(super) fn principal(&self) -> Principal {
        self.credential.principal()
    }

    fn keys(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self.credential {
            AccountCredential::AccessToken(id) => (Some(id.0), None),
            AccountCredential::ConsoleSession(id) => (None, Some(id.0)),
        }
    }
}

impl Store {
    /// Creates a workspace without members.
    pub(super) async fn insert_workspace(&self, new: NewWorkspace, now: DateTime<Utc>) -> Result<WorkspaceRecord> {
        let inserted = self.writer().run(move |connection| {
            Box::pin(async move { insert_workspace(connection, &new, (None, None), now).await })
        });
        inserted.await
    }
}

/// Number of the workspaces of an account. It is locked until the transaction ends, so that concurrent creations are
/// counted.
async fn lock_and_count(connection: &mut PgConnection, (token, session): (Option<Uuid>, Option<Uuid>)) -> Result<i64> {
    sqlx::query_scalar!("select name from access_token where access_token_id = $1 for no key update", token)
        .fetch_optional(&mut *connection)
        .await?;
    sqlx::query_scalar!("select name from console_session where console_session_id = $1 for no key update", session)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar!(
        r#"
        select (select count(*) from access_token_workspace where access_token_id = $1)
            + (select count(*) from console_session_workspace where console_session_id = $2) as "count!"
        "#,
        token,
        session,
    )
    .fetch_one(connection)
    .await?)
}

/// Creates a workspace with an access token or a console session as a member, or without.
async fn insert_workspace(
    connection: &mut PgConnection,
    new: &NewWorkspace,
    (token, session): (Option<Uuid>, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<WorkspaceRecord> {
    Ok(sqlx::query_as!(
        WorkspaceRecord,
        r#"
        with made as (
            insert into workspace (workspace_id, name, is_sandbox, publishable_key, publishable_key_sessions,
                connect_partner_name, created_at)
            values ($3, $4, $5, $6, $9, $7, $8)
            returning workspace_id, name, is_sandbox, publishable_key, publishable_key_sessions,
                connect_partner_name, created_at
        ), joined_by_token as (
            insert into access_token_workspace (access_token_id, workspace_id)
            select $1, workspace_id from made where $1::uuid is not null
        ), joined_by_session as (
            insert into console_session_workspace (console_session_id, workspace_id)
            select $2, workspace_id from made where $2::uuid is not null
        )
        select workspace_id, name, is_sandbox, publishable_key,
            publishable_key_sessions as "publishable_key_sessions: PublishableKeySessions", connect_partner_name,
            created_at
        from made
        "#,
        token,
        session,
        new.workspace_id.0,
        new.name,
        new.is_sandbox,
        new.publishable_key.reveal(),
        new.connect_partner_name,
        now,
        new.publishable_key_sessions.into_str(),
    )
    .fetch_one(connection)
    .await?)
}
