//! Sign-in in the UCWA dialect: the challenge with the token endpoint, and tokens for a name and a password.

use crate::support::client::{Client, Response};
use crate::support::ucwa::jane;
use crate::support::world::{Tenant, World, list, text};
use chrono::TimeDelta;
use serde_json::json;
use url::form_urlencoded::Serializer;

const TOKEN: &str = "/WebTicket/oauthtoken";
const PASSWORD: &str = "correct horse ÷ &=+%";

async fn set_password(world: &World, tenant: &Tenant, person: &str, password: &str) {
    let token = world.console_session(&[tenant]).await;
    let console = world.anonymous().bearer(token.reveal()).in_workspace(&tenant.id);
    let body = json!({ "user_identity_id": person, "password": password });
    console.post("/user_identities/set_password", body).await.ok();
}

async fn send(client: &Client, pairs: &[(&str, &str)]) -> Response {
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    client.bytes(TOKEN, Some("application/x-www-form-urlencoded"), form).await
}

async fn sign_in(client: &Client, name: &str, password: &str) -> Response {
    send(client, &[("grant_type", "password"), ("username", name), ("password", password)]).await
}

impl Response {
    /// Asserts a refused sign-in with this error and no token.
    #[track_caller]
    fn is_no_token(&self, reason: &str) {
        assert_eq!(self.of_ucwa(400).body["error"], reason, "{self:?}");
        assert!(!self.text.contains("cwt="), "{self:?}");
    }

    /// Asserts a granted token and returns it.
    #[track_caller]
    fn token(&self) -> String {
        let body = &self.of_ucwa(200).body;
        let actual = (&body["expires_in"], &body["token_type"], &body["ms_rtc_identityscope"]);
        assert_eq!(actual, (&json!(28_800), &json!("Bearer"), &json!("local")), "{self:?}");
        assert_eq!(body.as_object().map(|body| body.len()), Some(4), "{self:?}");
        assert_eq!(
            (self.header("cache-control"), self.header("pragma")),
            (Some("no-store"), Some("no-cache")),
            "{self:?}"
        );
        text(&body["access_token"])
    }
}

#[tokio::test]
async fn an_unauthenticated_request_gets_the_exact_challenge() {
    let (world, jane) = jane().await;
    let host = world.url.trim_start_matches("http://");
    let session = world.client_session(json!({ "user_identity_id": jane.id })).await;
    let token = text(&session["token"]);
    let revoked = world.anonymous().bearer(&token);
    revoked.get("/me").await.of_ucwa(200);
    let which = json!({ "client_session_id": session["client_session_id"] });
    world.key().post("/client_sessions/revoke", which).await.ok();
    let past = (world.clock.now() - TimeDelta::seconds(1)).to_rfc3339();
    let expired = world.client_session(json!({ "user_identity_id": jane.id, "expires_at": past })).await;
    for client in [
        world.anonymous(),
        revoked,
        world.anonymous().bearer(&format!("cwt={token}")),
        world.anonymous().bearer(&text(&expired["token"])),
        world.anonymous().bearer("cwt=unknown"),
        world.anonymous().bearer("seam_unknown1_nothing"),
        world.anonymous().with("authorization", "Basic eDp4"),
        world.browser(),
        world.anonymous().with("accept", "application/xml"),
    ] {
        let response = client.get("/ucwa/oauth/v1/applications/1/me/phones").await;
        response.is_challenge(host);
        // Some clients take the first URL in a response for that of the token endpoint.
        let others = response.headers.iter().filter(|(name, _)| *name != "www-authenticate");
        assert!(others.into_iter().all(|(_, value)| !value.to_str().expect("text").contains("http")), "{response:?}");
    }
}

#[tokio::test]
async fn the_challenge_names_the_host_of_the_request() {
    let world = World::new().await;
    let request = "GET /me HTTP/1.1\r\nHost: phones.example.com:8443\r\nConnection: close\r\n\r\n";
    let response = world.raw(request).await;
    response.is_challenge("phones.example.com:8443");
    let request = "GET /me HTTP/1.1\r\nHost: evil\",x=\"\r\nConnection: close\r\n\r\n";
    let response = world.raw(request).await;
    assert!(!format!("{:?}", response.headers).contains("evil"), "{response:?}");
}

