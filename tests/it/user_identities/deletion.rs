//! Deletion of a user identity, with everything that it has.

use crate::support::concurrency::{CONNECTIONS, at_once, count};
use crate::support::numbers::{call_action, number};
use crate::support::phone_com::Extension;
use crate::support::ucwa::{COLLECTIONS, NUMBER, SLOTS, jane};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn delete_user_identity_deactivates_its_phones_and_ends_its_sessions() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let joes = world.phone(&joe).await;
    world.sync_credential(&jane).await;
    let app = world.session(&jane).await;
    app.get("/devices/list").await.ok();

    world.key().delete(&format!("/user_identities/delete?user_identity_id={jane}")).await.ok();
    world
        .key()
        .post("/user_identities/get", json!({ "user_identity_id": jane }))
        .await
        .refused(404, "user_identity_not_found");
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    assert_eq!(world.phone_ids().await, [joes], "phones of other user identities stay");
    let mut dead: Vec<String> =
        world.events("phone.deactivated").await.iter().map(|event| text(&event["device_id"])).collect();
    dead.sort();
    assert_eq!(dead, phones, "one event each");
    assert_eq!(world.events("client_session.deleted").await.len(), 1);
    assert_eq!(world.events("acs_credential.deleted").await.len(), 3, "the parent and two children");
    assert!(world.credentials(&jane).await.is_empty());
    world
        .key()
        .delete(&format!("/user_identities/delete?user_identity_id={jane}"))
        .await
        .refused(404, "user_identity_not_found");
    // A client that retries a deactivation after a lost response gets a success.
    world.key().delete(&format!("/phones/deactivate?device_id={}", phones[0])).await.ok();
}

#[tokio::test]
async fn delete_user_identity_leaves_its_number_assignable_to_another_person() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phone_number = world.import_number(&number(1)).await;
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": jane })).await.phone_number();
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    assert_eq!(world.read_number(&phone_number).await, phone_number);
    let given = "select count(*) from number_register where user_identity_id is not null";
    let count: i64 = sqlx::query_scalar(given).fetch_one(&mut world.database().await).await.expect("it counts");
    assert_eq!(count, 0, "no person has it");
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": jane }))
        .await
        .is_diga_error(404, "USER_IDENTITY_NOT_FOUND");
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": joe })).await.phone_number();
}

#[tokio::test]
async fn delete_user_identity_deletes_its_contacts_which_emit_no_events() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    extension.add_group("Family").await;
    extension.add_contact(json!({ "group": "Family", "phone_numbers": [{ "number": "4255550100" }] })).await;
    let gone = extension.add_contact(json!({})).await;
    extension.client.delete(&extension.contact(&gone["id"])).await.of_phone_com(200);
    let all = json!({ "since": "2000-01-01" });
    assert_eq!(world.key().post("/events/list", all).await.ok()["events"], json!([]));
    world.key().post("/user_identities/delete", json!({ "user_identity_id": extension.person })).await.ok();
    extension.search("").await.is_error(404);
    let mut database = world.database().await;
    for table in ["contact", "contact_group", "contact_number"] {
        let sql = format!("select count(*) from {table}");
        let deleted: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut database).await.expect("a count");
        assert_eq!(deleted, 0, "{table}");
    }
}

#[tokio::test]
async fn delete_user_identity_deletes_its_numbers() {
    let (world, jane) = jane().await;
    for kind in SLOTS {
        jane.put(kind, NUMBER, true).await;
    }
    jane.begin(COLLECTIONS[0], "here").await;
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane.id })).await.ok();
    jane.client.get("/me/phones").await.is_challenge(world.url.trim_start_matches("http://"));
    world.key().with("x-ucwa-user", &jane.id).get("/me/phones").await.is_ucwa_error(404, "NotFound", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_deactivated_once_while_its_user_identity_is_deleted() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let phone = world.phone(&person).await;
        world.sync_credential(&person).await;
        let whose = json!({ "user_identity_id": person });
        let (deactivated, all_deactivated, deleted) = tokio::join!(
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
            world.key().post("/user_identities/deactivate_phones", whose.clone()),
            world.key().post("/user_identities/delete", whose),
        );
        deactivated.ok();
        deleted.ok();
        // The user identity may be deleted before its phones are looked up.
        assert!(
            all_deactivated.status == 200 || all_deactivated.error()["type"] == "user_identity_not_found",
            "{all_deactivated:?}"
        );
        assert_eq!(world.events("phone.deactivated").await.len(), round + 1);
    }
    assert_eq!(count(&world, "select count(*) from credential").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_phone_remains_of_a_user_identity_deleted_during_registration() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let phone = |number: usize| json!({ "user_identity_id": person, "custom_sdk_installation_id": format!("{round}-{number}") });
        let path = "/phones/simulate/create_sandbox_phone";
        let (registered, deleted) = tokio::join!(
            at_once(&world, 5, path, phone),
            world.key().post("/user_identities/delete", json!({ "user_identity_id": person })),
        );
        deleted.ok();
        for response in registered {
            // A phone registered just before the deletion is gone when it is read for the response.
            let kinds = [json!("user_identity_not_found"), json!("device_not_found")];
            assert!(response.status == 200 || kinds.contains(&response.error()["type"]), "{response:?}");
        }
        assert!(world.phone_ids().await.is_empty());
    }
}
