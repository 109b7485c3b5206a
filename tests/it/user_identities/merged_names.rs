//! Ids and keys of merged user identities, and what a merge refuses.

use crate::support::concurrency::count;
use crate::support::scim::active;
use crate::support::second_server::SecondServer;
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

fn by_id(primary: &str, merged: &[&str]) -> Value {
    json!({ "user_identity_id": primary, "merged_user_identity_ids": merged })
}

#[tokio::test]
async fn ids_and_keys_of_merged_user_identities_name_the_primary_also_after_a_restart() {
    let world = World::new().await;
    let (a, b, c) = (world.person("a").await, world.person("b").await, world.person("c").await);
    let body = json!({ "user_identity_key": "b", "merged_user_identity_keys": ["a"] });
    world.key().post("/user_identities/merge", body).await.ok();
    world.advance(TimeDelta::minutes(1));
    world.merge(&c, &[&b]).await;

    let server = SecondServer::start(&world).await;
    for key in [world.key(), &server.key(&world)] {
        for selector in ["a", "b", "c"].map(|name| json!({ "user_identity_key": name })) {
            let got = key.post("/user_identities/get", selector).await.ok()["user_identity"].clone();
            assert_eq!(got["user_identity_id"], c);
            assert_eq!(got["merged_user_identity_ids"], json!([a, b]), "in the order of their merges");
            assert_eq!(got["merged_user_identity_keys"], json!(["a", "b"]));
        }
        for id in [&a, &b, &c] {
            let got = key.post("/user_identities/get", json!({ "user_identity_id": id })).await.ok();
            assert_eq!(got["user_identity"]["user_identity_id"], c);
            let listed = key.post("/user_identities/list", json!({ "user_identity_ids": [id] })).await.ok();
            assert_eq!(listed["user_identities"], json!([got["user_identity"]]));
        }
    }
    server.stop().await;
    assert_eq!(list(&world.key().get("/user_identities/list").await.ok()["user_identities"]).len(), 1);
}

#[tokio::test]
async fn changes_by_a_merged_id_are_changes_of_the_primary() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.merge(&jane, &[&joe]).await;
    world.key().post("/user_identities/update", json!({ "user_identity_id": joe, "full_name": "One" })).await.ok();
    assert_eq!(world.user_identity(&jane).await["full_name"], "One");
    let phone = world.phone(&joe).await;
    world.sync_credential(&joe).await;
    assert_eq!(world.credentials(&jane).await.len(), 2);
    let dry = json!({ "user_identity_id": joe, "dry_run": true });
    assert_eq!(world.key().post("/user_identities/deactivate_phones", dry).await.ok()["device_ids"], json!([phone]));
    let all = json!({ "user_identity_id": joe });
    assert_eq!(world.key().post("/user_identities/deactivate_phones", all).await.ok()["device_ids"], json!([phone]));
    let session = world.client_session(json!({ "user_identifier_key": "browser" })).await;
    let grant = json!({ "client_session_id": session["client_session_id"], "user_identity_id": joe });
    let granted = world.key().post("/client_sessions/grant_access", grant).await.ok();
    assert_eq!(granted["client_session"]["user_identity_id"], jane);
    let password = json!({ "user_identity_id": joe, "password": "correct horse" });
    world.console().await.post("/user_identities/set_password", password).await.ok();
    let devices = json!({ "user_identifier_key": "joe" });
    assert_eq!(world.key().post("/devices/list", devices).await.ok()["devices"], json!([]));
    world.key().post("/user_identities/delete", json!({ "user_identity_id": joe })).await.ok();
    for id in [&jane, &joe] {
        let error = world.key().post("/user_identities/get", json!({ "user_identity_id": id })).await;
        assert_eq!(error.refused(404, "user_identity_not_found")["data"], json!({ "user_identity_id": id }));
    }
    assert_eq!(count(&world, "select count(*) from merged_user_identity").await, 0);
}

#[tokio::test]
async fn the_key_of_a_merged_user_identity_stays_in_use() {
    let world = World::new().await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    world.merge(&jane, &[&joe]).await;
    let taken = json!({ "user_identity_key": "joe" });
    let error = world.key().post("/user_identities/create", taken).await.refused(400, "user_identity_already_exists");
    assert_eq!(error["data"], json!({ "field": "user_identity_key" }));
    let change = |id: &str| json!({ "user_identity_id": id, "user_identity_key": "joe" });
    world.key().post("/user_identities/update", change(&jim)).await.refused(400, "user_identity_already_exists");
    let same = json!({ "user_identity_id": joe, "user_identity_key": "jane" });
    world.key().post("/user_identities/update", same).await.ok();
    world.key().post("/user_identities/update", change(&jane)).await.ok();
    assert_eq!(world.user_identity(&jane).await["user_identity_key"], "joe", "the primary may have it");
    world.key().post("/user_identities/update", change(&joe)).await.ok();
    // Its e-mail address is free.
    world.key().post("/user_identities/create", json!({ "email_address": "joe@example.com" })).await.ok();
}

