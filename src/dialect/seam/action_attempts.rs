//! `/action_attempts`: outcomes of tasks that clients poll.

use super::access::{ByKey, ByKeyOrSession};
use super::answer::{One, Paged};
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::{ActionAttemptId, DeviceId};
use crate::domain::workspace::ActionAttemptFilter;
use crate::error::{ResourceKind, Result};

pub fn routes() -> Vec<Operation> {
    vec![
        route("/action_attempts/get", &[GET, POST], get)
            .key("action_attempt")
            .summary("Get an action attempt")
            .not_found(ResourceKind::ActionAttempt),
        route("/action_attempts/list", &[GET, POST], list).key("action_attempts").summary("List action attempts"),
    ]
}

input! {
    /// Id of an action attempt.
    pub struct Get {
        /// The action attempt.
        action_attempt_id: ActionAttemptId = id(),
    }
}

async fn get(call: Call<ByKeyOrSession>, Get { action_attempt_id }: Get) -> Result<One<wire::ActionAttempt>> {
    Ok(One(call.grant.workspace.action_attempt(action_attempt_id).await?.into()))
}

input! {
    /// Filter of action attempts.
    pub struct List {
        /// Only these action attempts.
        action_attempt_ids: Option<Vec<ActionAttemptId>> = array(id()).optional(),
        /// Only action attempts of this device; none, because phones have none.
        device_id: Option<DeviceId> = id().optional(),
        /// The page size.
        limit: u32 = integer().above(0).or(500),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
    }
}

async fn list(
    call: Call<ByKey>,
    Paginated { cursor_scope, input }: Paginated<List>,
) -> Result<Paged<wire::ActionAttempt>> {
    let filter = ActionAttemptFilter {
        action_attempt_ids: if input.device_id.is_some() { Some(Vec::new()) } else { input.action_attempt_ids },
        paging: cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?,
    };
    Ok(cursor_scope.paged(call.grant.workspace.action_attempts(&filter).await?))
}
