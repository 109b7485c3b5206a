//! What needs an access system or an unmanaged user identity: lists are empty, and what is named is not found.

use crate::support::world::World;
use serde_json::{Value, json};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn lists_of_access_systems_are_empty_for_a_known_user_identity() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let app = world.session(&jane).await;
    for (path, key, is_for_sessions) in [
        ("list_accessible_entrances", "acs_entrances", true),
        ("list_acs_systems", "acs_systems", true),
        ("list_acs_users", "acs_users", false),
        ("enrollment_automations/list", "enrollment_automations", true),
    ] {
        let path = format!("/user_identities/{path}");
        let own = format!("{path}?user_identity_id={jane}");
        assert_eq!(world.key().get(&own).await.ok(), json!({ key: [], "ok": true }));
        let error = world.key().post(&path, json!({ "user_identity_id": UNKNOWN })).await;
        let error = error.refused(404, "user_identity_not_found");
        assert_eq!(error["data"], json!({ "user_identity_id": UNKNOWN }));
        match is_for_sessions {
            true => {
                app.get(&own).await.ok();
                let others = app.get(&format!("{path}?user_identity_id={joe}")).await;
                others.refused(404, "user_identity_not_found");
            }
            false => _ = app.get(&own).await.refused(401, "unauthorized"),
        }
    }
}

#[tokio::test]
async fn what_names_something_of_an_access_system_is_not_found() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let person = |id: &str| json!({ "user_identity_id": id });
    let with = |mut body: Value, name: &str| {
        body[name] = json!(UNKNOWN);
        body
    };
    for (path, name, kind) in [
        ("add_acs_user", "acs_user_id", "acs_user_not_found"),
        ("remove_acs_user", "acs_user_id", "acs_user_not_found"),
        ("enrollment_automations/launch", "credential_manager_acs_system_id", "acs_system_not_found"),
    ] {
        let path = format!("/user_identities/{path}");
        let error = world.key().post(&path, with(person(&jane), name)).await.refused(404, kind);
        assert_eq!(
            error["data"].as_object().map(|data| data.values().collect::<Vec<_>>()),
            Some(vec![&json!(UNKNOWN)])
        );
        world.key().post(&path, with(person(UNKNOWN), name)).await.refused(404, "user_identity_not_found");
    }
    let by_key = json!({ "acs_user_id": UNKNOWN, "user_identity_key": "new" });
    world.key().put("/user_identities/add_acs_user", by_key).await.refused(404, "acs_user_not_found");
    let both = json!({ "acs_user_id": UNKNOWN, "user_identity_key": "jane", "user_identity_id": jane });
    let which = "Must specify either user_identity_id or user_identity_key";
    world.key().post("/user_identities/add_acs_user", both).await.invalid("", which);
    for path in ["get", "delete"] {
        let path = format!("/user_identities/enrollment_automations/{path}");
        let error = world.key().post(&path, json!({ "enrollment_automation_id": UNKNOWN })).await;
        let error = error.refused(404, "enrollment_automation_not_found");
        assert_eq!(error["data"], json!({ "enrollment_automation_id": UNKNOWN }));
    }
    let listed = world.key().get("/user_identities/list").await.ok();
    assert_eq!(listed["user_identities"].as_array().map(Vec::len), Some(1), "no user identity was created");
}

#[tokio::test]
async fn every_user_identity_is_managed() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let app = world.session(&jane).await;
    for client in [world.key(), &app] {
        let listed = client.get("/user_identities/unmanaged/list?limit=1&search=jane").await.ok();
        assert_eq!(listed["user_identities"], json!([]));
        assert_eq!(listed["pagination"]["has_next_page"], json!(false));
    }
    for id in [jane.as_str(), UNKNOWN] {
        let which = json!({ "user_identity_id": id });
        let error = world.key().post("/user_identities/unmanaged/get", which.clone()).await;
        assert_eq!(error.refused(404, "user_identity_not_found")["data"], which);
        let change = json!({ "user_identity_id": id, "is_managed": true });
        let error = world.key().patch("/user_identities/unmanaged/update", change).await;
        assert_eq!(error.refused(404, "user_identity_not_found")["data"], which);
    }
    let change = json!({ "user_identity_id": jane, "is_managed": false });
    let message = "Invalid literal value, expected true";
    world.key().patch("/user_identities/unmanaged/update", change).await.invalid("is_managed", message);
}
