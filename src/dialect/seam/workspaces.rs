//! `/workspaces`: the caller's own, or all of an account's; search of a workspace, reset of sandboxes.

use super::access::{ByAccount, ByAccountOrKey, ByKey, ByKeyOrSession};
use super::answer::{Many, One, Void};
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::error::{Error, Reason, Result};
use crate::store::{Authenticated, Caller, NewWorkspace, Principal};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/workspaces/get", &[GET, POST], get).key("workspace").summary("Get the workspace of the credential"),
        route("/workspaces/list", &[GET, POST], list)
            .key("workspaces")
            .summary("List the workspaces of the credential"),
        route("/workspaces/create", &[POST], create)
            .key("workspace")
            .summary("Create a workspace, with an access token or a console session"),
        route("/workspaces/update", &[PATCH, POST], update).summary("Update a workspace"),
        route("/workspaces/find_anything", &[GET, POST], find_anything)
            .key("batch")
            .summary("Find the resource with an id, of any kind"),
        route("/workspaces/reset_sandbox", &[POST], reset_sandbox)
            .key("action_attempt")
            .summary("Reset a sandbox workspace, except for its keys and tokens")
            .fails([Error::Conflict(Reason::NotASandbox)]),
    ]
}

async fn get(call: Call<ByKeyOrSession>, _: Nothing) -> Result<One<wire::Workspace>> {
    let ByKeyOrSession { workspace, session, .. } = &call.grant;
    let workspace: wire::Workspace = workspace.record().await?.into();
    Ok(One(if session.is_some() { workspace.for_client_session() } else { workspace }))
}

async fn list(call: Call<ByAccountOrKey>, _: Nothing) -> Result<Many<wire::Workspace>> {
    let shown = wire::Workspace::from;
    Ok(Many(match &call.grant.0 {
        Authenticated::Account(account) => account.workspaces().await?.into_iter().map(shown).collect(),
        Authenticated::Caller(Caller { workspace, credential: Principal::ClientSession(..) }) => {
            vec![shown(workspace.record().await?).for_client_session()]
        }
        Authenticated::Caller(caller) => vec![shown(caller.workspace.record().await?)],
    }))
}

input! {
    /// A workspace to create.
    pub struct Create {
        /// The name.
        name: String = text().min(1),
        /// Whether it is a sandbox workspace.
        is_sandbox: bool = boolean().or_if_nullish(false),
        /// The company that its users deal with.
        connect_partner_name: Option<String> = text().nullish(),
        /// Deprecated: an alias of `connect_partner_name`.
        company_name: Option<String> = text().nullish(),
    }
}

async fn create(call: Call<ByAccount>, input: Create) -> Result<One<wire::Workspace>> {
    let new = NewWorkspace {
        connect_partner_name: input.connect_partner_name.or(input.company_name),
        ..NewWorkspace::named(input.name, input.is_sandbox, call.now, &call.app.random)
    };
    Ok(One(call.grant.0.create_workspace(new, call.now).await?.into()))
}

input! {
    /// A change. Absent keeps a value.
    pub struct Update {
        /// The name of the workspace.
        name: Option<String> = text().min(1).nullish(),
        /// The company that its users deal with; null clears it.
        connect_partner_name: Option<Option<String>> = text().nullable().optional(),
    }
}

async fn update(call: Call<ByKey>, input: Update) -> Result<Void> {
    call.grant.workspace.rename(input.name.as_deref(), input.connect_partner_name).await?;
    Ok(Void)
}

async fn reset_sandbox(call: Call<ByKey>, _: Nothing) -> Result<One<wire::ActionAttempt>> {
    let attempt = call.grant.workspace.reset_sandbox(call.app.random.id(call.now), call.now).await?;
    Ok(One(attempt.into()))
}

input! {
    /// A search.
    pub struct Find {
        /// The id of a resource.
        search: Uuid = uuid(),
    }
}

async fn find_anything(call: Call<ByKey>, Find { search }: Find) -> Result<One<wire::Batch>> {
    let workspace = &call.grant.workspace;
    let found = workspace.find_anything(search).await?;
    Ok(One(wire::Batch::new(found, workspace.is_sandbox(), &base_url(&call.app, &call.head))))
}
