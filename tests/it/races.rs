//! Concurrent requests: in whatever order Postgres executes them, the data stays consistent and no request gets a
//! server error.

use crate::support::client::Answer;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Enough connections that requests contend in the database and not for the pool.
const CONNECTIONS: u32 = 20;

/// Sends the same POST many times concurrently.
async fn at_once(world: &World, count: usize, path: &'static str, body: impl Fn(usize) -> Value) -> Vec<Answer> {
    let calls: Vec<_> = (0..count)
        .map(|number| {
            let (key, body) = (world.key().clone(), body(number));
            tokio::spawn(async move { key.post(path, body).await })
        })
        .collect();
    let mut answers = Vec::with_capacity(count);
    for call in calls {
        answers.push(call.await.expect("it does not panic"));
    }
    answers
}

/// Counts rows directly in the database.
async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut world.database().await).await.expect("the statement is right")
}

const DEAD_HOLDERS: &str =
    "select count(*) from credential join phone using (workspace_id, device_id) where deactivated_at is not null";

const BARE_PHONES: &str = "
    select count(*) from phone join credential as parent using (workspace_id, user_identity_id)
    where phone.deactivated_at is null and parent.is_multi_phone_sync_credential
        and not exists (
            select from credential as child
            where child.workspace_id = phone.workspace_id and child.device_id = phone.device_id
                and child.parent_acs_credential_id = parent.acs_credential_id)";

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_concurrent_deactivations_of_a_phone_succeed_with_one_event() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.sync_credential(&jane).await;
    for answer in at_once(&world, 100, "/phones/deactivate", |_| json!({ "device_id": phone })).await {
        assert_eq!(answer.ok(), json!({ "ok": true }));
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    assert_eq!(world.events("acs_credential.deleted").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_registrations_of_an_installation_create_one_phone() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let body = json!({ "user_identity_id": jane, "custom_sdk_installation_id": "one" });
    let answers = at_once(&world, 50, "/phones/simulate/create_sandbox_phone", |_| body.clone()).await;
    let phones: BTreeSet<String> = answers.iter().map(|answer| text(&answer.ok()["phone"]["device_id"])).collect();
    assert_eq!(phones.len(), 1);
    assert_eq!(world.phone_ids().await.len(), 1);
    assert_eq!(world.events("phone.registered").await.len(), 1);
    assert_eq!(world.credentials(&jane).await.len(), 2, "the parent and one child");
}

#[tokio::test(flavor = "multi_thread")]
async fn create_credential_during_deactivation_leaves_none_on_deactivated_phones() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..40 {
        let person = world.person(&format!("person{round}")).await;
        let (one, _other) = (world.phone(&person).await, world.phone(&person).await);
        let credential = json!({
            "user_identity_id": person, "access_method": "mobile_key", "is_multi_phone_sync_credential": true,
        });
        let all = json!({ "user_identity_id": person });
        let (made, simple, died, all_died) = tokio::join!(
            world.key().post("/acs/credentials/create", credential),
            world
                .key()
                .post("/acs/credentials/create", json!({ "user_identity_id": person, "access_method": "mobile_key" })),
            world.key().post("/phones/deactivate", json!({ "device_id": one })),
            async {
                match round % 2 {
                    0 => Some(world.key().post("/user_identities/deactivate_phones", all).await),
                    _ => None,
                }
            },
        );
        [Some(made), Some(simple), Some(died), all_died].into_iter().flatten().for_each(|answer| _ = answer.ok());
        assert_eq!(count(&world, DEAD_HOLDERS).await, 0, "round {round}");
        assert_eq!(count(&world, BARE_PHONES).await, 0, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_registered_while_a_sync_credential_is_created_gets_one_child() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let (_, _) = tokio::join!(world.phone(&person), world.sync_credential(&person));
        assert_eq!(world.credentials(&person).await.len(), 2, "round {round}");
    }
    assert_eq!(count(&world, BARE_PHONES).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_with_a_user_identifier_key_open_one_client_session() {
    let world = World::with_connections(CONNECTIONS).await;
    let named = |_| json!({ "user_identifier_key": "jane" });
    let answers = at_once(&world, 50, "/client_sessions/get_or_create", named).await;
    let tokens: BTreeSet<String> = answers.iter().map(|answer| text(&answer.ok()["client_session"]["token"])).collect();
    assert_eq!(tokens.len(), 1);
    let listed = world.key().get("/client_sessions/list").await.ok();
    assert_eq!(list(&listed["client_sessions"]).len(), 1);

    let refused = at_once(&world, 20, "/client_sessions/create", |_| json!({ "user_identifier_key": "joe" })).await;
    let made = refused.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    for answer in refused.iter().filter(|answer| answer.status != 200) {
        answer.refused(400, "client_session_token_already_exists");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creates_with_a_user_identity_key_create_one_user_identity() {
    let world = World::with_connections(CONNECTIONS).await;
    let answers = at_once(&world, 30, "/user_identities/create", |_| json!({ "user_identity_key": "jane" })).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(400, "user_identity_already_exists");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_deactivated_once_while_its_user_identity_is_deleted() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let phone = world.phone(&person).await;
        world.sync_credential(&person).await;
        let whose = json!({ "user_identity_id": person });
        let (died, all_died, left) = tokio::join!(
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
            world.key().post("/user_identities/deactivate_phones", whose.clone()),
            world.key().post("/user_identities/delete", whose),
        );
        died.ok();
        left.ok();
        // The user identity may be deleted before its phones are looked up.
        assert!(all_died.status == 200 || all_died.error()["type"] == "user_identity_not_found", "{all_died:?}");
        assert_eq!(world.events("phone.deactivated").await.len(), round + 1);
    }
    assert_eq!(count(&world, "select count(*) from credential").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_phone_remains_of_a_user_identity_deleted_during_registration() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let register =
            |number: usize| json!({ "user_identity_id": person, "custom_sdk_installation_id": number.to_string() });
        let path = "/phones/simulate/create_sandbox_phone";
        let (registered, left) = tokio::join!(
            at_once(&world, 5, path, register),
            world.key().post("/user_identities/delete", json!({ "user_identity_id": person })),
        );
        left.ok();
        for answer in registered {
            // A phone registered just before the deletion is gone when it is read for the response.
            let kinds = [json!("user_identity_not_found"), json!("device_not_found")];
            assert!(answer.status == 200 || kinds.contains(&answer.error()["type"]), "{answer:?}");
        }
        assert!(world.phone_ids().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_webhook_loses_no_concurrent_event() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    for round in 0..40 {
        let hook = world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
        let which = json!({ "webhook_id": hook["webhook"]["webhook_id"] });
        let phone = world.phone(&jane).await;
        let (gone, died) = tokio::join!(
            world.key().post("/webhooks/delete", which),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
        );
        gone.ok();
        died.ok();
        assert_eq!(world.events("phone.deactivated").await.len(), round + 1);
    }
    assert_eq!(count(&world, "select count(*) from delivery").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_sandbox_during_other_requests_causes_no_server_error() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let person = world.person(&format!("person{round}")).await;
        let phone = world.phone(&person).await;
        world.sync_credential(&person).await;
        world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
        let whose = |_| json!({ "user_identity_id": person });
        let (reset, died, registered, opened) = tokio::join!(
            world.key().post("/workspaces/reset_sandbox", json!({})),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
            at_once(&world, 5, "/phones/simulate/create_sandbox_phone", whose),
            at_once(&world, 2, "/client_sessions/create", whose),
        );
        reset.ok();
        for answer in registered.iter().chain(&opened).chain([&died]) {
            assert!(
                answer.status == 200 || answer.error()["type"].as_str().is_some_and(|it| it.ends_with("_not_found")),
                "{answer:?}"
            );
        }
    }
}
