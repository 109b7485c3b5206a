//! A new password ends what the old one opened.

use crate::audit::audit_rows;
use crate::support::client::{Client, Response};
use crate::support::world::{World, text};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

const PASSWORD: &str = "correct horse";
const NEW: &str = "battery staple";
const TOKENS: [&str; 2] = ["/WebTicket/oauthtoken", "/v4/oauth/access-token"];

async fn sign_in(world: &World, path: &str, password: &str) -> Response {
    let form = format!("grant_type=password&username=jane&password={}", password.replace(' ', "+"));
    world.anonymous().bytes(path, Some("application/x-www-form-urlencoded"), form).await
}

async fn set_password(console: &Client, person: &str, password: &str) -> Response {
    let body = json!({ "user_identity_id": person, "password": password });
    console.post("/user_identities/set_password", body).await
}

/// A client with the token of a sign-in.
fn client(world: &World, signed_in: &Response) -> Client {
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    world.anonymous().bearer(text(&signed_in.body["access_token"]).trim_start_matches("cwt="))
}

async fn session_id(client: &Client) -> String {
    text(&client.get("/client_sessions/get").await.ok()["client_session"]["client_session_id"])
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_and_tokens_got_with_the_old_one() {
    let world = World::new().await;
    let (jane, console) = (world.person("jane").await, world.console().await);
    set_password(&console, &jane, PASSWORD).await.ok();
    let mut ended = BTreeSet::new();
    let mut clients = Vec::new();
    for path in TOKENS {
        let client = client(&world, &sign_in(&world, path, PASSWORD).await);
        ended.insert(session_id(&client).await);
        clients.push(client);
    }
    // A grant by a key does not change how the session was made.
    let john = world.person("john").await;
    let widened = ended.first().expect("two").clone();
    let grant = json!({ "client_session_id": widened, "user_identity_id": john });
    world.key().post("/client_sessions/grant_access", grant).await.ok();
    let kept = world.session(&jane).await;
    let app = client(&world, &sign_in(&world, TOKENS[0], PASSWORD).await);
    world.key().post("/client_sessions/delete", json!({ "client_session_id": session_id(&app).await })).await.ok();
    let before = world.events("client_session.deleted").await.len();

    let set = set_password(&console, &jane, NEW).await;
    set.ok();
    for client in &clients {
        client.get("/client_sessions/get").await.refused(401, "client_session_not_found");
        assert_eq!(client.get("/me").await.status, 401);
        assert_eq!(client.get("/v4/accounts").await.status, 401);
    }
    kept.get("/client_sessions/get").await.ok();
    let events = world.events("client_session.deleted").await;
    let told: BTreeSet<String> = events[before..].iter().map(|event| text(&event["client_session_id"])).collect();
    assert_eq!((told, events.len() - before), (ended, 2));

    let mut rows = audit_rows(&world, &world).await;
    rows.retain(|row| row["request_id"] == set.request_id().to_string());
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    let actual = (&row["action"], &row["subject_id"], &row["credential_kind"], &row["before"], &row["after"]);
    let after = json!({ "client_sessions_ended": 2 });
    assert_eq!(
        actual,
        (&json!("user_identity.password_set"), &json!(jane), &json!("console_session"), &json!(null), &after)
    );
    for path in TOKENS {
        assert_eq!(sign_in(&world, path, PASSWORD).await.status, 400);
        client(&world, &sign_in(&world, path, NEW).await).get("/client_sessions/get").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sign_in_with_the_old_password_outlives_the_new_one() {
    let world = World::with_connections(8).await;
    let (jane, console) = (world.person("jane").await, world.console().await);
    let passwords = [PASSWORD, NEW];
    set_password(&console, &jane, PASSWORD).await.ok();
    for round in 0..4 {
        let (old, new) = (passwords[round % 2], passwords[(round + 1) % 2]);
        let signed_in = join_all((0..8).map(|at| sign_in(&world, TOKENS[at % 2], old)));
        let (signed_in, set) = tokio::join!(signed_in, set_password(&console, &jane, new));
        set.ok();
        for response in signed_in.iter().filter(|response| response.status == 200) {
            client(&world, response).get("/client_sessions/get").await.refused(401, "client_session_not_found");
        }
    }
}
