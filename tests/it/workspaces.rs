//! Workspaces: creation, lists, and the reset of a sandbox.

mod search;

use crate::support::client::Response;
use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn reset_sandbox_deletes_all_objects_and_keeps_the_keys() {
    let world = World::new().await;
    let neighbour = world.sandbox("Neighbour").await;
    let untouched = neighbour.phone(&neighbour.person("joe").await).await;
    let pat = world.pat().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    world.sync_credential(&jane).await;
    let app = world.session(&jane).await;
    world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();

    let empty_form = world.key().bytes("/workspaces/reset_sandbox", Some("application/x-www-form-urlencoded"), "");
    let attempt = empty_form.await.ok()["action_attempt"].clone();
    let id = attempt["action_attempt_id"].clone();
    let expected = json!({
        "action_attempt_id": id, "action_type": "RESET_SANDBOX_WORKSPACE", "status": "success", "result": {},
        "error": null,
    });
    assert_eq!(attempt, expected);
    assert_eq!(
        world.key().post("/action_attempts/get", json!({ "action_attempt_id": id })).await.ok()["action_attempt"],
        attempt
    );
    for (path, key) in [
        ("/phones/list?include_deactivated=true", "phones"),
        ("/user_identities/list", "user_identities"),
        ("/webhooks/list", "webhooks"),
        ("/client_sessions/list", "client_sessions"),
        ("/acs/credentials/list", "acs_credentials"),
        ("/events/list?since=2000-01-01", "events"),
    ] {
        assert_eq!(world.key().get(path).await.ok()[key], json!([]), "{path}");
    }
    pat.get("/phones/list").await.ok();
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    assert_eq!(neighbour.phone_ids().await, [untouched]);
}

#[tokio::test]
async fn reset_sandbox_refuses_a_production_workspace() {
    let world = World::new().await;
    let production = world.production("Real").await;
    let joe = production.person("joe").await;
    production.key().post("/workspaces/reset_sandbox", json!({})).await.refused(400, "workspace_not_sandbox");
    production.key().post("/user_identities/get", json!({ "user_identity_id": joe })).await.ok();
}

const NO_METHOD: &str = "No authentication methods succeeded";

#[track_caller]
fn unauthorized(response: &Response, message: &str) {
    assert_eq!(response.refused(401, "unauthorized")["message"], message);
}

#[tokio::test]
async fn workspaces_are_created_and_listed_with_an_access_token() {
    let world = World::new().await;
    let token = world.access_token(&[&world]).await;
    let account = world.anonymous().bearer(token.reveal());
    for refused in [world.key().clone(), world.session(&world.person("jane").await).await, world.anonymous()] {
        unauthorized(&refused.post("/workspaces/create", json!({ "name": "New" })).await, NO_METHOD);
    }
    let created = account.post("/workspaces/create", json!({ "name": "New", "company_name": "Acme" })).await.ok();
    let workspace = &created["workspace"];
    assert_eq!((&workspace["name"], &workspace["connect_partner_name"]), (&json!("New"), &json!("Acme")));
    assert_eq!(workspace["is_sandbox"], json!(false));
    let id = text(&workspace["workspace_id"]);
    account.in_workspace(&id).get("/phones/list").await.ok();
    let listed = account.get("/workspaces/list").await.ok();
    assert_eq!(listed["workspaces"].as_array().map(Vec::len), Some(2));
    let own = world.key().get("/workspaces/list").await.ok();
    assert_eq!(own["workspaces"].as_array().map(Vec::len), Some(1), "an API key lists its own workspace only");
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
        let (reset, deactivated, registered, opened) = tokio::join!(
            world.key().post("/workspaces/reset_sandbox", json!({})),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
            at_once(&world, 5, "/phones/simulate/create_sandbox_phone", whose),
            at_once(&world, 2, "/client_sessions/create", whose),
        );
        reset.ok();
        for response in registered.iter().chain(&opened).chain([&deactivated]) {
            assert!(
                response.status == 200
                    || response.error()["type"].as_str().is_some_and(|it| it.ends_with("_not_found")),
                "{response:?}"
            );
        }
    }
}
