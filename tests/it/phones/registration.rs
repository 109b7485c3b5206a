//! Registration of phones: sandbox phones, phone sessions of the mobile SDK, and repeated registrations.

use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::{World, list, text};
use serde_json::json;
use std::collections::BTreeSet;

const REGISTER: &str = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";

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
    let returned = world.key().get(&format!("/phones/get?device_id={phone}")).await.ok()["phone"].clone();
    assert_eq!((&returned["display_name"], &returned["properties"]), (&json!("iPhone 17"), &json!({})));

    assert_eq!(app.post(REGISTER, body).await.ok()["phone_session"], session, "the same installation, the same phone");
    assert_eq!(world.phone_ids().await.len(), 1);
    assert_eq!(world.events("phone.registered").await.len(), 1);
}

#[tokio::test]
async fn registration_after_readmission_creates_another_phone() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let create = "/phones/simulate/create_sandbox_phone";
    let body = json!({ "user_identity_id": jane, "custom_sdk_installation_id": "installation-1" });
    let register = async || text(&world.key().post(create, body.clone()).await.ok()["phone"]["device_id"]);
    let first = register().await;
    assert_eq!(register().await, first, "the same installation is the same phone");
    world.key().post("/phones/deactivate", json!({ "device_id": first })).await.ok();
    world.key().post(create, body.clone()).await.refused(400, "phone_deactivated");
    world.key().post("/phones/readmit", json!({ "device_id": first })).await.ok();
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

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_registrations_of_an_installation_create_one_phone() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let body = json!({ "user_identity_id": jane, "custom_sdk_installation_id": "one" });
    let responses = at_once(&world, 50, "/phones/simulate/create_sandbox_phone", |_| body.clone()).await;
    let phones: BTreeSet<String> =
        responses.iter().map(|response| text(&response.ok()["phone"]["device_id"])).collect();
    assert_eq!(phones.len(), 1);
    assert_eq!(world.phone_ids().await.len(), 1);
    assert_eq!(world.events("phone.registered").await.len(), 1);
    assert_eq!(world.credentials(&jane).await.len(), 2, "the parent and one child");
}
