//! Authentication in the Seam dialect: every scheme, every fault of a credential, and the order of checks.

use crate::support::client::{Client, Response};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const NO_METHOD: &str = "No authentication methods succeeded";

#[track_caller]
fn unauthorized(response: &Response, message: &str) {
    assert_eq!(response.refused(401, "unauthorized")["message"], message);
}

/// A request to a route that accepts API keys and no client sessions.
async fn for_keys(client: &Client) -> Response {
    client.get("/phones/list").await
}

/// A request to a route that accepts API keys and client sessions.
async fn for_sessions(client: &Client) -> Response {
    client.get("/devices/list").await
}

#[tokio::test]
async fn every_authentication_scheme_is_accepted_by_its_routes() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for client in [world.key().clone(), world.pat().await, world.console().await] {
        for_keys(&client).await.ok();
        for_sessions(&client).await.ok();
    }
    for_sessions(&world.session(&jane).await).await.ok();
    let created = world.browser().post("/client_sessions/create", json!({ "user_identifier_key": "browser" })).await;
    let token = text(&created.ok()["client_session"]["token"]);
    assert!(token.starts_with("seam_cst"), "{token}");
    for_sessions(&world.anonymous().bearer(&token)).await.ok();
}

#[tokio::test]
async fn a_request_without_a_credential_that_the_route_accepts_is_unauthorized() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let session = world.session(&world.person("jane").await).await;
    let pat = world.access_token(&[&world]).await;
    let jwt = world.console_session(&[&world]).await;
    for (case, client) in [
        ("nothing", anonymous.clone()),
        ("basic", anonymous.with("authorization", "Basic eDp5")),
        ("a bearer of nothing", anonymous.with("authorization", "Bearer ")),
        ("a bare word", anonymous.with("authorization", "Bearer")),
        ("a token without its scheme", anonymous.with("authorization", world.api_key.reveal())),
        ("a client session where only keys are let in", session),
        ("an unknown client session there", anonymous.bearer("seam_cst1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa")),
        ("an access token without a workspace", anonymous.bearer(pat.reveal())),
        ("a console session without a workspace", anonymous.bearer(jwt.reveal())),
        ("an access token with an empty workspace", anonymous.bearer(pat.reveal()).in_workspace("")),
        ("a publishable key", world.browser()),
    ] {
        let response = for_keys(&client).await;
        assert_eq!(response.refused(401, "unauthorized")["message"], NO_METHOD, "{case}");
    }
}

#[tokio::test]
async fn an_unknown_or_revoked_api_key_is_unauthorized() {
    let world = World::new().await;
    for unknown in [
        "seam_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa",
        "seam_testaaaa_aaaaaaaaaaaaaaaaaaaaaaaa",
        "no key at all",
        "clé",
        "x",
        "seam_pk1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa",
        &world.api_key.reveal()[..20],
        &format!("{}x", world.api_key.reveal()),
        &world.api_key.reveal().to_lowercase(),
    ] {
        unauthorized(&for_keys(&world.anonymous().bearer(unknown)).await, "API Key not found");
    }
    // The scheme name is case-insensitive, and whitespace around a token is ignored.
    for authorization in ["bearer", "BEARER", "Bearer  "] {
        let value = format!("{authorization} {}", world.api_key.reveal());
        for_keys(&world.anonymous().with("authorization", &value)).await.ok();
    }
    world.store.revoke_api_key(world.api_key.reveal(), world.clock.now()).await.expect("it is known");
    unauthorized(&for_keys(world.key()).await, "API Key not found");
}

#[tokio::test]
async fn an_api_key_selects_its_own_workspace_whatever_the_header_says() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = other.phone(&other.person("joe").await).await;
    let client = world.key().in_workspace(&other.id);
    assert_eq!(client.get("/workspaces/get").await.ok()["workspace"]["workspace_id"], world.id);
    client.get(&format!("/phones/get?device_id={theirs}")).await.refused(404, "device_not_found");
}

