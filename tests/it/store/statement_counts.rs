//! The number of statements of each hot operation. A prefetch that is missed is a statement more.

use crate::cancellation::proxy::Proxy;
use crate::support::numbers::{call_action, path};
use crate::support::shared_postgres::Database;
use crate::support::ucwa::Person;
use crate::support::world::World;
use serde_json::json;

/// Connections of the server, a quarter of which is for short reads.
const CONNECTIONS: u32 = 4;

/// More requests than connections, so that each connection has prepared the statement.
const WARM_UP: usize = 12;

#[tokio::test]
async fn hot_operations_take_as_few_statements_as_promised() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let number = crate::support::numbers::number(1);
    let phone_number = world.import_number(&number).await;
    let phone_number = crate::support::world::text(&phone_number["id"]);
    let extensions = world.key().get("/v4/accounts").await;
    let account = extensions.body["items"][0]["id"].to_string();
    let extension = format!("/v4/accounts/{account}/extensions/1");
    let group = json!({ "name": "Family" });
    assert_eq!(world.key().post(&format!("{extension}/contact-groups"), group).await.status, 201);
    for (path, count) in [
        (format!("/phones/get?device_id={phone}"), 1),
        ("/phones/list".to_owned(), 2),
        ("/phones/list?limit=20".to_owned(), 1),
        (format!("/phones/list?owner_user_identity_id={jane}"), 1),
        (format!("/v1/phone/{phone_number}"), 1),
        (format!("{extension}/contacts"), 2),
        ("/events/list?since=2020-01-01&limit=20".to_owned(), 1),
    ] {
        for _ in 0..WARM_UP {
            assert_eq!(world.key().get(&path).await.status, 200, "{path}");
        }
        proxy.record(None);
        world.key().get(&path).await;
        let statements = proxy.statements();
        assert_eq!(statements.len(), count, "{path}: {statements:#?}");
    }
}

#[tokio::test]
async fn get_numbers_of_a_user_identity_with_a_key_takes_one_statement() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let jane = Person::new(&world, "jane").await;
    let application = jane.begin("/v1/applications", "here").await;
    let client = world.key().with("x-ucwa-user", &jane.id);
    for path in ["/me/phones".to_owned(), format!("{application}/me/phones")] {
        for _ in 0..WARM_UP {
            assert_eq!(client.get(&path).await.status, 200, "{path}");
        }
        proxy.record(None);
        client.get(&path).await;
        let statements = proxy.statements();
        assert_eq!(statements.len(), 1, "{path}: {statements:#?}");
    }
}

#[tokio::test]
async fn deactivate_phone_takes_two_statements() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let jane = world.person("jane").await;
    let mut last = Vec::new();
    for _ in 0..WARM_UP {
        let phone = world.phone(&jane).await;
        proxy.record(None);
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
        last = proxy.statements();
    }
    assert_eq!(last.len(), 2, "{last:#?}");
}

#[tokio::test]
async fn create_contact_takes_two_statements() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    world.person("jane").await;
    let account = world.key().get("/v4/accounts").await.body["items"][0]["id"].to_string();
    let path = format!("/v4/accounts/{account}/extensions/1/contacts");
    let mut last = Vec::new();
    for _ in 0..WARM_UP {
        proxy.record(None);
        assert_eq!(world.key().post(&path, json!({ "first_name": "Ada" })).await.status, 201);
        last = proxy.statements();
    }
    assert_eq!(last.len(), 2, "{last:#?}");
}

#[tokio::test]
async fn changes_of_numbers_take_as_few_statements_as_promised() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let mut last = [0; 5];
    for index in 0..WARM_UP {
        let jane = world.person(&format!("jane{index}")).await;
        let number = crate::support::numbers::number(u32::try_from(index).expect("a small number"));
        proxy.record(None);
        let reserved = world.reserve_number(&number).await;
        last[0] = proxy.statements().len();
        for (place, action, body) in [(1, "assign", json!({})), (2, "assign", json!({ "user_identity_id": jane }))] {
            proxy.record(None);
            call_action(world.key(), &reserved, action, body).await.phone_number();
            last[place] = proxy.statements().len();
        }
        proxy.record(None);
        assert_eq!(world.key().delete(&path(&reserved)).await.status, 204);
        last[3] = proxy.statements().len();
        proxy.record(None);
        call_action(world.key(), &reserved, "cancel_release", json!({})).await.phone_number();
        last[4] = proxy.statements().len();
    }
    // With those that begin and commit a transaction.
    assert_eq!(last, [2, 5, 6, 5, 5]);
}

#[tokio::test]
async fn sessions_user_identities_and_credentials_take_as_few_statements_as_promised() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let mut last = [0; 5];
    for index in 0..WARM_UP {
        proxy.record(None);
        let jane = world.person(&format!("jane{index}")).await;
        last[0] = proxy.statements().len();
        // Created, then found.
        for place in [1, 2] {
            let body = json!({ "user_identifier_key": format!("browser{index}"), "user_identity_id": jane });
            proxy.record(None);
            world.key().put("/client_sessions/create", body).await.ok();
            last[place] = proxy.statements().len();
        }
        proxy.record(None);
        let credential = world.sync_credential(&jane).await;
        last[3] = proxy.statements().len();
        proxy.record(None);
        world.key().post("/acs/credentials/delete", json!({ "acs_credential_id": credential })).await.ok();
        last[4] = proxy.statements().len();
    }
    // The fourth with those that begin and commit a transaction.
    assert_eq!(last, [2, 2, 2, 5, 2]);
}

#[tokio::test]
async fn change_of_a_slot_takes_three_statements() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let jane = Person::new(&world, "jane").await;
    let mut last = Vec::new();
    for index in 0..WARM_UP {
        let number = crate::support::numbers::number(u32::try_from(index).expect("a small number"));
        proxy.record(None);
        jane.put("home", &number, true).await;
        last = proxy.statements();
    }
    // The session, the subscriber and the change.
    assert_eq!(last.len(), 3, "{last:#?}");
}
