//! Filters of the lists of phones and devices.

use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A world with an old Android phone of Jane's, named after its colour, and an iPhone of Joe's.
pub struct TwoPhones {
    pub world: World,
    pub jane: String,
    pub joe: String,
    pub android: String,
    pub ios: String,
}

pub async fn two_phones() -> TwoPhones {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let android = world.phone(&jane).await;
    world.advance(TimeDelta::hours(1));
    let phone_metadata =
        json!({ "operating_system": "ios", "device_model": "iPhone 17", "device_manufacturer": "Apple" });
    let fields = json!({ "user_identity_id": joe, "phone_metadata": phone_metadata });
    let created = world.key().post("/phones/simulate/create_sandbox_phone", fields).await.ok();
    let ios = text(&created["phone"]["device_id"]);
    let change = json!({ "device_id": android, "name": "Red one", "custom_metadata": { "desk": "Window 4" } });
    world.key().patch("/devices/update", change).await.ok();
    TwoPhones { world, jane, joe, android, ios }
}

async fn found(world: &World, path: &str, key: &str, filter: Value) -> Vec<String> {
    let listed = world.key().post(path, filter).await.ok();
    list(&listed[key]).iter().map(|item| text(&item["device_id"])).collect()
}

#[tokio::test]
async fn list_phones_filters_by_owner_type_name_metadata_and_age() {
    let TwoPhones { world, jane, joe, android, ios } = two_phones().await;
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
    let TwoPhones { world, jane: _, joe: _, android, ios } = two_phones().await;
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
        (json!({ "user_identifier_key": "unknown" }), &none),
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