#[tokio::test]
async fn an_access_token_needs_a_workspace_that_it_is_a_member_of() {
    let world = World::new().await;
    let (second, foreign) = (world.sandbox("Second").await, world.sandbox("Foreign").await);
    let token = world.access_token(&[&world, &second]).await;
    let client_of_token = world.anonymous().bearer(token.reveal());
    for tenant in [&*world, &second] {
        let returned = client_of_token.in_workspace(&tenant.id).get("/workspaces/get").await.ok();
        assert_eq!(returned["workspace"]["workspace_id"], tenant.id);
    }
    let nowhere = "00000000-0000-4000-8000-000000000000";
    for id in [foreign.id.as_str(), nowhere, "00000000-0000-0000-0000-000000000000", "Second", "é"] {
        unauthorized(&for_keys(&client_of_token.in_workspace(id)).await, "Access token not found");
    }
    let unknown = world.anonymous().bearer("seam_at1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa");
    unauthorized(&for_keys(&unknown.in_workspace(&world.id)).await, "Access token not found");
    world.store.revoke_access_token(token.reveal(), world.clock.now()).await.expect("it is known");
    unauthorized(&for_keys(&client_of_token.in_workspace(&world.id)).await, "Access token not found");
}

#[tokio::test]
async fn an_unknown_revoked_deleted_or_expired_client_session_is_refused() {
    let world = World::new().await;
    let unknown = world.anonymous().bearer("seam_cst1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa");
    for_sessions(&unknown).await.refused(401, "client_session_not_found");

    let revoked = world.client_session(json!({})).await;
    let client_of_token = world.anonymous().bearer(&text(&revoked["token"]));
    for_sessions(&client_of_token).await.ok();
    let which = json!({ "client_session_id": revoked["client_session_id"] });
    for _ in 0..2 {
        world.key().post("/client_sessions/revoke", which.clone()).await.ok();
        for_sessions(&client_of_token).await.refused(401, "client_session_revoked");
    }
    world.key().post("/client_sessions/delete", which).await.ok();
    for_sessions(&client_of_token).await.refused(401, "client_session_not_found");

    let mortal = world.client_session(json!({ "expires_at": "2026-01-01T12:10:00Z" })).await;
    let client_of_token = world.anonymous().bearer(&text(&mortal["token"]));
    world.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    for_sessions(&client_of_token).await.ok();
    world.advance(TimeDelta::microseconds(1));
    for_sessions(&client_of_token).await.refused(401, "client_session_expired");
}

#[tokio::test]
async fn the_client_session_header_takes_precedence_over_the_bearer_token() {
    let world = World::new().await;
    let token = text(&world.client_session(json!({})).await["token"]);
    for name in ["client-session-token", "seam-client-session-token"] {
        let by_header = world.anonymous().with(name, &token);
        for_sessions(&by_header).await.ok();
        for_sessions(&by_header.bearer(&token)).await.ok();
        for_sessions(&by_header.bearer("unknown")).await.ok();
        let unknown = world.key().with(name, "seam_cst1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa");
        for_sessions(&unknown).await.refused(401, "client_session_not_found");
        for malformed in [world.api_key.reveal(), "seam_at1", "clé"] {
            let response = for_sessions(&world.key().with(name, malformed)).await;
            response.refused(400, "invalid_client_session_token");
        }
        // A route that accepts only keys ignores the header.
        for_keys(&world.key().with(name, "clé")).await.ok();
        unauthorized(&for_keys(&by_header).await, NO_METHOD);
    }
}

#[tokio::test]
async fn a_forged_expired_or_foreign_console_session_is_unauthorized() {
    let world = World::new().await;
    let foreign = world.sandbox("Foreign").await;
    let jwt = world.console_session(&[&world]).await;
    let client_of_token = world.anonymous().bearer(jwt.reveal());
    for_keys(&client_of_token.in_workspace(&world.id)).await.ok();
    let message = "User does not have access to this workspace";
    unauthorized(&for_keys(&client_of_token.in_workspace(&foreign.id)).await, message);

    let (head, signature) = jwt.reveal().rsplit_once('.').expect("a JWT has three parts");
    let turned: String = signature.chars().rev().collect();
    for forged in
        [format!("{head}.{turned}"), format!("{head}."), head.to_owned(), "eyJ".to_owned(), "ey.ey.ey".to_owned()]
    {
        let client = world.anonymous().bearer(&forged).in_workspace(&world.id);
        unauthorized(&for_keys(&client).await, "Session not found");
    }
    world.advance(TimeDelta::hours(1));
    unauthorized(&for_keys(&client_of_token.in_workspace(&world.id)).await, "Session not found");
}

