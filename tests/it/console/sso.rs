//! Single sign-on: who gets in with which role, and answers of a provider that are not accepted.

use crate::support::client::Response;
use crate::support::console::Browser;
use crate::support::oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider};
use crate::support::world::{World, noon};
use chrono::TimeDelta;
use handset::domain::operator::Role;
use handset::http::App;
use handset::sso::{Sso, SsoSettings};
use serde_json::{Value, json};
use std::sync::Arc;

const NO_ROLE: &str = "You have no role here";

async fn world(provider: &OidcProvider, roles: &[&str]) -> World {
    let settings = SsoSettings {
        issuer: provider.url.clone(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        scopes: vec!["email".to_owned()],
        groups_claim: "groups".to_owned(),
        roles: roles.iter().map(|rule| rule.parse().expect("a rule")).collect(),
    };
    let sso = Sso::new(settings).expect("the settings are valid");
    World::with(|app| App { sso: Some(Arc::new(sso)), ..app }).await
}

/// Begins a sign-in; returns the browser, and the path to which the provider sends it.
async fn begin(world: &World, provider: &OidcProvider, next: &str) -> (Browser, String) {
    let mut browser = Browser::new(&world.url);
    let begun = browser.get(&format!("/console/sso?next={next}")).await;
    browser.keep(&begun);
    let sent = provider.sign_in(begun.location()).await;
    let callback = sent.location().to_owned();
    let path = callback.strip_prefix(&world.url).unwrap_or_else(|| panic!("another server: {callback}"));
    (browser, path.to_owned())
}

async fn sign_in(world: &World, provider: &OidcProvider) -> (Browser, Response) {
    let (mut browser, path) = begin(world, provider, "").await;
    let response = browser.get(&path).await;
    browser.keep(&response);
    (browser, response)
}

#[tokio::test]
async fn a_user_of_the_provider_signs_in_with_the_role_of_a_group() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &["group:phone-admins=admin", "group:desk=operator"]).await;
    let page = Browser::new(&world.url).get("/console/sign-in?next=%2Fconsole%2Faccount").await;
    assert!(page.text.contains("href=\"/console/sso?next=%2Fconsole%2Faccount\""), "{page:?}");
    for next in ["%C3%A9".repeat(500), format!("%2Fconsole%2F{}", "x".repeat(5_000))] {
        let begun = Browser::new(&world.url).get(&format!("/console/sso?next={next}")).await;
        assert!(begun.location().starts_with(&provider.url), "a long page is not kept: {begun:?}");
    }
    provider.claim(json!({ "groups": ["staff", "desk"] }));
    let (mut browser, path) = begin(&world, &provider, "%2Fconsole%2Faccount").await;
    let asked = provider.authorization();
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["redirect_uri"], format!("{}/console/sso/callback", world.url));
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{asked:?}");
    let response = browser.get(&path).await;
    assert_eq!(response.location(), "/console/account");
    browser.keep(&response);
    assert_eq!(browser.cookie("handset-sso"), None, "it is removed");
    let account = browser.get("/console/account").await;
    assert!(account.text.contains("jane@example.com") && account.text.contains("<dd>operator</dd>"), "{account:?}");
    assert!(account.text.contains("single sign-on"), "{account:?}");
    // The groups of the next sign-in replace these; the session that is open has the new role at once.
    provider.claim(json!({ "groups": "phone-admins" }));
    sign_in(&world, &provider).await.1.location();
    assert!(browser.get("/console/account").await.text.contains("<dd>admin</dd>"));
    provider.claim(json!({ "groups": [] }));
    let (_, refused) = sign_in(&world, &provider).await;
    assert!(refused.status == 403 && refused.text.contains(NO_ROLE), "{refused:?}");
    assert!(browser.get("/console/account").await.text.contains("<dd>none</dd>"));
}

#[tokio::test]
async fn a_session_of_single_sign_on_ends_after_twelve_hours() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &["domain:example.com=viewer"]).await;
    let (browser, _) = sign_in(&world, &provider).await;
    for _ in 0..3 {
        world.advance(TimeDelta::hours(3));
        assert_eq!(browser.get("/console/account").await.status, 200);
    }
    world.advance(TimeDelta::hours(3));
    assert_eq!(browser.get("/console/account").await.status, 303);
}

