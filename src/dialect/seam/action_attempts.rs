//! `/action_attempts`: outcomes of tasks that clients poll.

use super::access::ByKeyOrSession;
use super::answer::One;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::ActionAttemptId;
use crate::error::{ResourceKind, Result};

pub fn routes() -> Vec<Operation> {
    vec![
        route("/action_attempts/get", &[GET, POST], get)
            .key("action_attempt")
            .summary("Get an action attempt")
            .not_found(ResourceKind::ActionAttempt),
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
