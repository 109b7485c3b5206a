//! The life cycle of phone numbers in the console.

use crate::audit::audit_rows;
use crate::support::console::Browser;
use crate::support::numbers::number;
use crate::support::page::{field, links, refused};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::{Value, json};

/// Adds a number and returns the address of its page.
async fn add(world: &World, operator: &Browser, way: &str, number: &str) -> String {
    let fields = [("way", way), ("number", number), ("nickname", "Front desk")];
    operator.post(&world.page("/numbers"), &fields).await.location().to_owned()
}

async fn read(world: &World, address: &str) -> Value {
    let id = address.rsplit('/').next().expect("an id");
    world.key().get(&format!("/v1/phone/{id}")).await.phone_number()
}

#[tokio::test]
async fn a_number_is_reserved_assigned_released_and_kept() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let operator = world.operator(Role::Operator).await;
    // Rows of the audit trail are in order of time.
    let step = || world.advance(chrono::TimeDelta::seconds(1));
    let address = add(&world, &operator, "reserve", &number(1)).await;
    assert_eq!(read(&world, &address).await["status"], "reserved");
    step();
    operator.post(&format!("{address}/assign"), &[("user", "jane@example.com")]).await.location();
    assert_eq!(read(&world, &address).await["status"], "assigned");
    let page = operator.get(&address).await;
    assert!(page.text.contains("Person jane") && page.text.contains("Front desk"), "{page:?}");
    let slots = operator.get(&world.page(&format!("/users/{jane}/slots"))).await;
    assert!(slots.text.contains(&number(1)), "{slots:?}");

    step();
    operator.post(&format!("{address}/name"), &[("nickname", "Desk <7>")]).await.location();
    assert_eq!(read(&world, &address).await["nickname"], "Desk <7>");
    step();
    operator.post(&format!("{address}/release"), &[]).await.location();
    assert!(read(&world, &address).await["scheduled_release_at"].is_string());
    assert!(operator.get(&address).await.text.contains("Keep the number"));
    step();
    operator.post(&format!("{address}/cancel-release"), &[]).await.location();
    assert!(read(&world, &address).await["scheduled_release_at"].is_null());
    // Off its user.
    step();
    operator.post(&format!("{address}/assign"), &[("user", "")]).await.location();
    assert!(operator.get(&address).await.text.contains("<dd>None</dd>"));

    let rows = audit_rows(&world, &world).await;
    let of_number: Vec<_> = rows.iter().filter(|row| row["subject_kind"] == "number").collect();
    let actions: Vec<String> = of_number.iter().map(|row| text(&row["action"])).collect();
    let expected = ["reserved", "assigned", "updated", "release_scheduled", "release_cancelled", "assigned"];
    assert_eq!(actions, expected.map(|verb| format!("number.{verb}")));
    assert!(of_number.iter().all(|row| row["credential_kind"] == "operator_account"), "{of_number:?}");
}

#[tokio::test]
async fn an_imported_number_is_released_at_once() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let address = add(&world, &operator, "import", &number(1)).await;
    assert_eq!(read(&world, &address).await["status"], "assigned");
    operator.post(&format!("{address}/release"), &[]).await.location();
    assert_eq!(read(&world, &address).await["status"], "finished");
    let page = operator.get(&address).await;
    assert!(!page.text.contains("Release the number") && !page.text.contains("Save the name"), "{page:?}");
    assert_eq!(operator.post(&format!("{address}/release"), &[]).await.status, 409);
}

#[tokio::test]
async fn a_refused_number_keeps_what_was_typed() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let other = world.sandbox("Other").await;
    other.key().post("/v1/phone/reserve", json!({ "number": number(2) })).await.phone_number();
    let taken = number(2);
    for (typed, message) in [
        ("", "Enter a whole number"),
        ("123", "Enter a whole number"),
        ("+34<script>", "Enter a whole number"),
        (taken.as_str(), "This number is in use"),
    ] {
        let fields = [("way", "import"), ("number", typed), ("nickname", "\"><b>")];
        let page = operator.post(&world.page("/numbers"), &fields).await;
        refused(&page, "number", message);
        assert_eq!((field(&page, "number").as_str(), field(&page, "nickname").as_str()), (typed, "\"><b>"));
        assert!(page.text.contains("value=\"import\" checked"), "{page:?}");
    }
}

#[tokio::test]
async fn a_number_is_assigned_to_one_of_several_users_that_match() {
    let world = World::new().await;
    let (jane, john) = (world.person("jane").await, world.person("john").await);
    let operator = world.operator(Role::Operator).await;
    let address = add(&world, &operator, "import", &number(1)).await;
    let page = operator.post(&format!("{address}/assign"), &[("user", "Person")]).await;
    refused(&page, "user", "Several users match");
    for id in [&jane, &john] {
        assert!(page.text.contains(&format!("value=\"{id}\"")), "{page:?}");
    }
    let unknown = operator.post(&format!("{address}/assign"), &[("user", "Jim <b>")]).await;
    refused(&unknown, "user", "No user of this workspace matches");
    assert_eq!(field(&unknown, "user"), "Jim <b>");
    let stranger = world.sandbox("Other").await.person("stranger").await;
    for fields in [[("user", &*stranger), ("user_id", "")], [("user", "Person"), ("user_id", &*stranger)]] {
        let page = operator.post(&format!("{address}/assign"), &fields).await;
        refused(&page, "user", "No user of this workspace matches");
    }
    operator.post(&format!("{address}/assign"), &[("user", "Person"), ("user_id", &john)]).await.location();
    assert!(operator.get(&address).await.text.contains("Person john"));
    let second = add(&world, &operator, "import", &number(3)).await;
    let page = operator.post(&format!("{second}/assign"), &[("user", "john")]).await;
    refused(&page, "user", "This user has another number already");
}

#[tokio::test]
async fn numbers_are_listed_by_status_and_by_cursor() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    for index in 0..55 {
        world.advance(chrono::TimeDelta::seconds(1));
        world.key().post("/v1/phone/reserve", json!({ "number": number(index) })).await.phone_number();
    }
    let path = world.page("/numbers");
    let first = operator.get(&path).await;
    assert!(first.text.contains(&number(54)) && !first.text.contains(&number(4)), "newest first");
    let next = links(&first, &path).into_iter().find(|link| link.contains("after=")).expect("a next page");
    let second = operator.get(&next).await;
    assert!(second.text.contains(&number(4)) && !second.text.contains(&number(5)), "{second:?}");
    let assigned = operator.get(&format!("{path}?status=assigned")).await;
    assert!(assigned.text.contains("No number is Assigned"), "{assigned:?}");
    let other = world.sandbox("Other").await;
    let stranger = world.operator_in(&[(&other, Role::Admin)]).await;
    let id = links(&second, &world.page("/numbers/0")).remove(0).rsplit('/').next().expect("an id").to_owned();
    for action in ["", "/release", "/assign", "/name", "/cancel-release"] {
        let path = format!("/console/w/{}/numbers/{id}{action}", other.id);
        let response = if action.is_empty() { stranger.get(&path).await } else { stranger.post(&path, &[]).await };
        assert_eq!(response.status, 404, "{action}: {response:?}");
    }
}
