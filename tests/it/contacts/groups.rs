//! Contact groups, and the objects by which a contact names its group.

use crate::support::phone_com::Line;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn contact_groups_are_created_read_updated_and_deleted() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let made = line.client.post(&line.groups(), json!({ "name": "Family" })).await;
    let group = made.made();
    assert_eq!(made.text, format!(r#"{{"id":{},"name":"Family"}}"#, group["id"]));
    let at = line.group(&group["id"]);
    assert_eq!(line.client.get(&at).await.of_phone_com(200), &group);
    let renamed = line.client.put(&at, json!({ "name": "Kin" })).await;
    assert_eq!(renamed.of_phone_com(200), &json!({ "id": group["id"], "name": "Kin" }));
    let renamed = line.client.patch(&at, json!({ "name": "Clan" })).await;
    assert_eq!(renamed.of_phone_com(200)["name"], "Clan");
    let deleted = line.client.delete(&at).await;
    deleted.of_phone_com(200);
    assert_eq!(deleted.text, r#"{"success":true}"#);
    for answer in [
        line.client.get(&at).await,
        line.client.delete(&at).await,
        line.client.put(&at, json!({ "name": "x" })).await,
        line.client.put(&at, json!({})).await,
    ] {
        answer.is_error(404);
    }
}

#[tokio::test]
async fn create_and_replace_group_require_a_name() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let group = line.add_group("Family").await;
    for wrong in
        [json!({}), json!({ "name": "" }), json!({ "name": null }), json!({ "name": 5 }), json!({ "name": "a\0" })]
    {
        line.client.post(&line.groups(), wrong.clone()).await.faults(&["name"]);
        line.client.put(&line.group(&group["id"]), wrong).await.faults(&["name"]);
    }
    line.client.call("POST", &line.groups()).await.faults(&["name"]);
    assert_eq!(line.client.get(&line.groups()).await.items(), [group]);
}

#[tokio::test]
async fn groups_are_sorted_and_filtered_by_id_and_name() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let mut ids = Vec::new();
    for name in ["Zoo", "Ärzte", "family", "Friends"] {
        ids.push(line.add_group(name).await["id"].as_i64().expect("an id"));
    }
    let listed = async |query: &str| line.client.get(&format!("{}?{query}", line.groups())).await.ids();
    assert_eq!(listed("").await, ids);
    assert_eq!(listed("sort[id]=desc").await, ids.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(listed("sort[name]=asc&filters[name]=starts-with:F").await, [ids[2], ids[3]]);
    assert_eq!(listed("filters[name]=ÄRZTE").await, [ids[1]]);
    assert_eq!(listed(&format!("filters[id]=gt:{}", ids[1])).await, [ids[2], ids[3]]);
    assert_eq!(listed("fields=brief&limit=1&offset=3").await, [ids[3]]);
    line.client.get(&format!("{}?filters[updated_at]=5", line.groups())).await.faults(&["filters.updated_at"]);
}

#[tokio::test]
async fn a_group_object_must_match_by_id_and_name() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let (family, friends) = (line.add_group("Family").await, line.add_group("Friends").await);
    let twin = line.add_group("family").await;
    let group_of = async |lookup: Value| line.add(json!({ "group": lookup })).await["group"].clone();
    assert_eq!(group_of(json!({ "id": friends["id"] })).await, friends);
    assert_eq!(group_of(json!({ "id": friends["id"].to_string() })).await, friends);
    assert_eq!(group_of(json!({ "name": "FRIENDS" })).await, friends);
    assert_eq!(group_of(friends.clone()).await, friends);
    assert_eq!(group_of(json!({ "id": null, "name": "Friends" })).await, friends);
    assert_eq!(group_of(json!({ "name": "Family" })).await, family, "the first of several matches");
    assert_eq!(group_of(json!({ "id": twin["id"], "name": "Family" })).await, twin);
    for wrong in [
        json!({ "id": family["id"], "name": "Friends" }),
        json!({ "id": 999_999 }),
        json!({ "name": "Foes" }),
        json!({ "name": "" }),
        json!({}),
        json!({ "id": null }),
        json!({ "colour": "red" }),
    ] {
        line.client.post(&line.contacts(), json!({ "group": wrong })).await.faults(&["group"]);
    }
    line.client.post(&line.contacts(), json!({ "group": { "id": true } })).await.faults(&["group.id"]);
    line.client.post(&line.contacts(), json!({ "group": { "name": 5 } })).await.faults(&["group.name"]);
}

#[tokio::test]
async fn a_number_or_string_matches_a_group_by_id_or_name() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let family = line.add_group("Family").await;
    let named = line.add_group("4711").await;
    let group_of = async |lookup: Value| line.add(json!({ "group": lookup })).await["group"].clone();
    assert_eq!(group_of(family["id"].clone()).await, family);
    assert_eq!(group_of(json!(family["id"].to_string())).await, family);
    assert_eq!(group_of(json!("fAMILY")).await, family);
    assert_eq!(group_of(json!("4711")).await, named);
    assert_eq!(group_of(json!(4711)).await, named);
    for wrong in
        [json!("Foes"), json!(999_999), json!(1.5), json!(""), json!(true), json!([family["id"]]), json!("a\0")]
    {
        line.client.post(&line.contacts(), json!({ "group": wrong })).await.faults(&["group"]);
    }
}

#[tokio::test]
async fn a_group_of_another_extension_is_not_found() {
    let world = World::new().await;
    let (line, other) = (Line::of(&world, "one").await, Line::of(&world, "two").await);
    let group = other.add_group("Theirs").await;
    for lookup in [group["id"].clone(), json!("Theirs"), group.clone()] {
        line.client.post(&line.contacts(), json!({ "group": lookup })).await.faults(&["group"]);
    }
    line.client.get(&line.group(&group["id"])).await.is_error(404);
    assert_eq!(line.client.get(&line.groups()).await.body["total"], 0);
}

#[tokio::test]
async fn delete_group_ungroups_its_contacts_and_sets_their_updated_at() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let (family, friends) = (line.add_group("Family").await, line.add_group("Friends").await);
    let kin = line.add(json!({ "group": "Family" })).await;
    let friend = line.add(json!({ "group": "Friends" })).await;
    world.pass(TimeDelta::seconds(7));
    line.client.delete(&line.group(&family["id"])).await.of_phone_com(200);
    let left = line.client.get(&line.contact(&kin["id"])).await.body;
    assert_eq!((&left["group"], &left["updated_at"]), (&Value::Null, &json!(world.clock.now().timestamp())));
    assert_eq!(left["created_at"], kin["created_at"]);
    assert_eq!(line.client.get(&line.contact(&friend["id"])).await.body, friend);
    assert_eq!(friend["group"], friends);
}
