//! The operations of a workspace's key on instant keys: generate, get, list and delete.

use super::{EXCHANGE, GENERATE, exchange, generate, has_ended, path, short_code};
use crate::support::client::Client;
use crate::support::second_server::SecondServer;
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use handset::domain::audit::AuditFilter;
use handset::http::App;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Active instant keys of a user identity.
const MAX_OF_PERSON: usize = 100;

#[tokio::test]
async fn generate_instant_key_returns_a_link_of_this_server_and_creates_a_client_session() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({})).await;
    let members: Vec<&String> = key.as_object().expect("an object").keys().collect();
    let published = [
        "client_session_id",
        "created_at",
        "expires_at",
        "instant_key_id",
        "instant_key_url",
        "user_identity_id",
        "workspace_id",
    ];
    assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), published.map(str::to_owned).iter().collect());
    assert_eq!((&key["user_identity_id"], &key["workspace_id"]), (&json!(jane), &json!(world.id)));
    assert_eq!(
        (&key["created_at"], &key["expires_at"]),
        (&json!("2026-01-01T12:00:00Z"), &json!("2026-01-31T12:00:00Z"))
    );
    assert!(text(&key["instant_key_url"]).starts_with(&format!("{}/ik/", world.url)), "{key}");
    assert!(short_code(&key).len() >= 40, "a code cannot be guessed: {key}");
    let session =
        world.key().post("/client_sessions/get", json!({ "client_session_id": key["client_session_id"] })).await;
    let session = session.ok()["client_session"].clone();
    assert_eq!((&session["user_identity_id"], &session["expires_at"]), (&json!(jane), &key["expires_at"]));

    let other =
        generate(&world, &jane, json!({ "max_use_count": 3.0, "expires_at": "2026-01-03T00:00:00+01:00" })).await;
    assert_eq!(other["expires_at"], "2026-01-02T23:00:00Z");
    assert_ne!(other["instant_key_url"], key["instant_key_url"]);
}

#[tokio::test]
async fn generate_instant_key_refuses_invalid_fields_and_unknown_resources() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let with = async |field: &str, value: Value| {
        world.key().post(GENERATE, json!({ "user_identity_id": jane, field: value })).await
    };
    with("max_use_count", json!(0)).await.invalid("max_use_count", "Number must be greater than or equal to 1");
    with("max_use_count", json!(101)).await.invalid("max_use_count", "Number must be less than or equal to 100");
    with("max_use_count", json!(1.5)).await.invalid("max_use_count", "Expected integer, received float");
    with("max_use_count", json!("2")).await.invalid("max_use_count", "Expected number, received string");
    with("max_use_count", Value::Null).await.invalid("max_use_count", "Expected number, received null");
    with("expires_at", json!("2026-01-02")).await.invalid("expires_at", "Invalid datetime");
    for time in ["2026-01-01T12:00:00Z", "2025-01-01T00:00:00Z", "2027-01-01T12:00:01Z"] {
        with("expires_at", json!(time)).await.invalid("expires_at", "It must be in the future, and within 365 days");
    }
    with("expires_at", json!("2027-01-01T12:00:00Z")).await.ok();
    world.key().post(GENERATE, json!({})).await.invalid("user_identity_id", "Required");
    let unknown = "00000000-0000-4000-8000-000000000000";
    let error = with("customization_profile_id", json!(unknown)).await.refused(404, "customization_profile_not_found");
    assert_eq!(error["data"], json!({ "customization_profile_id": unknown }));
    let stranger = world.key().post(GENERATE, json!({ "user_identity_id": unknown })).await;
    stranger.refused(404, "user_identity_not_found");
    let other = world.sandbox("Other").await;
    let joe = other.person("joe").await;
    world.key().post(GENERATE, json!({ "user_identity_id": joe })).await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn instant_keys_are_read_by_id_url_and_user_identity_in_both_method_eras() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let first = generate(&world, &jane, json!({})).await;
    world.advance(TimeDelta::seconds(1));
    let second = generate(&world, &joe, json!({ "max_use_count": 2 })).await;
    let id = text(&first["instant_key_id"]);
    let by_id = world.key().get(&format!("/instant_keys/get?_strict=true&instant_key_id={id}")).await.ok();
    assert_eq!(by_id["instant_key"], first);
    let by_url = json!({ "instant_key_url": first["instant_key_url"] });
    assert_eq!(world.key().post("/instant_keys/get", by_url).await.ok()["instant_key"], first);
    // The code counts, whatever name the client calls this server by.
    let elsewhere = json!({ "instant_key_url": format!("https://other.example{}", path(&first)) });
    assert_eq!(world.key().post("/instant_keys/get", elsewhere).await.ok()["instant_key"], first);
    let listed = async |filter: Value| list(&world.key().post("/instant_keys/list", filter).await.ok()["instant_keys"]);
    assert_eq!(listed(json!({})).await, [first.clone(), second.clone()]);
    assert_eq!(listed(json!({ "user_identity_id": joe })).await, std::slice::from_ref(&second));
    let query = format!("/instant_keys/list?_strict=true&user_identity_id={jane}");
    assert_eq!(list(&world.key().get(&query).await.ok()["instant_keys"]), std::slice::from_ref(&first));

    for body in [json!({}), json!({ "instant_key_id": id, "instant_key_url": first["instant_key_url"] })] {
        let message = "Must specify either instant_key_id or instant_key_url";
        world.key().post("/instant_keys/get", body).await.invalid("", message);
    }
    world
        .key()
        .post("/instant_keys/get", json!({ "instant_key_url": "no url" }))
        .await
        .invalid("instant_key_url", "Invalid url");
    let foreign = world.sandbox("Other").await;
    for body in [json!({ "instant_key_id": id }), json!({ "instant_key_url": first["instant_key_url"] })] {
        foreign.key().post("/instant_keys/get", body).await.refused(404, "instant_key_not_found");
    }
    assert_eq!(list(&foreign.key().get("/instant_keys/list").await.ok()["instant_keys"]), [] as [Value; 0]);

    world.key().delete(&format!("/instant_keys/delete?_strict=true&instant_key_id={id}")).await.ok();
    has_ended(&world, &first).await;
    assert_eq!(listed(json!({})).await, [second]);
}

