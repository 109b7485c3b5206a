//! Deactivation of all phones of a user identity.

use crate::audit::audit_rows;
use crate::support::concurrency::{CONNECTIONS, at_once};
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
    assert_eq!(dry, json!({ "device_ids": phones, "dry_run": true, "ok": true }));
    assert_eq!(world.phone_ids().await, phones, "a dry run changes nothing");
    let done = world.key().post(path, json!({ "user_identity_id": jane })).await.ok();
    assert_eq!(done, json!({ "device_ids": phones, "dry_run": false, "ok": true }));
    assert!(world.phone_ids().await.is_empty());
    assert_eq!(world.events("phone.deactivated").await.len(), 3);
    assert_eq!(world.key().post(path, json!({ "user_identity_id": jane })).await.ok()["device_ids"], json!([]));
    let anonymous = json!({ "user_identity_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post(path, anonymous).await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn deactivate_phones_stores_the_reason_with_each_phone_and_in_the_audit_trail() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    world.phone(&jane).await;
    let path = "/user_identities/deactivate_phones";
    let too_long = json!({ "user_identity_id": jane, "reason": "x".repeat(501) });
    world.key().post(path, too_long).await.invalid("reason", "String must contain at most 500 character(s)");
    let dry = json!({ "user_identity_id": jane, "reason": "left the company", "dry_run": true });
    world.key().post(path, dry).await.ok();
    let reasons = async || -> Vec<Option<String>> {
        let sql = "select deactivation_reason from phone";
        sqlx::query_scalar(sql).fetch_all(&mut world.database().await).await.expect("the rows")
    };
    assert_eq!(reasons().await, [None, None], "a dry run changes nothing");
    let left = json!({ "user_identity_id": jane, "reason": "left the company" });
    world.key().post(path, left).await.ok();
    assert_eq!(reasons().await, [Some("left the company".to_owned()), Some("left the company".to_owned())]);
    let rows = audit_rows(&world, &world).await;
    let rows: Vec<_> = rows.iter().filter(|row| row["action"] == "phone.deactivated").collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["after"]["deactivation_reason"] == "left the company"), "{rows:?}");
}

#[tokio::test]
async fn deactivate_phones_of_more_phones_than_a_batch_includes_those_registered_meanwhile() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    let sql = "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
            device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '26', 'Apple', 'iPhone', '2025-01-01'
        from user_identity cross join generate_series(1, 350)";
    sqlx::query(sql).execute(&mut world.database().await).await.expect("the phones are inserted");
    // Each batch commits by itself: a registration waits for none of them, and none waits for it.
    let whose = json!({ "user_identity_id": jane });
    let path = "/user_identities/deactivate_phones";
    let (done, again, registered) = tokio::join!(
        world.key().post(path, whose.clone()),
        world.key().post(path, whose.clone()),
        at_once(&world, 10, "/phones/simulate/create_sandbox_phone", |_| whose.clone()),
    );
    done.ok();
    again.ok();
    world.key().post(path, whose).await.ok();
    let count = registered.iter().filter(|response| response.status == 200).count();
    for refused in registered.iter().filter(|response| response.status != 200) {
        // It had too many phones still, or the new one was deactivated before it was read for the response.
        assert!(["too_many_phones", "device_not_found"].contains(&refused.error()["type"].as_str().expect("a type")));
    }
    assert!(world.phone_ids().await.is_empty());
    assert!(world.events("phone.deactivated").await.len() >= 350 + count, "one event for each phone");
}