#[tokio::test]
async fn an_operator_who_was_added_here_keeps_the_account_if_the_address_is_verified() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &[]).await;
    let (_, stranger) = sign_in(&world, &provider).await;
    assert!(stranger.status == 403 && stranger.text.contains(NO_ROLE), "{stranger:?}");
    let added =
        world.store.add_operator("Jane@example.com", Role::Viewer, None, world.clock.now(), &world.random).await;
    added.expect("the database answers").expect("the address is new");
    for unverified in [json!({ "email_verified": false }), json!({ "email_verified": null }), json!({ "email": null })]
    {
        provider.claim(unverified);
        assert_eq!(sign_in(&world, &provider).await.1.status, 403);
    }
    provider.claim(json!({}));
    let (browser, response) = sign_in(&world, &provider).await;
    assert_eq!(response.location(), "/console");
    assert!(browser.get("/console/account").await.text.contains("Jane@example.com"));
    // The identity counts from then on, and another one with the address does not get in.
    provider.claim(json!({ "email": "jane.doe@example.com", "email_verified": false }));
    assert_eq!(sign_in(&world, &provider).await.1.location(), "/console");
    provider.claim(json!({ "sub": "user-2" }));
    assert_eq!(sign_in(&world, &provider).await.1.status, 403);
}

#[tokio::test]
async fn an_answer_that_is_not_for_this_attempt_is_refused() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &["domain:example.com=viewer"]).await;
    let (browser, path) = begin(&world, &provider, "").await;
    let is_stale = |response: &Response| response.status == 401 && response.text.contains("Begin again");
    let other_browser = Browser::new(&world.url).get(&path).await;
    assert!(is_stale(&other_browser), "{other_browser:?}");
    let (_, state) = path.rsplit_once("state=").expect("a state");
    let other_state = browser.get(&path.replace(state, "another")).await;
    assert!(is_stale(&other_state), "{other_state:?}");
    let forged = browser.without_cookies().with("cookie", "handset-sso=AAAA").get(&path).await;
    assert!(is_stale(&forged), "{forged:?}");
    world.advance(TimeDelta::minutes(10));
    let late = browser.get(&path).await;
    assert!(is_stale(&late), "{late:?}");
}

#[tokio::test]
async fn an_id_token_that_is_not_valid_is_refused() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &["domain:example.com=viewer"]).await;
    let noon = noon().timestamp();
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another" }),
        json!({ "aud": [CLIENT_ID, "another"] }),
        json!({ "exp": noon - 1 }),
    ] {
        provider.claim(claims.clone());
        refused(&world, &provider, &claims).await;
    }
    provider.claim(json!({}));
    provider.sign_with("another secret");
    refused(&world, &provider, &json!("another secret")).await;
    provider.sign_with(CLIENT_SECRET);
    assert_eq!(sign_in(&world, &provider).await.1.location(), "/console");
}

async fn refused(world: &World, provider: &OidcProvider, case: &Value) {
    let (_, response) = sign_in(world, provider).await;
    assert!(response.status == 403 && response.text.contains("answer is not valid"), "{case}: {response:?}");
    let cookies = response.headers.get_all("set-cookie");
    assert!(cookies.iter().all(|cookie| !cookie.to_str().unwrap_or_default().contains("handset-console=")), "{case}");
}

#[tokio::test]
async fn a_denial_and_a_provider_that_does_not_answer_are_told() {
    let provider = OidcProvider::new().await;
    let world = world(&provider, &[]).await;
    let (browser, path) = begin(&world, &provider, "").await;
    let denied = browser.get(&path.replace("code=the-code", "error=access_denied%3Cscript%3E")).await;
    assert!(denied.status == 403 && denied.text.contains("did not sign you in"), "{denied:?}");
    assert!(!denied.text.contains("<script>"), "{denied:?}");

    let world = self::world(&OidcProvider::gone(), &[]).await;
    let response = Browser::new(&world.url).get("/console/sso").await;
    assert!(response.status == 503 && response.text.contains("does not answer"), "{response:?}");
    let none = World::new().await;
    assert_eq!(Browser::new(&none.url).get("/console/sso").await.status, 404);
    assert!(!Browser::new(&none.url).get("/console/sign-in").await.text.contains("/console/sso"));
}
