//! Conflicts of an operation: they share the status of invalid input, so the description of the operation names their codes.

use crate::support::document::{Dialect, operations_of};

/// The codes that a description names.
fn codes(description: &'static str) -> Vec<&'static str> {
    let errors = description.split_once("Errors: ").map_or("", |(_, errors)| errors.trim_end_matches('.'));
    errors.split(", ").map(|code| code.trim_matches('`')).filter(|code| !code.is_empty()).collect()
}

#[test]
fn descriptions_name_the_conflicts_of_an_operation() {
    for (path, expected) in [
        ("/seam/instant_key/v1/client_sessions/exchange_short_code", &["instant_key_used", "instant_key_expired"][..]),
        ("/user_identities/generate_instant_key", &["user_identity_suspended", "too_many_instant_keys"]),
        (
            "/user_identities/merge",
            &[
                "user_identity_merged_into_itself",
                "user_identity_already_merged",
                "user_identity_in_directory",
                "too_many_merged_user_identities",
                "merge_too_large",
                "user_identity_suspended",
                "too_many_phones",
                "too_many_accessible_devices",
            ],
        ),
        ("/user_identities/grant_access_to_device", &["user_identity_suspended", "too_many_accessible_devices"]),
        ("/devices/simulate/connect", &["workspace_not_sandbox"]),
        ("/devices/simulate/paid_subscription", &["workspace_not_sandbox"]),
        ("/acs/credentials/unassign", &["acs_credential_not_assigned"]),
        ("/user_identities/create", &["user_identity_already_exists"]),
        ("/user_identities/update", &["user_identity_already_exists"]),
        ("/webhooks/create", &["invalid_event_types", "too_many_webhooks"]),
        ("/webhooks/update", &["invalid_event_types"]),
        ("/webhooks/redeliver", &["webhook_disabled"]),
        (
            "/client_sessions/create",
            &["client_session_token_already_exists", "user_identity_suspended", "too_many_grants"],
        ),
        ("/client_sessions/get_or_create", &["user_identity_suspended", "too_many_grants"]),
        ("/client_sessions/grant_access", &["user_identity_suspended", "too_many_grants"]),
        ("/phones/get", &[]),
    ] {
        let operations = operations_of(Dialect::Seam).into_iter().filter(|operation| operation.path == path);
        let named: Vec<_> = operations.map(|it| codes(it.value["description"].as_str().unwrap_or_default())).collect();
        assert!(!named.is_empty() && named.iter().all(|codes| codes == expected), "{path}: {named:?}");
    }
}
