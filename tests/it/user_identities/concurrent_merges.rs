//! Merges beside each other, and beside registrations, deactivations and deletions.

use crate::support::client::Response;
use crate::support::concurrency::{CONNECTIONS, at_once, count};
use crate::support::phone_com::Extension;
use crate::support::ucwa::{COLLECTIONS, Person, new_application};
use crate::support::wait::until;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};
use sqlx::Connection;
use std::collections::BTreeSet;
use tokio::task::JoinHandle;

const MERGE: &str = "/user_identities/merge";

/// Counts the statements of the server that wait for a lock.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// Begins a request of the workspace's key.
fn begin(world: &World, path: &'static str, body: Value) -> JoinHandle<Response> {
    let key = world.key().clone();
    tokio::spawn(async move { key.post(path, body).await })
}

/// Each status but that of a server error.
fn is_settled(response: &Response) -> bool {
    response.status < 500
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_in_opposite_orders_leave_one_user_identity() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..10 {
        let mut persons = Vec::new();
        for number in 0..6 {
            persons.push(world.person(&format!("person{round}-{number}")).await);
            world.phone(&persons[number]).await;
            world.sync_credential(&persons[number]).await;
        }
        let responses = at_once(&world, 24, MERGE, |call| {
            let (primary, merged) = (&persons[call % 6], &persons[(call + 1 + call / 6) % 6]);
            json!({ "user_identity_id": primary, "merged_user_identity_ids": [merged] })
        })
        .await;
        assert!(responses.iter().all(is_settled), "{responses:?}");
        let refusals = responses.iter().filter(|response| response.status != 200);
        assert!(refusals.map(Response::error).all(|error| error["type"] == "user_identity_already_merged"));
        // What is left is merged one by one.
        let listed = list(&world.key().get("/user_identities/list").await.ok()["user_identities"]);
        let ids: Vec<String> = listed.iter().map(|person| text(&person["user_identity_id"])).collect();
        let (primary, others) = ids.split_first().expect("one is left");
        if !others.is_empty() {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            world.merge(primary, &others).await;
        }
        for person in &persons {
            assert_eq!(world.user_identity(person).await["user_identity_id"], *primary);
        }
        let credentials = world.credentials(primary).await;
        assert_eq!(credentials.len(), 6 + 6 * 6, "a child of each sync credential on each phone");
        world.key().post("/user_identities/delete", json!({ "user_identity_id": primary })).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_deactivations_beside_a_merge_are_complete() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let (jane, joe) = (world.person(&format!("jane{round}")).await, world.person(&format!("joe{round}")).await);
        let (kept, lost) = (world.phone(&joe).await, world.phone(&joe).await);
        world.sync_credential(&jane).await;
        world.sync_credential(&joe).await;
        let phone = |number: usize| json!({ "user_identity_id": joe, "custom_sdk_installation_id": format!("{round}-{number}") });
        let (registered, merged, deactivated) = tokio::join!(
            at_once(&world, 4, "/phones/simulate/create_sandbox_phone", phone),
            world.key().post(MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe] })),
            world.key().post("/phones/deactivate", json!({ "device_id": lost })),
        );
        merged.ok();
        deactivated.ok();
        let mut active: BTreeSet<String> =
            registered.iter().map(|response| text(&response.ok()["phone"]["device_id"])).collect();
        active.insert(kept);
        let listed = world.key().post("/phones/list", json!({ "owner_user_identity_id": joe })).await.ok();
        let listed: BTreeSet<String> = list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect();
        assert_eq!(listed, active, "the deactivated phone stays off, and each registered one is the primary's");
        assert_eq!(world.credentials(&jane).await.len(), 2 + 2 * active.len(), "a child of each on each phone");
        world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    }
    assert_eq!(count(&world, "select count(*) from credential").await, 0);
    assert_eq!(count(&world, "select count(*) from phone where deactivated_at is null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_deactivated_by_a_merged_id_during_the_merge() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let (jane, joe) = (world.person(&format!("jane{round}")).await, world.person(&format!("joe{round}")).await);
        let lost = world.phone(&joe).await;
        let (merged, deactivated, keys) = tokio::join!(
            world.key().post(MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe] })),
            world.key().post("/user_identities/deactivate_phones", json!({ "user_identity_id": joe })),
            at_once(&world, 3, "/user_identities/create", |_| json!({ "user_identity_key": format!("joe{round}") })),
        );
        merged.ok();
        assert_eq!(deactivated.ok()["device_ids"], json!([lost]), "in whatever order");
        assert!(world.phone_ids().await.is_empty());
        assert!(keys.iter().all(is_settled), "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_user_identity_that_is_merged_meanwhile_are_unassigned_and_updated() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let (jane, joe) = (world.person(&format!("jane{round}")).await, world.person(&format!("joe{round}")).await);
        let mut credentials = Vec::new();
        for _ in 0..6 {
            credentials.push(world.sync_credential(&joe).await);
        }
        let holder = |call: usize| json!({ "acs_credential_id": credentials[call], "user_identity_id": joe });
        let end = |call: usize| json!({ "acs_credential_id": credentials[call], "ends_at": "2030-01-01T00:00:00Z" });
        let (unassigned, updated, merged) = tokio::join!(
            at_once(&world, credentials.len(), "/acs/credentials/unassign", holder),
            at_once(&world, credentials.len(), "/acs/credentials/update", end),
            world.key().post(MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe] })),
        );
        merged.ok();
        unassigned.iter().chain(&updated).for_each(|response| _ = response.ok());
        let again = world.key().post("/acs/credentials/unassign", holder(0)).await.ok();
        assert_eq!(again["acs_credential"].get("user_identity_id"), None, "idempotent");
        assert!(world.credentials(&jane).await.is_empty());
        let assigned = world.key().post("/acs/credentials/assign", holder(0)).await.ok();
        assert_eq!(assigned["acs_credential"]["user_identity_id"], json!(jane));
        world.key().post("/acs/credentials/unassign", holder(0)).await.ok();
        world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_beside_a_merge_deletes_both() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let (jane, joe) = (world.person(&format!("jane{round}")).await, world.person(&format!("joe{round}")).await);
        world.phone(&joe).await;
        let (merged, deleted) = tokio::join!(
            world.key().post(MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe] })),
            world.key().post("/user_identities/delete", json!({ "user_identity_id": joe })),
        );
        deleted.ok();
        match merged.status {
            200 => {
                let gone = world.key().post("/user_identities/get", json!({ "user_identity_id": jane })).await;
                gone.refused(404, "user_identity_not_found");
            }
            _ => assert_eq!(merged.error()["type"], "user_identity_not_found"),
        }
        assert!(world.phone_ids().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_a_merge_under_way_makes_an_alias_is_not_taken() {
    let world = World::with_connections(CONNECTIONS).await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    let device = world.phone(&jim).await;
    for person in [&jane, &joe] {
        let access = json!({ "user_identity_id": person, "device_id": device });
        world.key().post("/user_identities/grant_access_to_device", access).await.ok();
    }
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The merge deletes Joe, and waits for what is deleted with him.
    let lock = "select from device_access join user_identity using (workspace_id, user_identity_id)
        where user_identity_key = 'joe' for update of device_access";
    sqlx::query(lock).execute(&mut *transaction).await.expect("it is locked");
    let merged = begin(&world, MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe] }));
    until("the merge waits", async || (count(&world, WAITING).await == 1).then_some(())).await;
    let taking = [
        begin(&world, "/user_identities/create", json!({ "user_identity_key": "joe" })),
        begin(&world, "/user_identities/update", json!({ "user_identity_id": jim, "user_identity_key": "joe" })),
    ];
    let is_settled = async || {
        let waiting = usize::try_from(count(&world, WAITING).await).expect("a count");
        (waiting + taking.iter().filter(|call| call.is_finished()).count() > taking.len()).then_some(())
    };
    until("each request has an answer or waits", is_settled).await;
    transaction.rollback().await.expect("it is rolled back");
    merged.await.expect("it does not panic").ok();
    for call in taking {
        let error = call.await.expect("it does not panic").refused(400, "user_identity_already_exists");
        assert_eq!(error["data"], json!({ "field": "user_identity_key" }));
    }
    let named = world.key().post("/user_identities/get", json!({ "user_identity_key": "joe" })).await.ok();
    assert_eq!(named["user_identity"]["user_identity_id"], jane);
    assert_eq!(world.user_identity(&jim).await["user_identity_key"], "jim");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_created_during_a_merge_is_the_primarys() {
    let world = World::with_connections(CONNECTIONS).await;
    let (jane, joe) = (world.person("jane").await, Person::new(&world, "joe").await);
    // The next application ends the oldest one.
    for index in 0..100 {
        joe.begin(COLLECTIONS[0], &format!("desk{index}")).await;
    }
    Extension::of_person(world.key(), &joe.id).await.add_group("Family").await;
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The merge locks the user identities, and waits for a group.
    sqlx::query("select from contact_group for update").execute(&mut *transaction).await.expect("it is locked");
    let merged = begin(&world, MERGE, json!({ "user_identity_id": jane, "merged_user_identity_ids": [joe.id] }));
    until("the merge waits", async || (count(&world, WAITING).await == 1).then_some(())).await;
    let client = joe.client.clone();
    let created = tokio::spawn(async move { client.post(COLLECTIONS[0], new_application("phone")).await });
    until("the application waits", async || (count(&world, WAITING).await == 2).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    merged.await.expect("it does not panic").ok();
    created.await.expect("it does not panic").of_ucwa(201);
    let applications = "select count(*) from application join user_identity using (workspace_id, user_identity_id)
        where user_identity_key = 'jane'";
    assert_eq!(count(&world, applications).await, 100);
}
