//! A user identity, and an installation, have at most a hundred active phones.

use super::{deactivate, device_id, register};
use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::World;
use serde_json::json;

const CREATE: &str = "/phones/simulate/create_sandbox_phone";

/// Inserts active phones for each user identity.
async fn insert_phones(world: &World, count: i32, installation: Option<&str>) {
    let sql =
        "insert into phone (workspace_id, device_id, user_identity_id, custom_sdk_installation_id, operating_system,
            os_version, device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, $2, 'ios', '26', 'Apple', 'iPhone', created_at
        from user_identity cross join generate_series(1, $1)";
    let inserted = sqlx::query(sql).bind(count).bind(installation).execute(&mut world.database().await).await;
    inserted.expect("the phones are inserted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_identity_has_at_most_a_hundred_active_phones() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    insert_phones(&world, 95, None).await;
    let app = world.session(&jane).await;
    let known = device_id(&register(&app, "known").await);
    let responses = at_once(&world, 20, CREATE, |_| json!({ "user_identity_id": jane })).await;
    let created = responses.iter().filter(|response| response.status == 200).count();
    assert_eq!(created, 4, "also by concurrent registrations");
    for refused in responses.iter().filter(|response| response.status != 200) {
        let error = refused.refused(400, "too_many_phones");
        assert!(error["message"].as_str().is_some_and(|message| message.contains("100")), "{error}");
    }
    assert_eq!(device_id(&register(&app, "known").await), known, "a known phone is found");
    register(&app, "new").await.refused(400, "too_many_phones");
    world.phone(&world.person("joe").await).await;
    let other = responses.iter().find(|response| response.status == 200).expect("one was created");
    deactivate(world.key(), other.body["phone"]["device_id"].as_str().expect("an id")).await.ok();
    register(&app, "new").await.ok();
}

#[tokio::test]
async fn an_installation_has_at_most_a_hundred_active_phones() {
    let world = World::new().await;
    let sql = "insert into user_identity (workspace_id, user_identity_id, created_at)
        select workspace_id, gen_random_uuid(), created_at from workspace cross join generate_series(1, 100)";
    sqlx::query(sql).execute(&mut world.database().await).await.expect("the user identities are inserted");
    insert_phones(&world, 1, Some("shared")).await;
    let app = world.session(&world.person("jane").await).await;
    register(&app, "shared").await.refused(400, "too_many_phones");
    register(&app, "own").await.ok();
}