#[tokio::test]
async fn a_console_session_with_a_retired_signing_key_is_unauthorized() {
    let world = World::new().await;
    let console = world.console().await;
    world.store.rotate_console_key(false, world.clock.now(), &world.random).await.expect("a new key");
    for_keys(&console).await.ok();
    world.store.rotate_console_key(true, world.clock.now(), &world.random).await.expect("a new key");
    unauthorized(&for_keys(&console).await, "Session not found");
    for_keys(&world.console().await).await.ok();
}

#[tokio::test]
async fn a_console_session_unsigned_or_of_another_algorithm_is_refused() {
    let world = World::new().await;
    let jwt = world.console_session(&[&world]).await;
    let parts: Vec<&str> = jwt.reveal().split('.').collect();
    let kid = &decoded(parts[0])["kid"];
    for algorithm in ["none", "HS384", "RS256", "bogus"] {
        let header = encoded(&json!({ "alg": algorithm, "typ": "JWT", "kid": kid }));
        for signature in ["", parts[2]] {
            let forged = format!("{header}.{}.{signature}", parts[1]);
            let client = world.anonymous().bearer(&forged).in_workspace(&world.id);
            unauthorized(&for_keys(&client).await, "Session not found");
        }
    }
}

fn decoded(part: &str) -> Value {
    use base64::prelude::*;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("a part of a JWT");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

fn encoded(part: &Value) -> String {
    use base64::prelude::*;
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

#[tokio::test]
async fn a_publishable_key_only_creates_empty_client_sessions_with_a_user_identifier_key() {
    let world = World::new().await;
    let create = "/client_sessions/create";
    let browser = world.browser();
    let jane = world.person("jane").await;
    let error = browser.post(create, json!({})).await;
    error.refused(401, "publishable_key_requires_user_identifier_key");
    for field in ["connected_account_ids", "connect_webview_ids"] {
        let body = json!({ "user_identifier_key": "browser", field: [jane] });
        browser.post(create, body).await.refused(403, "publishable_keys_must_create_empty_client_sessions");
    }
    let of_jane = json!({ "user_identifier_key": "browser", "user_identity_id": jane });
    browser.post(create, of_jane).await.refused(403, "publishable_keys_must_create_empty_client_sessions");
    let unknown = world.anonymous().with("seam-publishable-key", "seam_pk1aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaa");
    let named = json!({ "user_identifier_key": "browser" });
    unknown.post(create, named.clone()).await.refused(401, "workspace_not_found");
    // It is used only if there is no Authorization header.
    unauthorized(&browser.bearer("unknown").post(create, named.clone()).await, "API Key not found");
    unauthorized(&browser.with("authorization", "Basic x").post(create, named.clone()).await, NO_METHOD);
    let session = browser.post(create, named).await.ok()["client_session"].clone();
    assert_eq!(session["user_identity_ids"], json!([]));
    unauthorized(&browser.get("/client_sessions/list").await, NO_METHOD);
}

#[tokio::test]
async fn a_client_session_without_a_user_identity_sees_no_objects() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.sync_credential(&jane).await;
    let token = text(&world.client_session(json!({})).await["token"]);
    let anonymous = world.anonymous().bearer(&token);
    for (path, key) in [
        ("/devices/list", "devices"),
        ("/user_identities/list", "user_identities"),
        ("/acs/credentials/list", "acs_credentials"),
        ("/events/list?since=2000-01-01", "events"),
    ] {
        assert_eq!(anonymous.get(path).await.ok()[key], json!([]), "{path}");
    }
    anonymous.post("/phones/deactivate", json!({ "device_id": phone })).await.refused(404, "device_not_found");
    let register = json!({ "custom_sdk_installation_id": "one", "phone_os": "ios" });
    let path = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";
    anonymous.post(path, register.clone()).await.refused(404, "user_identity_not_found");
    unauthorized(&world.key().post(path, register).await, NO_METHOD);
    assert_eq!(world.phone_ids().await.len(), 1);
}

#[tokio::test]
async fn a_client_session_reaches_only_objects_of_its_user_identity() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (mine, theirs) = (world.phone(&jane).await, world.phone(&joe).await);
    world.sync_credential(&jane).await;
    world.sync_credential(&joe).await;
    let app = world.session(&jane).await;

    let ids = async |path: &str, list: &str, id: &str| {
        let listed = app.get(path).await.ok();
        listed[list].as_array().expect("a list").iter().map(|item| text(&item[id])).collect::<Vec<_>>()
    };
    assert_eq!(ids("/devices/list", "devices", "device_id").await, [mine.as_str()]);
    assert_eq!(ids("/user_identities/list", "user_identities", "user_identity_id").await, [jane.as_str()]);
    let owners = ids("/acs/credentials/list", "acs_credentials", "user_identity_id").await;
    assert_eq!(owners, [jane.clone(), jane.clone()]);
    for path in [format!("/devices/get?device_id={theirs}"), "/devices/get?name=unknown".to_owned()] {
        app.get(&path).await.refused(404, "device_not_found");
    }
    let change = json!({ "device_id": theirs, "name": "Mine now" });
    app.post("/devices/update", change).await.refused(404, "device_not_found");
    app.post("/phones/deactivate", json!({ "device_id": theirs })).await.refused(404, "device_not_found");
    assert!(world.events("phone.deactivated").await.is_empty());

    app.get(&format!("/devices/get?device_id={mine}")).await.ok();
    app.post("/devices/update", json!({ "device_id": mine, "name": "Mine" })).await.ok();
    app.delete(&format!("/phones/deactivate?device_id={mine}")).await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": theirs })).await.ok();
    let events = ids("/events/list?since=2000-01-01&event_type=phone.deactivated", "events", "device_id").await;
    assert_eq!(events, [mine], "events of other user identities are not listed");
}

