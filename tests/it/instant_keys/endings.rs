//! What ends an instant key: the loss of a phone that it has let in, the end of its person, of its sessions, or of the key that
//! has created it.

use super::*;
use crate::support::scim::{active, path_of};
use crate::support::world::World;
use futures_util::future::join_all;

#[tokio::test]
async fn the_deactivation_of_a_phone_ends_the_instant_key_that_let_it_in() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 5 })).await;
    let other_key = generate(&world, &jane, json!({})).await;
    // The second phone has another session than the first use has handed out.
    let kept = exchanged(&world, &key).await;
    register(&kept, "kept").await;
    let lost = exchanged(&world, &key).await;
    let phone = register(&lost, "lost").await;
    world.key().delete(&format!("/phones/deactivate?device_id={phone}")).await.ok();
    has_ended(&world, &key).await;
    lost.get("/devices/list").await.refused(401, "client_session_not_found");
    kept.get("/devices/list").await.ok();
    // Phones of other instant keys are not concerned; an installation that was deactivated stays off.
    let app = exchanged(&world, &other_key).await;
    let again = json!({ "custom_sdk_installation_id": "lost", "phone_os": "ios" });
    app.post(REGISTER, again).await.refused(400, "phone_deactivated");
}

#[tokio::test]
async fn the_deactivation_of_the_first_phone_ends_the_instant_key_too() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 5 })).await;
    let app = exchanged(&world, &key).await;
    register(&app, "one").await;
    world.key().post("/user_identities/deactivate_phones", json!({ "user_identity_id": jane })).await.ok();
    has_ended(&world, &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_exchange_succeeds_after_a_concurrent_deactivation() {
    let world = World::with_connections(8).await;
    let jane = world.person("jane").await;
    for round in 0..5 {
        let key = generate(&world, &jane, json!({ "max_use_count": 100 })).await;
        let app = exchanged(&world, &key).await;
        let phone = register(&app, &format!("phone {round}")).await;
        let exchanges = join_all((0..10).map(|_| exchange(&world, &key)));
        let deactivation = world.key().post("/phones/deactivate", json!({ "device_id": phone }));
        let (responses, deactivated) = tokio::join!(exchanges, deactivation);
        deactivated.ok();
        assert!(responses.iter().all(|response| [200, 404].contains(&response.status)), "{responses:?}");
        has_ended(&world, &key).await;
    }
}

#[tokio::test]
async fn the_instant_keys_of_a_deleted_person_end() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let keys = [generate(&world, &jane, json!({})).await, generate(&world, &jane, json!({ "max_use_count": 2 })).await];
    exchange(&world, &keys[1]).await.ok();
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    for key in &keys {
        has_ended(&world, key).await;
    }
}

#[tokio::test]
async fn the_instant_keys_of_a_suspended_person_end_and_none_is_generated() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let jane = text(&user["id"]);
    let key = generate(&world, &jane, json!({})).await;
    directory.patch(&path_of(&user), active(false)).await.of_scim(200);
    has_ended(&world, &key).await;
    world.key().post(GENERATE, json!({ "user_identity_id": jane })).await.refused(400, "user_identity_suspended");
    directory.patch(&path_of(&user), active(true)).await.of_scim(200);
    has_ended(&world, &key).await;
    exchange(&world, &generate(&world, &jane, json!({})).await).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_exchange_survives_a_concurrent_suspension() {
    let world = World::with_connections(8).await;
    let directory = world.directory().await;
    for round in 0..5 {
        let user = directory.create_scim_user(&format!("user{round}")).await;
        let key = generate(&world, &text(&user["id"]), json!({ "max_use_count": 100 })).await;
        let (path, off) = (path_of(&user), active(false));
        let exchanges = join_all((0..10).map(|_| exchange(&world, &key)));
        let (responses, suspended) = tokio::join!(exchanges, directory.patch(&path, off));
        suspended.of_scim(200);
        for response in responses.iter().filter(|response| response.status == 200) {
            let app = world.anonymous().bearer(&text(&response.body["client_session"]["token"]));
            app.get("/devices/list").await.refused(401, "client_session_not_found");
        }
        has_ended(&world, &key).await;
    }
}

