//! Instant keys on the page of a person.

use crate::audit::audit_rows;
use crate::instant_keys::{exchanged, generate, short_code};
use crate::support::html::visible;
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

#[tokio::test]
async fn an_operator_sees_the_usable_instant_keys_of_a_person_and_ends_one() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let used = generate(&world, &jane, json!({})).await;
    exchanged(&world, &used).await;
    let key = generate(&world, &jane, json!({ "max_use_count": 3 })).await;
    let app = exchanged(&world, &key).await;
    let path = world.page(&format!("/users/{jane}"));
    let end = world.page(&format!("/users/{jane}/instant-keys/{}/end", text(&key["instant_key_id"])));
    let (viewer, operator) = (world.operator(Role::Viewer).await, world.operator(Role::Operator).await);
    for browser in [&viewer, &operator] {
        let page = browser.get(&path).await.text;
        let shown = visible(&page);
        assert!(shown.contains("2026-01-31 12:00:00 UTC 2 of 3") && !shown.contains("of 1"), "{shown}");
        assert!(!page.contains(&short_code(&key)), "{page}");
        assert_eq!(page.contains(&format!("action=\"{end}\"")), std::ptr::eq(browser, &operator), "{page}");
    }
    assert_eq!(operator.post(&end, &[]).await.location(), path);
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    assert!(!visible(&operator.get(&path).await.text).contains("Instant keys"));
    assert_eq!(operator.post(&end, &[]).await.status, 404);
    let rows = audit_rows(&world, &world).await;
    let row = rows.iter().find(|row| row["action"] == "instant_key.deleted").expect("a row");
    assert_eq!(
        (&row["credential_kind"], &row["before"]["user_identity_id"]),
        (&json!("operator_account"), &json!(jane))
    );
}
