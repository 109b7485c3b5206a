//! User identities as the operator looks for them.

use crate::domain::id::UserIdentityId;
use crate::domain::page::Paging;
use crate::domain::scope::Scope;
use crate::domain::user_identity::{UserIdentity, UserIdentityFilter};
use crate::error;
use crate::store::Workspace;
use serde_json::{Value, json};
use std::error::Error;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
#[error("no user identity matches {0:?} in this workspace; `handset user list` shows all")]
pub struct NoUser(String);

#[derive(Debug, thiserror::Error)]
#[error("several user identities match {0:?}; `handset user list` with this text shows them. Use an id or a key")]
struct ManyUsers(String);

/// User identities that match, in order of creation: at most one more than `limit`.
pub async fn search(workspace: &Workspace, text: Option<&str>, limit: u32) -> error::Result<Vec<UserIdentity>> {
    let search = text.filter(|text| !text.is_empty()).map(str::to_owned);
    let paging = Paging { limit: Some(limit + 1), from: None };
    let filter = UserIdentityFilter { search, paging, ..UserIdentityFilter::default() };
    Ok(workspace.user_identities(&filter, Scope::Workspace).await?.items)
}

/// The user identity with this id or key, or the only one that a search finds.
pub async fn find(workspace: &Workspace, text: &str) -> Result<UserIdentity, Box<dyn Error>> {
    let known = match Uuid::parse_str(text) {
        Ok(id) => {
            let read = |id| workspace.user_identity(id, Scope::Workspace);
            workspace.for_user_identity(UserIdentityId(id), read).await
        }
        Err(_) => workspace.user_identity_by_key(text).await,
    };
    match known {
        Err(error::Error::NotFound(..)) => {}
        known => return Ok(known?),
    }
    let mut found = search(workspace, Some(text), 1).await?.into_iter();
    match (found.next(), found.next()) {
        (Some(user), None) => Ok(user),
        (None, _) => Err(NoUser(text.to_owned()).into()),
        (Some(_), Some(_)) => Err(ManyUsers(text.to_owned()).into()),
    }
}

/// A user identity as JSON.
pub fn user_json(user: &UserIdentity) -> Value {
    json!({
        "user_identity_id": user.user_identity_id,
        "workspace_id": user.workspace_id,
        "user_identity_key": user.user_identity_key,
        "full_name": user.full_name,
        "email_address": user.email_address,
        "phone_number": user.phone_number,
        "created_at": user.created_at,
    })
}
