//! Isolation in the Phone.com dialect: a path or a body with the id of another workspace's account, extension, contact or
//! group gets the same response as an unknown id, and so does another person's id with a client session.

use super::fixture::whole;
use super::rows;
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Field, Location, Operation, operations_of};
use crate::support::phone_com::Extension;
use crate::support::world::{Tenant, World};
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;

/// An unknown id.
const UNKNOWN: i64 = 9_000_000;

/// An extension with a contact in a group.
struct ExtensionFixture {
    extension: Extension,
    contact: Value,
    group: Value,
}

impl ExtensionFixture {
    async fn create(tenant: &Tenant, key: &str) -> ExtensionFixture {
        let extension = Extension::of(tenant, key).await;
        let group = extension.add_group(&format!("{key} group")).await;
        let number = json!({ "number": "425 555 0199" });
        let fields = json!({ "first_name": format!("{key} contact"), "group": group, "phone_numbers": [number] });
        let contact = extension.add_contact(fields).await;
        ExtensionFixture { extension, contact, group }
    }

    /// The id for a path parameter.
    fn number(&self, name: &str) -> i64 {
        match name {
            "account_id" => self.extension.account,
            "extension_id" => self.extension.extension_id,
            "contact_id" => self.contact["id"].as_i64().expect("an id"),
            "group_id" => self.group["id"].as_i64().expect("an id"),
            other => panic!("unknown parameter {other}"),
        }
    }
}

/// The kind of resource that a field names, if any.
pub fn kind(operation: &Operation, field: &Field) -> Option<&'static str> {
    match (field.name, operation.path.rsplit('/').next()) {
        ("group" | "filters[group_id]", _) => Some("group_id"),
        ("filters[id]", Some("contacts")) => Some("contact_id"),
        ("filters[id]", Some("contact-groups")) => Some("group_id"),
        ("filters[id]", Some("extensions")) => Some("extension_id"),
        ("filters[id]", Some("accounts")) => Some("account_id"),
        ("filters[id]", other) => panic!("{operation}: unknown collection {other:?}"),
        // It belongs to a secret, and is tested with every invalid one in token requests.
        ("client_id", _) => None,
        (name, _) => name.ends_with("_id").then_some(name),
    }
}

/// Starts ids at millions, so that none equals a count or an id of another kind.
pub async fn count_from_millions(world: &World) {
    let mut database = world.database().await;
    for (location, kind) in ["account", "extension", "contact", "contact_group"].iter().enumerate() {
        let own = format!("'{kind}_id_sequence'");
        let raise = format!("select setval({own}, greatest(nextval({own}), {}000000))", location + 1);
        sqlx::query(AssertSqlSafe(raise)).execute(&mut database).await.expect("the sequence is set");
    }
}

#[tokio::test]
async fn phone_com_responds_to_ids_of_another_workspaces_resources_as_to_unknown_ids() {
    let world = World::new().await;
    count_from_millions(&world).await;
    let [home, other] = [world.sandbox("Home").await, world.sandbox("Other").await];
    let theirs = ExtensionFixture::create(&other, "othr").await;
    let mut database = world.database().await;
    let before = rows(&mut database, &other).await;
    let token = world.anonymous().bearer(world.access_token(&[&home]).await.reveal());
    let mut count = 0;
    for operation in operations_of(Dialect::PhoneCom) {
        for field in operation.fields() {
            let Some(kind) = kind(&operation, &field) else { continue };
            for caller in 0..3 {
                let mine = ExtensionFixture::create(&home, &format!("mine{count}")).await;
                let session = home.session(&mine.extension.person).await;
                let client = [home.key(), &token, &session][caller];
                let mut received = Vec::new();
                for number in [theirs.number(kind), UNKNOWN] {
                    let response = call(client, &operation, &mine, field.name, number).await;
                    if field.location == Location::Path {
                        // To a person, every other extension is another person's.
                        response.is_error(if caller == 2 && kind == "extension_id" { 403 } else { 404 });
                    }
                    assert!(!response.text.contains("othr"), "{operation} with another's {}: {response:?}", field.name);
                    let (status, headers, text) = whole(&response);
                    // A digest of the body, which is compared itself.
                    let headers: Vec<_> = headers.into_iter().filter(|header| !header.starts_with("etag")).collect();
                    received.push((status, headers, text.replace(&number.to_string(), "(named)")));
                }
                assert_eq!(received[0], received[1], "{operation} with another's {}", field.name);
                assert_eq!(rows(&mut database, &other).await, before, "{operation} with another's {}", field.name);
                count += 1;
            }
        }
        // All ids of another's path.
        if operation.path.contains("{account_id}") {
            let response = call(home.key(), &operation, &theirs, "", 0).await;
            response.is_error(404);
            assert!(!response.text.contains("othr"), "{response:?}");
            assert_eq!(rows(&mut database, &other).await, before, "{operation} at another's path");
        }
    }
    assert!(count > 120, "only {count} cases");
}

