//! Contact groups, and the objects by which a contact names its group.

use crate::support::phone_com::Extension;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn contact_groups_are_created_read_updated_and_deleted() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let made = extension.client.post(&extension.groups(), json!({ "name": "Family" })).await;
    let group = made.created();
    assert_eq!(made.text, format!(r#"{{"id":{},"name":"Family"}}"#, group["id"]));
    let at = extension.group(&group["id"]);
    assert_eq!(extension.client.get(&at).await.of_phone_com(200), &group);
    let renamed = extension.client.put(&at, json!({ "name": "Kin" })).await;
    assert_eq!(renamed.of_phone_com(200), &json!({ "id": group["id"], "name": "Kin" }));
    let renamed = extension.client.patch(&at, json!({ "name": "Clan" })).await;
    assert_eq!(renamed.of_phone_com(200)["name"], "Clan");
    let deleted = extension.client.delete(&at).await;
    deleted.of_phone_com(200);
    assert_eq!(deleted.text, r#"{"success":true}"#);
    for response in [
        extension.client.get(&at).await,
        extension.client.delete(&at).await,
        extension.client.put(&at, json!({ "name": "x" })).await,
        extension.client.put(&at, json!({})).await,
    ] {
        response.is_error(404);
    }
}

#[tokio::test]
async fn create_and_replace_group_require_a_name() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let group = extension.add_group("Family").await;
    for wrong in
        [json!({}), json!({ "name": "" }), json!({ "name": null }), json!({ "name": 5 }), json!({ "name": "a\0" })]
    {
        extension.client.post(&extension.groups(), wrong.clone()).await.faults(&["name"]);
        extension.client.put(&extension.group(&group["id"]), wrong).await.faults(&["name"]);
    }
    extension.client.call("POST", &extension.groups()).await.faults(&["name"]);
    assert_eq!(extension.client.get(&extension.groups()).await.items(), [group]);
}

#[tokio::test]
async fn groups_are_sorted_and_filtered_by_id_and_name() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let mut ids = Vec::new();
    for name in ["Zoo", "Ärzte", "family", "Friends"] {
        ids.push(extension.add_group(name).await["id"].as_i64().expect("an id"));
    }
    let listed = async |query: &str| extension.client.get(&format!("{}?{query}", extension.groups())).await.ids();
    assert_eq!(listed("").await, ids);
    assert_eq!(listed("sort[id]=desc").await, ids.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(listed("sort[name]=asc&filters[name]=starts-with:F").await, [ids[2], ids[3]]);
    assert_eq!(listed("filters[name]=ÄRZTE").await, [ids[1]]);
    assert_eq!(listed(&format!("filters[id]=gt:{}", ids[1])).await, [ids[2], ids[3]]);
    assert_eq!(listed("fields=brief&limit=1&offset=3").await, [ids[3]]);
    extension
        .client
        .get(&format!("{}?filters[updated_at]=5", extension.groups()))
        .await
        .faults(&["filters.updated_at"]);
}

#[tokio::test]
async fn a_group_object_must_match_by_id_and_name() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let (family, friends) = (extension.add_group("Family").await, extension.add_group("Friends").await);
    let twin = extension.add_group("family").await;
    let group_of = async |lookup: Value| extension.add_contact(json!({ "group": lookup })).await["group"].clone();
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
        extension.client.post(&extension.contacts(), json!({ "group": wrong })).await.faults(&["group"]);
    }
    extension.client.post(&extension.contacts(), json!({ "group": { "id": true } })).await.faults(&["group.id"]);
    extension.client.post(&extension.contacts(), json!({ "group": { "name": 5 } })).await.faults(&["group.name"]);
}

#[tokio::test]
async fn a_number_or_string_matches_a_group_by_id_or_name() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let family = extension.add_group("Family").await;
    let named = extension.add_group("4711").await;
    let group_of = async |lookup: Value| extension.add_contact(json!({ "group": lookup })).await["group"].clone();
    assert_eq!(group_of(family["id"].clone()).await, family);
    assert_eq!(group_of(json!(family["id"].to_string())).await, family);
    assert_eq!(group_of(json!("fAMILY")).await, family);
    assert_eq!(group_of(json!("4711")).await, named);
    assert_eq!(group_of(json!(4711)).await, named);
    for wrong in
        [json!("Foes"), json!(999_999), json!(1.5), json!(""), json!(true), json!([family["id"]]), json!("a\0")]
    {
        extension.client.post(&extension.contacts(), json!({ "group": wrong })).await.faults(&["group"]);
    }
}

#[tokio::test]
async fn a_group_of_another_extension_is_not_found() {
    let world = World::new().await;
    let (extension, other) = (Extension::of(&world, "one").await, Extension::of(&world, "two").await);
    let group = other.add_group("Theirs").await;
    for lookup in [group["id"].clone(), json!("Theirs"), group.clone()] {
        extension.client.post(&extension.contacts(), json!({ "group": lookup })).await.faults(&["group"]);
    }
    extension.client.get(&extension.group(&group["id"])).await.is_error(404);
    assert_eq!(extension.client.get(&extension.groups()).await.body["total"], 0);
}

#[tokio::test]
async fn delete_group_ungroups_its_contacts_and_sets_their_updated_at() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let (family, friends) = (extension.add_group("Family").await, extension.add_group("Friends").await);
    let relative = extension.add_contact(json!({ "group": "Family" })).await;
    let friend = extension.add_contact(json!({ "group": "Friends" })).await;
    world.advance(TimeDelta::seconds(7));
    extension.client.delete(&extension.group(&family["id"])).await.of_phone_com(200);
    let left = extension.client.get(&extension.contact(&relative["id"])).await.body;
    assert_eq!((&left["group"], &left["updated_at"]), (&Value::Null, &json!(world.clock.now().timestamp())));
    assert_eq!(left["created_at"], relative["created_at"]);
    assert_eq!(extension.client.get(&extension.contact(&friend["id"])).await.body, friend);
    assert_eq!(friend["group"], friends);
}

#[tokio::test]
async fn groups_and_contacts_are_found_in_each_canonically_equivalent_form() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let group = extension.add_group("Cafe\u{301}").await;
    let contact = json!({ "first_name": "Zoe\u{308}", "last_name": "ŁOŚ", "group": "café" });
    let contact = extension.add_contact(contact).await;
    assert_eq!(contact["group"], group, "it is shown as given");
    for lookup in [json!("CAFÉ"), json!({ "name": "Cafe\u{301}" }), json!({ "id": group["id"], "name": "Café" })] {
        assert_eq!(extension.add_contact(json!({ "group": lookup })).await["group"], group);
    }
    for filter in ["Café", "CAFE\u{301}", "starts-with:cafe\u{301}", "contains:fé", "in:x,CAFÉ"] {
        let path = format!("{}?filters[name]={filter}", extension.groups());
        assert_eq!(extension.client.get(&path).await.ids(), [group["id"].as_i64().expect("an id")], "{filter}");
    }
    for filter in
        ["zoë łoś", "ZOE\u{308} ŁOS\u{301}", "starts-with:zoë", "ends-with:Łos\u{301}", "contains:oe\u{308} ł"]
    {
        assert_eq!(extension.first_names(&format!("filters[name]={filter}")).await, ["Zoe\u{308}"], "{filter}");
    }
}