#[tokio::test]
async fn a_client_session_cannot_get_another_client_session() {
    let world = World::new().await;
    let (own, other) = (world.client_session(json!({})).await, world.client_session(json!({})).await);
    let app = world.anonymous().bearer(&text(&own["token"]));
    assert_eq!(app.get("/client_sessions/get").await.ok()["client_session"], own);
    let path = format!("/client_sessions/get?client_session_id={}", text(&other["client_session_id"]));
    app.get(&path).await.refused(404, "client_session_not_found");
    world.key().get(&path).await.ok();
}

#[tokio::test]
async fn routes_closed_to_client_sessions_refuse_them() {
    let world = World::new().await;
    let app = world.session(&world.person("jane").await).await;
    for path in [
        "/phones/get",
        "/phones/list",
        "/phones/simulate/create_sandbox_phone",
        "/webhooks/list",
        "/webhooks/create",
        "/client_sessions/list",
        "/client_sessions/create",
        "/user_identities/get",
        "/user_identities/create",
        "/user_identities/delete",
        "/acs/credentials/create",
        "/acs/credentials/get",
        "/workspaces/reset_sandbox",
        "/workspaces/create",
    ] {
        unauthorized(&app.post(path, json!({})).await, NO_METHOD);
    }
    app.get("/workspaces/get").await.ok();
    app.get("/workspaces/list").await.ok();
}

#[tokio::test]
async fn authentication_is_checked_before_the_method_and_the_method_before_the_input() {
    let world = World::new().await;
    unauthorized(&world.anonymous().call("PUT", "/phones/get?device_id=x").await, NO_METHOD);
    unauthorized(&world.anonymous().bytes("/phones/get", Some("text/plain"), "no json").await, NO_METHOD);
    let error = world.key().call("PUT", "/phones/get?device_id=x").await.refused(405, "method_not_allowed");
    assert_eq!(error["message"], "only GET,POST accepted");
    let put = world.key().request("PUT", "/phones/get").body("{");
    world.key().send(put).await.refused(405, "method_not_allowed");
    world.key().get("/phones/get?device_id=x").await.invalid("device_id", "Invalid uuid");
}

#[tokio::test]
async fn a_phone_of_another_workspace_gets_the_404_of_an_unknown_one() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = other.phone(&other.person("joe").await).await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    for path in ["/phones/get", "/devices/get", "/phones/deactivate", "/devices/update", "/devices/delete"] {
        let actual = async |id: &str| {
            let response = world.key().post(path, json!({ "device_id": id })).await;
            let number = response.request_id().to_string();
            response.text.replace(&number, "(number)").replace(id, "(id)")
        };
        assert_eq!(actual(&theirs).await, actual(unknown).await, "{path}");
    }
}