#[tokio::test]
async fn groups_of_another_workspace_are_unknown_in_bodies_and_filters() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = ExtensionFixture::create(&other, "othr").await;
    let mine = ExtensionFixture::create(&world, "mine").await;
    for (foreign, unknown) in [
        (theirs.group["id"].clone(), json!(UNKNOWN)),
        (theirs.group["name"].clone(), json!("nobodys")),
        (json!({ "id": theirs.group["id"] }), json!({ "id": UNKNOWN })),
        (theirs.group.clone(), json!({ "id": UNKNOWN, "name": "nobodys" })),
    ] {
        let post = async |group: &Value| {
            mine.extension.client.post(&mine.extension.contacts(), json!({ "group": group })).await
        };
        let (of_foreign, of_unknown) = (post(&foreign).await, post(&unknown).await);
        of_foreign.faults(&["group"]);
        assert_eq!(of_foreign.text, of_unknown.text);
    }
    for query in [
        format!("filters[group_id]={}", theirs.group["id"]),
        format!("filters[id]={}", theirs.contact["id"]),
        "filters[name]=contains:othr".to_owned(),
    ] {
        assert!(mine.extension.search(&query).await.items().is_empty(), "{query}");
    }
    let all = mine.extension.search("filters[phone]=4255550199&filters[id]=ne:0").await;
    assert_eq!(all.items(), [mine.contact]);
}

#[tokio::test]
async fn a_client_session_changes_nothing_of_another_person_with_phone_com() {
    let world = World::new().await;
    let (jane, john) = (ExtensionFixture::create(&world, "jane").await, ExtensionFixture::create(&world, "john").await);
    let session = world.session(&jane.extension.person).await;
    let mut database = world.database().await;
    let before = rows(&mut database, &world).await;
    for operation in operations_of(Dialect::PhoneCom) {
        let names = numbers(&operation);
        if names.contains(&"extension_id") {
            let response = call(&session, &operation, &john, "", 0).await;
            response.is_error(403);
            assert!(!response.text.contains("john"), "{response:?}");
        }
        // Accounts are visible, without the other persons in them.
        let is_own_end = operation.method == "DELETE" && operation.path == "/v4/oauth/access-token";
        if !names.contains(&"extension_id") && operation.takes_any(&["PhoneComOAuth"]) && !is_own_end {
            let response = call(&session, &operation, &john, "", 0).await;
            assert!(response.status == 200 && !response.text.contains("john"), "{operation}: {response:?}");
        }
        for name in names.into_iter().filter(|name| ["contact_id", "group_id"].contains(name)) {
            call(&session, &operation, &jane, name, john.number(name)).await.is_error(404);
        }
        if operation.method != "GET" {
            assert_eq!(rows(&mut database, &world).await, before, "{operation}");
        }
    }
}

fn numbers(operation: &Operation) -> Vec<&'static str> {
    let fields = operation.fields().into_iter();
    fields.filter(|field| field.location == Location::Path).map(|field| field.name).collect()
}

/// Calls the operation on the resources of an extension, except for one field.
async fn call(client: &Client, operation: &Operation, house: &ExtensionFixture, name: &str, number: i64) -> Response {
    let own = numbers(operation).into_iter();
    let mut arguments: Map<String, Value> = own.map(|other| (other.to_owned(), json!(house.number(other)))).collect();
    if operation.method != "GET" && operation.method != "DELETE" {
        arguments.insert("name".to_owned(), json!("changed"));
        arguments.insert("first_name".to_owned(), json!("changed"));
    }
    if !name.is_empty() {
        arguments.insert(name.to_owned(), json!(number));
    }
    operation.call(client, &arguments).await
}
