//! Accounts of operators, the people who use the console, and their roles. They belong to the deployment; the command line
//! changes them.

mod links;
mod sessions;
mod sign_in;
mod sso;

pub use sessions::{OperatorSession, OperatorWorkspace};

use crate::domain::id::{OperatorId, WorkspaceId};
use crate::domain::operator::{Operator, OperatorRecord, Role};
use crate::error::Result;
use crate::random::Random;
use crate::store::Store;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The account of those who have the command line of the server: created when a link is made for no other one.
const LOCAL: &str = "admin@localhost";

impl Store {
    /// Creates an operator, with a role in all workspaces or in these; `None` if there is one with the e-mail address.
    pub async fn add_operator(
        &self,
        email: &str,
        role: Role,
        workspaces: Option<&[WorkspaceId]>,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<OperatorId>> {
        let (id, email): (OperatorId, _) = (random.id(now), email.to_owned());
        let of_all = workspaces.is_none().then_some(role.name());
        let workspaces: Vec<Uuid> = workspaces.unwrap_or_default().iter().map(|id| id.0).collect();
        let added = self.writer().transact(move |connection| {
            Box::pin(async move {
                let added = sqlx::query_scalar!(
                    r#"
                    insert into operator (operator_id, email, role, created_at) values ($1, $2, $3, $4)
                    on conflict (email_folded) do nothing
                    returning operator_id
                    "#,
                    id.0,
                    email,
                    of_all,
                    now,
                )
                .fetch_optional(&mut *connection)
                .await?;
                if added.is_none() {
                    return Ok(None);
                }
                sqlx::query!(
                    r#"
                    insert into operator_role (operator_id, workspace_id, role)
                    select $1, workspace_id, $3 from unnest($2::uuid[]) as given (workspace_id)
                    "#,
                    id.0,
                    &workspaces,
                    role.name(),
                )
                .execute(&mut *connection)
                .await?;
                Ok(Some(id))
            })
        });
        added.await
    }

    /// The account of those who have the command line, an administrator of all workspaces; creates it if there is none.
    pub async fn local_operator(&self, now: DateTime<Utc>, random: &Random) -> Result<Operator> {
        self.add_operator(LOCAL, Role::Admin, None, now, random).await?;
        let known = self.operator_called(LOCAL).await?;
        known.ok_or_else(|| crate::error::Error::Unavailable("the account was removed just now".to_owned()))
    }

    /// The operator with this e-mail address, in any case.
    pub async fn operator_called(&self, email: &str) -> Result<Option<Operator>> {
        Ok(sqlx::query_as!(
            Operator,
            r#"
            select operator_id as "operator_id: OperatorId", email from operator
            where email_folded = folded($1)
            "#,
            email,
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// All operators, in order of creation.
    pub async fn operators(&self) -> Result<Vec<OperatorRecord>> {
        let rows = sqlx::query!(
            r#"
            select operator_id as "operator_id: OperatorId", email, role as "role: Role", sso_role as "sso_role: Role",
                password_hash is not null as "has_password!", created_at
            from operator
            order by created_at, operator_id
            "#,
        )
        .fetch_all(&self.pool)
        .await?;
        let members = sqlx::query!(
            r#"
            select operator_id as "operator_id: OperatorId", workspace_id as "workspace_id: WorkspaceId", workspace.name,
                member.role as "role: Role"
            from operator_role as member join workspace using (workspace_id)
            order by workspace.name, workspace_id
            "#,
        )
        .fetch_all(&self.pool)
        .await?;
        let roles_of = |id: OperatorId| {
            let of_operator = members.iter().filter(move |member| member.operator_id == id);
            of_operator.map(|member| (member.workspace_id, member.name.clone(), member.role)).collect()
        };
        let records = rows.into_iter().map(|row| OperatorRecord {
            roles: roles_of(row.operator_id),
            operator_id: row.operator_id,
            email: row.email,
            role: row.role.max(row.sso_role),
            has_password: row.has_password,
            created_at: row.created_at,
        });
        Ok(records.collect())
    }

    /// Sets or removes an operator's role in a workspace, or in all of them. It counts from the next request on.
    pub async fn set_operator_role(
        &self,
        operator: OperatorId,
        workspace: Option<WorkspaceId>,
        role: Option<Role>,
    ) -> Result<()> {
        let name = role.map(Role::name);
        match (workspace, name) {
            (None, _) => {
                sqlx::query!("update operator set role = $2 where operator_id = $1", operator.0, name)
                    .execute(self.writer())
                    .await?;
            }
            (Some(workspace), Some(name)) => {
                sqlx::query!(
                    r#"
                    insert into operator_role (operator_id, workspace_id, role) values ($1, $2, $3)
                    on conflict (operator_id, workspace_id) do update set role = excluded.role
                    "#,
                    operator.0,
                    workspace.0,
                    name,
                )
                .execute(self.writer())
                .await?;
            }
            (Some(workspace), None) => {
                sqlx::query!(
                    "delete from operator_role where operator_id = $1 and workspace_id = $2",
                    operator.0,
                    workspace.0,
                )
                .execute(self.writer())
                .await?;
            }
        }
        Ok(())
    }

    /// Removes an operator with its sessions, links and roles. What it did stays in the audit trail.
    pub async fn remove_operator(&self, operator: OperatorId) -> Result<()> {
        sqlx::query!("delete from operator where operator_id = $1", operator.0).execute(self.writer()).await?;
        Ok(())
    }
}
