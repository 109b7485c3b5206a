//! Preconditions of changes: an older etag in `If-Match` gets 412 and changes nothing, and of two changes with the same
//! etag one succeeds.

use crate::support::client::{Client, Response};
use crate::support::concurrency::CONNECTIONS;
use crate::support::ucwa::{COLLECTIONS, Person, jane};
use crate::support::world::{World, text};
use serde_json::{Value, json};

const PATH: &str = "/me/phones/home";

/// Calls an operation that changes the slot.
async fn change(client: &Client, base: &str, verb: &str, body: Value) -> Response {
    match verb {
        "DELETE" => client.delete(&format!("{base}{PATH}")).await,
        verb => client.post(&format!("{base}{PATH}/{verb}"), body).await,
    }
}

fn changes() -> [(&'static str, Value); 3] {
    [
        ("changeNumber", json!({ "number": "+14255550100" })),
        ("changeVisibility", json!({ "includeInContactCard": true })),
        ("DELETE", Value::Null),
    ]
}

#[tokio::test]
async fn a_change_with_an_older_etag_gets_412_and_changes_nothing() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        for (verb, body) in changes() {
            jane.put("home", "+14255550199", false).await;
            let older = text(&jane.slot("home").await["etag"]);
            jane.put("home", "+14255550101", false).await;
            let before = jane.slot("home").await;
            let etag = text(&before["etag"]);
            for tags in
                [format!("\"{older}\""), older.clone(), "\"x\"".to_owned(), String::new(), format!("W/\"{etag}\"")]
            {
                let response = change(&jane.client.with("if-match", &tags), &base, verb, body.clone()).await;
                response.is_ucwa_error(412, "PreconditionFailed", "");
            }
            let response = change(&jane.client.with("if-none-match", "*"), &base, verb, body.clone()).await;
            response.is_ucwa_error(412, "PreconditionFailed", "");
            assert_eq!(jane.slot("home").await, before, "{verb}");
            for (name, holds) in [("if-match", "\"x\", \"_\""), ("if-match", "*"), ("if-none-match", "\"x\"")] {
                jane.put("home", "+14255550101", false).await;
                let etag = text(&jane.slot("home").await["etag"]);
                let client = jane.client.with(name, &holds.replace('_', &etag));
                change(&client, &base, verb, body.clone()).await.is_no_content();
                assert_ne!(text(&jane.slot("home").await["etag"]), etag, "{verb} {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_etag_of_an_empty_slot_guards_its_first_number() {
    let (_world, jane) = jane().await;
    let etag = text(&jane.slot("home").await["etag"]);
    let client = jane.client.with("if-match", &format!("\"{etag}\""));
    change(&client, "", "changeNumber", json!({ "number": "+14255550100" })).await.is_no_content();
    let late = change(&client, "", "changeNumber", json!({ "number": "+14255550101" })).await;
    late.is_ucwa_error(412, "PreconditionFailed", "");
    assert_eq!(jane.number_and_visibility("home").await.0, "tel:+14255550100");
}

#[tokio::test]
async fn a_number_that_must_be_new_is_not_created_in_a_filled_slot() {
    let (_world, jane) = jane().await;
    let client = jane.client.with("if-none-match", "*");
    let body = json!({ "type": "home", "number": "+14255550100" });
    client.post("/me/phones", body.clone()).await.of_ucwa(201);
    client.post("/me/phones", body.clone()).await.is_ucwa_error(412, "PreconditionFailed", "");
    jane.client.post("/me/phones", body).await.is_ucwa_error(409, "Conflict", "AlreadyExists");
}

#[tokio::test]
async fn other_errors_of_a_change_come_before_its_precondition() {
    let (_world, jane) = jane().await;
    let client = jane.client.with("if-match", "\"x\"");
    change(&client, "", "changeNumber", json!({ "number": "letters" })).await.is_ucwa_error(
        400,
        "BadRequest",
        "NormalizationFailed",
    );
    change(&client, "", "changeVisibility", json!({ "includeInContactCard": "x" }))
        .await
        .is_invalid(&["includeInContactCard"]);
}

#[tokio::test]
async fn one_of_concurrent_changes_with_the_same_etag_succeeds() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = Person::new(&world, "jane").await;
    for round in 0..5 {
        let etag = text(&jane.slot("home").await["etag"]);
        let client = jane.client.with("if-match", &format!("\"{etag}\""));
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let (client, body) = (client.clone(), json!({ "number": format!("+1425555{round}{number:03}") }));
                tokio::spawn(async move { change(&client, "", "changeNumber", body).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.expect("it does not panic"));
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 412, 412, 412, 412, 412, 412, 412]);
    }
}

#[tokio::test]
async fn an_application_is_deleted_only_with_its_current_etag() {
    let (_world, jane) = jane().await;
    for collection in COLLECTIONS {
        let base = jane.begin(collection, "here").await;
        let older = jane.client.get(&base).await.header("etag").expect("an etag").to_owned();
        jane.client.call("POST", &format!("{base}/me/makeMeAvailable")).await.is_no_content();
        let etag = jane.client.get(&base).await.header("etag").expect("an etag").to_owned();
        assert_ne!(etag, older);
        let refused = jane.client.with("if-match", &older).delete(&base).await;
        refused.is_ucwa_error(412, "PreconditionFailed", "");
        jane.client.with("if-none-match", "*").delete(&base).await.is_ucwa_error(412, "PreconditionFailed", "");
        jane.client.with("if-match", &etag).delete(&base).await.is_no_content();
        let gone = jane.client.with("if-match", "*").delete(&base).await;
        gone.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
        jane.client.delete(&jane.begin(collection, "here").await).await.is_no_content();
    }
}
