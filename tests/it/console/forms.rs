//! Forms: their size and format, and the audit trail of what they do.

use crate::support::console::Browser;
use crate::support::world::World;
use handset::domain::operator::Role;

#[tokio::test]
async fn a_form_of_an_operator_is_limited_in_size_and_has_one_format() {
    let world = World::new().await;
    let browser = world.operator(Role::Viewer).await;
    let response = browser.post("/console/sign-out", &[("filler", &"x".repeat(65_536))]).await;
    assert!(response.status == 413 && response.text.contains("at most 65536 bytes"), "{response:?}");
    let json = browser.send_body("/console/sign-out", "application/json", "{}").await;
    assert!(json.status == 400 && json.text.contains("could not be read"), "{json:?}");
    assert_eq!(browser.get("/console/account").await.status, 200, "it is still signed in");
}

#[tokio::test]
async fn a_form_before_a_sign_in_has_the_same_format() {
    let world = World::new().await;
    for content_type in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        let response = Browser::new(&world.url).send_body("/console/sign-in", content_type, "email=a").await;
        assert!(response.status == 400 && response.text.contains("could not be read"), "{content_type}: {response:?}");
    }
}

#[tokio::test]
async fn a_form_before_a_sign_in_is_limited_more() {
    let world = World::new().await;
    let fields = [("email", "jane@example.com"), ("password", &"x".repeat(17_000) as &str)];
    let response = Browser::new(&world.url).send_form("/console/sign-in", &fields).await;
    assert_eq!(response.status, 413, "{response:?}");
}
