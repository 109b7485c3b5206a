//! `/user_identities/merge`.

use super::super::access::ByKey;
use super::super::answer::Void;
use super::super::error::invalid;
use super::super::route::*;
use crate::api::input::*;
use crate::domain::id::UserIdentityId;
use crate::domain::phone::{MAX_DEVICE_ACCESS, MAX_PHONES};
use crate::domain::user_identity::{MAX_MERGED, MAX_MOVED, MergeRequest};
use crate::error::{Error, MergeRefusal, Reason, ResourceKind, Result};

/// Maximum number of user identities that one request merges.
const MAX_AT_ONCE: usize = 20;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/user_identities/merge", &[POST], merge)
            .summary("Merge user identities into a primary one, which their ids and keys name then")
            .not_found(ResourceKind::UserIdentity)
            .fails([
                Error::Conflict(Reason::NotMergeable(MergeRefusal::IntoItself)),
                Error::Conflict(Reason::NotMergeable(MergeRefusal::Elsewhere(EXAMPLE_ID.to_owned()))),
                Error::Conflict(Reason::NotMergeable(MergeRefusal::InDirectory)),
                Error::Conflict(Reason::NotMergeable(MergeRefusal::TooMany(MAX_MERGED))),
                Error::Conflict(Reason::NotMergeable(MergeRefusal::TooLarge(MAX_MOVED))),
                Error::Conflict(Reason::UserIdentitySuspended),
                Error::Conflict(Reason::TooManyPhones(MAX_PHONES)),
                Error::Conflict(Reason::TooManyAccessibleDevices(MAX_DEVICE_ACCESS)),
            ]),
    ]
}

input! {
    /// User identities to merge: all by id, or all by key.
    pub struct Merge {
        /// The primary user identity, which stays.
        user_identity_id: Option<UserIdentityId> = id().optional(),
        /// The key of the primary user identity.
        user_identity_key: Option<String> = text().min(1).optional(),
        /// The user identities that are merged into it, and deleted.
        merged_user_identity_ids: Option<Vec<UserIdentityId>> = array(id()).min(1).max(MAX_AT_ONCE).optional(),
        /// The keys of the user identities that are merged into it, and deleted.
        merged_user_identity_keys: Option<Vec<String>> = array(text().min(1)).min(1).max(MAX_AT_ONCE).optional(),
    }
}

async fn merge(call: Call<ByKey>, input: Merge) -> Result<Void> {
    let by_id = (input.user_identity_id, input.merged_user_identity_ids);
    let request = match (by_id, (input.user_identity_key, input.merged_user_identity_keys)) {
        ((Some(primary), Some(merged)), (None, None)) => MergeRequest::ById { primary, merged },
        ((None, None), (Some(primary), Some(merged))) => MergeRequest::ByKey { primary, merged },
        _ => {
            return Err(invalid(
                "Must specify either user_identity_id and merged_user_identity_ids, or user_identity_key and \
                 merged_user_identity_keys",
            ));
        }
    };
    let merge_id = call.app.random.id(call.now);
    call.grant.workspace.merge_user_identities(&request, merge_id, call.now).await?;
    Ok(Void)
}
