//! The caller's own token in the Phone.com dialect: its scope, its expiry, and its end, as the vendor's browser client asks
//! for them when it starts and ends a session.

use crate::support::client::{Client, Response};
use crate::support::phone_com::Extension;
use crate::support::world::{World, text};
use chrono::{TimeDelta, Utc};
use handset::domain::id::UserIdentityId;
use handset::domain::password::Password;
use serde_json::{Value, json};

const TOKEN: &str = "/v4/oauth/access-token";
const DETAILS: &str = "/v4/oauth/access-token/details";

/// A client with a token of a user identity's password.
async fn signed_in(world: &World, person: &str) -> Client {
    let person = UserIdentityId(person.parse().expect("an id"));
    let password = Password::chosen("correct horse").expect("it is long enough");
    let set = world.store.set_password_anywhere(person, password, &world.random, world.clock.now()).await;
    set.expect("the user identity exists");
    let body = json!({ "grant_type": "password", "username": "jane", "password": "correct horse" });
    let granted = world.anonymous().post(TOKEN, body).await;
    world.anonymous().bearer(&text(&granted.of_phone_com(200)["access_token"]))
}

/// A client with a token of the first workspace's API key.
async fn by_key(world: &World) -> Client {
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    let (id, secret) = (keys[0].api_key_id.to_string(), world.api_key.reveal());
    let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    let granted = world.anonymous().post(TOKEN, body).await;
    world.anonymous().bearer(&text(&granted.of_phone_com(200)["access_token"]))
}

/// The same details at both paths.
async fn details(client: &Client) -> Value {
    let (short, long) = (client.get(TOKEN).await, client.get(DETAILS).await);
    assert_eq!(short.of_phone_com(200), long.of_phone_com(200));
    assert_eq!(short.header("cache-control"), Some("no-store"));
    short.body
}

/// The account that the vendor's browser client selects.
fn account_of(details: &Value) -> i64 {
    let scopes = details["scope_details"].as_array().expect("a list");
    let owner = scopes.iter().find(|scope| scope["scope"] == "account-owner" && scope["voip_id"].is_i64());
    let any = owner.or_else(|| scopes.iter().find(|scope| scope["voip_id"].is_i64()));
    any.and_then(|scope| scope["voip_id"].as_i64()).expect("the client finds the account")
}

#[tokio::test]
async fn token_details_name_scope_account_extension_and_expiry() {
    let world = World::new().await;
    let jane = Extension::of(&world, "jane").await;
    Extension::of(&world, "john").await;
    let in_an_hour = (world.clock.now() + TimeDelta::hours(1)).timestamp();

    let own = details(&signed_in(&world, &jane.person).await).await;
    let expected = json!({
        "scope": "extension-user", "expires_at": in_an_hour,
        "scope_details": [{ "scope": "extension-user", "voip_id": jane.account, "extension_id": jane.extension_id }],
    });
    assert_eq!(own, expected);
    assert_eq!(account_of(&own), jane.account);

    let of_account = |expires_at: Value| {
        json!({
            "scope": "account-owner", "expires_at": expires_at,
            "scope_details": [{ "scope": "account-owner", "voip_id": jane.account, "extension_id": null }],
        })
    };
    assert_eq!(details(&by_key(&world).await).await, of_account(json!(in_an_hour)));
    assert_eq!(details(world.key()).await, of_account(Value::Null));
    assert_eq!(account_of(&details(world.key()).await), jane.account);
}

#[tokio::test]
async fn create_token_in_mode_details_returns_the_token_with_its_details() {
    let world = World::new().await;
    let jane = Extension::of(&world, "jane").await;
    signed_in(&world, &jane.person).await;
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    let (id, secret) = (keys[0].api_key_id.to_string(), world.api_key.reveal());
    let of_client = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    let of_person = json!({ "grant_type": "password", "username": "jane", "password": "correct horse" });
    for body in [of_client, of_person] {
        let plain = world.anonymous().post(&format!("{TOKEN}?mode=brief"), body.clone()).await;
        assert_eq!(plain.of_phone_com(200).as_object().map(serde_json::Map::len), Some(4), "{plain:?}");
        let made = world.anonymous().post(&format!("{TOKEN}?mode=details"), body).await;
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let token = text(&made.of_phone_com(200)["access_token"]);
        let mut expected = details(&world.anonymous().bearer(&token)).await;
        for (name, value) in
            [("access_token", json!(token)), ("token_type", json!("Bearer")), ("expires_in", json!(3600))]
        {
            expected[name] = value;
        }
        assert_eq!(made.body, expected);
    }
    let wrong = json!({ "grant_type": "password", "username": "jane", "password": "wrong" });
    let refused = world.anonymous().post(&format!("{TOKEN}?mode=details"), wrong).await;
    assert_eq!(refused.of_phone_com(400)["error"], "invalid_grant");
}

