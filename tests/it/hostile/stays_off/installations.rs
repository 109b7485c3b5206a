//! Variants of the id of a barred installation are the same installation, and a sign-in by password registers no phone.

use super::{READMIT, deactivate, device_id, register};
use crate::support::client::Client;
use crate::support::world::{World, text};
use serde_json::json;

const LOST: &str = "Install-\u{e9}-1";

const VARIANTS: [&str; 12] = [
    "Install-\u{e9}-1 ",
    "\tInstall-\u{e9}-1",
    "install-\u{e9}-1",
    "INSTALL-\u{c9}-1",
    "Install-e\u{301}-1",
    "Install-e\u{34f}\u{301}-1",
    "Install-\u{e9}-1\u{a0}",
    "Install-\u{200b}\u{e9}-1",
    "\u{feff}Install-\u{e9}-1",
    "Install-\u{ad}\u{e9}-1",
    "Install-\u{e9}-1\u{e0041}\u{fe0f}",
    "Install-\u{e9}-\u{2060}1\u{2029}\u{85}\u{7f}",
];

const CREATE: &str = "/phones/simulate/create_sandbox_phone";

#[tokio::test]
async fn a_variant_of_the_id_of_a_barred_installation_is_refused() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let app = world.session(&jane).await;
    let lost = device_id(&register(&app, LOST).await);
    for variant in VARIANTS {
        assert_eq!(device_id(&register(&app, variant).await), lost, "{variant:?} is the registered phone");
    }
    deactivate(world.key(), &lost).await.ok();
    let later = world.session(&jane).await;
    for variant in VARIANTS {
        register(&later, variant).await.refused(400, "phone_deactivated");
        let body = json!({ "user_identity_id": joe, "custom_sdk_installation_id": variant });
        world.key().post(CREATE, body).await.refused(400, "phone_deactivated");
    }
    register(&later, "Install-e-1").await.ok();
    world.key().post(READMIT, json!({ "device_id": lost })).await.ok();
    let new = device_id(&register(&later, VARIANTS[0]).await);
    // The bar of a variant bars the others.
    deactivate(world.key(), &new).await.ok();
    register(&world.session(&joe).await, LOST).await.refused(400, "phone_deactivated");
    world.key().post(READMIT, json!({ "device_id": new })).await.ok();
    register(&world.session(&joe).await, LOST).await.ok();
}

#[tokio::test]
async fn phones_that_were_registered_under_variants_are_found_under_their_own_ids() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let sql = "insert into phone (workspace_id, device_id, user_identity_id, custom_sdk_installation_id,
            operating_system, os_version, device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, id, 'ios', '26', 'Apple', 'iPhone', created_at
        from user_identity cross join (values ('one'), ('ONE')) as installation (id)
        returning device_id::text";
    let phones: Vec<String> =
        sqlx::query_scalar(sql).fetch_all(&mut world.database().await).await.expect("the phones are inserted");
    let app = world.session(&jane).await;
    assert_eq!(device_id(&register(&app, "one").await), phones[0]);
    assert_eq!(device_id(&register(&app, "ONE").await), phones[1]);
    assert!(phones.contains(&device_id(&register(&app, "One").await)));
    assert_eq!(world.phone_ids().await.len(), 2);
}

#[tokio::test]
async fn an_installation_id_without_a_visible_character_names_none() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for blank in ["", " ", "\u{200b}\u{a0}"] {
        let body = json!({ "user_identity_id": jane, "custom_sdk_installation_id": blank });
        let create = async || text(&world.key().post(CREATE, body.clone()).await.ok()["phone"]["device_id"]);
        let first = create().await;
        assert_ne!(create().await, first, "{blank:?}");
        deactivate(world.key(), &first).await.ok();
        create().await;
        register(&world.session(&jane).await, blank).await.refused(400, "invalid_input");
    }
}

/// A client that has signed in with jane's password.
async fn signed_in(world: &World, path: &str) -> Client {
    let form = "grant_type=password&username=jane&password=correct+horse";
    let response = world.anonymous().bytes(path, Some("application/x-www-form-urlencoded"), form).await;
    assert_eq!(response.status, 200, "{response:?}");
    world.anonymous().bearer(text(&response.body["access_token"]).trim_start_matches("cwt="))
}

#[tokio::test]
async fn a_sign_in_by_password_registers_no_phone() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let set = json!({ "user_identity_id": jane, "password": "correct horse" });
    world.console().await.post("/user_identities/set_password", set).await.ok();
    let phone = device_id(&register(&world.session(&jane).await, "own").await);
    for path in ["/WebTicket/oauthtoken", "/v4/oauth/access-token"] {
        let client = signed_in(&world, path).await;
        for installation in ["new", "own"] {
            let error = register(&client, installation).await.refused(403, "forbidden");
            assert!(error["message"].as_str().is_some_and(|text| text.contains("API key")), "{error}");
        }
        // What it was refused does not tie it to the phone.
        client.get("/devices/list").await.ok();
    }
    assert_eq!(world.phone_ids().await, [phone]);
    assert_eq!(world.credentials(&jane).await.len(), 2, "the parent and the child on the phone");
}