#[tokio::test]
async fn an_instant_key_ends_with_a_client_session_that_it_has_handed_out() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for (operation, count) in [("revoke", 0), ("revoke", 1), ("revoke", 2), ("delete", 0), ("delete", 2)] {
        let key = generate(&world, &jane, json!({ "max_use_count": 5 })).await;
        let mut session = key["client_session_id"].clone();
        for _ in 0..count {
            session = exchange(&world, &key).await.ok()["client_session"]["client_session_id"].clone();
        }
        let path = format!("/client_sessions/{operation}");
        world.key().post(&path, json!({ "client_session_id": session })).await.ok();
        has_ended(&world, &key).await;
    }
}

#[tokio::test]
async fn an_instant_key_does_not_follow_its_client_session_to_another_person() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let key = generate(&world, &jane, json!({ "max_use_count": 2 })).await;
    let grant = json!({ "client_session_id": key["client_session_id"], "user_identity_id": joe });
    world.key().post("/client_sessions/grant_access", grant).await.ok();
    let shown = world.key().post("/instant_keys/get", json!({ "instant_key_id": key["instant_key_id"] })).await.ok();
    assert_eq!(shown["instant_key"]["user_identity_id"], joe, "it is the key of the session's person");
    for _ in 0..2 {
        assert_eq!(exchange(&world, &key).await.ok()["client_session"]["user_identity_id"], joe);
    }
}

#[tokio::test]
async fn a_revoked_key_ends_the_instant_keys_that_it_has_generated_with_their_client_sessions() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (id, leaked) = world.another_key().await;
    let body = json!({ "user_identity_id": jane, "max_use_count": 3 });
    let key = leaked.post(GENERATE, body).await.ok()["instant_key"].clone();
    let kept = generate(&world, &jane, json!({})).await;
    let apps = [exchanged(&world, &key).await, exchanged(&world, &key).await];
    assert_eq!(world.revoke_with_client_sessions(&id).await, 2);
    for app in &apps {
        app.get("/devices/list").await.refused(401, "client_session_not_found");
    }
    has_ended(&world, &key).await;
    exchange(&world, &kept).await.ok();
}

#[tokio::test]
async fn a_key_that_is_revoked_without_its_client_sessions_leaves_its_instant_keys() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (id, replaced) = world.another_key().await;
    let body = json!({ "user_identity_id": jane, "max_use_count": 2 });
    let key = replaced.post(GENERATE, body.clone()).await.ok()["instant_key"].clone();
    world.store.revoke_api_key(&id, world.clock.now()).await.expect("the key exists");
    replaced.post(GENERATE, body).await.refused(401, "unauthorized");
    for _ in 0..2 {
        exchanged(&world, &key).await.get("/devices/list").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_session_of_an_instant_key_outlives_the_revocation_of_its_key() {
    let world = World::with_connections(8).await;
    let jane = world.person("jane").await;
    for _ in 0..5 {
        let (id, leaked) = world.another_key().await;
        let body = json!({ "user_identity_id": jane, "max_use_count": 100 });
        let key = leaked.post(GENERATE, body.clone()).await.ok()["instant_key"].clone();
        let exchanges = join_all((0..10).map(|_| exchange(&world, &key)));
        let generated = join_all((0..3).map(|_| leaked.post(GENERATE, body.clone())));
        let (responses, generated, _) = tokio::join!(exchanges, generated, world.revoke_with_client_sessions(&id));
        for response in responses.iter().filter(|response| response.status == 200) {
            let app = world.anonymous().bearer(&text(&response.body["client_session"]["token"]));
            app.get("/devices/list").await.refused(401, "client_session_not_found");
        }
        for response in generated.iter().filter(|response| response.status == 200) {
            has_ended(&world, &response.body["instant_key"]).await;
        }
        has_ended(&world, &key).await;
    }
}
