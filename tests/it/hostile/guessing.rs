//! Guessed passwords and tokens: no more of them are judged than the limits of failed authentication allow, however the
//! requests are sent, and valid credentials go on working.

use crate::instant_keys;
use crate::support::client::{Client, Response};
use crate::support::private_postgres::TestDir;
use crate::support::program::Server;
use crate::support::raw_http::heads_first;
use crate::support::world::World;
use chrono::TimeDelta;
use futures_util::future::join_all;
use handset::http::App;
use handset::http::rate_limit::{Limits, Rates};
use serde_json::json;
use std::sync::Arc;

const PASSWORD: &str = "correct horse";

/// More than any limit here, and than there are workers.
const GUESSES: usize = 100;

async fn limited(rates: Rates) -> World {
    let proxies = Arc::new(["127.0.0.0/8".parse().expect("a network")]);
    World::with(|app| App { proxies, limits: Limits::new(&rates, app.clock.clone()).map(Arc::new), ..app }).await
}

fn failed(rate: &str) -> Rates {
    Rates { failed: rate.parse().ok(), ..Rates::default() }
}

/// A user identity with a password, who signs in as `jane@example.com`.
async fn jane(world: &World) {
    let person = world.person("jane").await;
    let password = json!({ "user_identity_id": person, "password": PASSWORD });
    world.console().await.post("/user_identities/set_password", password).await.ok();
}

async fn sign_in(client: &Client, path: &str, name: &str, password: &str) -> Response {
    let form = format!("grant_type=password&username={name}&password={password}");
    client.bytes(path, Some("application/x-www-form-urlencoded"), form).await
}

/// How often each status occurs.
fn count(responses: &[Response], status: u16) -> usize {
    responses.iter().filter(|response| response.status == status).count()
}

