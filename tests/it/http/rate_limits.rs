//! Rate limits: requests over a limit get a 429 with the time to retry, in the format of their dialect.

use crate::support::client::{Client, Response};
use crate::support::world::{World, noon};
use chrono::TimeDelta;
use handset::http::App;
use handset::http::rate_limit::{Limits, Rate, Rates};
use serde_json::{Value, json};
use std::sync::Arc;

/// A header of proxies that clients may send, too.
const FORWARDED_FOR: &str = "x-forwarded-for";

fn rate(text: &str) -> Option<Rate> {
    Some(text.parse().expect("a rate"))
}

/// A world with rate limits, whose server trusts a local proxy.
async fn limited(rates: Rates) -> World {
    let proxies = Arc::new(["127.0.0.0/8".parse().expect("a network")]);
    World::with(|app| App { proxies, limits: Limits::new(&rates, app.clock.clone()).map(Arc::new), ..app }).await
}

async fn statuses(client: &Client, path: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get(path).await.status);
    }
    statuses
}

fn hints(response: &Response) -> [Option<&str>; 4] {
    ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| response.header(name))
}

#[tokio::test]
async fn a_credential_over_its_rate_limit_waits_until_one_request_is_allowed_again() {
    let world = limited(Rates { credential: rate("3/30s"), ..Rates::default() }).await;
    assert_eq!(statuses(world.key(), "/phones/list", 3).await, [200; 3]);
    let refused = world.key().get("/phones/list").await;
    let error = refused.refused(429, "rate_limit_exceeded");
    assert_eq!(error["message"], "More than the 3 requests that are allowed at a time. Try again in 10 s");
    let reset = (noon().timestamp() + 30).to_string();
    assert_eq!(hints(&refused), [Some("10"), Some("3"), Some("0"), Some(reset.as_str())]);

    world.advance(TimeDelta::milliseconds(9_001));
    let refused = world.key().get("/phones/list").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")), "{refused:?}");
    world.advance(TimeDelta::milliseconds(999));
    assert_eq!(statuses(world.key(), "/phones/list", 2).await, [200, 429]);
    world.advance(TimeDelta::hours(1));
    assert_eq!(statuses(world.key(), "/phones/list", 4).await, [200, 200, 200, 429]);
}

#[tokio::test]
async fn each_credential_has_one_rate_limit_across_all_dialects() {
    let world = limited(Rates { credential: rate("4/60s"), ..Rates::default() }).await;
    let other = world.sandbox("Other").await;
    assert_eq!(statuses(world.key(), "/phones/list", 2).await, [200; 2]);
    assert_eq!(statuses(world.key(), "/v1/phone/", 3).await, [200, 200, 429]);
    let refused = world.key().get("/v1/phone/").await;
    assert_eq!(
        refused.body,
        json!({
            "status": "error", "error_code": "RATE_LIMIT_EXCEEDED",
            "message": "More than the 4 requests that are allowed at a time. Try again in 15 s",
        })
    );
    let reset = (noon().timestamp() + 60).to_string();
    assert_eq!(hints(&refused), [Some("15"), Some("4"), Some("0"), Some(reset.as_str())]);
    assert!(refused.header("x-request-id").is_some());
    assert_eq!(statuses(other.key(), "/v1/phone/", 4).await, [200; 4]);
    assert_eq!(statuses(&world.anonymous(), "/health", 9).await, [200; 9], "no credential, no limit");
}

#[tokio::test]
async fn a_credential_counts_once_in_any_spelling_and_in_any_header() {
    let world = limited(Rates { credential: rate("4/60s"), ..Rates::default() }).await;
    let token = world.api_key.reveal();
    let ways = [
        world.anonymous().with("authorization", &format!("Bearer {token}")),
        world.anonymous().with("authorization", &format!("bEARER  {token} ")),
        world.anonymous().bearer(token).with("client-session-token", token),
        world.anonymous().bearer(token).with("client-session-token", "seam_cst1something_else"),
    ];
    for way in &ways {
        assert_ne!(way.get("/phones/list").await.status, 429);
    }
    for way in &ways {
        way.get("/phones/list").await.refused(429, "rate_limit_exceeded");
    }
    assert_eq!(statuses(&world.browser(), "/phones/list", 5).await, [401, 401, 401, 401, 429]);
}

#[tokio::test]
async fn an_address_over_its_rate_limit_is_refused_for_any_credential_and_any_path() {
    let world = limited(Rates { address: rate("3/60s"), ..Rates::default() }).await;
    let from = |address: &str| world.anonymous().with(FORWARDED_FOR, address);
    assert_eq!(from("198.51.100.1").bearer(world.api_key.reveal()).get("/phones/list").await.status, 200);
    assert_eq!(from("198.51.100.1").get("/openapi.json").await.status, 200);
    assert_eq!(from("198.51.100.1").get("/nowhere").await.status, 404);
    let refused = from("198.51.100.1").get("/health").await;
    refused.refused(429, "rate_limit_exceeded");
    assert_eq!(hints(&refused)[..3], [Some("20"), Some("3"), Some("0")]);
    assert_eq!(from("198.51.100.1, 127.0.0.9").get("/v1/phone/").await.status, 429, "a trusted proxy is skipped");
    assert_eq!(from("203.0.113.7, 198.51.100.1").get("/health").await.status, 429, "the client's own entry is ignored");
    assert_eq!(from("198.51.100.2").get("/health").await.status, 200);
    assert_eq!(statuses(&world.anonymous(), "/health", 4).await, [200, 200, 200, 429]);
}

