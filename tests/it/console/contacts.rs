//! The contacts of a user in the console.

use crate::support::page::links;
use crate::support::world::World;
use handset::domain::operator::Role;
use serde_json::json;

#[tokio::test]
async fn contacts_of_a_user_are_listed_by_cursor_and_searched_by_name() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let account = world.key().get("/v4/accounts").await.body["items"][0]["id"].to_string();
    let path = format!("/v4/accounts/{account}/extensions/1/contacts");
    for number in 0..55 {
        let contact = json!({
            "first_name": "Ada", "last_name": format!("Number {number:02}"),
            "phone_numbers": [{ "type": "mobile", "number": "+14255550199" }],
            "emails": [{ "type": "primary", "email": format!("ada{number:02}@example.com") }],
        });
        assert_eq!(world.key().post(&path, contact).await.status, 201);
    }
    let viewer = world.operator(Role::Viewer).await;
    let page = world.page(&format!("/users/{jane}/contacts"));
    let first = viewer.get(&page).await;
    assert!(first.text.contains("Ada Number 49") && !first.text.contains("Ada Number 50"), "{first:?}");
    assert!(first.text.contains("+14255550199") && first.text.contains("ada00@example.com"), "{first:?}");
    let next = links(&first, &page).into_iter().find(|link| link.contains("after=")).expect("a next page");
    let second = viewer.get(&next).await;
    assert!(second.text.contains("Ada Number 50") && !second.text.contains("Ada Number 49"), "{second:?}");
    let found = viewer.get(&format!("{page}?q=NUMBER+07")).await;
    assert!(found.text.contains("Ada Number 07") && !found.text.contains("Ada Number 08"), "{found:?}");
    let none = viewer.get(&format!("{page}?q=%3Cb%3E")).await;
    assert!(none.text.contains("No contact matches") && !none.text.contains("<b>"), "{none:?}");
}
