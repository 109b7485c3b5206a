//! Order of checks in the UCWA dialect: a request with several faults gets the error of the first.

use crate::support::client::{Answer, Client};
use crate::support::numbers::{act, number};
use crate::support::ucwa::{Person, jane};
use crate::support::world::World;
use serde_json::json;

/// Assigns Jane a work number, which she cannot change.
async fn manage(world: &World, jane: &Person) {
    let register = world.imported(&number(1)).await;
    act(world.key(), &register, "assign", json!({ "user_identity_id": jane.id })).await.register();
}

async fn voice_off(world: &World, jane: &Person) {
    let change = json!({ "user_identity_id": jane.id, "enterprise_voice_enabled": false });
    world.key().post("/user_identities/update", change).await.ok();
}

async fn say(client: &Client, method: &str, path: &str, kind: &str, body: &str) -> Answer {
    client.send(client.request(method, path).header("content-type", kind).body(body.to_owned())).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_request_with_several_faults_gets_the_error_of_the_first() {
    let (world, jane) = jane().await;
    manage(&world, &jane).await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    let (late, unknown) = (jane.client.with("x-ms-requiresminresourceversion", "4.0"), "/ucwa/oauth/v1/applications/1");
    let letters = r#"{"number":"letters"}"#;
    let anonymous = world.anonymous().with("x-ms-requiresminresourceversion", "4.0");
    let challenged = say(&anonymous, "BREW", &format!("{unknown}/me/phones/fax/changeNumber"), "image/png", "{").await;
    challenged.is_challenge(world.url.trim_start_matches("http://"));

    let fax = format!("{base}/me/phones/fax/changeNumber");
    let work = format!("{base}/me/phones/work/changeNumber");
    let gone = say(&late, "BREW", &format!("{unknown}/me/phones/fax/changeNumber"), "image/png", "{").await;
    gone.is_fault(404, "NotFound", "ApplicationNotFound");
    say(&late, "BREW", &work, "image/png", "{").await.is_fault(404, "NotFound", "APIVersionNotSupported");
    say(&jane.client, "BREW", &fax, "image/png", "{").await.is_fault(404, "NotFound", "");
    say(&jane.client, "BREW", &work, "image/png", "{").await.is_fault(405, "MethodNotAllowed", "");
    say(&jane.client, "POST", &work, JSON, letters).await.is_fault(409, "Conflict", "");
    voice_off(&world, &jane).await;
    assert_eq!(
        say(&jane.client, "POST", &work, "image/png", "{").await.of_ucwa(415).body["code"],
        "UnsupportedMediaType"
    );
    say(&jane.client, "POST", &work, JSON, "{").await.is_fault(400, "BadRequest", "DeserializationFailure");
    let long = json!({ "number": "1".repeat(81) }).to_string();
    say(&jane.client, "POST", &work, JSON, &long).await.is_invalid(&["number"]);
    say(&jane.client, "POST", &work, JSON, letters).await.is_fault(403, "Forbidden", "");
}

#[tokio::test]
async fn an_unauthenticated_request_gets_401_whether_or_not_the_path_exists() {
    let (world, jane) = jane().await;
    let base = jane.begin("/v1/applications", "here").await;
    let host = world.url.trim_start_matches("http://");
    for path in [
        "/me",
        "/me/phones",
        "/me/phones/fax",
        "/me/nothing",
        "/ucwa/oauth/v1/applications",
        "/ucwa/oauth/v1/applications/1",
        "/ucwa/oauth/v1/nothing",
        "/v1/applications/1/me/phones",
        "/autodiscover/autodiscoverservice.svc/root/user",
        base.as_str(),
        &format!("{base}/me/phones/work/changeNumber"),
    ] {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            world.anonymous().call(method, path).await.is_challenge(host);
        }
    }
}
