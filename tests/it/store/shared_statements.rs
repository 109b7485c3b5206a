//! Writes that share a statement: each has its own author, outcome and event, and none waits for a row of another.

use crate::support::client::Response;
use crate::support::concurrency::{CONNECTIONS, count, waiting};
use crate::support::numbers::{call_action, number};
use crate::support::ucwa::Person;
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
    until("a statement waits for the clock", async || (waiting(&world).await == 1).then_some(())).await;
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
    until("the deactivation waits", async || (waiting(&world).await == 1).then_some(())).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_user_identities_are_created_as_given_and_a_duplicate_takes_none_along() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The first statement waits for the workspace, and the others for the first.
    sqlx::query("select from workspace for update").execute(&mut *transaction).await.expect("it is locked");
    let calls: Vec<_> = (0..40)
        .map(|index| {
            let key = world.key().clone();
            let fields =
                json!({ "user_identity_key": format!("person{}", index % 36), "full_name": index.to_string() });
            tokio::spawn(async move { (fields.clone(), key.post("/user_identities/create", fields).await) })
        })
        .collect();
    until("a statement waits for the workspace", async || (waiting(&world).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    let mut refused = 0;
    for call in calls {
        let (fields, response) = call.await.expect("it does not panic");
        if response.status != 200 {
            refused += 1;
            response.refused(400, "user_identity_already_exists");
            continue;
        }
        let created = response.ok()["user_identity"].clone();
        let id = text(&created["user_identity_id"]);
        for (name, value) in fields.as_object().expect("the fields are an object") {
            assert_eq!(&created[name], value);
        }
        let stored = world.key().get(&format!("/user_identities/get?user_identity_id={id}")).await.ok();
        assert_eq!(stored["user_identity"], created);
    }
    assert_eq!(refused, 4);
    let transactions = count(&world, "select count(distinct xmin::text) from user_identity").await;
    assert!(transactions < 20, "{transactions} transactions");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_numbers_are_added_and_changed_once_and_one_that_is_refused_takes_none_along() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut persons = Vec::new();
    for index in 0..20 {
        persons.push(world.person(&format!("person{index}")).await);
    }
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // A statement that causes events waits for the clock, one that does not for the workspace.
    sqlx::query("select from workspace for update").execute(&mut *transaction).await.expect("it is locked");
    let calls: Vec<_> = (0..40_u32)
        .map(|index| {
            let (key, number) = (world.key().clone(), number(index % 30));
            let (path, body) = match index % 2 {
                0 => ("/v1/phone/import", json!({ "phone_number": number, "nickname": index.to_string() })),
                _ => ("/v1/phone/reserve", json!({ "number": number, "nickname": index.to_string() })),
            };
            tokio::spawn(async move { (index, key.post(path, body).await) })
        })
        .collect();
    until("a statement waits for the workspace", async || (waiting(&world).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    let mut numbers = Vec::new();
    for call in calls {
        let (index, response) = call.await.expect("it does not panic");
        if response.status == 409 {
            response.is_diga_error(409, "PHONE_ALREADY_IN_USE");
            continue;
        }
        let added = response.phone_number();
        assert_eq!(added["nickname"], json!(index.to_string()));
        assert_eq!(world.read_number(&added).await, added);
        numbers.push(added);
    }
    assert_eq!(numbers.len(), 30);
    let transactions = count(&world, "select count(distinct xmin::text) from number_register").await;
    assert!(transactions < 20, "{transactions} transactions");
    // Two numbers for each of the first ten, one for each other.
    let calls: Vec<_> = numbers
        .iter()
        .enumerate()
        .map(|(index, number)| {
            let (key, number, person) = (world.key().clone(), number.clone(), persons[index % 20].clone());
            let give = json!({ "user_identity_id": person });
            tokio::spawn(async move { (number.clone(), person, call_action(&key, &number, "assign", give).await) })
        })
        .collect();
    let stranger = json!({ "user_identity_id": Uuid::from_u128(1) });
    assert_eq!(call_action(world.key(), &numbers[0], "assign", stranger).await.status, 404);
    let (mut given, mut refused) = (BTreeSet::new(), 0);
    for call in calls {
        let (number, person, response) = call.await.expect("it does not panic");
        if response.status == 409 {
            refused += 1;
            response.is_diga_error(409, "USER_ALREADY_HAS_NUMBER");
            continue;
        }
        let assigned = response.phone_number();
        assert_eq!(assigned["id"], number["id"]);
        assert_eq!(world.read_number(&assigned).await, assigned);
        given.insert(person);
    }
    assert_eq!((given.len(), refused), (20, 10));
    let imported = numbers.iter().filter(|number| number["telephony_provider"] == "custom").count();
    assert_eq!(world.events("phone_number.assigned").await.len(), imported + 20);
    let audited = "select count(*) from audit where action = 'number.assigned' and request_id is not null";
    assert_eq!(count(&world, audited).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_client_sessions_are_created_once_for_each_key_by_their_own_issuers() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    let pat = world.pat().await;
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The first statement waits for the workspace, and the others for the first.
    sqlx::query("select from workspace for update").execute(&mut *transaction).await.expect("it is locked");
    let calls: Vec<_> = (0..40)
        .map(|index| {
            let client = if index % 2 == 0 { world.key().clone() } else { pat.clone() };
            let person = if index / 2 == 7 { Uuid::from_u128(1).to_string() } else { jane.clone() };
            let body = json!({ "user_identifier_key": format!("browser {}", index / 2), "user_identity_id": person,
                "connected_account_ids": vec![Uuid::from_u128(index as u128); index % 3] });
            tokio::spawn(async move { (index, client.put("/client_sessions/create", body).await) })
        })
        .collect();
    until("a statement waits for the workspace", async || (waiting(&world).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    let mut sessions = BTreeSet::new();
    for call in calls {
        let (index, response) = call.await.expect("it does not panic");
        if index / 2 == 7 {
            response.refused(404, "user_identity_not_found");
            continue;
        }
        let session = response.ok()["client_session"].clone();
        assert_eq!(session["user_identifier_key"], json!(format!("browser {}", index / 2)));
        let id = text(&session["client_session_id"]);
        let stored = world.key().get(&format!("/client_sessions/get?client_session_id={id}")).await.ok();
        assert_eq!(stored["client_session"], session);
        sessions.insert(id);
    }
    assert_eq!(sessions.len(), 19);
    let of_both = "select count(*) from client_session where cardinality(issuer_ids) = 2";
    assert_eq!(count(&world, of_both).await, 19);
    let transactions = count(&world, "select count(distinct xmin::text) from client_session").await;
    assert!(transactions < 10, "{transactions} transactions");
    let again = json!({ "user_identifier_key": "browser 1" });
    world.key().post("/client_sessions/create", again).await.refused(400, "client_session_token_already_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_credentials_are_created_and_deleted_once_each() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut persons = Vec::new();
    for index in 0..20 {
        let person = world.person(&format!("person{index}")).await;
        world.phone(&person).await;
        persons.push(person);
    }
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The first statement waits for the clock, and the others for the first.
    sqlx::query("update event_clock set last_at = last_at").execute(&mut *transaction).await.expect("it is updated");
    let stranger = Uuid::from_u128(1).to_string();
    let calls: Vec<_> = persons
        .iter()
        .chain([&stranger])
        .map(|person| {
            let (key, person) = (world.key().clone(), person.clone());
            let fields = json!({ "user_identity_id": person, "access_method": "mobile_key",
                "is_multi_phone_sync_credential": true, "allowed_acs_entrance_ids": [person] });
            tokio::spawn(async move { (person, key.post("/acs/credentials/create", fields).await) })
        })
        .collect();
    until("a statement waits for the clock", async || (waiting(&world).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    let mut parents = Vec::new();
    for call in calls {
        let (person, response) = call.await.expect("it does not panic");
        if person == stranger {
            response.refused(404, "user_identity_not_found");
            continue;
        }
        let parent = response.ok()["acs_credential"].clone();
        assert_eq!(parent["user_identity_id"], json!(person));
        let id = text(&parent["acs_credential_id"]);
        let stored = world.key().get(&format!("/acs/credentials/get?acs_credential_id={id}")).await.ok();
        assert_eq!(stored["acs_credential"], parent);
        assert_eq!(world.credentials(&person).await.len(), 2);
        parents.push(id);
    }
    let transactions = count(&world, "select count(distinct xmin::text) from credential").await;
    assert!(transactions < 10, "{transactions} transactions");
    let calls: Vec<_> = (0..40)
        .map(|index| {
            let (key, which) = (world.key().clone(), json!({ "acs_credential_id": parents[index % 20] }));
            tokio::spawn(async move { key.post("/acs/credentials/delete", which).await })
        })
        .collect();
    let mut deleted = 0;
    for call in calls {
        let response = call.await.expect("it does not panic");
        match response.status {
            200 => deleted += 1,
            _ => drop(response.refused(404, "acs_credential_not_found")),
        }
    }
    assert_eq!((deleted, count(&world, "select count(*) from credential").await), (20, 0));
    assert_eq!(world.events("acs_credential.deleted").await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_slots_are_changed_as_given_and_one_that_is_filled_is_refused() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut persons = Vec::new();
    for index in 0..20_u32 {
        let person = Person::new(&world, &format!("person{index}")).await;
        if index % 5 == 0 {
            person.put("home", &number(100 + index), true).await;
        }
        persons.push(person);
    }
    let mut blocker = world.database().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    // The first statement waits for the table, and the others for the first.
    sqlx::query("lock table slot in exclusive mode").execute(&mut *transaction).await.expect("it is locked");
    let calls: Vec<_> = (0..40_u32)
        .map(|index| {
            let client = persons[index as usize / 2].client.clone();
            let (path, kind) = match index % 2 {
                0 => ("/me/phones", "home"),
                _ => ("/me/phones/mobile/changeNumber", "mobile"),
            };
            let body = json!({ "type": kind, "number": number(index), "includeInContactCard": index % 4 == 1 });
            tokio::spawn(async move { client.post(path, body).await })
        })
        .collect();
    until("a statement waits for the table", async || (waiting(&world).await == 1).then_some(())).await;
    transaction.rollback().await.expect("it is rolled back");
    for (index, call) in (0..40_u32).zip(calls) {
        let (response, person) = (call.await.expect("it does not panic"), &persons[index as usize / 2]);
        let (kind, mut expected) = (if index % 2 == 0 { "home" } else { "mobile" }, (index, index % 4 == 1));
        match index % 10 {
            0 => {
                response.is_ucwa_error(409, "Conflict", "AlreadyExists");
                expected = (100 + index / 2, true);
            }
            _ if kind == "home" => drop(response.of_ucwa(201)),
            _ => response.is_no_content(),
        }
        let expected = (format!("tel:{}", number(expected.0)), expected.1);
        assert_eq!(person.number_and_visibility(kind).await, expected, "{index}");
    }
    let transactions = count(&world, "select count(distinct xmin::text) from slot").await;
    assert!(transactions < 20, "{transactions} transactions");
    let audited =
        "select count(distinct subject_id) from audit where action = 'slot.changed' and request_id is not null";
    assert_eq!(count(&world, audited).await, 20);
    assert_eq!(count(&world, "select count(*) from audit where action = 'slot.filled'").await, 16);
}

fn without_times(mut contact: Value) -> Value {
    for name in ["created_at", "updated_at"] {
        contact.as_object_mut().expect("a contact is an object").remove(name);
    }
    contact
}