#[tokio::test]
async fn a_repeated_merge_changes_nothing() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.merge(&jane, &[&joe, &joe]).await;
    let before = count(&world, "select count(*) from audit").await;
    world.merge(&jane, &[&joe]).await;
    world.merge(&joe, &[&jane]).await;
    world.merge(&joe, &[&joe, &jane]).await;
    assert_eq!(world.user_identity(&joe).await["user_identity_id"], jane);
    assert_eq!(count(&world, "select count(*) from audit").await, before);
}

#[tokio::test]
async fn merge_refuses_what_it_cannot_do() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    let theirs = other.person("theirs").await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (missing, body) in [
        (theirs.as_str(), by_id(&jane, &[&joe, &theirs])),
        (theirs.as_str(), by_id(&theirs, &[&joe])),
        (unknown, by_id(&jane, &[unknown])),
        ("unknown", json!({ "user_identity_key": "jane", "merged_user_identity_keys": ["unknown"] })),
    ] {
        let error = world.key().post("/user_identities/merge", body).await.refused(404, "user_identity_not_found");
        assert_eq!(error["data"], json!({ "user_identity_id": missing }));
    }
    let itself = by_id(&jane, &[&joe, &jane]);
    world.key().post("/user_identities/merge", itself).await.refused(400, "user_identity_merged_into_itself");
    world.merge(&jane, &[&joe]).await;
    let elsewhere = world.key().post("/user_identities/merge", by_id(&jim, &[&joe])).await;
    let error = elsewhere.refused(400, "user_identity_already_merged");
    assert_eq!(error["data"], json!({ "user_identity_id": jane }), "it names the one to merge instead");
    let which = "Must specify either user_identity_id and merged_user_identity_ids, or user_identity_key and \
                 merged_user_identity_keys";
    for body in [
        json!({}),
        json!({ "user_identity_id": jane }),
        json!({ "user_identity_id": jane, "merged_user_identity_keys": ["jim"] }),
        json!({ "user_identity_id": jane, "merged_user_identity_ids": [jim], "merged_user_identity_keys": ["jim"] }),
    ] {
        world.key().post("/user_identities/merge", body).await.invalid("", which);
    }
    let none = json!({ "user_identity_id": jane, "merged_user_identity_ids": [] });
    let message = "Array must contain at least 1 element(s)";
    world.key().post("/user_identities/merge", none).await.invalid("merged_user_identity_ids", message);
    let many: Vec<&str> = std::iter::repeat_n(jim.as_str(), 21).collect();
    let message = "Array must contain at most 20 element(s)";
    world.key().post("/user_identities/merge", by_id(&jane, &many)).await.invalid("merged_user_identity_ids", message);
    assert_eq!(world.user_identity(&jim).await["merged_user_identity_ids"], json!([]));
}

#[tokio::test]
async fn a_suspended_user_identity_is_neither_merged_nor_a_primary() {
    let world = World::new().await;
    let directory = world.directory().await;
    let gone = directory.create_scim_user("gone").await;
    let (gone, kept) = (text(&gone["id"]), directory.create_scim_user("kept").await);
    let kept = text(&kept["id"]);
    directory.patch(&format!("/scim/v2/Users/{gone}"), active(false)).await.of_scim(200);
    for (primary, merged) in [(&gone, &kept), (&kept, &gone)] {
        let body = by_id(primary, &[merged]);
        world.key().post("/user_identities/merge", body).await.refused(400, "user_identity_suspended");
    }
    directory.patch(&format!("/scim/v2/Users/{gone}"), active(true)).await.of_scim(200);
    world.merge(&kept, &[&gone]).await;
}

