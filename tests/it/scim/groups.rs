//! Groups: labels of user identities, whose members change in both directions' views.

use crate::support::scim::{GROUPS, USERS, filtered, operations, path_of};
use crate::support::world::{World, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

#[tokio::test]
async fn members_of_a_group_are_added_and_removed() {
    let world = World::new().await;
    let directory = world.directory().await;
    let (jane, john) = (directory.create_scim_user("jane").await, directory.create_scim_user("john").await);
    let group = directory.create_scim_group("Sales", &[&jane]).await;
    let path = path_of(&group);
    let member = |user: &Value| json!({ "value": user["id"], "$ref": user["meta"]["location"], "type": "User" });
    assert_eq!(group["members"], json!([member(&jane)]));
    let of = async |user: &Value| directory.get(&path_of(user)).await.of_scim(200)["groups"].clone();
    let label = json!([{
        "value": group["id"], "$ref": group["meta"]["location"], "display": "Sales", "type": "direct",
    }]);
    assert_eq!(of(&jane).await, label);
    for (operation, members) in [
        (json!({ "op": "Add", "path": "members", "value": [{ "value": john["id"] }] }), vec![&jane, &john]),
        (json!({ "op": "Add", "path": "members", "value": [{ "value": john["id"] }] }), vec![&jane, &john]),
        (json!({ "op": "Remove", "path": "members", "value": [{ "value": jane["id"] }] }), vec![&john]),
        (json!({ "op": "add", "value": { "members": [{ "value": jane["id"] }] } }), vec![&jane, &john]),
        // What says nothing removes nothing.
        (json!({ "op": "remove", "path": "members", "value": [{}, { "value": null }] }), vec![&jane, &john]),
        (json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", text(&john["id"])) }), vec![&jane]),
        (json!({ "op": "replace", "path": "members", "value": [{ "value": john["id"] }] }), vec![&john]),
        (json!({ "op": "remove", "path": "members" }), vec![]),
    ] {
        let patched = directory.patch(&path, operations(json!([operation]))).await;
        let expected: BTreeSet<String> = members.into_iter().map(|user| member(user).to_string()).collect();
        let actual = patched.of_scim(200)["members"].as_array().cloned().unwrap_or_default();
        assert_eq!(actual.len(), expected.len(), "{operation}");
        assert_eq!(actual.iter().map(Value::to_string).collect::<BTreeSet<_>>(), expected, "{operation}");
    }
    // Okta repeats the id when it renames a group.
    let renamed = json!([{ "op": "replace", "value": { "id": group["id"], "displayName": "Support" } }]);
    assert_eq!(directory.patch(&path, operations(renamed)).await.of_scim(200)["displayName"], "Support");
    let replaced = directory.put(&path, json!({ "displayName": "HR", "members": [{ "value": john["id"] }] })).await;
    assert_eq!(replaced.of_scim(200)["members"], json!([member(&john)]));
    assert_eq!(of(&john).await[0]["display"], "HR");
    assert_eq!(directory.delete(&path).await.status, 204);
    directory.delete(&path).await.scim_error(404, None);
    assert_eq!(of(&john).await, Value::Null);
}

#[tokio::test]
async fn groups_are_found_by_name_and_member() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    directory.create_scim_group("Sales", &[&jane]).await;
    directory.create_scim_group("Support", &[]).await;
    let id = text(&jane["id"]);
    for (filter, expected) in [
        ("displayName eq \"SALES\"".to_owned(), 1),
        ("displayName sw \"s\"".to_owned(), 2),
        (format!("members.value eq \"{id}\""), 1),
        (format!("members eq \"{id}\" and displayName eq \"Support\""), 0),
        (format!("members[value eq \"{id}\"]"), 1),
        ("members pr".to_owned(), 1),
    ] {
        let found = directory.get(&filtered(GROUPS, &filter)).await;
        assert_eq!(found.of_scim(200)["totalResults"], expected, "{filter}");
    }
    let without = directory.get(&format!("{GROUPS}?excludedAttributes=members")).await;
    assert!(!without.text.contains(&id), "{without:?}");
    assert_eq!(directory.user_names("groups.display eq \"Sales\"").await, ["jane@example.com"]);
}

#[tokio::test]
async fn what_is_no_user_is_no_member() {
    let world = World::new().await;
    let directory = world.directory().await;
    let group = directory.create_scim_group("Sales", &[]).await;
    let gone = directory.create_scim_user("gone").await;
    directory.delete(&path_of(&gone)).await;
    let unknown: Uuid = world.random.id(world.clock.now());
    for member in [
        json!({ "value": unknown }),
        json!({ "value": gone["id"] }),
        json!({ "value": "x" }),
        json!({ "value": group["id"], "type": "Group" }),
        json!({}),
    ] {
        let body = json!({ "displayName": "New", "members": [member] });
        let is_empty = member == json!({});
        let responses = [directory.post(GROUPS, body.clone()).await, directory.put(&path_of(&group), body).await];
        for response in responses {
            match is_empty {
                true => assert!([200, 201].contains(&response.status), "nothing is named: {response:?}"),
                false => _ = response.scim_error(400, Some("invalidValue")),
            }
        }
    }
    directory.post(GROUPS, json!({ "members": [] })).await.scim_error(400, Some("invalidValue"));
    // A user identity of another dialect is a user.
    let jane = world.person("jane").await;
    let body = json!({ "displayName": "New", "members": [{ "$ref": format!("https://other.example{USERS}/{jane}") }] });
    assert_eq!(directory.post(GROUPS, body).await.of_scim(201)["members"][0]["value"], jane);
}
