//! Across dialects: a workspace's number (Diga) assigned to a user identity is its work number (UCWA), which it cannot
//! change. And a change through one application is visible in every other.

use crate::support::numbers::{call_action, number, path};
use crate::support::ucwa::{COLLECTIONS, NUMBER, Person, href, jane, links};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn give(world: &World, phone_number: &Value, to: Option<&Person>) {
    let body = json!({ "user_identity_id": to.map(|person| &person.id) });
    call_action(world.key(), phone_number, "assign", body).await.phone_number();
}

/// Asserts that the work slot holds the workspace's number.
async fn is_managed(person: &Person, number: &str) {
    for base in [String::new(), person.begin(COLLECTIONS[0], "managed").await] {
        let path = format!("{base}/me/phones/work");
        let slot = person.client.get(&path).await.of_ucwa(200).body.clone();
        let actual = (&slot["number"], &slot["includeInContactCard"]);
        assert_eq!(actual, (&json!(format!("tel:{number}")), &json!(true)));
        assert_eq!(slot["_links"], json!({ "self": { "href": path } }));
        let phones = person.client.get(&format!("{base}/me/phones")).await.of_ucwa(200).body.clone();
        assert_eq!(phones["_embedded"]["phone"][0], slot);
    }
}

/// Asserts that no request changes a managed slot.
async fn refuses_changes(person: &Person) {
    let before = person.slot("work").await;
    for body in [
        json!({ "number": NUMBER }),
        json!({}),
        json!({ "includeInContactCard": false }),
        json!({ "number": before["number"] }),
    ] {
        person.client.post("/me/phones/work/changeNumber", body.clone()).await.is_ucwa_error(409, "Conflict", "");
        person.client.post("/me/phones/work/changeVisibility", body).await.is_ucwa_error(409, "Conflict", "");
    }
    person.client.delete("/me/phones/work").await.is_ucwa_error(409, "Conflict", "");
    let filled = person.client.post("/me/phones", json!({ "type": "work", "number": NUMBER })).await;
    assert_eq!(filled.of_ucwa(409).body["code"], "Conflict");
    assert_eq!(person.slot("work").await, before);
}

async fn is_own(person: &Person, number: &str, is_shared: bool) {
    let slot = person.slot("work").await;
    assert_eq!((&slot["number"], &slot["includeInContactCard"]), (&json!(number), &json!(is_shared)));
    assert_eq!(links(&slot), ["changeNumber", "changeVisibility", "self"].into());
}

#[tokio::test]
async fn an_assigned_number_is_the_work_number_until_it_is_released() {
    let (world, jane) = jane().await;
    let empty = text(&jane.slot("work").await["etag"]);
    let phone_number = world.import_number(&number(1)).await;
    is_own(&jane, "", false).await;
    give(&world, &phone_number, Some(&jane)).await;
    is_managed(&jane, &number(1)).await;
    refuses_changes(&jane).await;
    let managed = text(&jane.slot("work").await["etag"]);
    assert_ne!(managed, empty);
    jane.put("mobile", NUMBER, true).await;
    assert_eq!(jane.number_and_visibility("mobile").await, (NUMBER.to_owned(), true), "other slots can be changed");

    assert_eq!(world.key().delete(&path(&phone_number)).await.status, 204);
    is_own(&jane, "", false).await;
    let after = text(&jane.slot("work").await["etag"]);
    assert!(after != managed, "{after}");
    jane.put("work", NUMBER, false).await;
    is_own(&jane, NUMBER, false).await;
}

#[tokio::test]
async fn an_assigned_number_hides_the_own_work_number_until_it_is_unassigned() {
    let (world, jane) = jane().await;
    for is_shared in [true, false] {
        jane.put("work", NUMBER, is_shared).await;
        let own = text(&jane.slot("work").await["etag"]);
        let phone_number = world.import_number(&number(1 + u32::from(is_shared))).await;
        give(&world, &phone_number, Some(&jane)).await;
        is_managed(&jane, &text(&phone_number["number"])).await;
        refuses_changes(&jane).await;
        let managed = text(&jane.slot("work").await["etag"]);
        let cached = jane.client.with("if-none-match", &own).get("/me/phones/work").await;
        cached.of_ucwa(200);
        assert_eq!(jane.client.with("if-none-match", &managed).get("/me/phones/work").await.status, 304);

        give(&world, &phone_number, None).await;
        is_own(&jane, NUMBER, is_shared).await;
        let cached = jane.client.with("if-none-match", &managed).get("/me/phones/work").await;
        cached.of_ucwa(200);
        // The etag from before the assignment need not return: to a client, the number may have changed meanwhile.
        assert_ne!(text(&jane.slot("work").await["etag"]), managed);
    }
}