#[tokio::test]
async fn the_password_grant_returns_a_token_for_eight_hours() {
    let (world, jane) = jane().await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    let token = sign_in(&world.anonymous(), "jane@example.com", PASSWORD).await.token();
    assert!(token.starts_with("cwt="), "{token}");
    let client = world.anonymous().bearer(&token);
    assert_eq!(client.get("/me").await.of_ucwa(200).body["name"], "Person jane");
    client.post("/me/phones", json!({ "type": "home", "number": "911" })).await.of_ucwa(201);
    // It is an ordinary client session of the user identity.
    let own = world.anonymous().bearer(token.trim_start_matches("cwt="));
    let session = own.get("/client_sessions/get").await.ok()["client_session"].clone();
    assert_eq!(session["user_identity_ids"], json!([jane.id]));
    let listed = world.key().post("/client_sessions/list", json!({ "user_identity_id": jane.id })).await.ok();
    assert!(list(&listed["client_sessions"]).iter().any(|it| it["client_session_id"] == session["client_session_id"]));

    world.advance(TimeDelta::hours(8) - TimeDelta::seconds(1));
    client.get("/me").await.of_ucwa(200);
    world.advance(TimeDelta::seconds(1));
    client.get("/me").await.is_challenge(world.url.trim_start_matches("http://"));
    assert_ne!(sign_in(&world.anonymous(), "jane@example.com", PASSWORD).await.token(), token);
}

