//! User identity of a UCWA request, by client session or by a header with an API key; and user identities without voice.

use crate::support::client::{Client, Response};
use crate::support::ucwa::{COLLECTIONS, NUMBER, Person, jane, links, new_application};
use crate::support::world::{World, text};
use serde_json::json;
use uuid::Uuid;

/// Every request on a user identity's numbers.
async fn everything(client: &Client, base: &str) -> Vec<Response> {
    let slot = format!("{base}/me/phones/home");
    vec![
        client.get(&format!("{base}/me/phones")).await,
        client.get(&slot).await,
        client.post(&format!("{base}/me/phones"), json!({ "type": "home", "number": NUMBER })).await,
        client.delete(&slot).await,
        client.post(&format!("{slot}/changeNumber"), json!({ "number": NUMBER })).await,
        client.post(&format!("{slot}/changeVisibility"), json!({ "includeInContactCard": true })).await,
    ]
}

#[tokio::test]
async fn a_request_without_a_user_identity_is_forbidden() {
    let world = World::new().await;
    let session = world.client_session(json!({})).await;
    for client in [world.key().clone(), world.anonymous().bearer(&text(&session["token"]))] {
        let mut responses = everything(&client, "").await;
        responses.push(client.get("/me").await);
        for collection in COLLECTIONS {
            responses.push(client.post(collection, new_application("here")).await);
        }
        for response in responses {
            response.is_ucwa_error(403, "Forbidden", "AnonymousNotAllowed");
        }
    }
}

#[tokio::test]
async fn an_api_key_acts_for_the_user_identity_in_its_header() {
    let (world, jane) = jane().await;
    let joe = Person::new(&world, "joe").await;
    let of_jane = world.key().with("x-ucwa-user", &jane.id);
    let body = json!({ "number": NUMBER, "includeInContactCard": true });
    of_jane.post("/me/phones/home/changeNumber", body).await.is_no_content();
    assert_eq!(jane.number_and_visibility("home").await, (NUMBER.to_owned(), true));
    assert_eq!(joe.number_and_visibility("home").await, (String::new(), false));
    assert_eq!(of_jane.get("/me").await.of_ucwa(200).body, jane.client.get("/me").await.body);
    let upper = world.key().with("x-ucwa-user", &jane.id.to_uppercase());
    assert_eq!(upper.get("/me/phones").await.of_ucwa(200).body, jane.client.get("/me/phones").await.body);
    // An application belongs to the user identity, whichever credential created it.
    let base = jane.begin(COLLECTIONS[0], "here").await;
    of_jane.get(&format!("{base}/me/phones")).await.of_ucwa(200);
    let of_joe = world.key().with("x-ucwa-user", &joe.id);
    of_joe.get(&format!("{base}/me/phones")).await.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
}

#[tokio::test]
async fn an_api_key_with_an_unknown_or_foreign_user_identity_gets_404() {
    let (world, _jane) = jane().await;
    let other = world.sandbox("Other").await;
    let stranger = other.person("joe").await;
    let unknown = world.random.id::<Uuid>(world.clock.now()).to_string();
    for name in [stranger.as_str(), unknown.as_str(), "jane", "", "0199a5c6", "jane@example.com"] {
        let client = world.key().with("x-ucwa-user", name);
        let mut responses = everything(&client, "").await;
        responses.push(client.get("/me").await);
        responses.push(client.post(COLLECTIONS[0], new_application("here")).await);
        for response in responses {
            response.is_ucwa_error(404, "NotFound", "");
        }
    }
}

#[tokio::test]
async fn a_client_session_ignores_the_user_identity_header() {
    let (world, jane) = jane().await;
    let joe = Person::new(&world, "joe").await;
    joe.put("home", NUMBER, true).await;
    let named = jane.client.with("x-ucwa-user", &joe.id);
    assert_eq!(named.get("/me").await.of_ucwa(200).body["name"], "Person jane");
    named.delete("/me/phones/home").await.is_no_content();
    assert_eq!(joe.number_and_visibility("home").await, (NUMBER.to_owned(), true));
}