#[tokio::test]
async fn a_scheduled_release_frees_the_work_slot_when_it_is_due() {
    let (world, jane) = jane().await;
    jane.put("work", NUMBER, true).await;
    let phone_number = world.reserve_and_assign_number(&number(1)).await;
    give(&world, &phone_number, Some(&jane)).await;
    assert_eq!(world.key().delete(&path(&phone_number)).await.status, 204);
    let due = text(&world.read_number(&phone_number).await["scheduled_release_at"]);
    let due: chrono::DateTime<chrono::Utc> = due.parse().expect("a time");
    // The earlier session expires within the month.
    world.advance(due - world.clock.now() - TimeDelta::microseconds(1));
    let jane = Person { client: world.session(&jane.id).await, ..jane };
    is_managed(&jane, &number(1)).await;
    refuses_changes(&jane).await;
    let managed = text(&jane.slot("work").await["etag"]);
    world.advance(TimeDelta::microseconds(1));
    is_own(&jane, NUMBER, true).await;
    assert_ne!(text(&jane.slot("work").await["etag"]), managed);
    let before = jane.slot("work").await;
    // The release by the sweeper changes nothing visible.
    let now = world.clock.now();
    for workspace in world.store.workspaces_with_due_numbers(now, 10).await.expect("the database answers") {
        assert_eq!(world.store.move_due_numbers(workspace, now, 10).await.expect("the database answers"), 1);
    }
    assert_eq!(world.read_number(&phone_number).await["status"], "released");
    is_own(&jane, NUMBER, true).await;
    jane.put("work", "+14255550100", true).await;
    is_own(&jane, "tel:+14255550100", true).await;
    assert_ne!(jane.slot("work").await["etag"], before["etag"]);
}

#[tokio::test]
async fn a_cancelled_release_keeps_the_number_in_the_work_slot() {
    let (world, jane) = jane().await;
    let phone_number = world.reserve_and_assign_number(&number(1)).await;
    give(&world, &phone_number, Some(&jane)).await;
    let before = jane.slot("work").await;
    assert_eq!(world.key().delete(&path(&phone_number)).await.status, 204);
    call_action(world.key(), &phone_number, "cancel_release", json!({})).await.phone_number();
    world.advance(TimeDelta::days(60));
    let jane = Person { client: world.session(&jane.id).await, ..jane };
    assert_eq!(jane.slot("work").await, before);
}

#[tokio::test]
async fn a_number_is_reassigned_from_one_user_identity_to_another() {
    let (world, jane) = jane().await;
    let joe = Person::new(&world, "joe").await;
    let phone_number = world.import_number(&number(1)).await;
    give(&world, &phone_number, Some(&jane)).await;
    is_own(&joe, "", false).await;
    give(&world, &phone_number, Some(&joe)).await;
    is_managed(&joe, &number(1)).await;
    is_own(&jane, "", false).await;
    world.key().post("/user_identities/delete", json!({ "user_identity_id": joe.id })).await.ok();
    give(&world, &phone_number, Some(&jane)).await;
    is_managed(&jane, &number(1)).await;
}

#[tokio::test]
async fn an_unassigned_number_is_in_no_slot() {
    let (world, jane) = jane().await;
    world.import_number(&number(1)).await;
    world.reserve_and_assign_number(&number(2)).await;
    world.reserve_number(&number(3)).await;
    is_own(&jane, "", false).await;
}

#[tokio::test]
async fn a_change_through_one_application_is_visible_in_others() {
    let (world, jane) = jane().await;
    let (first, second) = (jane.begin(COLLECTIONS[0], "first").await, jane.begin(COLLECTIONS[2], "second").await);
    let other = Person { id: jane.id.clone(), client: world.session(&jane.id).await };
    let seen = async |path: String| {
        let slot = other.client.get(&path).await.of_ucwa(200).body.clone();
        assert_eq!(href(&slot, "self"), path);
        (text(&slot["number"]), slot["includeInContactCard"] == true, text(&slot["etag"]))
    };
    let before = seen(format!("{second}/me/phones/home")).await.2;
    let body = json!({ "number": NUMBER, "includeInContactCard": true });
    jane.client.post(&format!("{first}/me/phones/home/changeNumber"), body).await.is_no_content();
    for base in [&first, &second, ""] {
        let (number, is_shared, etag) = seen(format!("{base}/me/phones/home")).await;
        assert_eq!((number.as_str(), is_shared), (NUMBER, true), "{base}");
        assert_ne!(etag, before, "{base}");
    }
    let hidden = other.client.post(&format!("{second}/me/phones/home/changeVisibility"), json!({})).await;
    hidden.is_no_content();
    let key = world.key().with("x-ucwa-user", &jane.id);
    for client in [&jane.client, &other.client, &key] {
        for base in [&first, &second, ""] {
            let slot = client.get(&format!("{base}/me/phones/home")).await.of_ucwa(200).body.clone();
            assert_eq!((&slot["number"], &slot["includeInContactCard"]), (&json!(NUMBER), &json!(false)), "{base}");
        }
    }
}