#[tokio::test]
async fn deletion_of_an_instant_key_ends_the_client_sessions_that_it_has_handed_out() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 3 })).await;
    let mut apps = Vec::new();
    for installation in ["one", "two"] {
        let app = super::exchanged(&world, &key).await;
        super::register(&app, installation).await;
        apps.push(app);
    }
    let kept = world.session(&jane).await;
    world.key().post("/instant_keys/delete", json!({ "instant_key_id": key["instant_key_id"] })).await.ok();
    for app in &apps {
        app.get("/devices/list").await.refused(401, "client_session_not_found");
    }
    kept.get("/devices/list").await.ok();
    assert_eq!(world.phone_ids().await.len(), 2, "phones that are registered stay");
    assert_eq!(world.events("client_session.deleted").await.len(), 2);
    has_ended(&world, &key).await;
}

#[tokio::test]
async fn instant_keys_and_their_uses_survive_a_restart_of_the_server() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 2 })).await;
    let deleted = generate(&world, &jane, json!({})).await;
    exchange(&world, &key).await.ok();
    world.key().post("/instant_keys/delete", json!({ "instant_key_id": deleted["instant_key_id"] })).await.ok();

    let server = SecondServer::start(&world).await;
    let again = server.key(&world);
    let id = json!({ "instant_key_id": key["instant_key_id"] });
    let shown = again.post("/instant_keys/get", id).await.ok()["instant_key"].clone();
    assert_eq!(short_code(&shown), short_code(&key));
    let code = json!({ "short_code": short_code(&key) });
    again.anonymous().post(EXCHANGE, code.clone()).await.ok();
    again.anonymous().post(EXCHANGE, code).await.refused(400, "instant_key_used");
    let gone = json!({ "short_code": short_code(&deleted) });
    again.anonymous().post(EXCHANGE, gone).await.refused(404, "instant_key_not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_configured_base_url_is_that_of_the_links() {
    let world = World::with(|app| App { public_url: Some(Arc::from("https://phones.example.com")), ..app }).await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    assert_eq!(text(&key["instant_key_url"]), format!("https://phones.example.com/ik/{}", short_code(&key)));
    assert_eq!(world.anonymous().get(&path(&key)).await.status, 200);
}