#[tokio::test]
async fn sign_in_accepts_email_key_and_sip_uri() {
    let (world, jane) = jane().await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    for name in
        ["jane@example.com", "Jane@Example.COM", "jane", "sip:jane@example.com", "sip:jane", "SIP:jane@example.com"]
    {
        let client = world.anonymous().bearer(&sign_in(&world.anonymous(), name, PASSWORD).await.token());
        assert_eq!(client.get("/me").await.of_ucwa(200).body["name"], "Person jane", "{name}");
    }
    for name in ["", "joe", "joe@example.com", "JANE", &jane.id, "sip:", "%"] {
        let response = sign_in(&world.anonymous(), name, PASSWORD).await;
        assert_eq!(response.status, 400, "{name}: {response:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused_alike() {
    let (world, jane) = jane().await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    let joe = world.person("joe").await;
    let mut actual = Vec::new();
    for (name, password) in [
        ("jane", "wrong horse"),
        ("jane", &PASSWORD[1..]),
        ("jane", &format!("{PASSWORD} ")),
        ("jane", &"x".repeat(10_000)),
        ("joe", PASSWORD),
        ("nobody", PASSWORD),
        (&joe, PASSWORD),
    ] {
        let response = sign_in(&world.anonymous(), name, password).await;
        response.is_no_token("invalid_grant");
        actual.push(response.text);
    }
    actual.dedup();
    assert_eq!(actual.len(), 1, "{actual:?}");
    // A replaced password is invalid.
    set_password(&world, &world, &jane.id, "another horse").await;
    sign_in(&world.anonymous(), "jane", PASSWORD).await.is_no_token("invalid_grant");
    sign_in(&world.anonymous(), "jane", "another horse").await.token();
}

#[tokio::test]
async fn a_name_of_user_identities_of_several_workspaces_signs_in_the_one_with_the_password() {
    let (world, jane) = jane().await;
    let other = world.sandbox("Other").await;
    let twin = other.person("jane").await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    set_password(&world, &other, &twin, "another horse").await;
    for name in ["jane", "jane@example.com", "sip:jane"] {
        for (password, person) in [(PASSWORD, &jane.id), ("another horse", &twin)] {
            let token = sign_in(&world.anonymous(), name, password).await.token();
            let client = world.anonymous().bearer(token.trim_start_matches("cwt="));
            let session = client.get("/client_sessions/get").await.ok()["client_session"].clone();
            assert_eq!(session["user_identity_id"], *person, "{name}");
        }
        sign_in(&world.anonymous(), name, "a third horse").await.is_no_token("invalid_grant");
    }
    // One that fits both signs in one of them, so that a refusal does not tell that it fits another one's user.
    set_password(&world, &other, &twin, PASSWORD).await;
    sign_in(&world.anonymous(), "jane", PASSWORD).await.token();
}

#[tokio::test]
async fn additional_sign_in_parameters_and_headers_are_ignored() {
    let (world, jane) = jane().await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    let whole = [("grant_type", "password"), ("username", "jane"), ("password", PASSWORD)];
    let more = [&whole[..], &[("resource", "https://example.com"), ("charset", "utf-8"), ("client_id", "x")]].concat();
    send(&world.anonymous(), &more).await.token();
    // One client sends the form's content type in `Accept`.
    for accept in ["application/x-www-form-urlencoded", "application/xml", "text/html"] {
        send(&world.anonymous().with("accept", accept), &whole).await.token();
    }
    let form = Serializer::new(String::new()).extend_pairs(whole).finish();
    for kind in [
        "application/x-www-form-urlencoded;charset='utf-8'",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-URLEncoded",
    ] {
        world.anonymous().bytes(TOKEN, Some(kind), form.clone()).await.token();
    }
    for path in ["/webticket/oauthtoken", "/WEBTICKET/OAuthToken", "//WebTicket//oauthtoken"] {
        world.anonymous().bytes(path, Some("application/x-www-form-urlencoded"), form.clone()).await.token();
    }
    // An invalid token does not prevent a new sign-in.
    send(&world.anonymous().bearer("cwt=unknown"), &whole).await.token();
}

#[tokio::test]
async fn invalid_grants_are_refused_with_their_oauth_error() {
    let (world, jane) = jane().await;
    set_password(&world, &world, &jane.id, PASSWORD).await;
    for pairs in [
        &[][..],
        &[("username", "jane"), ("password", PASSWORD)],
        &[("grant_type", "password"), ("password", PASSWORD)],
        &[("grant_type", "password"), ("username", "jane")],
        &[("grant_type", ""), ("username", "jane"), ("password", PASSWORD)],
    ] {
        send(&world.anonymous(), pairs).await.is_no_token("invalid_request");
    }
    for grant in [
        "urn:microsoft.rtc:windows",
        "urn:microsoft.rtc:passive",
        "urn:microsoft.rtc:anonmeeting",
        "client_credentials",
        "x",
    ] {
        let pairs = [("grant_type", grant), ("username", "jane"), ("password", PASSWORD)];
        send(&world.anonymous(), &pairs).await.is_no_token("unsupported_grant_type");
        send(&world.anonymous(), &pairs[..1]).await.is_no_token("unsupported_grant_type");
    }
    let response = world.anonymous().get(TOKEN).await;
    assert_eq!((response.status, response.header("allow")), (405, Some("POST")), "{response:?}");
}

#[tokio::test]
async fn set_password_requires_a_console_session() {
    let (world, jane) = jane().await;
    let body = json!({ "user_identity_id": jane.id, "password": PASSWORD });
    for client in [world.key().clone(), jane.client.clone(), world.pat().await, world.anonymous(), world.browser()] {
        let response = client.post("/user_identities/set_password", body.clone()).await;
        response.refused(401, "unauthorized");
    }
    sign_in(&world.anonymous(), "jane", PASSWORD).await.is_no_token("invalid_grant");
    let console = world.console().await;
    let actual = console.post("/user_identities/set_password", body).await;
    actual.ok();
    assert!(!actual.text.contains("horse"), "{actual:?}");
    for short in ["", "1234567"] {
        let body = json!({ "user_identity_id": jane.id, "password": short });
        console.post("/user_identities/set_password", body).await.refused(400, "invalid_input");
    }
    let body = json!({ "user_identity_id": jane.id, "password": "x".repeat(257) });
    console.post("/user_identities/set_password", body).await.refused(400, "invalid_input");
    sign_in(&world.anonymous(), "jane", PASSWORD).await.token();
    let other = world.sandbox("Other").await;
    let body = json!({ "user_identity_id": other.person("joe").await, "password": PASSWORD });
    console.post("/user_identities/set_password", body).await.refused(404, "user_identity_not_found");
}
