//! A phone that was deactivated stays off: its client sessions end, and its installation is not registered again until a
//! key readmits it. Other phones are not hindered.

mod caps;
mod installations;
mod races;
mod readmission;

use crate::audit::audit_rows;
use crate::support::client::{Client, Response};
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, World, list, text};
use serde_json::{Value, json};

pub const REGISTER: &str = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";
pub const READMIT: &str = "/phones/readmit";

/// Registers an installation as an app does.
pub async fn register(app: &Client, installation: &str) -> Response {
    app.post(REGISTER, json!({ "custom_sdk_installation_id": installation, "phone_os": "ios" })).await
}

/// The device id of a successful registration.
#[track_caller]
pub fn device_id(response: &Response) -> String {
    let session = &response.ok()["phone_session"];
    text(&session["provider_sessions"][0]["phone_registration"]["phone_registration_id"])
}

pub async fn deactivate(client: &Client, phone: &str) -> Response {
    client.post("/phones/deactivate", json!({ "device_id": phone })).await
}

/// A client session of a user identity, with its id.
async fn session(world: &World, person: &str) -> (Client, Value) {
    let session = world.client_session(json!({ "user_identity_id": person })).await;
    (world.anonymous().bearer(&text(&session["token"])), session["client_session_id"].clone())
}

#[tokio::test]
async fn the_app_on_a_deactivated_phone_cannot_register_it_again() {
    for path in ["/phones/deactivate", "/user_identities/deactivate_phones", "/devices/delete"] {
        let world = World::new().await;
        let (jane, joe) = (world.person("jane").await, world.person("joe").await);
        world.sync_credential(&jane).await;
        let (app, session_id) = session(&world, &jane).await;
        let lost = device_id(&register(&app, "lost").await);
        world.key().post(path, json!({ "device_id": lost, "user_identity_id": jane })).await.ok();

        register(&app, "lost").await.refused(401, "client_session_not_found");
        register(&app, "another").await.refused(401, "client_session_not_found");
        let events = world.events("client_session.deleted").await;
        assert_eq!(events.len(), 1, "{path}");
        assert_eq!(events[0]["client_session_id"], session_id);
        // Neither with a new session, nor as another user of the workspace, nor by a key.
        register(&world.session(&jane).await, "lost").await.refused(400, "phone_deactivated");
        register(&world.session(&joe).await, "lost").await.refused(400, "phone_deactivated");
        let sandbox = json!({ "user_identity_id": joe, "custom_sdk_installation_id": "lost" });
        world.key().post("/phones/simulate/create_sandbox_phone", sandbox).await.refused(400, "phone_deactivated");
        assert!(world.phone_ids().await.is_empty());
        assert_eq!(world.credentials(&jane).await.len(), 1, "only the parent");
        // A new phone, and another workspace, are not hindered.
        let new = device_id(&register(&world.session(&jane).await, "new").await);
        assert_eq!(world.phone_ids().await, [new]);
        assert_eq!(world.credentials(&jane).await.len(), 2, "the parent and the child on the new phone");
        let other = world.sandbox("Other").await;
        register(&other.session(&other.person("jane").await).await, "lost").await.ok();
    }
}