#[tokio::test]
async fn a_client_session_token_may_have_the_cwt_prefix() {
    let (world, jane) = jane().await;
    let session = world.client_session(json!({ "user_identity_id": jane.id })).await;
    let token = text(&session["token"]);
    for authorization in [format!("Bearer {token}"), format!("Bearer cwt={token}"), format!("bearer cwt={token}")] {
        world.anonymous().with("authorization", &authorization).get("/me/phones").await.of_ucwa(200);
    }
    let host = world.url.trim_start_matches("http://");
    for authorization in
        [format!("Basic {token}"), token.clone(), "Bearer cwt=".to_owned(), format!("Bearer cwt=cwt={token}x")]
    {
        world.anonymous().with("authorization", &authorization).get("/me/phones").await.is_challenge(host);
    }
}

async fn set_voice(world: &World, person: &Person, is_on: bool) {
    let change = json!({ "user_identity_id": person.id, "enterprise_voice_enabled": is_on });
    world.key().post("/user_identities/update", change).await.ok();
}

#[tokio::test]
async fn a_user_identity_without_voice_is_forbidden_its_numbers_until_voice_is_enabled() {
    let (world, jane) = jane().await;
    jane.put("mobile", NUMBER, true).await;
    let before = jane.client.get("/me/phones").await.of_ucwa(200).body.clone();
    set_voice(&world, &jane, false).await;
    for base in jane.bases().await {
        let me = jane.client.get(&format!("{base}/me")).await.of_ucwa(200).body.clone();
        assert!(!links(&me).contains("phones") && !links(&me).contains("callForwardingSettings"), "{me}");
        for response in everything(&jane.client, &base).await {
            response.is_ucwa_error(403, "Forbidden", "");
        }
        // `If-None-Match` does not bypass the check.
        let response = jane.client.with("if-none-match", "*").get(&format!("{base}/me/phones/mobile")).await;
        response.is_ucwa_error(403, "Forbidden", "");
        jane.client.get(&format!("{base}/me/phones/fax")).await.is_ucwa_error(404, "NotFound", "");
    }
    set_voice(&world, &jane, true).await;
    assert_eq!(jane.client.get("/me/phones").await.of_ucwa(200).body, before, "nothing was changed");
    assert!(links(&jane.client.get("/me").await.of_ucwa(200).body.clone()).contains("phones"));
}

#[tokio::test]
async fn enterprise_voice_enabled_is_accepted_by_seam_and_never_returned() {
    let world = World::new().await;
    let fields = json!({ "user_identity_key": "jane", "enterprise_voice_enabled": false });
    let created = world.key().post("/user_identities/create", fields).await;
    let id = text(&created.ok()["user_identity"]["user_identity_id"]);
    let session = world.session(&id).await;
    session.get("/me/phones").await.is_ucwa_error(403, "Forbidden", "");
    let change = json!({ "user_identity_id": id, "full_name": "Jane", "enterprise_voice_enabled": null });
    world.key().post("/user_identities/update", change).await.ok();
    session.get("/me/phones").await.is_ucwa_error(403, "Forbidden", "");
    let change = json!({ "user_identity_id": id, "enterprise_voice_enabled": true });
    let changed = world.key().post("/user_identities/update", change).await;
    session.get("/me/phones").await.of_ucwa(200);
    let got = world.key().post("/user_identities/get", json!({ "user_identity_id": id })).await;
    let listed = world.key().get("/user_identities/list").await;
    for response in [created, changed, got, listed] {
        assert!(!response.text.contains("voice") && !response.text.contains("password"), "{response:?}");
    }
    let wrong = json!({ "user_identity_id": id, "enterprise_voice_enabled": "off" });
    world.key().post("/user_identities/update", wrong).await.refused(400, "invalid_input");
    session.get("/me/phones").await.of_ucwa(200);
}
