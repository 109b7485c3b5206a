//! Many phones of one user identity, registered before there was a cap, and phones with rows of a megabyte: deactivation
//! and deletion get through. The rows are inserted by SQL, as no request can create them any more.

use crate::support::world::{World, list};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const DEACTIVATE: &str = "/user_identities/deactivate_phones";

/// Generous: several times what it takes on a slow machine, and less than a request may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Inserts active phones of a user identity.
async fn insert_phones(world: &World, person: &str, count: i64, device_model: &str) {
    let sql = "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
            device_manufacturer, device_model, created_at)
        select $1, gen_random_uuid(), $2, 'ios', '26.1', 'Apple', $3, '2025-01-01'::timestamptz + n * interval '1 second'
        from generate_series(1, $4) as n";
    sqlx::query(sql)
        .bind(world.record.workspace_id.0)
        .bind(person.parse::<uuid::Uuid>().expect("an id"))
        .bind(device_model)
        .bind(count)
        .execute(&mut world.database().await)
        .await
        .expect("the phones are inserted");
}

/// Text of a megabyte that does not compress well.
fn megabyte() -> String {
    (0..62_500_u64).map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
}

fn ids(answer: &Value) -> BTreeSet<String> {
    list(&answer["device_ids"]).iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
}

/// Deactivates all phones of a person, and checks the answer, the dry run, the phones and the events.
async fn all_are_deactivated(world: &World, person: &str, count: usize) -> Duration {
    let whose = json!({ "user_identity_id": person });
    let dry = world.key().post(DEACTIVATE, json!({ "user_identity_id": person, "dry_run": true })).await.ok();
    assert_eq!(ids(&dry).len(), count);
    let began = Instant::now();
    let answer = world.key().post(DEACTIVATE, whose.clone()).await.ok();
    let took = began.elapsed();
    assert_eq!(answer["device_ids"], dry["device_ids"], "all, in order of registration");
    assert_eq!(list(&world.key().post(DEACTIVATE, whose).await.ok()["device_ids"]), Vec::<Value>::new());
    assert!(world.phone_ids().await.is_empty());
    let events: BTreeSet<String> =
        world.events("phone.deactivated").await.iter().map(|event| event["device_id"].to_string()).collect();
    assert_eq!(events.len(), count, "one event for each phone");
    took
}

#[tokio::test]
async fn deactivate_phones_gets_through_with_four_thousand_phones() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    insert_phones(&world, &jane, 4_000, "iPhone 17").await;
    let took = all_are_deactivated(&world, &jane, 4_000).await;
    println!("4,000 phones: {took:?}");
    assert!(took < LIMIT, "{took:?}");
}

#[tokio::test]
async fn deactivate_phones_gets_through_with_250_phones_of_a_megabyte_each() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    insert_phones(&world, &jane, 250, &megabyte()).await;
    let took = all_are_deactivated(&world, &jane, 250).await;
    println!("250 phones of 1 MB: {took:?}");
    assert!(took < LIMIT, "{took:?}");
}

#[tokio::test]
async fn delete_user_identity_gets_through_with_many_and_with_large_phones() {
    for (count, device_model) in [(4_000, "iPhone 17".to_owned()), (250, megabyte())] {
        let world = World::new().await;
        let jane = world.person("jane").await;
        insert_phones(&world, &jane, count, &device_model).await;
        insert_phones(&world, &jane, count, &device_model).await;
        let sql = "update phone set deactivated_at = created_at where device_id::text < '8'";
        sqlx::query(sql).execute(&mut world.database().await).await.expect("half of them are deactivated");
        let began = Instant::now();
        world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
        let took = began.elapsed();
        println!("delete with 2 x {count}: {took:?}");
        assert!(took < LIMIT, "{took:?}");
        assert!(world.phone_ids().await.is_empty());
    }
}