#[tokio::test]
async fn a_merge_beyond_a_limit_is_refused_as_a_whole() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let mut database = world.database().await;
    let phones = "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
            device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '18', 'Apple', 'iPhone', now()
        from user_identity cross join generate_series(1, 50) where user_identity_id = any ($1)";
    let persons = [&jane, &joe].map(|id| id.parse::<uuid::Uuid>().expect("an id"));
    sqlx::query(phones).bind(persons).execute(&mut database).await.expect("phones");
    let extra = world.phone(&joe).await;
    world.key().post("/user_identities/merge", by_id(&jane, &[&joe])).await.refused(400, "too_many_phones");
    world.key().post("/phones/deactivate", json!({ "device_id": extra })).await.ok();
    let aliases =
        "insert into merged_user_identity (workspace_id, merged_user_identity_id, user_identity_id, merged_at)
        select workspace_id, gen_random_uuid(), user_identity_id, now()
        from user_identity cross join generate_series(1, 500) where user_identity_id = any ($1)";
    sqlx::query(aliases).bind(persons).execute(&mut database).await.expect("former ids");
    let refused = world.key().post("/user_identities/merge", by_id(&jane, &[&joe])).await;
    refused.refused(400, "too_many_merged_user_identities");
    sqlx::query("delete from merged_user_identity").execute(&mut database).await.expect("a deletion");
    sqlx::query("update user_identity set contact_count = 20001 where user_identity_id = $1")
        .bind(persons[1])
        .execute(&mut database)
        .await
        .expect("many contacts");
    world.key().post("/user_identities/merge", by_id(&jane, &[&joe])).await.refused(400, "merge_too_large");
    assert_eq!(world.user_identity(&jane).await["merged_user_identity_ids"], json!([]));
    assert_eq!(count(&world, "select count(*) from audit where action = 'phone.moved'").await, 0);
}

/// Runs a statement for two user identities.
async fn execute(world: &World, statement: &'static str, persons: [&str; 2]) {
    let persons = persons.map(|id| id.parse::<uuid::Uuid>().expect("an id"));
    sqlx::query(statement).bind(persons).execute(&mut world.database().await).await.expect("the statement is right");
}

#[tokio::test]
async fn the_limits_of_a_merge_count_deleted_contacts_and_what_it_issues() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let refusal = async |primary: &str, merged: &str| {
        let error = world.key().post("/user_identities/merge", by_id(primary, &[merged])).await;
        text(&error.refused(400, "merge_too_large")["message"])
    };
    let contacts = "insert into contact (workspace_id, user_identity_id, prefix, first_name, middle_name, last_name, suffix,
            nickname, company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title, emails,
            phone_numbers, addresses, created_at, updated_at, deleted_at)
        select workspace_id, user_identity_id, '', '', '', '', '', '', '', '', '', '', '', '', '[]', '[]', '[]', now(), now(),
            now()
        from user_identity cross join generate_series(1, 20001) where user_identity_id = ($1)[1]";
    execute(&world, contacts, [&joe, &jane]).await;
    let message = refusal(&jane, &joe).await;
    assert!(message.contains("20000 contacts, with deleted ones") && message.contains("as the primary"), "{message}");
    execute(&world, "delete from contact where user_identity_id = any ($1)", [&joe, &jane]).await;

    let credentials =
        "insert into credential (workspace_id, created_at, acs_credential_id, user_identity_id, acs_system_id,
            is_multi_phone_sync_credential, access_method, allowed_acs_entrance_ids)
        select workspace_id, now(), gen_random_uuid(), user_identity_id, gen_random_uuid(), place <= 21,
            case when place <= 21 then 'mobile_key' else 'card' end, '{}'
        from user_identity cross join generate_series(1, 2001) as place where user_identity_id = ($1)[1]";
    execute(&world, credentials, [&joe, &jane]).await;
    let message = refusal(&jane, &joe).await;
    assert!(message.contains("2000 phones") && message.contains("delete credentials first"), "{message}");
    execute(&world, "delete from credential where access_method = 'card' and $1 is not null", [&joe, &jane]).await;

    let phones = "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
            device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '18', 'Apple', 'iPhone', now()
        from user_identity cross join generate_series(1, 48) where user_identity_id = ($1)[2]";
    execute(&world, phones, [&joe, &jane]).await;
    for index in 0..5 {
        let webhook = json!({ "url": format!("https://receiver.example.com/{index}"), "event_types": ["*"] });
        world.key().post("/webhooks/create", webhook).await.ok();
    }
    // 21 credentials on 48 phones are 1,008 children.
    let message = refusal(&jane, &joe).await;
    assert!(message.contains("1000 credentials to phones") && message.contains("deactivate phones"), "{message}");
    assert_eq!(refusal(&joe, &jane).await, message, "whichever is the primary");
    let one = "delete from credential where acs_credential_id = (select acs_credential_id from credential limit 1)
            and $1 is not null";
    execute(&world, one, [&joe, &jane]).await;
    let narrow = json!({ "url": "https://receiver.example.com/", "event_types": ["acs_credential.issued"] });
    let webhook = world.key().post("/webhooks/create", narrow).await.ok()["webhook"]["webhook_id"].clone();
    // 960 are issued, to six webhooks.
    assert_eq!(refusal(&jane, &joe).await, message);
    let other = json!({ "webhook_id": webhook, "event_types": ["phone.deactivated"] });
    world.key().post("/webhooks/update", other).await.ok();
    world.merge(&jane, &[&joe]).await;
    assert_eq!(count(&world, "select count(*) from delivery").await, 20 * 48 * 5);
}
