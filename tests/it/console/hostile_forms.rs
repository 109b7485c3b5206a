//! Texts that tenants choose, on the pages that show them: markup, marks that change the direction of writing, and length.

use crate::support::page::{field, secret};
use crate::support::webhook_worker::Webhook;
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

/// Texts that a page must show and not obey.
fn hostile() -> Vec<String> {
    vec![
        "<script>alert(1)</script>".to_owned(),
        "\"><img src=x onerror=alert(1)>".to_owned(),
        "'; alert(1); '".to_owned(),
        "\u{202e}gnp.exe\u{2066}".to_owned(),
        "{{7*7}}</textarea></title><!--".to_owned(),
        "x".repeat(500),
    ]
}

/// Checks that a page has no markup of a text: what is in brackets or quotes is escaped.
#[track_caller]
fn assert_inert(page: &str, path: &str) {
    for markup in ["<script>alert", "<img src=x", "\"><img", "</textarea>", "</title><!--"] {
        assert!(!page.contains(markup), "{path} has {markup}");
    }
}

#[tokio::test]
async fn no_text_of_a_tenant_becomes_markup() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let account = world.key().get("/v4/accounts").await.body["items"][0]["id"].to_string();
    for (index, hostile) in (0..).zip(&hostile()) {
        let fields = json!({ "full_name": hostile, "user_identity_key": hostile });
        let made = world.key().post("/user_identities/create", fields).await.ok();
        let person = text(&made["user_identity"]["user_identity_id"]);
        world.client_session(json!({ "user_identity_id": person, "user_identifier_key": hostile })).await;
        let number = crate::support::numbers::number(index);
        let reserved = world.key().post("/v1/phone/reserve", json!({ "number": number, "nickname": hostile })).await;
        let number = text(&reserved.phone_number()["id"]);
        admin.post(&world.page(&format!("/numbers/{number}/assign")), &[("user", &person)]).await.location();
        let contacts = format!("/v4/accounts/{account}/extensions/{}/contacts", index + 1);
        let group = format!("/v4/accounts/{account}/extensions/{}/contact-groups", index + 1);
        assert_eq!(world.key().post(&group, json!({ "name": hostile })).await.status, 201);
        let contact = json!({ "first_name": hostile, "company": hostile, "group": hostile });
        assert_eq!(world.key().post(&contacts, contact).await.status, 201);
        let id = field(&admin.get(&world.page("/keys/new")).await, "id");
        secret(&admin.post(&world.page("/keys"), &[("id", &id), ("name", hostile)]).await);
        let url = format!("https://example.com/{hostile}?{hostile}");
        let webhook = Webhook::create_at(&world, &url, &["phone.deactivated"]).await;
        let pinged = admin.post(&world.page(&format!("/webhooks/{}/ping", webhook.id)), &[]).await;
        for path in [
            world.page("/keys"),
            world.page("/sessions"),
            world.page(&format!("/sessions?user={person}")),
            world.page("/numbers"),
            world.page(&format!("/numbers/{number}")),
            world.page("/extensions"),
            world.page(&format!("/users/{person}/slots")),
            world.page(&format!("/users/{person}/contacts")),
            world.page("/webhooks"),
            world.page(&format!("/webhooks/{}", webhook.id)),
            pinged.location().to_owned(),
        ] {
            let page = admin.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            assert_inert(&page.text, &path);
        }
    }
}

#[tokio::test]
async fn no_value_of_an_address_becomes_markup() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let jane = world.person("jane").await;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for hostile in hostile() {
        for name in ["q", "status", "after", "user", "x"] {
            query.append_pair(name, &hostile);
        }
    }
    let query = query.finish();
    let users = format!("/users/{jane}");
    for page in ["/keys", "/tokens", "/sessions", "/numbers", "/extensions", "/webhooks", &format!("{users}/contacts")]
    {
        let path = world.page(&format!("{page}?{query}"));
        let page = admin.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_inert(&page.text, &path);
    }
    let path = world.page("/webhooks/%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    let page = admin.get(&path).await;
    assert_eq!(page.status, 404, "{page:?}");
    assert_inert(&page.text, &path);
}
