//! Sign-in with canonically equivalent names and passwords, in each dialect that signs users in.

use crate::support::client::{Client, Response};
use crate::support::world::{World, text};
use handset::http::App;
use handset::http::rate_limit::{Limits, Rates};
use serde_json::json;
use std::sync::Arc;
use url::form_urlencoded::Serializer;

const PATHS: [&str; 2] = ["/WebTicket/oauthtoken", "/v4/oauth/access-token"];

async fn sign_in(client: &Client, path: &str, name: &str, password: &str) -> Response {
    let mut form = Serializer::new(String::new());
    form.extend_pairs([("grant_type", "password"), ("username", name), ("password", password)]);
    client.bytes(path, Some("application/x-www-form-urlencoded"), form.finish()).await
}

async fn user(world: &World, key: &str, password: &str) {
    let created = world.key().post("/user_identities/create", json!({ "user_identity_key": key })).await.ok();
    let person = text(&created["user_identity"]["user_identity_id"]);
    let body = json!({ "user_identity_id": person, "password": password });
    world.console().await.post("/user_identities/set_password", body).await.ok();
}

#[tokio::test]
async fn a_name_and_a_password_sign_in_in_each_canonically_equivalent_form() {
    let world = World::new().await;
    let keys = ["Zoë", "Zoe\u{308}"];
    let passwords = ["sésame ouvre-toi", "se\u{301}same ouvre-toi"];
    user(&world, keys[1], passwords[1]).await;
    for path in PATHS {
        for key in keys {
            for password in passwords {
                assert_eq!(sign_in(&world.anonymous(), path, key, password).await.status, 200, "{path} {key}");
            }
            assert_eq!(sign_in(&world.anonymous(), path, key, "sesame ouvre-toi").await.status, 400);
        }
    }
}

#[tokio::test]
async fn spellings_of_a_name_share_one_limit_of_failed_sign_ins() {
    let rates = Rates { failed_account: "4/1h".parse().ok(), ..Rates::default() };
    let world = World::with(|app| App { limits: Limits::new(&rates, app.clock.clone()).map(Arc::new), ..app }).await;
    user(&world, "Zoë", "correct horse").await;
    for path in PATHS {
        let mut statuses = Vec::new();
        for name in ["Zoë", "Zoe\u{308}", "ZOË", " zoe\u{308}", "Zoë", "Zoe\u{308}"] {
            statuses.push(sign_in(&world.anonymous(), path, name, "wrong").await.status);
        }
        let expected: &[u16] = if path == PATHS[0] { &[400, 400, 400, 400, 429, 429] } else { &[429; 6] };
        assert_eq!(statuses, expected, "{path}");
    }
}
