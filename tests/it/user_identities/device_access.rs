//! Access of a user identity to phones of others, as devices.

use crate::support::concurrency::{CONNECTIONS, at_once, count};
use crate::support::scim::active;
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const GRANT: &str = "/user_identities/grant_access_to_device";
const REVOKE: &str = "/user_identities/revoke_access_to_device";
const LIST: &str = "/user_identities/list_accessible_devices";

fn access(person: &str, device: &str) -> Value {
    json!({ "user_identity_id": person, "device_id": device })
}

async fn accessible(world: &World, person: &str) -> Vec<String> {
    let listed = world.key().post(LIST, json!({ "user_identity_id": person })).await.ok();
    assert_eq!(listed["devices"], listed["accessible_devices"], "one list under both names");
    list(&listed["devices"]).iter().map(|device| text(&device["device_id"])).collect()
}

#[tokio::test]
async fn granted_devices_are_listed_until_access_is_revoked() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let first = world.phone(&joe).await;
    world.advance(TimeDelta::minutes(1));
    let second = world.phone(&joe).await;
    assert!(accessible(&world, &jane).await.is_empty());
    for device in [&second, &first, &first] {
        assert_eq!(world.key().put(GRANT, access(&jane, device)).await.ok(), json!({ "ok": true }));
    }
    assert_eq!(accessible(&world, &jane).await, [first.as_str(), second.as_str()]);
    assert!(accessible(&world, &joe).await.is_empty(), "own phones need no grant");
    let device = world.key().post("/devices/get", json!({ "device_id": first })).await.ok()["device"].clone();
    let listed = world.key().get(&format!("{LIST}?user_identity_id={jane}")).await.ok();
    assert_eq!(listed["devices"][0], device);
    for _ in 0..2 {
        let path = format!("{REVOKE}?user_identity_id={jane}&device_id={first}");
        assert_eq!(world.key().delete(&path).await.ok(), json!({ "ok": true }));
    }
    assert_eq!(accessible(&world, &jane).await, [second.as_str()]);
    let audited = "select count(*) from audit where action like 'device_access.%'";
    assert_eq!(count(&world, audited).await, 3, "two grants and a revocation, each once");
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    assert_eq!(count(&world, audited).await, 4, "a deleted user identity loses the other grant");
}

#[tokio::test]
async fn a_client_session_reads_the_devices_to_which_its_user_identity_has_access() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let own = world.phone(&jane).await;
    world.advance(TimeDelta::minutes(1));
    let (granted, other) = (world.phone(&joe).await, world.phone(&joe).await);
    world.key().post(GRANT, access(&jane, &granted)).await.ok();
    world.key().post(GRANT, access(&jane, &own)).await.ok();
    let app = world.session(&jane).await;

    let ids = |listed: Value| -> Vec<String> {
        list(&listed["devices"]).iter().map(|device| text(&device["device_id"])).collect()
    };
    assert_eq!(ids(app.get("/devices/list").await.ok()), [own.as_str(), granted.as_str()]);
    assert_eq!(ids(app.get("/devices/list?limit=1").await.ok()), [own.as_str()]);
    let filtered = json!({ "device_ids": [granted, other] });
    assert_eq!(ids(app.post("/devices/list", filtered).await.ok()), [granted.as_str()]);
    app.get(&format!("/devices/get?device_id={granted}")).await.ok();
    app.get(&format!("/devices/get?device_id={other}")).await.refused(404, "device_not_found");
    // It is not the session's own: it can neither change nor deactivate it.
    let change = json!({ "device_id": granted, "name": "Mine" });
    app.patch("/devices/update", change).await.refused(404, "device_not_found");
    app.delete(&format!("/phones/deactivate?device_id={granted}")).await.refused(404, "device_not_found");
    let of_jane = world.key().post("/phones/list", json!({ "owner_user_identity_id": jane })).await.ok();
    assert_eq!(list(&of_jane["phones"]).len(), 1, "phones keep to their owner");
    world.key().post(REVOKE, access(&jane, &granted)).await.ok();
    app.get(&format!("/devices/get?device_id={granted}")).await.refused(404, "device_not_found");
}

