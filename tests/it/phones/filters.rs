//! List filters of the Seam dialect: phones, devices and credentials by property and owner.

use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A world with an old Android phone of Jane's, named after its colour, and an iPhone of Joe's.
struct Two {
    world: World,
    jane: String,
    joe: String,
    android: String,
    ios: String,
}

async fn two() -> Two {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let android = world.phone(&jane).await;
    world.pass(TimeDelta::hours(1));
    let phone_metadata =
        json!({ "operating_system": "ios", "device_model": "iPhone 17", "device_manufacturer": "Apple" });
    let fields = json!({ "user_identity_id": joe, "phone_metadata": phone_metadata });
    let made = world.key().post("/phones/simulate/create_sandbox_phone", fields).await.ok();
    let ios = text(&made["phone"]["device_id"]);
    let change = json!({ "device_id": android, "name": "Red one", "custom_metadata": { "desk": "Window 4" } });
    world.key().patch("/devices/update", change).await.ok();
    Two { world, jane, joe, android, ios }
}

async fn found(world: &World, path: &str, key: &str, filter: Value) -> Vec<String> {
    let listed = world.key().post(path, filter).await.ok();
    list(&listed[key]).iter().map(|item| text(&item["device_id"])).collect()
}

#[tokio::test]
async fn list_phones_filters_by_owner_type_name_metadata_and_age() {
    let Two { world, jane, joe, android, ios } = two().await;
    let anonymous = "00000000-0000-4000-8000-000000000000";
    let (none, one, other) = (vec![], vec![android.clone()], vec![ios.clone()]);
    let both = vec![android.clone(), ios.clone()];
    for (filter, expected) in [
        (json!({}), &both),
        (json!({ "owner_user_identity_id": jane }), &one),
        (json!({ "owner_user_identity_id": anonymous }), &none),
        (json!({ "user_identity_ids": [jane, joe, anonymous] }), &both),
        (json!({ "user_identity_ids": [] }), &none),
        (json!({ "user_identity_ids": [jane], "owner_user_identity_id": joe }), &none),
        (json!({ "acs_credential_id": anonymous }), &none),
        (json!({ "device_type": "ios_phone" }), &other),
        (json!({ "device_type": "android_phone", "owner_user_identity_id": joe }), &none),
        (json!({ "search": "rEd" }), &one),
        (json!({ "search": "window" }), &one),
        (json!({ "search": "iphone" }), &other),
        (json!({ "search": ios[..8].to_uppercase() }), if android[..8] == ios[..8] { &both } else { &other }),
        (json!({ "search": "_" }), &none),
        (json!({ "created_before": "2026-01-01T13:00:00Z" }), &one),
        (json!({ "created_before": "2026-01-01T13:00:00.000001Z" }), &both),
        (json!({ "custom_metadata_has": { "desk": "Window 4" } }), &one),
        (json!({ "custom_metadata_has": { "desk": null } }), &other),
    ] {
        assert_eq!(found(&world, "/phones/list", "phones", filter.clone()).await, *expected, "{filter}");
    }
    world.key().post("/phones/list", json!({ "device_type": "lock" })).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn list_devices_filters_by_the_device_fields_of_phones() {
    let Two { world, jane: _, joe: _, android, ios } = two().await;
    let device = world.key().post("/devices/get", json!({ "device_id": ios })).await.ok()["device"].clone();
    let account = &device["connected_account_id"];
    let elsewhere = "00000000-0000-4000-8000-000000000000";
    let (none, one, other) = (vec![], vec![android.clone()], vec![ios.clone()]);
    let both = vec![android.clone(), ios.clone()];
    for (filter, expected) in [
        (json!({ "device_ids": [ios] }), &other),
        (json!({ "device_types": ["ios_phone", "schlage_lock"] }), &other),
        (json!({ "device_type": "schlage_lock" }), &none),
        (json!({ "manufacturer": "apple" }), &other),
        (json!({ "user_identifier_key": "jane" }), &one),
        (json!({ "user_identifier_key": "nobody" }), &none),
        (json!({ "connected_account_id": account }), &both),
        (json!({ "connected_account_ids": [account, elsewhere] }), &both),
        (json!({ "connected_account_id": elsewhere }), &none),
        (json!({ "connect_webview_id": elsewhere }), &none),
        (json!({ "customer_key": "acme" }), &none),
        (json!({ "space_id": elsewhere }), &none),
    ] {
        assert_eq!(found(&world, "/devices/list", "devices", filter.clone()).await, *expected, "{filter}");
    }
    let by_name = world.key().get("/devices/get?name=Red%20one").await.ok();
    assert_eq!(by_name["device"]["device_id"], android);
    let neither = json!({ "device_id": ios, "name": "Red one" });
    world.key().post("/devices/get", neither).await.refused(404, "device_not_found");
    world.key().post("/devices/get", json!({})).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn list_credentials_filters_by_owner_and_property() {
    let Two { world, jane, joe, .. } = two().await;
    let parent = world.sync_credential(&jane).await;
    let user = "00000000-0000-4000-8000-000000000001";
    let system = "00000000-0000-4000-8000-000000000002";
    let card = json!({ "acs_user_id": user, "acs_system_id": system, "access_method": "card" });
    let card =
        text(&world.key().post("/acs/credentials/create", card).await.ok()["acs_credential"]["acs_credential_id"]);
    let count = async |filter: Value| {
        let listed = world.key().post("/acs/credentials/list", filter).await.ok();
        list(&listed["acs_credentials"]).len()
    };
    for (filter, expected) in [
        (json!({}), 3),
        (json!({ "user_identity_id": jane }), 2),
        (json!({ "user_identity_id": joe }), 0),
        (json!({ "acs_user_id": user }), 1),
        (json!({ "acs_system_id": system }), 1),
        (json!({ "is_multi_phone_sync_credential": true }), 1),
        (json!({ "is_multi_phone_sync_credential": false }), 2),
        (json!({ "search": "card" }), 1),
        (json!({ "created_before": "2026-01-01T13:00:00Z" }), 0),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter}");
    }
    let shown = world.key().get(&format!("/acs/credentials/get?acs_credential_id={card}")).await.ok();
    assert_eq!(shown["acs_credential"]["is_issued"], json!(false), "a card is not issued on creation");
    let shown = world.key().get(&format!("/acs/credentials/get?acs_credential_id={parent}")).await.ok();
    assert_eq!(shown["acs_credential"]["is_multi_phone_sync_credential"], json!(true));
}

#[tokio::test]
async fn create_credential_requires_one_owner_and_ends_at_after_starts_at() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let user = "00000000-0000-4000-8000-000000000001";
    for (fields, message) in [
        (json!({}), "Must specify either user_identity_id or acs_user_id"),
        (
            json!({ "user_identity_id": jane, "acs_user_id": user }),
            "Must specify either user_identity_id or acs_user_id",
        ),
        (
            json!({ "user_identity_id": jane, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z" }),
            "ends_at must be after starts_at",
        ),
    ] {
        let mut body = fields;
        body["access_method"] = json!("mobile_key");
        world.key().post("/acs/credentials/create", body).await.invalid("", message);
    }
    let card = json!({ "user_identity_id": jane, "access_method": "card", "is_multi_phone_sync_credential": true });
    world.key().post("/acs/credentials/create", card).await.refused(400, "invalid_input");
    let unknown = json!({ "user_identity_id": user, "access_method": "mobile_key" });
    world.key().post("/acs/credentials/create", unknown).await.refused(404, "user_identity_not_found");
    world
        .key()
        .post("/acs/credentials/create", json!({ "user_identity_id": jane, "access_method": "key" }))
        .await
        .invalid(
            "access_method",
            "Invalid enum value. Expected 'code' | 'card' | 'mobile_key' | 'cloud_key', received 'key'",
        );
}