#[tokio::test]
async fn readmit_allows_the_installation_to_register_as_a_new_phone() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let lost = device_id(&register(&world.session(&jane).await, "lost").await);
    let of_joe = device_id(&register(&world.session(&joe).await, "lost").await);
    deactivate(world.key(), &lost).await.ok();
    deactivate(world.key(), &of_joe).await.ok();
    let jane_again = world.session(&jane).await;
    jane_again.post(READMIT, json!({ "device_id": lost })).await.refused(401, "unauthorized");
    register(&jane_again, "lost").await.refused(400, "phone_deactivated");

    for _ in 0..2 {
        assert_eq!(world.key().post(READMIT, json!({ "device_id": lost })).await.ok(), json!({ "ok": true }));
    }
    let new = device_id(&register(&jane_again, "lost").await);
    assert_ne!(new, lost);
    register(&world.session(&joe).await, "lost").await.ok();
    for gone in [&lost, &of_joe] {
        world.key().post("/phones/get", json!({ "device_id": gone })).await.refused(404, "device_not_found");
    }
    let all = world.key().get("/phones/list?include_deactivated=true").await.ok();
    assert_eq!(list(&all["phones"]).len(), 4);
    let mut rows = audit_rows(&world, &world).await;
    rows.retain(|row| row["action"] == "phone.readmitted");
    assert_eq!(rows.len(), 2, "one for each deactivated phone of the installation: {rows:?}");
    assert!(rows.iter().all(|row| row["credential_kind"] == "api_key" && row["after"]["readmitted_at"].is_string()));

    // The next deactivation bars it again.
    deactivate(world.key(), &new).await.ok();
    register(&world.session(&jane).await, "lost").await.refused(400, "phone_deactivated");
    let unknown = json!({ "device_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post(READMIT, unknown).await.refused(404, "device_not_found");
}

#[tokio::test]
async fn handset_phone_readmit_readmits_by_the_operator() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let lost = device_id(&register(&world.session(&jane).await, "lost").await);
    deactivate(world.key(), &lost).await.ok();
    let test_dir = TestDir::new();
    let readmit = async |phone: &str| {
        let arguments =
            ["phone", "readmit", phone, "--workspace", "First", "--database-url", &world.database_url, "--json"];
        let mut command = handset_in(&test_dir, &arguments);
        command.env("HANDSET_SEAL_KEY", SEAL_KEY);
        Outcome::of(command).await
    };
    let unknown = readmit("00000000-0000-4000-8000-000000000000").await;
    assert!(unknown.error_message().contains("there is no phone"), "{unknown:?}");
    assert_eq!(readmit(&lost).await.json(), json!({ "device_id": lost, "readmitted": true }));
    register(&world.session(&jane).await, "lost").await.ok();
    let rows = audit_rows(&world, &world).await;
    let row = rows.iter().find(|row| row["action"] == "phone.readmitted").expect("a row");
    assert_eq!((&row["credential_kind"], &row["subject_id"]), (&json!("operator"), &json!(lost)), "{row}");
}

#[tokio::test]
async fn only_the_client_sessions_that_spoke_for_a_deactivated_phone_end() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (both, first) = (world.session(&jane).await, world.session(&jane).await);
    let (second, none) = (world.session(&jane).await, world.session(&jane).await);
    let lost = device_id(&register(&both, "lost").await);
    assert_eq!(device_id(&register(&first, "lost").await), lost);
    let kept = device_id(&register(&both, "kept").await);
    assert_eq!(device_id(&register(&second, "kept").await), kept);
    deactivate(world.key(), &lost).await.ok();

    for app in [&both, &first] {
        app.get("/devices/list").await.refused(401, "client_session_not_found");
    }
    assert_eq!(world.events("client_session.deleted").await.len(), 2);
    assert_eq!(device_id(&register(&second, "kept").await), kept, "the other phone keeps working");
    none.get("/devices/list").await.ok();
    register(&none, "lost").await.refused(400, "phone_deactivated");
    let repeated = deactivate(world.key(), &lost).await;
    repeated.ok();
    assert_eq!(world.events("client_session.deleted").await.len(), 2, "a repetition emits nothing");
}

#[tokio::test]
async fn a_client_session_that_deactivates_its_own_phone_is_answered_and_ends() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let app = world.session(&jane).await;
    let phone = device_id(&register(&app, "own").await);
    assert_eq!(deactivate(&app, &phone).await.ok(), json!({ "ok": true }));
    deactivate(&app, &phone).await.refused(401, "client_session_not_found");
    deactivate(world.key(), &phone).await.ok();
}

#[tokio::test]
async fn the_phones_of_a_deleted_user_identity_stay_off() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (app, session_id) = session(&world, &jane).await;
    let lost = device_id(&register(&app, "lost").await);
    // The session spoke for the phone before it was given to another person.
    let grant = json!({ "client_session_id": session_id, "user_identity_id": joe });
    world.key().patch("/client_sessions/grant_access", grant).await.ok();
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    register(&app, "lost").await.refused(401, "client_session_not_found");
    let joe = world.session(&joe).await;
    register(&joe, "lost").await.refused(400, "phone_deactivated");
    world.key().post(READMIT, json!({ "device_id": lost })).await.ok();
    register(&joe, "lost").await.ok();
}

#[tokio::test]
async fn a_repeated_registration_writes_no_row() {
    let world = World::new().await;
    let app = world.session(&world.person("jane").await).await;
    register(&app, "one").await.ok();
    let versions = async || -> Vec<String> {
        let sql = "select ctid::text || xmin::text from phone union all select ctid::text || xmin::text from phone_client_session";
        sqlx::query_scalar(sql).fetch_all(&mut world.database().await).await.expect("the rows")
    };
    let before = versions().await;
    assert_eq!(before.len(), 2);
    register(&app, "one").await.ok();
    assert_eq!(versions().await, before);
}
