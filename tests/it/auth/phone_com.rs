//! OAuth access tokens of the Phone.com dialect: client credentials and passwords in each of their forms, and error codes.

use crate::support::client::{Client, Response};
use crate::support::phone_com::Extension;
use crate::support::world::{World, text};
use base64::prelude::*;
use chrono::TimeDelta;
use handset::domain::id::UserIdentityId;
use handset::domain::password::Password;
use serde_json::{Value, json};

const TOKEN: &str = "/v4/oauth/access-token";
const FORM: &str = "application/x-www-form-urlencoded";

/// Id and secret of the first workspace's API key.
async fn client(world: &World) -> (String, String) {
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    (keys[0].api_key_id.to_string(), world.api_key.reveal().to_owned())
}

async fn by_form(client: &Client, fields: &[(&str, &str)]) -> Response {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.bytes(TOKEN, Some(FORM), form).await
}

#[track_caller]
fn granted(response: &Response) -> String {
    let body = response.of_phone_com(200);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)), "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    text(&body["access_token"])
}

/// Asserts an error with this OAuth code.
#[track_caller]
fn refused(response: &Response, status: u16, code: &str) {
    response.of_phone_com(status);
    let error = &response.body["@error"];
    assert_eq!((&response.body["error"], &error["@code"]), (&json!(code), &json!(code)), "{response:?}");
    assert_eq!(error["@httpStatusCode"], status, "{response:?}");
    assert!(response.body["error_description"].is_string() && error["@time"].is_string(), "{response:?}");
    let challenge = (status == 401).then_some("Basic");
    assert_eq!(response.header("www-authenticate"), challenge, "{response:?}");
}

#[tokio::test]
async fn api_key_id_and_secret_are_client_credentials_in_each_form() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let (id, secret) = client(&world).await;
    let grant = ("grant_type", "client_credentials");
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    for response in [
        by_form(&world.anonymous(), &[grant, ("client_id", &id), ("client_secret", &secret)]).await,
        world.anonymous().post(TOKEN, body.clone()).await,
        world.anonymous().bytes(TOKEN, None, body.to_string()).await,
        by_form(&world.anonymous().with("authorization", &basic), &[grant]).await,
        world
            .anonymous()
            .with("authorization", &basic)
            .post(TOKEN, json!({ "grant_type": "client_credentials" }))
            .await,
    ] {
        assert_eq!(response.body["scope"], "account-owner");
        let token = granted(&response);
        assert_ne!(token, secret);
        let own = extension.with_client(&world.anonymous().bearer(&token));
        own.add_contact(json!({ "first_name": "Jane" })).await;
        assert_eq!(own.client.get("/v4/accounts").await.ids(), [extension.account]);
    }
}

#[tokio::test]
async fn an_access_token_expires_after_an_hour_or_with_its_api_key() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let (id, secret) = client(&world).await;
    let credentials = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
    let token = granted(&by_form(&world.anonymous(), &credentials).await);
    let own = extension.with_client(&world.anonymous().bearer(&token));
    world.advance(TimeDelta::seconds(3599));
    own.search("").await.items();
    world.advance(TimeDelta::seconds(1));
    let expired = own.search("").await;
    assert_eq!(expired.is_error(401)["@message"], "The access token has expired");
    let next = granted(&by_form(&world.anonymous(), &credentials).await);
    let mut database = world.database().await;
    let kept: i64 =
        sqlx::query_scalar("select count(*) from api_key_pass").fetch_one(&mut database).await.expect("a count");
    assert_eq!(kept, 1, "expired tokens are deleted");
    world.store.revoke_api_key(&id, world.clock.now()).await.expect("the key exists");
    let revoked = extension.with_client(&world.anonymous().bearer(&next)).search("").await;
    assert_eq!(revoked.is_error(401)["@message"], "The access token was revoked");
    refused(&by_form(&world.anonymous(), &credentials).await, 401, "invalid_client");
}

#[tokio::test]
async fn an_access_token_grants_no_tokens_and_is_refused_by_other_dialects() {
    let world = World::new().await;
    let (id, secret) = client(&world).await;
    let grant = ("grant_type", "client_credentials");
    let token = granted(&by_form(&world.anonymous(), &[grant, ("client_id", &id), ("client_secret", &secret)]).await);
    refused(
        &by_form(&world.anonymous(), &[grant, ("client_id", &id), ("client_secret", &token)]).await,
        401,
        "invalid_client",
    );
    let client = world.anonymous().bearer(&token);
    for response in
        [client.get("/phones/list").await, client.get("/workspaces/list").await, client.get("/v1/phone/").await]
    {
        assert_eq!(response.status, 401, "{response:?}");
    }
}

