//! Lost phones: what will happen, the reason, and what came of it; one phone, and all of a person.

use crate::support::html::{attributes, link, links, visible};
use crate::support::numbers::call_action;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Notify;

/// The rows of the audit trail about a phone, as the operator of the deployment sees them.
async fn authors(world: &World, action: &str) -> Vec<(String, Option<String>)> {
    let rows = "select credential_kind, credential_id::text from audit where action = $1 order by at, audit_id";
    let mut database = world.database().await;
    sqlx::query_as(rows).bind(action).fetch_all(&mut database).await.expect("the query succeeds")
}

async fn is_on(world: &World, phone: &str) -> bool {
    world.key().post("/phones/get", json!({ "device_id": phone })).await.status == 200
}

#[tokio::test]
async fn a_lost_phone_is_off_three_clicks_after_the_search() {
    let world = World::new().await;
    let release = Arc::new(Notify::new());
    let receiver = Receiver::with_behaviour(Behaviour::Held(200, Arc::clone(&release))).await;
    Webhook::create(&world, &receiver).await;
    let operator = world.operator(Role::Operator).await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let phone = world.phone(&jane).await;

    let results = operator.get(&world.page("/search?q=person+jane")).await;
    let person = operator.get(&link(&results.text, &format!("/users/{jane}"))).await;
    let preview = operator.get(&link(&person.text, &format!("/phones/{phone}/lost"))).await;
    let says = visible(&preview.text);
    for part in ["Turn off", "are deleted: 1.", "that end: 0.", "stays so", "127.0.0.1", "Person jane"] {
        assert!(says.contains(part), "{part}: {says}");
    }
    assert!(is_on(&world, &phone).await, "the preview changes nothing");
    let form = attributes(&preview.text, "action");
    let form = form.iter().find(|action| action.ends_with("/deactivate")).expect("a form");
    let response = operator.post(form, &[("reason", "Lost in a taxi")]).await;
    assert_eq!(response.location(), world.page(&format!("/phones/{phone}/off")));
    assert!(!is_on(&world, &phone).await);

    let event = text(&world.events("phone.deactivated").await[0]["event_id"]);
    let done = operator.get(response.location()).await;
    let says = visible(&done.text);
    for part in ["is off", "Lost in a taxi", &operator.email, &event, "Delivered: 0 of 1", "Look again"] {
        assert!(says.contains(part), "{part}: {says}");
    }
    let live = attributes(&done.text, "data-live").pop().expect("a part that changes");
    let worker = WebhookWorker::start(&world);
    release.notify_one();
    let part = until("the event is delivered", async || {
        let part = operator.get(&live).await;
        assert!(!part.text.contains("<html"), "{part:?}");
        (!part.text.contains("data-changing")).then_some(part)
    });
    let says = visible(&part.await.text);
    assert!(says.contains("Delivered: 1 of 1") && says.contains("200"), "{says}");
    worker.close().await;
    let event = operator.get(&world.page(&format!("/events/{event}"))).await;
    let says = visible(&event.text);
    assert!(
        says.contains("phone.deactivated") && says.contains(&phone) && says.contains("Delivered: 1 of 1"),
        "{says}"
    );

    let id = operator.operator_id.expect("it is signed in").to_string();
    assert_eq!(authors(&world, "phone.deactivated").await, [("operator_account".to_owned(), Some(id))]);
}