#[tokio::test]
async fn unknown_tokens_of_an_address_are_refused_for_a_while_and_valid_ones_are_not() {
    let world = limited(Rates { failed: rate("3/60s"), ..Rates::default() }).await;
    let (guessing_client, other) = (world.anonymous().with(FORWARDED_FOR, "198.51.100.1"), world.key());
    let guess = |number: usize| guessing_client.bearer(&format!("seam_guess{number}_nothing"));
    for number in 0..3 {
        guess(number).get("/phones/list").await.refused(401, "unauthorized");
    }
    let refused = guess(3).get("/phones/list").await;
    refused.refused(429, "rate_limit_exceeded");
    assert_eq!(hints(&refused)[..3], [Some("20"), Some("3"), Some("0")]);
    assert_eq!(guess(3).get("/health").await.status, 200, "no credential is judged");
    let right = guessing_client.bearer(world.api_key.reveal());
    assert_eq!(right.get("/v1/phone/").await.status, 200, "a valid key never has to wait");
    assert_eq!(statuses(other, "/phones/list", 9).await, [200; 9], "other addresses are not limited");

    world.advance(TimeDelta::seconds(20));
    assert_eq!(statuses(&right, "/phones/list", 9).await, [200; 9]);
    assert_eq!(statuses(&guess(4), "/v1/phone/", 2).await, [401, 429]);
}

#[tokio::test]
async fn a_deactivated_phone_that_keeps_polling_delays_no_deactivation_and_no_sign_in_of_its_address() {
    let world = limited(Rates { failed: rate("3/60s"), ..Rates::default() }).await;
    let jane = world.person("jane").await;
    let body = json!({ "user_identity_id": jane, "password": "correct horse" });
    world.console().await.post("/user_identities/set_password", body).await.ok();
    let phone = world.phone(&jane).await;
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let delete = json!({ "client_session_id": session["client_session_id"] });
    world.key().post("/client_sessions/delete", delete).await.ok();

    let address = world.anonymous().with(FORWARDED_FOR, "198.51.100.1");
    let ended = address.bearer(session["token"].as_str().expect("a token"));
    assert_eq!(statuses(&ended, "/devices/list", 5).await, [401, 401, 401, 429, 429]);
    let form = "grant_type=password&username=jane@example.com&password=correct+horse";
    let form_type = Some("application/x-www-form-urlencoded");
    assert_eq!(address.bytes("/webticket/oauthtoken", form_type, form).await.status, 200);
    // A key that this server has not seen before.
    let created = world.store.create_api_key(&world.record, "new", world.clock.now(), &world.random).await;
    let (id, key) = created.expect("the workspace exists");
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={}", key.reveal());
    assert_eq!(address.bytes("/v4/oauth/access-token", form_type, form).await.status, 200);
    address.bearer(key.reveal()).post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
}

#[tokio::test]
async fn without_configured_rates_no_request_is_limited() {
    let world = World::new().await;
    assert!(Limits::new(&Rates::default(), world.clock.clone()).is_none());
    let responses = statuses(&world.anonymous().bearer("seam_guess_nothing"), "/phones/list", 200).await;
    assert_eq!(responses, [401; 200]);
}

#[tokio::test]
async fn a_browser_may_read_the_error_of_a_rate_limit() {
    let world = limited(Rates { address: rate("1/60s"), ..Rates::default() }).await;
    let page = world.anonymous().with("origin", "https://app.example.com");
    assert_eq!(statuses(&page, "/health", 1).await, [200]);
    let refused = page.get("/health").await;
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(refused.refused(429, "rate_limit_exceeded")["data"], Value::Null);
}

#[tokio::test]
async fn phone_com_and_ucwa_report_rate_limits_in_their_own_format() {
    let world = limited(Rates { credential: rate("1/30s"), ..Rates::default() }).await;
    assert_eq!(statuses(world.key(), "/v4/accounts", 1).await, [200]);
    let reset = noon().timestamp() + 30;

    let refused = world.key().get("/v4/accounts").await;
    let error = &refused.of_phone_com(429)["@error"];
    assert_eq!(error["@httpStatusCode"], 429);
    let hint = json!({ "RateLimit-Limit": 1, "RateLimit-Remaining": 0, "RateLimit-Reset": reset, "Retry-After": 30 });
    assert_eq!(error["@rateLimit"], hint);
    assert_eq!(hints(&refused), [Some("30"), Some("1"), Some("0"), Some(reset.to_string().as_str())]);

    let refused = world.key().get("/me/phones").await;
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("TooManyRequests")), "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("30"));
}