#[tokio::test]
async fn the_instant_keys_of_a_user_identity_that_can_be_used_are_limited() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let mut keys = Vec::new();
    for _ in 0..MAX_OF_PERSON {
        keys.push(generate(&world, &jane, json!({})).await);
    }
    let refused = world.key().post(GENERATE, json!({ "user_identity_id": jane })).await;
    let error = refused.refused(400, "too_many_instant_keys");
    assert!(text(&error["message"]).contains("100"), "{error}");
    generate(&world, &world.person("joe").await, json!({})).await;
    // A used one does not count, nor does an ended or an expired one.
    exchange(&world, &keys[0]).await.ok();
    generate(&world, &jane, json!({})).await;
    let session = json!({ "client_session_id": keys[1]["client_session_id"] });
    world.key().post("/client_sessions/revoke", session).await.ok();
    generate(&world, &jane, json!({})).await;
    world.key().post(GENERATE, json!({ "user_identity_id": jane })).await.refused(400, "too_many_instant_keys");
    world.advance(TimeDelta::days(30));
    generate(&world, &jane, json!({})).await;
}

#[tokio::test]
async fn a_merge_may_exceed_the_limit_of_instant_keys_and_none_is_generated_until_they_are_fewer() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let mut keys = vec![generate(&world, &joe, json!({})).await];
    for _ in 0..MAX_OF_PERSON {
        keys.push(generate(&world, &jane, json!({})).await);
    }
    world.merge(&jane, &[&joe]).await;
    let body = json!({ "user_identity_id": jane });
    world.key().post(GENERATE, body.clone()).await.refused(400, "too_many_instant_keys");
    // Links that were handed out still let their phones in, those of either one.
    for (key, is_last) in [(&keys[0], false), (&keys[1], true)] {
        assert_eq!(exchange(&world, key).await.ok()["client_session"]["user_identity_id"], jane);
        let response = world.key().post(GENERATE, body.clone()).await;
        if is_last {
            response.ok();
        } else {
            response.refused(400, "too_many_instant_keys");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_do_not_exceed_the_limit_of_instant_keys() {
    let world = World::with_connections(8).await;
    let jane = world.person("jane").await;
    for _ in 0..MAX_OF_PERSON - 2 {
        generate(&world, &jane, json!({})).await;
    }
    let body = |_| json!({ "user_identity_id": jane });
    let responses = crate::support::concurrency::at_once(&world, 12, GENERATE, body).await;
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 2);
    for refused in responses.iter().filter(|response| response.status != 200) {
        refused.refused(400, "too_many_instant_keys");
    }
}

#[tokio::test]
async fn the_audit_trail_records_creation_use_and_deletion_of_instant_keys() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({})).await;
    exchange(&world, &key).await.ok();
    exchange(&world, &key).await.refused(400, "instant_key_used");
    world.key().post("/instant_keys/delete", json!({ "instant_key_id": key["instant_key_id"] })).await.ok();
    let entries = world.store.audit(world.record.workspace_id, &AuditFilter::default(), None, 100).await;
    let entries = entries.expect("the database answers");
    let entries: Vec<_> = entries.into_iter().filter(|entry| entry.action.starts_with("instant_key.")).collect();
    let mut actions: Vec<_> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.credential_kind.as_str())).collect();
    actions.sort_unstable();
    let expected =
        [("instant_key.created", "api_key"), ("instant_key.deleted", "api_key"), ("instant_key.used", "instant_key")];
    assert_eq!(actions, expected);
    for entry in &entries {
        assert_eq!(entry.subject_id.to_string(), text(&key["instant_key_id"]));
        let rows = format!("{:?} {:?}", entry.before, entry.after);
        assert!(rows.contains(&jane) && !rows.contains(&short_code(&key)), "{rows}");
    }
}

#[tokio::test]
async fn instant_keys_are_deleted_long_after_they_have_expired() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "expires_at": "2026-01-02T12:00:00Z" })).await;
    let prune = async || world.store.prune_instant_keys(world.clock.now(), 10).await.expect("the database answers");
    world.advance(TimeDelta::days(30));
    assert_eq!(prune().await, 0);
    let id = json!({ "instant_key_id": key["instant_key_id"] });
    world.key().post("/instant_keys/get", id).await.ok();
    exchange(&world, &key).await.refused(400, "instant_key_expired");
    world.advance(TimeDelta::days(1));
    assert_eq!((prune().await, prune().await), (1, 0));
    has_ended(&world, &key).await;
}