#[tokio::test]
async fn the_second_of_two_operators_sees_that_the_phone_is_off_already() {
    let world = World::new().await;
    let (first, second) = (world.operator(Role::Operator).await, world.operator(Role::Operator).await);
    let phone = world.phone(&world.person("jane").await).await;
    let (lost, deactivate) =
        (world.page(&format!("/phones/{phone}/lost")), world.page(&format!("/phones/{phone}/deactivate")));
    for operator in [&first, &second] {
        assert_eq!(operator.get(&lost).await.status, 200);
    }
    first.post(&deactivate, &[("reason", "Lost")]).await.location();
    // By the form that it has open, and by the page.
    for response in [second.post(&deactivate, &[("reason", "Stolen")]).await, second.get(&lost).await] {
        assert_eq!(response.location(), world.page(&format!("/phones/{phone}/off")));
        let mut browser = second.clone();
        browser.keep(&response);
        let says = visible(&browser.get(response.location()).await.text);
        for part in ["was off already", &first.email, "Lost"] {
            assert!(says.contains(part), "{part}: {says}");
        }
        assert!(!says.contains("Stolen"), "{says}");
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
}

#[tokio::test]
async fn all_phones_of_a_person_are_previewed_then_turned_off() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    Webhook::create(&world, &receiver).await;
    let operator = world.operator(Role::Operator).await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let phones = [world.phone(&jane).await, world.phone(&jane).await, world.phone(&jane).await];
    let johns = world.phone(&world.person("john").await).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phones[2] })).await.ok();
    world.advance(chrono::TimeDelta::seconds(1));

    let person = operator.get(&world.page(&format!("/users/{jane}"))).await;
    let preview = operator.get(&link(&person.text, &format!("/users/{jane}/lost"))).await;
    let says = visible(&preview.text);
    for part in ["all phones of Person jane", "are deleted: 2.", "Turn off 2 phones", &phones[0], &phones[1]] {
        assert!(says.contains(part), "{part}: {says}");
    }
    assert!(!says.contains(&phones[2]), "it is off already: {says}");
    assert_eq!(world.phone_ids().await.len(), 3, "the preview changes nothing");

    let response = operator.post(&world.page(&format!("/users/{jane}/deactivate-phones")), &[("reason", "Left")]).await;
    assert_eq!(world.phone_ids().await, [johns]);
    let done = operator.get(response.location()).await;
    let linked = links(&done.text);
    for (phone, is_listed) in [(&phones[0], true), (&phones[1], true), (&phones[2], false)] {
        assert_eq!(linked.iter().any(|link| link.ends_with(phone.as_str())), is_listed, "{phone}");
    }
    let says = visible(&done.text);
    assert!(says.contains("Delivered: 0 of 2"), "{says}");
    assert_eq!(linked.iter().filter(|link| link.contains("/events/")).count(), 2);
    for response in [
        operator.post(&world.page(&format!("/users/{jane}/deactivate-phones")), &[]).await,
        operator.get(&world.page(&format!("/users/{jane}/lost"))).await,
    ] {
        assert_eq!(response.location(), world.page(&format!("/users/{jane}")));
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 3);
}

#[tokio::test]
async fn a_reason_that_is_too_long_turns_nothing_off() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    for path in [format!("/phones/{phone}/deactivate"), format!("/users/{jane}/deactivate-phones")] {
        let response = operator.post(&world.page(&path), &[("reason", &"x".repeat(501))]).await;
        assert_eq!(response.status, 422, "{response:?}");
        assert!(visible(&response.text).contains("501 characters, at most 500"), "{response:?}");
        assert!(response.text.contains("aria-invalid"), "{response:?}");
    }
    assert!(is_on(&world, &phone).await);
    let longest = "é".repeat(500);
    operator.post(&world.page(&format!("/phones/{phone}/deactivate")), &[("reason", &longest)]).await.location();
    assert!(!is_on(&world, &phone).await);
}

#[tokio::test]
async fn viewers_see_phones_and_turn_none_off() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    for path in [format!("/users/{jane}"), format!("/phones/{phone}"), format!("/search?q={phone}")] {
        let page = viewer.get(&world.page(&path)).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(!page.text.contains("/lost\""), "{page:?}");
    }
    let response = viewer.post(&world.page(&format!("/phones/{phone}/deactivate")), &[]).await;
    assert_eq!(response.status, 403, "{response:?}");
    assert!(is_on(&world, &phone).await);
}

#[tokio::test]
async fn the_page_of_a_person_shows_all_that_belongs_to_it() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    let credential = world.sync_credential(&jane).await;
    let session = world.client_session(json!({ "user_identity_id": jane, "user_identifier_key": "app-1" })).await;
    let (phone, off) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": off, "reason": "Old" })).await.ok();
    let number = world.import_number("+43664123456").await;
    call_action(world.key(), &number, "assign", json!({ "user_identity_id": jane })).await.phone_number();
    let accounts = world.key().get("/v4/accounts").await.body;
    let contacts = format!("/v4/accounts/{}/extensions/1/contacts", accounts["items"][0]["id"]);
    assert_eq!(world.key().post(&contacts, json!({ "first_name": "Ada" })).await.status, 201);

    let page = viewer.get(&world.page(&format!("/users/{jane}"))).await;
    let says = visible(&page.text);
    for part in [
        "jane@example.com",
        "Phones that are on",
        "Phones that are off",
        "Old",
        &credential,
        "app-1",
        &text(&session["client_session_id"]),
        "+43664123456",
        "1 in extension 1",
        "phone.registered",
        "phone.deactivated",
        "number.assigned",
    ] {
        assert!(says.contains(part), "{part}: {says}");
    }
    assert!(!page.text.contains(&text(&session["token"])), "it shows no token");
    let linked = links(&page.text);
    for id in [phone, off, text(&number["id"])] {
        assert!(linked.iter().any(|link| link.ends_with(&id)), "{id}");
    }
}
