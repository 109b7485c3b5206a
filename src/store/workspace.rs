//! The two handles that authentication gives out: a [`Workspace`], off which every scoped query hangs, and an
//! [`Account`], which is somebody who has not said which of their workspaces they mean.

use super::Store;
use super::audited::Actor;
use crate::clock::Random;
use crate::error::{ResourceKind, Result};
use crate::model::id::{AccessTokenId, AccountId, ConsoleSessionId, WorkspaceId};
use crate::model::token::Token;
use crate::model::workspace::WorkspaceRecord;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The right to a workspace's things. Only [`Store::authenticate`] makes one.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub(super) store: Store,
    pub(super) workspace_id: WorkspaceId,
    pub(super) account_id: AccountId,
    pub(super) is_sandbox: bool,
    /// For whom it was opened.
    actor: Actor,
}

/// A workspace by its id and its number, and whether it is a sandbox.
pub(super) type Tenant = (Uuid, i64, bool);

impl Workspace {
    pub(super) fn new(store: Store, (workspace_id, account_id, is_sandbox): Tenant, actor: Actor) -> Workspace {
        let (workspace_id, account_id) = (WorkspaceId(workspace_id), AccountId(account_id));
        Workspace { store, workspace_id, account_id, is_sandbox, actor }
    }

    /// Which workspace this is.
    pub fn id(&self) -> WorkspaceId {
        self.workspace_id
    }

    /// Its number.
    pub fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// Whether it is for trying things out.
    pub fn is_sandbox(&self) -> bool {
        self.is_sandbox
    }

    /// The first parameter of every scoped statement.
    pub(super) fn workspace_id(&self) -> Uuid {
        self.workspace_id.0
    }

    /// Whoever makes a change here, as each statement that makes one takes them.
    pub(super) fn actor(&self) -> serde_json::Value {
        self.actor.document()
    }

    /// What the workspace shows of itself.
    pub async fn record(&self) -> Result<WorkspaceRecord> {
        let row = sqlx::query_as!(
            WorkspaceRecord,
            r#"
            select workspace_id, name, is_sandbox, publishable_key, connect_partner_name, created_at
            from workspace
            where workspace_id = $1
            "#,
            self.workspace_id(),
        )
        .fetch_optional(&self.store.pool)
        .await?;
        super::found(row, ResourceKind::Workspace, self.workspace_id)
    }
}

impl Workspace {
    /// Gives the workspace another name, or another company; what is None stays.
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

/// Somebody known who has not named a workspace.
#[derive(Debug, Clone)]
pub struct Account {
    pub(super) store: Store,
    pub(super) who: Who,
}

/// By what an account is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    AccessToken(AccessTokenId),
    ConsoleSession(ConsoleSessionId),
}

/// A workspace about to be made.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub is_sandbox: bool,
    pub connect_partner_name: Option<String>,
    pub publishable_key: Token,
}

impl NewWorkspace {
    /// A workspace called `name`, with an id and a publishable key of its own.
    pub fn named(name: impl Into<String>, is_sandbox: bool, now: DateTime<Utc>, random: &Random) -> NewWorkspace {
        NewWorkspace {
            workspace_id: random.id(now),
            name: name.into(),
            is_sandbox,
            connect_partner_name: None,
            publishable_key: Token::publishable_key(random),
        }
    }
}

impl Account {
    /// The workspaces that this account is a member of, in order of creation.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRecord>> {
        let (token, session) = self.keys();
        Ok(sqlx::query_as!(
            WorkspaceRecord,
            r#"
            select workspace_id, name, is_sandbox, publishable_key, connect_partner_name, created_at
            from workspace
            where workspace_id in (
                select workspace_id from access_token_workspace where access_token_id = $1
                union all
                select workspace_id from console_session_workspace where console_session_id = $2
            )
            order by created_at, workspace_id
            "#,
            token,
            session,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Makes a workspace that this account is a member of.
    pub async fn create_workspace(&self, new: &NewWorkspace, now: DateTime<Utc>) -> Result<WorkspaceRecord> {
        let (token, session) = self.keys();
        Ok(sqlx::query_as!(
            WorkspaceRecord,
            r#"
            with made as (
                insert into workspace
                    (workspace_id, name, is_sandbox, publishable_key, connect_partner_name, created_at)
                values ($3, $4, $5, $6, $7, $8)
                returning workspace_id, name, is_sandbox, publishable_key, connect_partner_name, created_at
            ), joined_by_token as (
                insert into access_token_workspace (access_token_id, workspace_id)
                select $1, workspace_id from made where $1::uuid is not null
            ), joined_by_session as (
                insert into console_session_workspace (console_session_id, workspace_id)
                select $2, workspace_id from made where $2::uuid is not null
            )
            select workspace_id, name, is_sandbox, publishable_key, connect_partner_name, created_at from made
            "#,
            token,
            session,
            new.workspace_id.0,
            new.name,
            new.is_sandbox,
            new.publishable_key.reveal(),
            new.connect_partner_name,
            now,
        )
        .fetch_one(self.store.writer())
        .await?)
    }

    fn keys(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self.who {
            Who::AccessToken(id) => (Some(id.0), None),
            Who::ConsoleSession(id) => (None, Some(id.0)),
        }
    }
}
