//! The console shows where a person comes from.

use crate::support::html::visible;
use crate::support::scim::{active, path_of};
use crate::support::world::{World, text};
use handset::domain::operator::Role;

#[tokio::test]
async fn a_persons_page_shows_the_name_the_id_and_the_groups_of_the_directory() {
    let world = World::new().await;
    let directory = world.directory().await;
    let browser = world.operator(Role::Viewer).await;
    let jane = directory.create_scim_user("jane").await;
    directory.create_scim_group("Sales <b>", &[&jane]).await;
    let page = world.page(&format!("/users/{}", text(&jane["id"])));
    let shown = async || visible(&browser.get(&page).await.text);
    let before = shown().await;
    for expected in ["From the directory", "jane@example.com", "ext-jane", "Sales"] {
        assert!(before.contains(expected), "{expected}: {before}");
    }
    assert!(!before.contains("inactive"), "{before}");
    directory.patch(&path_of(&jane), active(false)).await.of_scim(200);
    assert!(shown().await.contains("inactive"));
    directory.delete(&path_of(&jane)).await;
    assert!(shown().await.contains("deleted there"));
    let timeline = visible(&browser.get(&world.page("/timeline")).await.text);
    assert!(timeline.contains("directory") && !timeline.contains("scim_token"), "{timeline}");
    let other = world.person("john").await;
    let page = visible(&browser.get(&world.page(&format!("/users/{other}"))).await.text);
    assert!(!page.contains("From the directory"), "{page}");
}
