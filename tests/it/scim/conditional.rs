//! Entity tags: a resource that has not changed is not sent again, and one that has is not overwritten.

use crate::support::scim::{active, new_user, operations, path_of};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn a_resource_that_is_current_is_not_sent_again() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let group = directory.create_scim_group("Sales", &[&jane]).await;
    for path in [path_of(&jane), path_of(&group)] {
        let shown = directory.get(&path).await;
        let tag = shown.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(shown.of_scim(200)["meta"]["version"], tag);
        let again = directory.with("if-none-match", &tag).get(&path).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        assert_eq!(directory.with("if-none-match", "W/\"other\"").get(&path).await.status, 200);
    }
}

#[tokio::test]
async fn a_resource_that_has_changed_is_not_overwritten() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let (path, stale) = (path_of(&jane), text(&jane["meta"]["version"]));
    world.phone(&text(&jane["id"])).await;
    let title = operations(json!([{ "op": "add", "path": "title", "value": "CEO" }]));
    let current = directory.with("if-match", &stale).patch(&path, title.clone()).await;
    let current = text(&current.of_scim(200)["meta"]["version"]);
    let late = directory.with("if-match", &stale);
    late.patch(&path, active(false)).await.scim_error(412, None);
    late.put(&path, new_user("jane")).await.scim_error(412, None);
    late.delete(&path).await.scim_error(412, None);
    assert_eq!(world.phone_ids().await.len(), 1);
    // The same operations change nothing, and keep the tag.
    let same = directory.with("if-match", &current).patch(&path, title).await;
    assert_eq!(same.header("etag"), Some(current.as_str()));
    assert_eq!(directory.with("if-match", "*").delete(&path).await.status, 204);

    let group = directory.create_scim_group("Sales", &[]).await;
    let late = directory.with("if-match", "W/\"other\"");
    late.delete(&path_of(&group)).await.scim_error(412, None);
    late.put(&path_of(&group), json!({ "displayName": "HR" })).await.scim_error(412, None);
}