#[tokio::test]
async fn of_passwords_sent_after_all_heads_no_more_are_judged_than_the_limit_allows() {
    let world = limited(failed("5/60s")).await;
    jane(&world).await;
    for path in ["/webticket/oauthtoken", "/v4/oauth/access-token"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close");
        let guess = |number| format!("grant_type=password&username=jane@example.com&password=guess-{number}");
        let responses =
            heads_first(world.address(), (0..GUESSES).map(|number| (head.clone(), guess(number))).collect()).await;
        assert_eq!((count(&responses, 400), count(&responses, 429)), (5, GUESSES - 5), "{path}");
        let refused = responses.iter().find(|response| response.status == 429).expect("one was refused");
        assert_eq!(refused.header("retry-after"), Some("12"));
        world.advance(TimeDelta::seconds(60));
    }
    assert_eq!(sign_in(&world.anonymous(), "/webticket/oauthtoken", "jane@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn of_tokens_sent_with_bodies_after_all_heads_no_more_are_judged_than_the_limit_allows() {
    let world = limited(failed("5/60s")).await;
    let body = json!({ "device_id": world.phone(&world.person("jane").await).await }).to_string();
    let guess = |number: usize| {
        let head = format!(
            "POST /phones/get HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             authorization: Bearer seam_guess{number}_nothing"
        );
        (head, body.clone())
    };
    let responses = heads_first(world.address(), (0..GUESSES).map(guess).collect()).await;
    assert_eq!((count(&responses, 401), count(&responses, 429)), (5, GUESSES - 5));
    assert_eq!(world.key().get("/phones/list").await.status, 200, "a valid key goes on working");
    let secret = format!("grant_type=client_credentials&client_id=x&client_secret={}", "guess");
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(
        world.anonymous().bytes("/v4/oauth/access-token", form, secret).await.status,
        429,
        "a secret in a body, too"
    );
}

#[tokio::test]
async fn of_guessed_short_codes_of_instant_keys_no_more_are_judged_than_the_limit_allows() {
    let world = limited(failed("5/60s")).await;
    let key = instant_keys::generate(&world, &world.person("jane").await, json!({ "max_use_count": 2 })).await;
    let (code, link) = (instant_keys::short_code(&key), instant_keys::path(&key));
    // Most of a code is right.
    let near = |number: usize| format!("{}{}", &code[..42], format!("{number:0>4}").replace('0', "A"));
    let guess = |path: &str, field: &str, number| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json");
        (head, json!({ field: near(number) }).to_string())
    };
    for (path, field) in [(instant_keys::EXCHANGE, "short_code"), (instant_keys::PREVIEW, "instant_key_url"), ("", "")]
    {
        let responses = match path {
            "" => {
                let client = world.anonymous();
                join_all((0..GUESSES).map(async |number| client.get(&format!("/ik/{}", near(number))).await)).await
            }
            _ => heads_first(world.address(), (0..GUESSES).map(|number| guess(path, field, number)).collect()).await,
        };
        assert_eq!((count(&responses, 404), count(&responses, 429)), (5, GUESSES - 5), "{path}");
        let refused = responses.iter().find(|response| response.status == 429).expect("one was refused");
        assert_eq!(refused.header("retry-after"), Some("12"));
        assert_eq!(world.anonymous().get(&link).await.status, 200, "the link goes on working");
        world.advance(TimeDelta::seconds(60));
    }
    // A code that was used up or has ended is no guess.
    let exchange = async || instant_keys::exchange(&world, &key).await;
    for _ in 0..2 {
        exchange().await.ok();
    }
    for _ in 0..10 {
        exchange().await.refused(400, "instant_key_used");
    }
    world.key().post("/client_sessions/delete", json!({ "client_session_id": key["client_session_id"] })).await.ok();
    for _ in 0..10 {
        exchange().await.refused(404, "instant_key_not_found");
    }
}

#[tokio::test]
async fn concurrent_valid_requests_are_not_refused_by_a_limit_below_their_number() {
    let world = limited(Rates { failed_account: "1/60s".parse().ok(), ..failed("1/60s") }).await;
    jane(&world).await;
    let sessions: Vec<_> = [world.sandbox("A").await, world.sandbox("B").await, world.sandbox("C").await].into();
    let calls = (0..60).map(|number| {
        let (client, other) = (sessions[number % 3].key().clone(), world.anonymous());
        tokio::spawn(async move {
            match number % 10 {
                0 => sign_in(&other, "/webticket/oauthtoken", "jane@example.com", PASSWORD).await.status,
                _ => client.get("/phones/list").await.status,
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.expect("it does not panic"), 200);
    }
}

#[tokio::test]
async fn an_account_name_is_limited_for_all_addresses_and_cannot_be_locked_for_another_one() {
    let world = limited(Rates { failed_account: "20/15m".parse().ok(), ..failed("100/60s") }).await;
    jane(&world).await;
    let from = |address: usize| world.anonymous().with("x-forwarded-for", &format!("198.51.100.{address}"));
    let guess = |address, name| async move {
        let client = from(address);
        sign_in(&client, "/v4/oauth/access-token", name, "a guess").await.status
    };
    let spellings = ["jane@example.com", "Jane@Example.com", " JANE@example.com "];
    for number in 0..20 {
        assert_eq!(guess(number / 2, spellings[number % 3]).await, 400);
    }
    assert_eq!(guess(0, "jane@example.com").await, 429, "neither the name nor this address has a unit left");
    assert_eq!(guess(0, "ann@example.com").await, 400, "another name has its own rate");
    let right =
        async |address| sign_in(&from(address), "/webticket/oauthtoken", "sip:jane@example.com", PASSWORD).await.status;
    assert_eq!(right(0).await, 429, "whether the password is right is not judged");
    for _ in 0..5 {
        assert_eq!(right(77).await, 200, "from an address that has not failed");
    }
    assert_eq!([guess(77, "jane@example.com").await, guess(77, "jane@example.com").await], [400, 400]);
    assert_eq!(guess(77, "jane@example.com").await, 429, "an address has a tenth of the rate for itself");
    world.advance(TimeDelta::minutes(15));
    assert_eq!(right(0).await, 200);
}

#[tokio::test]
async fn a_guess_that_is_the_password_of_another_tenants_user_identity_counts_as_failed() {
    let world = limited(Rates { failed_account: "20/15m".parse().ok(), ..failed("100/60s") }).await;
    jane(&world).await;
    world.advance(TimeDelta::seconds(1));
    let attacker = world.sandbox("Attacker").await;
    let own = attacker.person("jane").await;
    let token = world.console_session(&[&attacker]).await;
    let console = world.anonymous().bearer(token.reveal()).in_workspace(&attacker.id);
    let guess = async |number: usize| {
        let password = format!("a guess {number}");
        let body = json!({ "user_identity_id": own, "password": password });
        console.post("/user_identities/set_password", body).await.ok();
        let path = ["/webticket/oauthtoken", "/v4/oauth/access-token"][number % 2];
        let client = world.anonymous().with("x-forwarded-for", "198.51.100.1");
        sign_in(&client, path, "jane@example.com", &password).await.status
    };
    for number in 0..20 {
        assert_eq!(guess(number).await, 200, "a session of the attacker's own user identity");
    }
    assert_eq!(guess(20).await, 429);

    // The user still signs in from elsewhere, without a count if the client names the workspace.
    let victim = world.anonymous().with("x-forwarded-for", "198.51.100.77");
    let named = format!("{PASSWORD}&client_id={}", world.id);
    for (password, times) in [(named.as_str(), 5), (PASSWORD, 2)] {
        for _ in 0..times {
            let response = sign_in(&victim, "/webticket/oauthtoken", "jane@example.com", password).await;
            assert_eq!(response.status, 200, "{response:?}");
        }
    }
    let response = sign_in(&victim, "/webticket/oauthtoken", "jane@example.com", PASSWORD).await;
    assert_eq!(response.status, 429, "each sign-in in several workspaces at once counted");
}

#[tokio::test]
async fn guesses_of_many_names_behind_ones_own_user_identities_count_for_the_address() {
    let world = limited(failed("3/60s")).await;
    jane(&world).await;
    let attacker = world.sandbox("Attacker").await;
    let body = json!({ "user_identity_id": attacker.person("jane").await, "password": "another guess" });
    let token = world.console_session(&[&attacker]).await;
    let console = world.anonymous().bearer(token.reveal()).in_workspace(&attacker.id);
    console.post("/user_identities/set_password", body).await.ok();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let response = sign_in(&world.anonymous(), "/webticket/oauthtoken", "jane@example.com", "another guess").await;
        statuses.push(response.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[tokio::test]
async fn failed_authentications_are_limited_by_default() {
    let test_dir = TestDir::new();
    let world = World::new().await;
    let server = Server::beside(&world, &[], &test_dir).await;
    let key = server.client(world.api_key.reveal());
    key.get("/phones/list").await.ok();
    let mut statuses = Vec::new();
    for number in 0..200 {
        statuses.push(server.client(&format!("seam_guess{number}_nothing")).get("/phones/list").await.status);
    }
    assert_eq!(statuses[..100], [401; 100], "enough for an office behind one address");
    assert!(statuses.contains(&429), "{statuses:?}");
    key.get("/phones/list").await.ok();
    Client::new(&server.url).get("/health").await.ok();
    server.stop().await;
}