#[tokio::test]
async fn token_errors_have_the_codes_of_oauth() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let (id, secret) = client(&world).await;
    let grant = ("grant_type", "client_credentials");
    let anonymous = world.anonymous();
    let stranger = world.access_token(&[&world]).await;
    let other_id = world.store.api_keys(Some(other.record.workspace_id)).await.expect("keys")[0].api_key_id.to_string();
    for wrong in [
        vec![grant],
        vec![grant, ("client_id", &id)],
        vec![grant, ("client_id", &id), ("client_secret", "nope")],
        vec![grant, ("client_id", "nope"), ("client_secret", &secret)],
        vec![grant, ("client_id", &other_id), ("client_secret", &secret)],
        vec![grant, ("client_id", &id), ("client_secret", other.api_key.reveal())],
        vec![grant, ("client_id", &id), ("client_secret", stranger.reveal())],
    ] {
        refused(&by_form(&anonymous, &wrong).await, 401, "invalid_client");
    }
    for header in ["Basic", "Basic !", "Basic eDp5", "Basic eA==", "Bearer x"] {
        refused(&by_form(&anonymous.with("authorization", header), &[grant]).await, 401, "invalid_client");
    }
    for wrong in [vec![], vec![("grant_type", "")], vec![("client_id", id.as_str()), ("client_secret", &secret)]] {
        refused(&by_form(&anonymous, &wrong).await, 400, "invalid_request");
    }
    for body in [json!({}), json!([]), json!({ "grant_type": 5 }), Value::Null] {
        refused(&anonymous.post(TOKEN, body).await, 400, "invalid_request");
    }
    for kind in ["authorization_code", "refresh_token", "magic"] {
        refused(&by_form(&anonymous, &[("grant_type", kind)]).await, 400, "unsupported_grant_type");
    }
    anonymous.put(TOKEN, json!({})).await.is_error(405);
}

#[tokio::test]
async fn the_password_grant_opens_a_session_of_the_user_identitys_extension() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let (jane, john) = (Extension::of(&world, "jane").await, Extension::of(&world, "john").await);
    let person = UserIdentityId(jane.person.parse().expect("an id"));
    let password = Password::chosen("correct horse").expect("it is long enough");
    world
        .store
        .set_password_anywhere(person, password, &world.random, world.clock.now())
        .await
        .expect("the user identity exists");
    let (id, secret) = client(&world).await;
    let anonymous = world.anonymous();
    let named = [("grant_type", "password"), ("username", "JANE@example.com"), ("password", "correct horse")];
    let with_client = [&named[..], &[("client_id", &id), ("client_secret", &secret)]].concat();
    let body = json!({ "grant_type": "password", "username": "jane", "password": "correct horse" });
    let responses =
        [by_form(&anonymous, &named).await, by_form(&anonymous, &with_client).await, anonymous.post(TOKEN, body).await];
    let mut clients = Vec::new();
    for response in &responses {
        assert_eq!(response.body["scope"], "extension-user");
        let client = anonymous.bearer(&granted(response));
        let own = Extension::of_person(&client, &jane.person).await;
        own.add_contact(json!({ "first_name": "Kim" })).await;
        john.with_client(&client).search("").await.is_error(403);
        clients.push(client);
    }
    world.advance(TimeDelta::hours(1));
    for client in clients {
        jane.with_client(&client).search("").await.is_error(401);
    }
    for (name, password) in
        [("jane", "wrong horse"), ("jim", "correct horse"), ("john", "correct horse"), ("jane", " ")]
    {
        let wrong = [("grant_type", "password"), ("username", name), ("password", password)];
        refused(&by_form(&anonymous, &wrong).await, 400, "invalid_grant");
    }
    refused(&by_form(&anonymous, &named[..2]).await, 400, "invalid_request");
    refused(&by_form(&anonymous, &[named[0], named[2]]).await, 400, "invalid_request");
    let wrong = [&named[..], &[("client_id", &id), ("client_secret", "nope")]].concat();
    refused(&by_form(&anonymous, &wrong).await, 401, "invalid_client");
    let their_id = world.store.api_keys(Some(other.record.workspace_id)).await.expect("keys")[0].api_key_id.to_string();
    let theirs = [&named[..], &[("client_id", &their_id), ("client_secret", other.api_key.reveal())]].concat();
    refused(&by_form(&anonymous, &theirs).await, 400, "invalid_grant");
}
