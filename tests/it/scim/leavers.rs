//! A person who leaves the company: one change in the directory ends phones, credentials, sessions and the assigned number.

use crate::support::concurrency::CONNECTIONS;
use crate::support::numbers::{call_action, number};
use crate::support::phone_com::Extension;
use crate::support::scim::{USERS, active, new_user, operations, path_of};
use crate::support::second_server::SecondServer;
use crate::support::world::{World, text};
use handset::domain::audit::AuditFilter;
use handset::domain::password::Password;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A person of the directory with two phones, one of them registered by an app, and all else that can be lost.
struct Leaver {
    directory: crate::support::client::Client,
    user: Value,
    id: String,
    session: crate::support::client::Client,
    phone_number: Value,
    extension: Extension,
}

const PASSWORD: &str = "correct horse battery";

impl Leaver {
    async fn create(world: &World) -> Leaver {
        let directory = world.directory().await;
        let user = directory.create_scim_user("jane").await;
        let id = text(&user["id"]);
        let session = world.session(&id).await;
        world.phone(&id).await;
        let body = json!({ "custom_sdk_installation_id": "app", "phone_os": "ios" });
        session.post("/seam/mobile_sdk/v1/phone_sessions/get_or_create", body).await.ok();
        world.sync_credential(&id).await;
        let phone_number = world.import_number(&number(1)).await;
        call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": id })).await.phone_number();
        let extension = Extension::of_person(world.key(), &id).await;
        extension.add_contact(json!({ "first_name": "Kept" })).await;
        let person = id.parse::<uuid::Uuid>().expect("an id").into();
        let now = world.clock.now();
        let password = Password::chosen(PASSWORD).expect("a good password");
        world.store.set_password_anywhere(person, password, &world.random, now).await.expect("it is set");
        Leaver { directory, user, id, session, phone_number, extension }
    }

    /// Asserts that all is lost, and that contacts are kept.
    async fn has_lost_all(&self, world: &World) {
        assert!(world.phone_ids().await.is_empty());
        assert!(world.credentials(&self.id).await.is_empty());
        assert_eq!(self.session.get("/phones/list").await.status, 401);
        assert_eq!(self.extension.first_names("").await, ["Kept"]);
        let numbers = world.key().get("/v1/phone/").await;
        assert_eq!(numbers.page()[0]["status"], "assigned", "{numbers:?}");
        let shown = self.directory.get(&path_of(&self.user)).await;
        let managed = shown.text.contains(&number(1));
        assert!(!managed, "the number is taken back: {shown:?}");
        let again = json!({ "user_identity_id": world.person("john").await });
        call_action(world.key(), &self.phone_number, "assign", again).await.phone_number();
    }

    /// Asserts that each way in is closed, in the words of each dialect.
    async fn is_not_let_in(&self, world: &World) {
        let (key, id) = (world.key(), json!({ "user_identity_id": self.id }));
        for path in ["/phones/simulate/create_sandbox_phone", "/client_sessions/create"] {
            key.post(path, id.clone()).await.refused(400, "user_identity_suspended");
        }
        let credential = json!({ "user_identity_id": self.id, "access_method": "mobile_key" });
        key.post("/acs/credentials/create", credential).await.refused(400, "user_identity_suspended");
        let anonymous = world.client_session(json!({})).await;
        let grant = json!({ "client_session_id": anonymous["client_session_id"], "user_identity_id": self.id });
        key.post("/client_sessions/grant_access", grant).await.refused(400, "user_identity_suspended");
        call_action(key, &self.phone_number, "assign", id).await.is_diga_error(409, "USER_SUSPENDED");
        assert_ne!(self.sign_in(world).await, 200);
    }

    /// The status of a sign-in by password.
    async fn sign_in(&self, world: &World) -> u16 {
        let body = json!({ "grant_type": "password", "username": "jane@example.com", "password": PASSWORD });
        world.anonymous().post("/v4/oauth/access-token", body).await.status
    }
}

#[tokio::test]
async fn a_user_that_becomes_inactive_loses_everything_but_the_contacts() {
    let world = World::new().await;
    let leaver = Leaver::create(&world).await;
    assert_eq!(leaver.sign_in(&world).await, 200);
    let phones: BTreeSet<String> = world.phone_ids().await.into_iter().collect();
    assert_eq!(phones.len(), 2, "both are on");

    let patched = leaver.directory.patch(&path_of(&leaver.user), active("False")).await;
    assert_eq!(patched.of_scim(200)["active"], false);

    leaver.has_lost_all(&world).await;
    leaver.is_not_let_in(&world).await;
    let events = world.events("phone.deactivated").await;
    assert_eq!(events.iter().map(|event| text(&event["device_id"])).collect::<BTreeSet<_>>(), phones);
    assert_eq!(events.len(), 2, "once each: {events:?}");
    assert!(world.events("client_session.deleted").await.len() >= 2);

    // A repetition changes nothing more.
    leaver.directory.patch(&path_of(&leaver.user), active(false)).await.of_scim(200);
    assert_eq!(world.events("phone.deactivated").await.len(), 2);
}