#[tokio::test]
async fn access_ends_with_the_phone() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (lost, kept) = (world.phone(&joe).await, world.phone(&joe).await);
    for device in [&lost, &kept] {
        world.key().post(GRANT, access(&jane, device)).await.ok();
    }
    let app = world.session(&jane).await;
    world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
    assert_eq!(accessible(&world, &jane).await, [kept.as_str()]);
    app.get(&format!("/devices/get?device_id={lost}")).await.refused(404, "device_not_found");
    world.key().post(GRANT, access(&jane, &lost)).await.refused(404, "device_not_found");
    world.key().post(REVOKE, access(&jane, &lost)).await.ok();
    // The phones of a deleted user identity are off.
    world.key().post("/user_identities/delete", json!({ "user_identity_id": joe })).await.ok();
    assert!(accessible(&world, &jane).await.is_empty());
    let third = world.phone(&world.person("jim").await).await;
    world.key().post(GRANT, access(&jane, &third)).await.ok();
    assert_eq!(count(&world, "select count(*) from device_access").await, 1, "what has ended is deleted with a grant");
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    assert_eq!(count(&world, "select count(*) from device_access").await, 0);
}

#[tokio::test]
async fn access_to_unknown_devices_and_of_unknown_user_identities_is_not_found() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let theirs = (other.person("joe").await, other.phone(&other.person("jim").await).await);
    for path in [GRANT, REVOKE] {
        let error = world.key().post(path, access(&theirs.0, &phone)).await.refused(404, "user_identity_not_found");
        assert_eq!(error["data"], json!({ "user_identity_id": theirs.0 }));
        let error = world.key().post(path, access(&jane, &theirs.1)).await.refused(404, "device_not_found");
        assert_eq!(error["data"], json!({ "device_id": theirs.1 }));
    }
    world.key().post(LIST, json!({ "user_identity_id": theirs.0 })).await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn access_is_limited_and_ends_with_a_suspension() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = text(&directory.create_scim_user("jane").await["id"]);
    let joe = world.person("joe").await;
    let phone = world.phone(&joe).await;
    let many = "with phones as (
            insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
                device_manufacturer, device_model, created_at)
            select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '18', 'Apple', 'iPhone', now()
            from user_identity cross join generate_series(1, 1000) where user_identity_key = 'joe'
            returning workspace_id, device_id
        )
        insert into device_access (workspace_id, user_identity_id, device_id, granted_at)
        select workspace_id, $1::uuid, device_id, now() from phones";
    let mut database = world.database().await;
    let id: uuid::Uuid = jane.parse().expect("an id");
    sqlx::query(many).bind(id).execute(&mut database).await.expect("a thousand grants");
    world.key().post(GRANT, access(&jane, &phone)).await.refused(400, "too_many_accessible_devices");
    world.key().post(GRANT, access(&jane, &accessible(&world, &jane).await[0])).await.ok();
    directory.patch(&format!("/scim/v2/Users/{jane}"), active(false)).await.of_scim(200);
    assert!(accessible(&world, &jane).await.is_empty());
    world.key().post(GRANT, access(&jane, &phone)).await.refused(400, "user_identity_suspended");
}

#[tokio::test]
async fn merge_moves_access_to_devices() {
    let world = World::new().await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    let (first, second) = (world.phone(&jim).await, world.phone(&jim).await);
    for (person, device) in [(&jane, &first), (&joe, &first), (&joe, &second)] {
        world.key().post(GRANT, access(person, device)).await.ok();
    }
    world.merge(&jane, &[&joe]).await;
    assert_eq!(accessible(&world, &joe).await.len(), 2);
    world.key().post(REVOKE, access(&joe, &first)).await.ok();
    assert_eq!(accessible(&world, &jane).await, [second.as_str()]);
    // A device of a merged user identity stays accessible.
    let jack = world.person("jack").await;
    world.merge(&jack, &[&jim]).await;
    assert_eq!(accessible(&world, &jane).await, [second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_grants_revocations_and_deactivations_end_in_a_consistent_state() {
    let world = World::with_connections(CONNECTIONS).await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    for _ in 0..10 {
        let phone = world.phone(&joe).await;
        let (granted, revoked, deactivated) = tokio::join!(
            at_once(&world, 4, GRANT, |_| access(&jane, &phone)),
            at_once(&world, 2, REVOKE, |_| access(&jane, &phone)),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
        );
        deactivated.ok();
        revoked.iter().for_each(|response| _ = response.ok());
        assert!(granted.iter().all(|response| [200, 404].contains(&response.status)), "{granted:?}");
        assert!(accessible(&world, &jane).await.is_empty());
    }
}
