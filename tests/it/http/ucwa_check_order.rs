//! Order of checks in the UCWA dialect: a request with several faults gets the error of the first.

use crate::support::client::{Client, Response};
use crate::support::numbers::{call_action, number};
use crate::support::ucwa::{Person, jane};
use crate::support::world::World;
use serde_json::json;

/// Assigns Jane a work number, which she cannot change.
async fn assign_work_number(world: &World, jane: &Person) {
    let phone_number = world.import_number(&number(1)).await;
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": jane.id })).await.phone_number();
}

async fn disable_voice(world: &World, jane: &Person) {
    let change = json!({ "user_identity_id": jane.id, "enterprise_voice_enabled": false });
    world.key().post("/user_identities/update", change).await.ok();
}

async fn send_request(client: &Client, method: &str, path: &str, kind: &str, body: &str) -> Response {
    client.send(client.request(method, path).header("content-type", kind).body(body.to_owned())).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_request_with_several_faults_gets_the_error_of_the_first() {
    let (world, jane) = jane().await;
    assign_work_number(&world, &jane).await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    let (late, unknown) = (jane.client.with("x-ms-requiresminresourceversion", "4.0"), "/ucwa/oauth/v1/applications/1");
    let letters = r#"{"number":"letters"}"#;
    let anonymous = world.anonymous().with("x-ms-requiresminresourceversion", "4.0");
    let challenged =
        send_request(&anonymous, "BREW", &format!("{unknown}/me/phones/fax/changeNumber"), "image/png", "{").await;
    challenged.is_challenge(world.url.trim_start_matches("http://"));

    let fax = format!("{base}/me/phones/fax/changeNumber");
    let work = format!("{base}/me/phones/work/changeNumber");
    let gone = send_request(&late, "BREW", &format!("{unknown}/me/phones/fax/changeNumber"), "image/png", "{").await;
    gone.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
    send_request(&late, "BREW", &work, "image/png", "{").await.is_ucwa_error(404, "NotFound", "APIVersionNotSupported");
    send_request(&jane.client, "BREW", &fax, "image/png", "{").await.is_ucwa_error(404, "NotFound", "");
    send_request(&jane.client, "BREW", &work, "image/png", "{").await.is_ucwa_error(405, "MethodNotAllowed", "");
    send_request(&jane.client, "POST", &work, JSON, letters).await.is_ucwa_error(409, "Conflict", "");
    disable_voice(&world, &jane).await;
    assert_eq!(
        send_request(&jane.client, "POST", &work, "image/png", "{").await.of_ucwa(415).body["code"],
        "UnsupportedMediaType"
    );
    send_request(&jane.client, "POST", &work, JSON, "{").await.is_ucwa_error(
        400,
        "BadRequest",
        "DeserializationFailure",
    );
    let long = json!({ "number": "1".repeat(81) }).to_string();
    send_request(&jane.client, "POST", &work, JSON, &long).await.is_invalid(&["number"]);
    send_request(&jane.client, "POST", &work, JSON, letters).await.is_ucwa_error(403, "Forbidden", "");
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
