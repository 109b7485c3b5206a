//! Null where a request creates or changes something: absence, unless null clears a value or could be taken for consent.

use crate::support::world::{World, text};
use serde_json::{Value, json};

#[tokio::test]
async fn null_is_absence_in_bodies_that_create_and_change() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let other = world.person("other").await;
    let session = text(&world.client_session(json!({ "user_identity_id": jane })).await["client_session_id"]);
    let key = world.sync_credential(&jane).await;
    let (first, second) = (world.phone(&jane).await, world.phone(&jane).await);
    world.phone(&other).await;
    for (path, body) in [
        ("/webhooks/create", json!({ "url": "https://example.com/", "event_types": null })),
        (
            "/devices/update",
            json!({ "device_id": first, "custom_metadata": null, "is_managed": null, "properties": null }),
        ),
        ("/phones/deactivate", json!({ "device_id": first, "reason": null })),
        ("/user_identities/deactivate_phones", json!({ "user_identity_id": jane, "reason": null })),
        (
            "/client_sessions/create",
            json!({
                "user_identifier_key": null, "user_identity_id": null, "user_identity_ids": null,
                "connected_account_ids": null, "connect_webview_ids": null, "expires_at": null, "customer_key": null,
                "customer_id": null,
            }),
        ),
        (
            "/client_sessions/grant_access",
            json!({
                "client_session_id": session, "user_identifier_key": null, "user_identity_id": null,
                "user_identity_ids": null, "connected_account_ids": null, "connect_webview_ids": null,
            }),
        ),
        (
            "/acs/credentials/create",
            json!({
                "access_method": "card", "user_identity_id": jane, "acs_user_id": null, "acs_system_id": null,
                "credential_manager_acs_system_id": null, "is_multi_phone_sync_credential": null,
                "allowed_acs_entrance_ids": null, "starts_at": null, "ends_at": null, "code": null,
            }),
        ),
        ("/acs/credentials/update", json!({ "acs_credential_id": key, "ends_at": null, "code": null })),
        (
            "/acs/credentials/unassign",
            json!({ "acs_credential_id": key, "user_identity_id": jane, "acs_user_id": null }),
        ),
        (
            "/phones/simulate/create_sandbox_phone",
            json!({
                "user_identity_id": jane, "custom_sdk_installation_id": null, "assa_abloy_metadata": null,
                "phone_metadata": { "operating_system": null, "os_version": null, "device_model": null },
            }),
        ),
        ("/workspaces/update", json!({ "name": null })),
        (
            "/user_identities/create",
            json!({ "user_identity_key": null, "email_address": null, "phone_number": null, "full_name": null }),
        ),
    ] {
        let response = world.key().post(path, body).await;
        assert_eq!(response.status, 200, "{path}: {response:?}");
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 2, "{first} {second}");
    let webhooks = world.key().get("/webhooks/list").await.ok();
    assert_eq!(webhooks["webhooks"][0]["event_types"], json!(["*"]));
}

#[tokio::test]
async fn null_is_refused_where_it_could_be_taken_for_consent() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let body = json!({ "user_identity_id": jane, "dry_run": null });
    let refused = world.key().post("/user_identities/deactivate_phones", body).await;
    refused.invalid("dry_run", "Expected boolean, received null");
    let filter = json!({ "owner_user_identity_id": null });
    world.key().post("/phones/list", filter).await.invalid("owner_user_identity_id", "Expected string, received null");
    assert_eq!(world.events("phone.deactivated").await, Vec::<Value>::new());
}