#[tokio::test]
async fn what_a_leaver_loses_is_audited_as_done_by_the_token_of_the_directory() {
    let world = World::new().await;
    let leaver = Leaver::create(&world).await;
    leaver.directory.patch(&path_of(&leaver.user), active(false)).await.of_scim(200);
    let audit = world.store.audit(world.record.workspace_id, &AuditFilter::default(), None, 1_000).await;
    let audit = audit.expect("the database answers");
    let done = |action: &str| audit.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    for (action, count) in [("phone.deactivated", 2), ("user_identity.suspended", 1), ("number.taken_back", 1)] {
        let entries = done(action);
        assert_eq!(entries.len(), count, "{action}: {audit:?}");
        assert!(entries.iter().all(|entry| entry.credential_kind == "scim_token"), "{entries:?}");
    }
    assert!(!done("credential.deleted").is_empty());
    let updated = done("scim_user.updated");
    assert!(updated.len() <= 1, "{updated:?}");
}

#[tokio::test]
async fn a_leaver_stays_out_after_a_restart() {
    let world = World::new().await;
    let leaver = Leaver::create(&world).await;
    leaver.directory.patch(&path_of(&leaver.user), active(false)).await.of_scim(200);
    let other = SecondServer::start(&world).await;
    let refused = other.key(&world).post("/client_sessions/create", json!({ "user_identity_id": leaver.id })).await;
    refused.refused(400, "user_identity_suspended");
    other.stop().await;
    leaver.is_not_let_in(&world).await;
}

#[tokio::test]
async fn an_active_user_is_let_in_again_without_the_lost_phones() {
    let world = World::new().await;
    let leaver = Leaver::create(&world).await;
    let path = path_of(&leaver.user);
    let lost = world.phone_ids().await;
    leaver.directory.patch(&path, active(false)).await.of_scim(200);
    let resumed = leaver.directory.patch(&path, active("True")).await;
    assert_eq!(resumed.of_scim(200)["active"], true);
    assert!(world.phone_ids().await.is_empty());
    let new = world.phone(&leaver.id).await;
    assert_eq!(world.phone_ids().await, std::slice::from_ref(&new));
    assert!(!lost.contains(&new));
    assert_eq!(leaver.sign_in(&world).await, 200);
    world.client_session(json!({ "user_identity_id": leaver.id })).await;
}

#[tokio::test]
async fn each_way_to_say_that_a_user_is_inactive_is_a_leaver() {
    let world = World::new().await;
    let directory = world.directory().await;
    let mut put = new_user("put");
    put["active"] = json!(false);
    let no_path = operations(json!([{ "op": "replace", "value": { "active": false } }]));
    for (name, method, body) in [
        ("put", "PUT", put),
        ("path", "PATCH", active(false)),
        ("object", "PATCH", no_path),
        ("delete", "DELETE", Value::Null),
    ] {
        let user = directory.create_scim_user(name).await;
        world.phone(&text(&user["id"])).await;
        let request = directory.request(method, &path_of(&user));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = directory.send(request).await;
        assert!([200, 204].contains(&response.status), "{name}: {response:?}");
        assert!(world.phone_ids().await.is_empty(), "{name}");
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 4);
}

#[tokio::test]
async fn no_registration_that_races_the_end_of_a_person_leaves_a_phone_on() {
    let world = World::with_connections(CONNECTIONS).await;
    let directory = world.directory().await;
    for round in 0..6 {
        let user = directory.create_scim_user(&format!("racer{round}")).await;
        let (path, id) = (path_of(&user), text(&user["id"]));
        let mut calls = Vec::new();
        for number in 0..12 {
            let (key, id) = (world.key().clone(), id.clone());
            let path = match number % 3 {
                0 => "/client_sessions/create",
                1 => "/acs/credentials/create",
                _ => "/phones/simulate/create_sandbox_phone",
            };
            calls.push(tokio::spawn(async move {
                key.post(path, json!({ "user_identity_id": id, "access_method": "mobile_key" })).await
            }));
        }
        let ends: Vec<_> = (0..2)
            .map(|_| {
                let (directory, path) = (directory.clone(), path.clone());
                tokio::spawn(async move { directory.patch(&path, active(false)).await })
            })
            .collect();
        for end in ends {
            end.await.expect("it does not panic").of_scim(200);
        }
        for call in calls {
            let response = call.await.expect("it does not panic");
            assert!([200, 400].contains(&response.status), "{response:?}");
        }
        assert!(world.phone_ids().await.is_empty());
        assert!(world.credentials(&id).await.is_empty());
        let sessions = world.key().post("/client_sessions/list", json!({ "user_identity_id": id })).await.ok();
        assert_eq!(sessions["client_sessions"], json!([]));
    }
}

#[tokio::test]
async fn a_user_of_another_dialect_can_be_deactivated_too() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let path = format!("{USERS}/{jane}");
    assert_eq!(directory.get(&path).await.of_scim(200)["userName"], "jane");
    directory.patch(&path, active(false)).await.of_scim(200);
    assert!(world.phone_ids().await.is_empty());
    assert_eq!(directory.get(&path).await.of_scim(200)["userName"], "jane");
}
