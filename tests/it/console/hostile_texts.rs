//! Stored texts of every kind on every page: markup, marks of the direction of writing, and very long ones.

use crate::support::console::Browser;
use crate::support::html::visible;
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

/// Texts that a page must show as they are.
const TEXTS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "\u{202e}drawkcab\u{202c} \u{2067}שלום\u{2069}",
    "</title></textarea></script><svg onload=alert(1)>",
];

/// Most bytes of a page.
const MAX_PAGE: usize = 150 * 1024;

/// A phone of a new person, with one text everywhere. Returns the pages that show it.
async fn pages_with(world: &World, hostile: &str, index: usize) -> Vec<String> {
    let installation = format!("{hostile}{index}");
    let person = json!({ "full_name": hostile, "user_identity_key": format!("{hostile}{index}") });
    let person =
        text(&world.key().post("/user_identities/create", person).await.ok()["user_identity"]["user_identity_id"]);
    world.sync_credential(&person).await;
    let key = format!("{hostile} session {index}");
    world.client_session(json!({ "user_identity_id": person, "user_identifier_key": key })).await;
    let phone = json!({
        "user_identity_id": person, "custom_sdk_installation_id": installation,
        "phone_metadata": { "device_manufacturer": hostile },
    });
    let on = text(&world.key().post("/phones/simulate/create_sandbox_phone", phone).await.ok()["phone"]["device_id"]);
    let metadata = json!({ hostile.chars().take(40).collect::<String>(): hostile });
    let change = json!({ "device_id": on, "name": hostile, "custom_metadata": metadata });
    world.key().post("/devices/update", change).await.ok();
    let off = world.phone(&person).await;
    let lost = json!({ "device_id": off, "reason": hostile });
    world.key().post("/phones/deactivate", lost).await.ok();
    let barred = json!({ "user_identity_id": person, "custom_sdk_installation_id": format!("{installation} barred") });
    let barred =
        text(&world.key().post("/phones/simulate/create_sandbox_phone", barred).await.ok()["phone"]["device_id"]);
    world.key().post("/phones/deactivate", json!({ "device_id": barred })).await.ok();
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", hostile).finish();
    vec![
        world.page(&format!("/search?{query}")),
        world.page(&format!("/search?{query}&fragment=1")),
        world.page(&format!("/users/{person}")),
        world.page(&format!("/users/{person}/lost")),
        world.page(&format!("/phones/{on}")),
        world.page(&format!("/phones/{on}/lost")),
        world.page(&format!("/phones/{off}/off")),
        world.page("/installations"),
        world.page(&format!("/timeline?phone={on}")),
        world.page(&format!("/timeline?person={person}")),
    ]
}

async fn read(browser: &Browser, path: &str) -> String {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}: {page:?}");
    page.text
}

#[tokio::test]
async fn stored_texts_are_shown_as_they_are_on_every_page() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    for (index, hostile) in TEXTS.iter().enumerate() {
        for path in pages_with(&world, hostile, index).await {
            let page = read(&operator, &path).await;
            // Of the page's own, there are tags without handlers and one script, by its address.
            for mark in ["<script>", "<img", "<svg", "onerror=alert(1)>", "</textarea>"] {
                assert!(!page.contains(mark), "{mark} in {path}: {page}");
            }
            assert!(page.len() < MAX_PAGE, "{path}: {} bytes", page.len());
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let shows = words(&visible(&page));
            assert!(shows.contains(&words(hostile)), "{hostile} is not in {path}: {shows}");
        }
    }
    // A text with marks of direction is isolated from what is beside it.
    let page = read(&operator, &world.page("/search?q=drawkcab")).await;
    assert!(page.contains("<bdi dir=\"auto\">\u{202e}drawkcab"), "{page}");
}

#[tokio::test]
async fn pages_with_very_long_texts_stay_small() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let longest = "<".repeat(490);
    let mut pages = pages_with(&world, &longest, 0).await;
    // Longer than the API takes, as an import may have written it.
    let long = "long name ".repeat(1_000);
    let mut database = world.database().await;
    for statement in
        ["update user_identity set full_name = $1", "update phone set nickname = $1, deactivation_reason = $1"]
    {
        sqlx::query(statement).bind(&long).execute(&mut database).await.expect("it is updated");
    }
    pages.push(world.page("/search?q=long+name"));
    for path in pages {
        let page = read(&operator, &path).await;
        assert!(page.len() < MAX_PAGE, "{path}: {} bytes", page.len());
    }
}
