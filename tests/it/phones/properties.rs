//! Properties of a phone that clients set: custom metadata and the nickname.

use crate::support::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn custom_metadata_is_merged_and_null_or_empty_removes_a_key() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let after = async |change: Value| {
        let body = json!({ "device_id": phone, "custom_metadata": change });
        world.key().patch("/devices/update", body).await.ok();
        world.key().post("/phones/get", json!({ "device_id": phone })).await.ok()["phone"]["custom_metadata"].clone()
    };
    assert_eq!(after(json!({ "a": "1", "b": true, "c": "3" })).await, json!({ "a": "1", "b": true, "c": "3" }));
    assert_eq!(after(json!({ "b": false, "d": "4" })).await, json!({ "a": "1", "b": false, "c": "3", "d": "4" }));
    assert_eq!(after(json!({ "a": null, "c": "", "never": null })).await, json!({ "b": false, "d": "4" }));
    assert_eq!(after(json!({})).await, json!({ "b": false, "d": "4" }));
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let actual = &world.events("phone.deactivated").await[0]["device_custom_metadata"];
    assert_eq!(*actual, json!({ "b": false, "d": "4" }));
}

#[tokio::test]
async fn custom_metadata_has_exact_limits() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let set = async |metadata: Value| {
        world.key().patch("/devices/update", json!({ "device_id": phone, "custom_metadata": metadata })).await
    };
    let long_key = "k".repeat(41);
    set(json!({ "k".repeat(40): "x".repeat(500) })).await.ok();
    let path = format!("custom_metadata.{long_key}");
    set(json!({ &long_key: "x" })).await.invalid(&path, "String must contain at most 40 character(s)");
    set(json!({ "k": "x".repeat(501) }))
        .await
        .invalid("custom_metadata.k", "String must contain at most 500 character(s)");
    // JavaScript's length in UTF-16 code units: a character beyond the basic plane counts twice.
    set(json!({ "k": "😀".repeat(250) })).await.ok();
    set(json!({ "k": "😀".repeat(251) }))
        .await
        .invalid("custom_metadata.k", "String must contain at most 500 character(s)");
    let error = set(json!({ "a.b": "x" })).await.refused(400, "invalid_input");
    let node = &error["validation_errors"]["custom_metadata"]["a.b"]["_errors"];
    assert_eq!(*node, json!(["Custom metadata key names cannot contain a period (.)"]));
    let error = set(json!({ "n": 1 })).await.refused(400, "invalid_input");
    let actual = &error["validation_errors"]["custom_metadata"]["n"]["_errors"];
    assert!(
        actual.as_array().is_some_and(|messages| messages.contains(&json!("Expected string, received number"))),
        "{actual}"
    );
}

#[tokio::test]
async fn custom_metadata_has_at_most_fifty_pairs_in_an_update_and_in_total() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let set = async |metadata: Value| {
        world.key().patch("/devices/update", json!({ "device_id": phone, "custom_metadata": metadata })).await
    };
    let pairs = |from: usize, to: usize| (from..to).map(|n| (format!("k{n}"), json!("x"))).collect::<Value>();
    let too_many = "Custom metadata is limited to a maximum of 50 keys";
    set(pairs(0, 51)).await.invalid("custom_metadata", too_many);
    set(pairs(0, 50)).await.ok();
    set(pairs(49, 51)).await.invalid("custom_metadata", too_many);
    set(json!({ "k0": null, "k50": "x" })).await.ok();
    set(json!({ "k0": "x" })).await.invalid("custom_metadata", too_many);
}

#[tokio::test]
async fn update_device_sets_and_clears_the_nickname() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let after = async |path: &str, change: Value| {
        let mut body = change;
        body["device_id"] = json!(phone);
        world.key().patch(path, body).await.ok();
        let returned = world.key().post("/phones/get", json!({ "device_id": phone })).await.ok()["phone"].clone();
        (returned["display_name"].clone(), returned.get("nickname").cloned())
    };
    let (own, model) = (json!("Work phone"), json!("Samsung Galaxy S10"));
    assert_eq!(after("/devices/update", json!({ "name": own })).await, (own.clone(), Some(own.clone())));
    assert_eq!(after("/devices/update", json!({})).await, (own.clone(), Some(own.clone())));
    assert_eq!(after("/devices/update", json!({ "name": null })).await, (model.clone(), None));
    assert_eq!(
        after("/devices/update", json!({ "properties": { "name": own } })).await,
        (own.clone(), Some(own.clone()))
    );
    assert_eq!(after("/phones/update", json!({ "properties": { "name": null } })).await, (model, None));
    let found = world.key().get("/devices/get?name=Samsung%20Galaxy%20S10").await.ok();
    assert_eq!(found["device"]["device_id"], phone);
}
