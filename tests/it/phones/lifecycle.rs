//! Lifecycles of phones and user identities in the Seam dialect.

use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const REGISTER: &str = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";

#[tokio::test]
async fn deactivate_phone_emits_one_event() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.pass(TimeDelta::minutes(1));

    let answer = world.key().delete(&format!("/phones/deactivate?device_id={phone}&_strict=true")).await;
    assert_eq!(answer.ok(), json!({ "ok": true }));
    let events = world.events("phone.deactivated").await;
    let expected = json!({
        "event_id": events[0]["event_id"], "event_type": "phone.deactivated", "workspace_id": world.id,
        "device_id": phone, "device_custom_metadata": {},
        "created_at": "2026-01-01T12:01:00Z", "occurred_at": "2026-01-01T12:01:00Z",
    });
    assert_eq!(events, [expected]);

    world.pass(TimeDelta::minutes(1));
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(world.events("phone.deactivated").await, events, "a repeated deactivation succeeds and emits nothing");
}

#[tokio::test]
async fn a_deactivated_phone_is_only_listed_with_include_deactivated() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (lost, kept) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": lost, "reason": "left in a taxi" })).await.ok();

    for path in ["/phones/get", "/devices/get"] {
        let error = world.key().post(path, json!({ "device_id": lost })).await.refused(404, "device_not_found");
        assert_eq!(error["data"], json!({ "device_id": lost }));
    }
    assert_eq!(world.phone_ids().await, [kept.as_str()]);
    let devices = world.key().get("/devices/list").await.ok();
    assert_eq!(list(&devices["devices"]).len(), 1);
    let change = json!({ "device_id": lost, "name": "Ghost" });
    world.key().patch("/devices/update", change).await.refused(404, "device_not_found");
    let all = world.key().get("/phones/list?include_deactivated=true").await.ok();
    assert_eq!(list(&all["phones"]).len(), 2, "deactivated phones are listed on request");
    let reason: Option<String> = sqlx::query_scalar("select deactivation_reason from phone where device_id::text = $1")
        .bind(&lost)
        .fetch_one(&mut world.database().await)
        .await
        .expect("the row is kept");
    assert_eq!(reason.as_deref(), Some("left in a taxi"));
}

#[tokio::test]
async fn deactivate_phone_with_an_unknown_or_foreign_id_is_not_found() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = other.phone(&other.person("joe").await).await;
    for id in [theirs.as_str(), "00000000-0000-0000-0000-000000000000", "no-id-at-all", ""] {
        let answer = world.key().post("/phones/deactivate", json!({ "device_id": id })).await;
        let error = answer.refused(404, "device_not_found");
        assert_eq!((&error["message"], &error["data"]), (&json!("Device not found"), &json!({ "device_id": id })));
    }
    assert_eq!(other.phone_ids().await, [theirs]);
    assert!(other.events("phone.deactivated").await.is_empty());
}

#[tokio::test]
async fn create_sandbox_phone_returns_the_given_metadata() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let create = "/phones/simulate/create_sandbox_phone";
    let plain = world.key().post(create, json!({ "user_identity_id": jane })).await.ok()["phone"].clone();
    let endpoints = json!({ "has_active_endpoint": true, "endpoints": [{ "endpoint_id": "1", "is_active": true }] });
    let expected = json!({
        "device_id": plain["device_id"], "device_type": "android_phone", "display_name": "Samsung Galaxy S10",
        "workspace_id": world.id, "created_at": "2026-01-01T12:00:00Z", "custom_metadata": {},
        "errors": [], "warnings": [], "properties": { "assa_abloy_credential_service_metadata": endpoints },
    });
    assert_eq!(plain, expected);

    let fields = json!({
        "user_identity_id": jane,
        "phone_metadata": { "operating_system": "ios", "device_model": "iPhone 17", "device_manufacturer": "Apple" },
        "assa_abloy_metadata": { "seos_tsm_endpoint_id": 7 },
    });
    let phone = world.key().post(create, fields).await.ok()["phone"].clone();
    assert_eq!((&phone["device_type"], &phone["display_name"]), (&json!("ios_phone"), &json!("iPhone 17")));
    let endpoint = &phone["properties"]["assa_abloy_credential_service_metadata"]["endpoints"][0]["endpoint_id"];
    assert_eq!(*endpoint, "7");
    let device =
        world.key().post("/devices/get", json!({ "device_id": phone["device_id"] })).await.ok()["device"].clone();
    let model = json!({ "display_name": "iPhone 17", "manufacturer_display_name": "Apple" });
    assert_eq!(device["properties"]["model"], model);
    assert_eq!((&device["is_managed"], &device["capabilities_supported"]), (&json!(true), &json!(["phone"])));
}

