//! The same for the operations of the Phone.com dialect: a path or a body that names another workspace's account, extension,
//! contact or group is answered as one that names nothing, and so is another person's to a client session.

use super::rows;
use crate::document::{Dialect, Operation, Place, operations_of};
use crate::phone_com::Line;
use crate::voices::{Answer, Voice};
use crate::world::{Tenant, World};
use serde_json::{Map, Value, json};

/// What nobody has.
const UNKNOWN: i64 = 4_000_000;

/// An extension with a contact in a group.
struct House {
    line: Line,
    contact: Value,
    group: Value,
}

impl House {
    async fn furnish(tenant: &Tenant, key: &str) -> House {
        let line = Line::of(tenant, key).await;
        let group = line.add_group(&format!("{key} group")).await;
        let number = json!({ "number": "425 555 0199" });
        let fields = json!({ "first_name": format!("{key} contact"), "group": group, "phone_numbers": [number] });
        let contact = line.add(fields).await;
        House { line, contact, group }
    }

    /// What stands here for a parameter.
    fn number(&self, name: &str) -> i64 {
        match name {
            "account_id" => self.line.account,
            "extension_id" => self.line.extension,
            "contact_id" => self.contact["id"].as_i64().expect("an id"),
            "group_id" => self.group["id"].as_i64().expect("an id"),
            other => panic!("what does {other} name?"),
        }
    }
}

#[tokio::test]
async fn a_path_that_names_another_workspaces_things_is_answered_by_phone_com_as_one_that_names_nothing() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = House::furnish(&other, "othr").await;
    let mut database = world.database().await;
    let before = rows(&mut database, &other).await;
    let token = world.nobody().bearer(world.access_token(&[&world]).await.reveal());
    let mut count = 0;
    for operation in operations_of(Dialect::PhoneCom) {
        let names = numbers(&operation);
        for name in &names {
            for voice in [world.key(), &token] {
                let mine = House::furnish(&world, &format!("mine{count}")).await;
                let foreign = theirs.number(name);
                let of_foreign = call(voice, &operation, &mine, name, foreign).await;
                let of_unknown = call(voice, &operation, &mine, name, UNKNOWN).await;
                of_foreign.is_error(404);
                let said = [(&of_foreign, foreign), (&of_unknown, UNKNOWN)]
                    .map(|(answer, number)| answer.text.replace(&format!(" {number} not found"), " not found"));
                assert_eq!(said[0], said[1], "{operation} with another's {name}");
                assert!(!of_foreign.text.contains("othr"), "{of_foreign:?}");
                assert_eq!(rows(&mut database, &other).await, before, "{operation} with another's {name}");
                count += 1;
            }
        }
        // The whole path of another.
        if !names.is_empty() {
            let answer = call(world.key(), &operation, &theirs, "", 0).await;
            answer.is_error(404);
            assert!(!answer.text.contains("othr"), "{answer:?}");
            assert_eq!(rows(&mut database, &other).await, before, "{operation} at another's path");
        }
    }
    assert!(count > 60, "only {count} cases");
}

#[tokio::test]
async fn a_body_or_a_filter_that_names_another_workspaces_group_names_nothing() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = House::furnish(&other, "othr").await;
    let mine = House::furnish(&world, "mine").await;
    for (foreign, unknown) in [
        (theirs.group["id"].clone(), json!(UNKNOWN)),
        (theirs.group["name"].clone(), json!("nobodys")),
        (json!({ "id": theirs.group["id"] }), json!({ "id": UNKNOWN })),
        (theirs.group.clone(), json!({ "id": UNKNOWN, "name": "nobodys" })),
    ] {
        let post = async |group: &Value| mine.line.voice.post(&mine.line.contacts(), json!({ "group": group })).await;
        let (of_foreign, of_unknown) = (post(&foreign).await, post(&unknown).await);
        of_foreign.faults(&["group"]);
        assert_eq!(of_foreign.text, of_unknown.text);
    }
    for query in [
        format!("filters[group_id]={}", theirs.group["id"]),
        format!("filters[id]={}", theirs.contact["id"]),
        "filters[name]=contains:othr".to_owned(),
    ] {
        assert!(mine.line.search(&query).await.items().is_empty(), "{query}");
    }
    let all = mine.line.search("filters[phone]=4255550199&filters[id]=ne:0").await;
    assert_eq!(all.items(), [mine.contact]);
}

#[tokio::test]
async fn a_client_session_changes_nothing_of_another_person_of_its_workspace() {
    let world = World::new().await;
    let (jane, john) = (House::furnish(&world, "jane").await, House::furnish(&world, "john").await);
    let session = world.session(&jane.line.person).await;
    let mut database = world.database().await;
    let before = rows(&mut database, &world).await;
    for operation in operations_of(Dialect::PhoneCom) {
        let names = numbers(&operation);
        if names.contains(&"extension_id") {
            let answer = call(&session, &operation, &john, "", 0).await;
            answer.is_error(403);
            assert!(!answer.text.contains("john"), "{answer:?}");
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
    fields.filter(|field| field.place == Place::Path).map(|field| field.name).collect()
}

/// The operation on the things of a house, but for one number.
async fn call(voice: &Voice, operation: &Operation, house: &House, name: &str, number: i64) -> Answer {
    let numbers = numbers(operation).into_iter();
    let mut arguments: Map<String, Value> = numbers
        .map(|other| (other.to_owned(), json!(if other == name { number } else { house.number(other) })))
        .collect();
    if operation.method != "GET" && operation.method != "DELETE" {
        arguments.insert("name".to_owned(), json!("changed"));
        arguments.insert("first_name".to_owned(), json!("changed"));
    }
    operation.call(voice, &arguments).await
}