/// Inserts instant keys that were used up, or have expired, at these seconds after the creation of the first one. Their client
/// session is of no person, so that none is shown.
async fn insert_finished(world: &World, first: i32, last: i32) {
    let rows = "insert into instant_key (workspace_id, instant_key_id, code_hash, code_sealed, client_session_id,
            further_client_session_ids, max_use_count, use_count, created_at, expires_at, used_at)
        select workspace_id, gen_random_uuid(), '', '', (
                select client_session_id from client_session where user_identity_id is null
            ), '{}', 1, second % 2, created_at,
            created_at + case when second % 2 = 1 then 1000 else 0 end * interval '1 day' + second * interval '1 second',
            case when second % 2 = 1 then created_at + second * interval '1 second' end
        from (select * from instant_key order by created_at limit 1) as one cross join generate_series($1, $2) as second";
    sqlx::query(rows).bind(first).bind(last).execute(&mut world.database().await).await.expect("instant keys");
}

#[tokio::test]
async fn a_workspace_keeps_the_last_thousand_instant_keys_that_were_used_up_or_have_expired() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (used, usable) = (generate(&world, &jane, json!({})).await, generate(&world, &jane, json!({})).await);
    let app = super::exchanged(&world, &used).await;
    world.client_session(json!({})).await;
    insert_finished(&world, 1, 999).await;
    world.advance(TimeDelta::hours(1));
    generate(&world, &jane, json!({})).await;
    exchange(&world, &used).await.refused(400, "instant_key_used");
    insert_finished(&world, 1_000, 1_000).await;
    let other = world.sandbox("Other").await;
    generate(&other, &other.person("joe").await, json!({})).await;
    exchange(&world, &used).await.refused(400, "instant_key_used");

    generate(&world, &jane, json!({})).await;
    has_ended(&world, &used).await;
    app.get("/devices/list").await.ok();
    exchange(&world, &usable).await.ok();
    let left = "select count(*) from instant_key";
    assert_eq!(crate::support::concurrency::count(&world, left).await, 1_000 + 4, "four could be used");
}

#[tokio::test]
async fn a_new_instant_key_replaces_those_that_have_ended_and_no_others() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(generate(&world, &jane, json!({ "max_use_count": 2 })).await);
    }
    let [kept, revoked, deleted, second, used] = <[Value; 5]>::try_from(keys).expect("five");
    for (key, path) in [(&revoked, "/client_sessions/revoke"), (&deleted, "/client_sessions/delete")] {
        world.key().post(path, json!({ "client_session_id": key["client_session_id"] })).await.ok();
    }
    for key in [&second, &used] {
        exchange(&world, key).await.ok();
        let session = exchange(&world, key).await.ok()["client_session"]["client_session_id"].clone();
        if key == &second {
            world.key().post("/client_sessions/delete", json!({ "client_session_id": session })).await.ok();
        }
    }
    generate(&world, &jane, json!({})).await;
    let left = "select count(*) from instant_key";
    assert_eq!(crate::support::concurrency::count(&world, left).await, 3);
    for key in [&revoked, &deleted, &second] {
        has_ended(&world, key).await;
    }
    exchange(&world, &kept).await.ok();
    exchange(&world, &used).await.refused(400, "instant_key_used");
}

#[tokio::test]
async fn a_reset_of_a_sandbox_deletes_its_instant_keys() {
    let world = World::new().await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    let other = world.sandbox("Other").await;
    let kept = generate(&other, &other.person("joe").await, json!({})).await;
    world.key().post("/workspaces/reset_sandbox", json!({})).await.ok();
    has_ended(&world, &key).await;
    let left = "select count(*) from instant_key";
    assert_eq!(crate::support::concurrency::count(&world, left).await, 1);
    exchange(&other, &kept).await.ok();
}

#[tokio::test]
async fn client_sessions_may_not_manage_instant_keys() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let app: Client = world.session(&jane).await;
    for path in [GENERATE, "/instant_keys/get", "/instant_keys/list", "/instant_keys/delete"] {
        app.post(path, json!({ "user_identity_id": jane })).await.refused(401, "unauthorized");
    }
}
