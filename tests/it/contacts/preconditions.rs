//! Preconditions of changes to contacts and groups: an older ETag in `If-Match` gets 412 and changes nothing, and of two
//! changes with the same ETag one succeeds.

use crate::support::client::Client;
use crate::support::concurrency::CONNECTIONS;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use serde_json::{Value, json};

async fn etag(client: &Client, path: &str) -> String {
    client.get(path).await.header("etag").expect("an ETag").to_owned()
}

/// The changes of a record, and whether they leave it there.
fn changes(field: &str) -> [(&'static str, Value, bool); 3] {
    [
        ("PUT", json!({ field: "put" }), true),
        ("PATCH", json!({ field: "patched" }), true),
        ("DELETE", Value::Null, false),
    ]
}

/// Tries each change with tags that do not hold, then with ones that do.
async fn are_guarded(client: &Client, field: &str, create: impl AsyncFn() -> String) {
    for (method, body, stays) in changes(field) {
        let path = create().await;
        let older = etag(client, &path).await;
        client.patch(&path, json!({ field: "changed" })).await.of_phone_com(200);
        let current = etag(client, &path).await;
        assert_ne!(current, older);
        let before = client.get(&path).await.body;
        let send = async |name: &str, tags: &str| client.with(name, tags).json(method, &path, body.clone()).await;
        for (name, tags) in [
            ("if-match", older.as_str()),
            ("if-match", "\"x\""),
            ("if-match", ""),
            ("if-match", &format!("W/{current}")),
            ("if-none-match", "*"),
            ("if-none-match", "\"x\", *"),
        ] {
            let response = send(name, tags).await;
            assert_eq!(response.is_error(412)["@httpStatusCode"], 412, "{method} {name}: {tags}");
            assert_eq!(client.get(&path).await.body, before, "{method} {name}: {tags}");
        }
        send("if-match", &format!("\"x\", {current}")).await.of_phone_com(200);
        if stays {
            send("if-match", "*").await.of_phone_com(200);
            send("if-none-match", &older).await.of_phone_com(200);
            // Without a precondition the last change wins, as before.
            client.json(method, &path, body.clone()).await.of_phone_com(200);
        } else {
            send("if-match", "*").await.is_error(404);
            client.delete(&create().await).await.of_phone_com(200);
        }
    }
}

#[tokio::test]
async fn a_contact_is_changed_only_with_its_current_etag() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let group = extension.add_group("Family").await;
    let create = async || {
        let made = extension.add_contact(json!({ "first_name": "Jane", "group": group })).await;
        extension.contact(&made["id"])
    };
    are_guarded(&extension.client, "first_name", create).await;
}

#[tokio::test]
async fn a_contact_group_is_changed_only_with_its_current_etag() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let create = async || extension.group(&extension.add_group("Family").await["id"]);
    are_guarded(&extension.client, "name", create).await;
}

#[tokio::test]
async fn other_errors_of_a_change_come_before_its_precondition() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contact = extension.contact(&extension.add_contact(json!({ "first_name": "Jane" })).await["id"]);
    let client = extension.client.with("if-match", "\"x\"");
    client.put(&contact, json!({ "first_name": 5 })).await.is_error(422);
    client.put(&extension.contact(&json!(999_999)), json!({})).await.is_error(404);
    client.delete(&extension.group(&json!(999_999))).await.is_error(404);
}

#[tokio::test]
async fn one_of_concurrent_changes_with_the_same_etag_succeeds() {
    let world = World::with_connections(CONNECTIONS).await;
    let extension = Extension::new(&world).await;
    let contact = extension.contact(&extension.add_contact(json!({ "first_name": "Jane" })).await["id"]);
    let group = extension.group(&extension.add_group("Family").await["id"]);
    for round in 0..5 {
        for (path, field) in [(&contact, "first_name"), (&group, "name")] {
            let client = extension.client.with("if-match", &etag(&extension.client, path).await);
            let calls: Vec<_> = (0..8)
                .map(|number| {
                    let (client, path) = (client.clone(), path.clone());
                    let body = json!({ field: format!("round {round}, change {number}") });
                    tokio::spawn(async move { client.patch(&path, body).await.status })
                })
                .collect();
            let mut statuses = Vec::new();
            for call in calls {
                statuses.push(call.await.expect("it does not panic"));
            }
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
        }
    }
}
