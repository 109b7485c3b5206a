//! Users that a directory deletes, and creates again: the user identity stays, and is taken up again with its contacts.

use crate::support::concurrency::CONNECTIONS;
use crate::support::phone_com::Extension;
use crate::support::scim::{GROUPS, USERS, new_user, path_of};
use crate::support::world::{World, text};
use serde_json::{Value, json};

#[tokio::test]
async fn a_deleted_user_is_gone_for_the_directory_and_its_user_identity_stays_inactive() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let group = directory.create_scim_group("Sales", &[&jane]).await;
    world.phone(&text(&jane["id"])).await;
    assert_eq!(directory.delete(&path_of(&jane)).await.status, 204);
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let request = directory.request(method, &path_of(&jane)).json(&new_user("jane"));
        let response = directory.send(request).await;
        // PATCH without operations is refused before the user is looked for.
        assert!(response.status == 404 || method == "PATCH" && response.status == 400, "{method}: {response:?}");
    }
    assert!(directory.user_names("userName pr").await.is_empty());
    assert_eq!(directory.get(USERS).await.of_scim(200)["totalResults"], 0);
    assert_eq!(directory.get(&path_of(&group)).await.of_scim(200)["members"], Value::Null);
    assert!(world.phone_ids().await.is_empty());
    let known = world.key().post("/user_identities/get", json!({ "user_identity_id": jane["id"] })).await.ok();
    assert_eq!(known["user_identity"]["full_name"], "Person jane");
    let refused = world.key().post("/client_sessions/create", json!({ "user_identity_id": jane["id"] })).await;
    refused.refused(400, "user_identity_suspended");
}

#[tokio::test]
async fn a_user_with_the_name_the_external_id_or_the_address_of_a_deleted_one_is_that_one() {
    let world = World::new().await;
    let directory = world.directory().await;
    for (label, change) in [
        ("name", json!({ "externalId": "new", "emails": [] })),
        ("external id", json!({ "userName": "renamed", "emails": [] })),
        ("address", json!({ "userName": "moved", "externalId": "other" })),
    ] {
        let name = label.replace(' ', "");
        let user = directory.create_scim_user(&name).await;
        let extension = Extension::of_person(world.key(), &text(&user["id"])).await;
        extension.add_contact(json!({ "first_name": "Kept" })).await;
        assert_eq!(directory.delete(&path_of(&user)).await.status, 204);
        let mut again = new_user(&name.to_uppercase());
        again["externalId"] = json!(format!("ext-{name}"));
        for (member, value) in change.as_object().expect("an object") {
            again[member] = value.clone();
        }
        let created = directory.post(USERS, again).await;
        assert_eq!(created.of_scim(201)["id"], user["id"], "{label}");
        assert_eq!(created.body["active"], true, "{label}");
        assert_eq!(extension.first_names("").await, ["Kept"], "{label}");
        world.client_session(json!({ "user_identity_id": user["id"] })).await;
    }
}

#[tokio::test]
async fn the_name_of_a_deleted_user_is_free_for_another_one() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let john = directory.create_scim_user("john").await;
    directory.delete(&path_of(&jane)).await;
    let mut renamed = new_user("john");
    renamed["userName"] = json!("JANE@example.com");
    let renamed = directory.put(&path_of(&john), renamed).await;
    assert_eq!(renamed.of_scim(200)["userName"], "JANE@example.com");
    let taken = directory.post(USERS, new_user("jane")).await;
    taken.scim_error(409, Some("uniqueness"));
}

#[tokio::test]
async fn a_user_identity_that_no_directory_knows_is_taken_over_by_its_address() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = world.person("jane").await;
    let device = world.phone(&jane).await;
    // Its name is its key until a directory describes it.
    assert_eq!(directory.user_names("userName eq \"jane\"").await, ["jane"]);
    let created = directory.post(USERS, new_user("jane")).await;
    assert_eq!(created.of_scim(201)["id"], jane);
    assert_eq!(world.phone_ids().await, [device], "nothing is lost");
    let known = world.key().post("/user_identities/get", json!({ "user_identity_key": "jane" })).await.ok();
    assert_eq!(known["user_identity"]["user_identity_id"], jane);
    directory.post(USERS, new_user("jane")).await.scim_error(409, Some("uniqueness"));
}

#[tokio::test]
async fn concurrent_creations_of_a_user_make_one() {
    let world = World::with_connections(CONNECTIONS).await;
    let directory = world.directory().await;
    let deleted = directory.create_scim_user("jane").await;
    directory.delete(&path_of(&deleted)).await;
    for name in ["jane", "john"] {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let directory = directory.clone();
                tokio::spawn(async move { directory.post(USERS, new_user(name)).await })
            })
            .collect();
        let mut created = 0;
        for call in calls {
            let response = call.await.expect("it does not panic");
            assert!([201, 409, 503].contains(&response.status), "{response:?}");
            created += usize::from(response.status == 201);
        }
        assert_eq!(created, 1, "{name}");
    }
    assert_eq!(directory.get(USERS).await.of_scim(200)["totalResults"], 2);
}

#[tokio::test]
async fn a_deleted_user_identity_takes_its_user_along() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let group = directory.create_scim_group("Sales", &[&jane]).await;
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane["id"] })).await.ok();
    directory.get(&path_of(&jane)).await.scim_error(404, None);
    assert_eq!(directory.get(&path_of(&group)).await.of_scim(200)["members"], Value::Null);
    assert_ne!(directory.create_scim_user("jane").await["id"], jane["id"]);
    world.key().post("/workspaces/reset_sandbox", json!({})).await.ok();
    assert_eq!(directory.get(USERS).await.of_scim(200)["totalResults"], 0);
    assert_eq!(directory.get(GROUPS).await.of_scim(200)["totalResults"], 0);
}
