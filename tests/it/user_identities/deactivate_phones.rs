//! Deactivation of all phones of a user identity.

use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn deactivate_phones_of_a_user_identity_deactivates_all_and_has_a_dry_run() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..3 {
        world.advance(TimeDelta::seconds(1));
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
