//! Search of a workspace by an id, lists of action attempts, and customization profiles, of which there are none.

use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000001";

/// What a search finds, without the empty lists.
async fn find(world: &World, id: &str) -> Value {
    let found = world.key().get(&format!("/workspaces/find_anything?search={id}")).await.ok()["batch"].clone();
    let members = found.as_object().expect("a batch").clone();
    members.into_iter().filter(|(_, value)| !list(value).is_empty()).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn find_anything_finds_each_kind_of_resource_by_its_id() {
    let world = World::new().await;
    let attempt = world.key().post("/workspaces/reset_sandbox", json!({})).await.ok()["action_attempt"].clone();
    let jane = world.person("jane").await;
    let (phone, lost) = (world.phone(&jane).await, world.phone(&jane).await);
    let credential = world.sync_credential(&jane).await;
    let session = text(&world.client_session(json!({ "user_identity_id": jane })).await["client_session_id"]);
    let link =
        world.key().post("/user_identities/generate_instant_key", json!({ "user_identity_id": jane })).await.ok();
    let link = link["instant_key"].clone();
    world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
    let event = world.events("phone.deactivated").await.remove(0);
    let get = async |path: &str, key: &str| world.key().get(path).await.ok()[key].clone();
    let device = get(&format!("/devices/get?device_id={phone}"), "device").await;
    let person = get(&format!("/user_identities/get?user_identity_id={jane}"), "user_identity").await;
    let key = get(&format!("/acs/credentials/get?acs_credential_id={credential}"), "acs_credential").await;
    let opened = get(&format!("/client_sessions/get?client_session_id={session}"), "client_session").await;
    let workspace = get("/workspaces/get", "workspace").await;

    for (id, expected) in [
        (phone.clone(), json!({ "devices": [device] })),
        (jane, json!({ "user_identities": [person] })),
        (credential, json!({ "acs_credentials": [key] })),
        (text(&link["instant_key_id"]), json!({ "instant_keys": [link] })),
        (session, json!({ "client_sessions": [opened] })),
        (text(&event["event_id"]), json!({ "events": [event] })),
        (text(&attempt["action_attempt_id"]), json!({ "action_attempts": [attempt] })),
        (world.id.clone(), json!({ "workspaces": [workspace] })),
        (lost, json!({})),
        (UNKNOWN.to_owned(), json!({})),
    ] {
        assert_eq!(find(&world, &id).await, expected);
    }
    let all = world.key().post("/workspaces/find_anything", json!({ "search": UNKNOWN })).await.ok()["batch"].clone();
    let kinds: Vec<&String> = all.as_object().expect("a batch").keys().collect();
    assert_eq!(
        kinds,
        [
            "acs_credentials",
            "action_attempts",
            "client_sessions",
            "devices",
            "events",
            "instant_keys",
            "user_identities",
            "workspaces"
        ]
    );
    let other = world.sandbox("Other").await;
    let theirs = other.phone(&other.person("joe").await).await;
    assert_eq!(find(&world, &theirs).await, json!({}));
    assert_eq!(find(&world, &other.id).await, json!({}));
    world.key().post("/workspaces/find_anything", json!({ "search": "sam" })).await.invalid("search", "Invalid uuid");
    world.key().post("/workspaces/find_anything", json!({})).await.invalid("search", "Required");
}

#[tokio::test]
async fn action_attempts_are_listed_in_pages_in_order_of_creation() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let attempt = world.key().post("/workspaces/reset_sandbox", json!({})).await.ok()["action_attempt"].clone();
        ids.push(text(&attempt["action_attempt_id"]));
        world.advance(TimeDelta::seconds(1));
    }
    let listed = async |body: Value| {
        let listed = world.key().post("/action_attempts/list", body).await.ok();
        let ids = list(&listed["action_attempts"]).iter().map(|it| text(&it["action_attempt_id"])).collect::<Vec<_>>();
        (ids, listed["pagination"].clone())
    };
    let (all, pagination) = listed(json!({})).await;
    assert_eq!((&all, &pagination["has_next_page"]), (&ids, &json!(false)));
    let (first, pagination) = listed(json!({ "limit": 2 })).await;
    assert_eq!(first, ids[..2]);
    let (rest, pagination) = listed(json!({ "limit": 2, "page_cursor": pagination["next_page_cursor"] })).await;
    assert_eq!((rest, &pagination["has_next_page"]), (vec![ids[2].clone()], &json!(false)));
    assert_eq!(listed(json!({ "action_attempt_ids": [ids[1], UNKNOWN] })).await.0, [ids[1].clone()]);
    assert!(listed(json!({ "action_attempt_ids": [] })).await.0.is_empty());
    assert!(listed(json!({ "device_id": UNKNOWN })).await.0.is_empty());
    let attempt = world.key().get(&format!("/action_attempts/get?action_attempt_id={}", ids[0])).await.ok();
    let query = format!("/action_attempts/list?action_attempt_ids={}&_strict=true", ids[0]);
    assert_eq!(world.key().get(&query).await.ok()["action_attempts"], json!([attempt["action_attempt"]]));
    world.key().post("/action_attempts/list", json!({ "limit": 0 })).await.refused(400, "invalid_input");
    let app = world.session(&world.person("jane").await).await;
    app.get("/action_attempts/list").await.refused(401, "unauthorized");
    let other = world.sandbox("Other").await;
    let theirs = other.key().get("/action_attempts/list").await.ok();
    assert_eq!(theirs["action_attempts"], json!([]));
}

#[tokio::test]
async fn there_is_no_customization_profile() {
    let world = World::new().await;
    let listed = world.key().get("/workspaces/customization_profiles/list").await;
    assert_eq!(listed.ok(), json!({ "customization_profiles": [], "ok": true }));
    let body = json!({ "customization_profile_id": UNKNOWN, "primary_color": "#000000" });
    for operation in ["get", "update"] {
        let path = format!("/workspaces/customization_profiles/{operation}");
        let error = world.key().post(&path, body.clone()).await.refused(404, "customization_profile_not_found");
        assert_eq!(error["data"], json!({ "customization_profile_id": UNKNOWN }));
    }
}