#[tokio::test]
async fn create_sandbox_phone_requires_a_sandbox_and_an_existing_user_identity() {
    let world = World::new().await;
    let create = "/phones/simulate/create_sandbox_phone";
    let anonymous = json!({ "user_identity_id": "00000000-0000-4000-8000-000000000000" });
    let error = world.key().post(create, anonymous).await.refused(404, "user_identity_not_found");
    assert_eq!(error["message"], "User identity not found");
    let production = world.production("Real").await;
    let joe = production.person("joe").await;
    production.key().post(create, json!({ "user_identity_id": joe })).await.refused(400, "workspace_not_sandbox");
    assert!(production.phone_ids().await.is_empty());
    // A user identity of another workspace is not found.
    world.key().post(create, json!({ "user_identity_id": joe })).await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn get_or_create_phone_session_registers_an_installation_once() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let app = world.session(&jane).await;
    let body = json!({
        "custom_sdk_installation_id": "installation-1", "phone_os": "ios",
        "phone_device_metadata": { "manufacturer": "Apple", "model": "iPhone 17", "os_version": "26.1" },
    });
    let session = app.post(REGISTER, body.clone()).await.ok()["phone_session"].clone();
    assert_eq!((&session["workspace_id"], &session["is_sandbox_workspace"]), (&json!(world.id), &json!(true)));
    assert_eq!(session["user_identity"]["user_identity_id"], jane);
    let provider = &session["provider_sessions"][0];
    assert_eq!(list(&provider["acs_credentials"]).len(), 1, "the phone has its child credential at once");
    let phone = text(&provider["phone_registration"]["phone_registration_id"]);
    assert_eq!(world.phone_ids().await, [phone.as_str()]);
    let shown = world.key().get(&format!("/phones/get?device_id={phone}")).await.ok()["phone"].clone();
    assert_eq!((&shown["display_name"], &shown["properties"]), (&json!("iPhone 17"), &json!({})));

    assert_eq!(app.post(REGISTER, body).await.ok()["phone_session"], session, "the same installation, the same phone");
    assert_eq!(world.phone_ids().await.len(), 1);
    assert_eq!(world.events("phone.registered").await.len(), 1);
}

#[tokio::test]
async fn registration_after_deactivation_creates_another_phone() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let register = async || {
        let body = json!({ "user_identity_id": jane, "custom_sdk_installation_id": "installation-1" });
        text(&world.key().post("/phones/simulate/create_sandbox_phone", body).await.ok()["phone"]["device_id"])
    };
    let first = register().await;
    assert_eq!(register().await, first, "the same installation is the same phone");
    world.key().post("/phones/deactivate", json!({ "device_id": first })).await.ok();
    let second = register().await;
    assert_ne!(second, first);
    assert_eq!(register().await, second);
    assert_eq!(world.phone_ids().await, [second]);
}

#[tokio::test]
async fn an_installation_is_a_separate_phone_for_each_user_identity() {
    let world = World::new().await;
    let mut phones = Vec::new();
    for name in ["jane", "joe"] {
        let app = world.session(&world.person(name).await).await;
        let session = app.post(REGISTER, json!({ "custom_sdk_installation_id": "one", "phone_os": "ios" })).await.ok();
        let registration = &session["phone_session"]["provider_sessions"][0]["phone_registration"];
        phones.push(text(&registration["phone_registration_id"]));
    }
    assert_ne!(phones[0], phones[1]);
    assert_eq!(world.phone_ids().await.len(), 2);
}

#[tokio::test]
async fn delete_user_identity_deactivates_its_phones_and_ends_its_sessions() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let joes = world.phone(&joe).await;
    world.sync_credential(&jane).await;
    let app = world.session(&jane).await;
    app.get("/devices/list").await.ok();

    world.key().delete(&format!("/user_identities/delete?user_identity_id={jane}")).await.ok();
    world
        .key()
        .post("/user_identities/get", json!({ "user_identity_id": jane }))
        .await
        .refused(404, "user_identity_not_found");
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    assert_eq!(world.phone_ids().await, [joes], "phones of other user identities stay");
    let mut dead: Vec<String> =
        world.events("phone.deactivated").await.iter().map(|event| text(&event["device_id"])).collect();
    dead.sort();
    assert_eq!(dead, phones, "one event each");
    assert_eq!(world.events("client_session.deleted").await.len(), 1);
    assert_eq!(world.events("acs_credential.deleted").await.len(), 3, "the parent and two children");
    assert!(world.credentials(&jane).await.is_empty());
    world
        .key()
        .delete(&format!("/user_identities/delete?user_identity_id={jane}"))
        .await
        .refused(404, "user_identity_not_found");
    // A client that retries a deactivation after a lost response gets a success.
    world.key().delete(&format!("/phones/deactivate?device_id={}", phones[0])).await.ok();
}

