//! Writes that share a statement: each has its own author, outcome and event, and none waits for a row of another.

use crate::support::client::Response;
use crate::support::concurrency::{CONNECTIONS, count};
use crate::support::numbers::number;
use crate::support::wait::until;
use crate::support::world::{World, text};
use serde_json::{Value, json};
use sqlx::Connection;
use std::collections::BTreeSet;
use tokio::task::JoinHandle;
use uuid::Uuid;

const PHONES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_deactivations_share_statements_and_keep_their_authors_and_outcomes() {
    let world = World::with_connections(CONNECTIONS).await;
    let person = world.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..PHONES {
        phones.push(world.phone(&person).await);
    }
    let pat = world.pat().await;
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The first statement waits for the clock, and the others for the first.
    sqlx::query("update event_clock set last_at = last_at").execute(&mut *transaction).await.expect("it is updated");
    let deactivate = |client: &crate::support::client::Client, phone: &str| {
        let (client, body) = (client.clone(), json!({ "device_id": phone }));
        tokio::spawn(async move { client.post("/phones/deactivate", body).await })
    };
    let (mut by_key, mut by_token): (Vec<JoinHandle<Response>>, Vec<_>) = Default::default();
    for (index, phone) in phones.iter().enumerate() {
        let (client, calls) = if index % 2 == 0 { (world.key(), &mut by_key) } else { (&pat, &mut by_token) };
        calls.push(deactivate(client, phone));
    }
    let again = deactivate(world.key(), &phones[0]);
    let unknown = deactivate(world.key(), &Uuid::from_u128(1).to_string());
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    until("a statement waits for the clock", async || (count(&world, waiting).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    for call in by_key.into_iter().chain(by_token).chain([again]) {
        call.await.expect("it does not panic").ok();
    }
    unknown.await.expect("it does not panic").refused(404, "device_not_found");
    let transactions = count(&world, "select count(distinct xmin::text) from phone").await;
    assert!(transactions < PHONES as i64 / 2, "{transactions} transactions");
    let events = world.events("phone.deactivated").await;
    let told: BTreeSet<String> = events.iter().map(|event| text(&event["device_id"])).collect();
    assert_eq!((events.len(), told), (PHONES, phones.iter().cloned().collect()), "each phone has one event");
    let authors = "select count(*) from audit where action = 'phone.deactivated' and request_id is not null group by \
        credential_kind, credential_id order by credential_kind";
    let authors: Vec<i64> =
        sqlx::query_scalar(authors).fetch_all(&mut world.database().await).await.expect("the query succeeds");
    assert_eq!(authors, [PHONES as i64 / 2; 2]);
}

#[tokio::test]
async fn a_phone_that_is_locked_delays_no_other_deactivation() {
    let world = World::new().await;
    let person = world.person("jane").await;
    let (locked, free) = (world.phone(&person).await, world.phone(&person).await);
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    let lock = "select from phone where device_id = $1 for no key update";
    let id: Uuid = locked.parse().expect("a UUID");
    sqlx::query(lock).bind(id).execute(&mut *transaction).await.expect("it is locked");
    let (key, body) = (world.key().clone(), json!({ "device_id": locked }));
    let waits = tokio::spawn(async move { key.post("/phones/deactivate", body).await });
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    until("the deactivation waits", async || (count(&world, waiting).await == 1).then_some(())).await;
    world.key().post("/phones/deactivate", json!({ "device_id": free })).await.ok();
    assert!(!waits.is_finished());
    transaction.rollback().await.expect("it is rolled back");
    waits.await.expect("it does not panic").ok();
    assert_eq!(world.events("phone.deactivated").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_registrations_of_an_installation_find_one_phone_and_others_register() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut persons = Vec::new();
    for index in 0..4 {
        persons.push(world.person(&format!("person{index}")).await);
    }
    let calls: Vec<_> = (0..40)
        .map(|index: usize| {
            let (key, person) = (world.key().clone(), persons[index % 4].clone());
            let body = json!({ "user_identity_id": person, "custom_sdk_installation_id": format!("of {person}") });
            tokio::spawn(async move { key.post("/phones/simulate/create_sandbox_phone", body).await })
        })
        .collect();
    let stranger = json!({ "user_identity_id": Uuid::from_u128(1) });
    let unknown = world.key().post("/phones/simulate/create_sandbox_phone", stranger).await;
    unknown.refused(404, "user_identity_not_found");
    let mut phones = BTreeSet::new();
    for call in calls {
        phones.insert(text(&call.await.expect("it does not panic").ok()["phone"]["device_id"]));
    }
    assert_eq!(phones.len(), persons.len());
    assert_eq!(world.events("phone.registered").await.len(), persons.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_contacts_are_created_as_given_and_one_that_is_refused_takes_none_along() {
    let world = World::with_connections(CONNECTIONS).await;
    for key in ["jane", "john", "joan"] {
        world.person(key).await;
    }
    let account = world.key().get("/v4/accounts").await.body["items"][0]["id"].to_string();
    let path = |extension: usize| format!("/v4/accounts/{account}/extensions/{extension}/contacts");
    let calls: Vec<_> = (0..60_u32)
        .map(|index| {
            let (key, path) = (world.key().clone(), path(index as usize % 3 + 1));
            let mut body = json!({
                "first_name": format!("Contact {index}"),
                "phone_numbers": [{ "type": "mobile", "number": number(index) }],
            });
            if index % 20 == 7 {
                body["group"] = json!({ "id": 999_999 });
            }
            tokio::spawn(async move { (index, key.post(&path, body).await) })
        })
        .collect();
    for call in calls {
        let (index, response) = call.await.expect("it does not panic");
        if index % 20 == 7 {
            assert!((400..500).contains(&response.status), "{response:?}");
            continue;
        }
        assert_eq!(response.status, 201, "{response:?}");
        assert_eq!(response.body["first_name"], json!(format!("Contact {index}")));
        assert_eq!(response.body["phone_numbers"][0]["normalized"], json!(number(index)));
        let id = &response.body["id"];
        let stored = world.key().get(&format!("{}/{id}", path(index as usize % 3 + 1))).await.body;
        assert_eq!(without_times(stored), without_times(response.body));
    }
    for extension in 1..=3 {
        assert_eq!(world.key().get(&path(extension)).await.body["total"], json!(19));
    }
    let numbers = "select count(*) from contact_number join contact using (workspace_id, contact_id) \
        where first_name = 'Contact ' || (right(normalized, 7)::int)::text";
    assert_eq!(count(&world, numbers).await, 57);
}

fn without_times(mut contact: Value) -> Value {
    for name in ["created_at", "updated_at"] {
        contact.as_object_mut().expect("a contact is an object").remove(name);
    }
    contact
}