#[tokio::test]
async fn token_details_of_members_name_each_of_their_accounts() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    world.sandbox("Third").await;
    let token = world.anonymous().bearer(world.access_token(&[&world, &other]).await.reveal());
    let console = world.anonymous().bearer(world.console_session(&[&world, &other]).await.reveal());
    let accounts = token.get("/v4/accounts").await.ids();
    assert_eq!(accounts.len(), 2);
    let in_an_hour = (world.clock.now() + TimeDelta::hours(1)).timestamp();
    for (client, expires_at) in [(token, Value::Null), (console, json!(in_an_hour))] {
        let details = details(&client).await;
        assert_eq!((&details["scope"], &details["expires_at"]), (&json!("account-owner"), &expires_at));
        let named: Vec<i64> = details["scope_details"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| it["voip_id"].as_i64().expect("a number"))
            .collect();
        assert_eq!(named, accounts);
    }
}

#[tokio::test]
async fn token_details_of_a_client_session_without_a_user_identity_are_empty() {
    let world = World::new().await;
    let session = world.client_session(json!({})).await;
    let own = details(&world.anonymous().bearer(&text(&session["token"]))).await;
    assert_eq!((&own["scope"], &own["scope_details"]), (&json!(""), &json!([])));
    let expires_at = text(&session["expires_at"]).parse::<chrono::DateTime<Utc>>().expect("a time");
    assert_eq!(own["expires_at"], expires_at.timestamp());
}

#[track_caller]
fn is_ended(response: &Response) {
    assert_eq!(response.is_error(401)["@message"], "The access token is not known", "{response:?}");
}

#[tokio::test]
async fn a_deleted_token_is_refused_and_others_of_its_owner_are_not() {
    let world = World::new().await;
    let jane = Extension::of(&world, "jane").await;
    let pairs = [
        (by_key(&world).await, by_key(&world).await),
        (signed_in(&world, &jane.person).await, world.session(&jane.person).await),
    ];
    for (ended, other) in pairs {
        jane.with_client(&ended).search("").await.items();
        assert_eq!(*ended.delete(TOKEN).await.of_phone_com(200), json!({ "success": true }));
        for response in [
            ended.get(DETAILS).await,
            ended.delete(TOKEN).await,
            ended.get("/v4/accounts").await,
            jane.with_client(&ended).search("").await,
        ] {
            is_ended(&response);
        }
        jane.with_client(&other).search("").await.items();
    }
}

#[tokio::test]
async fn a_deleted_client_session_emits_its_event() {
    let world = World::new().await;
    let person = world.person("jane").await;
    let session = world.client_session(json!({ "user_identity_id": person })).await;
    world.anonymous().bearer(&text(&session["token"])).delete(TOKEN).await.of_phone_com(200);
    let list = json!({ "event_type": "client_session.deleted", "since": "2000-01-01T00:00:00Z" });
    let events = world.key().post("/events/list", list).await.ok()["events"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
    assert_eq!(events[0]["client_session_id"], session["client_session_id"]);
}

#[tokio::test]
async fn credentials_of_the_operator_cannot_be_deleted_as_tokens() {
    let world = World::new().await;
    let token = world.anonymous().bearer(world.access_token(&[&world]).await.reveal());
    let console = world.anonymous().bearer(world.console_session(&[&world]).await.reveal());
    for client in [world.key(), &token, &console] {
        client.delete(TOKEN).await.is_error(403);
        client.get(DETAILS).await.of_phone_com(200);
    }
    world.anonymous().delete(TOKEN).await.is_error(401);
    world.anonymous().get(DETAILS).await.is_error(401);
}