#[tokio::test]
async fn deactivate_phones_of_a_user_identity_deactivates_all_and_has_a_dry_run() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..3 {
        world.pass(TimeDelta::seconds(1));
        phones.push(world.phone(&jane).await);
    }
    let path = "/user_identities/deactivate_phones";
    let dry = world.key().post(path, json!({ "user_identity_id": jane, "dry_run": true })).await.ok();
    assert_eq!(dry["device_ids"], json!(phones));
    assert_eq!(world.phone_ids().await, phones, "a dry run changes nothing");
    assert_eq!(world.key().post(path, json!({ "user_identity_id": jane })).await.ok(), dry);
    assert!(world.phone_ids().await.is_empty());
    assert_eq!(world.events("phone.deactivated").await.len(), 3);
    assert_eq!(world.key().post(path, json!({ "user_identity_id": jane })).await.ok()["device_ids"], json!([]));
    let anonymous = json!({ "user_identity_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post(path, anonymous).await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn each_phone_has_a_child_of_a_multi_phone_sync_credential() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let first = world.phone(&jane).await;
    world.pass(TimeDelta::seconds(1));
    let parent = world.sync_credential(&jane).await;
    world.pass(TimeDelta::seconds(1));
    let second = world.phone(&jane).await;

    let children = children(&world.credentials(&jane).await, &parent);
    assert_eq!(children.len(), 2, "one from the creation of the credential, one from the registration");
    let holders = async |credential: &str| {
        let listed = world.key().get(&format!("/phones/list?acs_credential_id={credential}")).await.ok();
        list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect::<Vec<_>>()
    };
    assert_eq!(holders(&parent).await, [first.clone(), second.clone()]);
    assert_eq!(holders(&children[0]).await, [first.as_str()]);
    assert_eq!(holders(&children[1]).await, [second.as_str()]);

    world.key().post("/phones/deactivate", json!({ "device_id": first })).await.ok();
    let left: Vec<String> =
        world.credentials(&jane).await.iter().map(|credential| text(&credential["acs_credential_id"])).collect();
    assert_eq!(left, [parent.clone(), children[1].clone()], "the parent and the other phone's child stay");
    for event_type in ["acs_credential.invalidated", "acs_credential.deleted"] {
        let events = world.events(event_type).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["acs_credential_id"], children[0]);
    }
    assert_eq!(holders(&parent).await, [second]);
}

fn children(credentials: &[Value], parent: &str) -> Vec<String> {
    let is_child = |credential: &&Value| credential["parent_acs_credential_id"] == *parent;
    credentials.iter().filter(is_child).map(|child| text(&child["acs_credential_id"])).collect()
}

#[tokio::test]
async fn a_mobile_key_is_issued_when_a_phone_is_registered() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let fields = json!({ "user_identity_id": jane, "access_method": "mobile_key" });
    let key = world.key().post("/acs/credentials/create", fields).await.ok()["acs_credential"].clone();
    assert_eq!((&key["is_issued"], &key["issued_at"]), (&json!(false), &Value::Null));
    assert!(world.events("acs_credential.issued").await.is_empty());
    world.pass(TimeDelta::minutes(5));
    world.phone(&jane).await;
    let issued = &world.credentials(&jane).await[0];
    assert_eq!((&issued["is_issued"], &issued["issued_at"]), (&json!(true), &json!("2026-01-01T12:05:00Z")));
    assert_eq!(world.events("acs_credential.issued").await.len(), 1);
}

#[tokio::test]
async fn delete_credential_deletes_its_children() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let parent = world.sync_credential(&jane).await;
    world.key().delete(&format!("/acs/credentials/delete?acs_credential_id={parent}")).await.ok();
    assert!(world.credentials(&jane).await.is_empty());
    assert_eq!(world.events("acs_credential.deleted").await.len(), 2);
    let again = world.key().delete(&format!("/acs/credentials/delete?acs_credential_id={parent}")).await;
    again.refused(404, "acs_credential_not_found");
    assert_eq!(world.phone_ids().await.len(), 1);
}

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
