//! What a sandbox simulates of its phones: `/devices/simulate`.

use crate::instant_keys::register;
use crate::support::concurrency::CONNECTIONS;
use crate::support::second_server::SecondServer;
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000001";

async fn simulate(world: &World, what: &str, phone: &str) {
    world.key().post(&format!("/devices/simulate/{what}"), json!({ "device_id": phone })).await.ok();
}

/// The phone as a device, and as a phone.
async fn both(world: &World, phone: &str) -> (Value, Value) {
    let device = world.key().get(&format!("/devices/get?device_id={phone}")).await.ok()["device"].clone();
    let phone = world.key().get(&format!("/phones/get?device_id={phone}")).await.ok()["phone"].clone();
    (device, phone)
}

#[tokio::test]
async fn a_disconnected_phone_has_an_error_until_it_is_connected() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (phone, other) = (world.phone(&jane).await, world.phone(&jane).await);
    let change = json!({ "device_id": phone, "custom_metadata": { "floor": "3" } });
    world.key().patch("/devices/update", change).await.ok();
    let before = both(&world, &phone).await;
    assert_eq!((&before.0["properties"]["online"], &before.0["errors"]), (&json!(true), &json!([])));
    simulate(&world, "connect", &phone).await;
    assert!(world.events("device.connected").await.is_empty(), "it was connected");

    world.advance(TimeDelta::minutes(1));
    simulate(&world, "disconnect", &phone).await;
    let error = json!({
        "error_code": "device_disconnected", "message": "The phone is offline", "created_at": "2026-01-01T12:01:00Z",
        "is_device_error": true,
    });
    let (device, as_phone) = both(&world, &phone).await;
    assert_eq!((&device["properties"]["online"], &device["errors"]), (&json!(false), &json!([error])));
    assert_eq!(as_phone["errors"], json!([error]));
    for listed in [
        world.key().get("/devices/list").await.ok()["devices"].clone(),
        world.key().get("/phones/list").await.ok()["phones"].clone(),
        world.key().get("/phones/list?search=sam").await.ok()["phones"].clone(),
        world.key().get(&format!("/phones/list?owner_user_identity_id={jane}")).await.ok()["phones"].clone(),
    ] {
        let offline = list(&listed).into_iter().filter(|phone| phone["errors"] == json!([error]));
        assert_eq!(offline.map(|phone| text(&phone["device_id"])).collect::<Vec<_>>(), std::slice::from_ref(&phone));
    }
    let events = world.events("device.disconnected").await;
    let expected = json!({
        "event_id": events[0]["event_id"], "event_type": "device.disconnected", "workspace_id": world.id,
        "device_id": phone, "device_custom_metadata": { "floor": "3" },
        "connected_account_id": device["connected_account_id"], "error_code": "device_disconnected",
        "device_errors": [{
            "error_code": "device_disconnected", "message": "The phone is offline", "created_at": "2026-01-01T12:01:00Z",
        }],
        "device_warnings": [], "connected_account_errors": [], "connected_account_warnings": [],
        "created_at": "2026-01-01T12:01:00Z", "occurred_at": "2026-01-01T12:01:00Z",
    });
    assert_eq!(events, [expected]);

    // Repeated, and after a restart, it is as it was.
    world.advance(TimeDelta::minutes(1));
    simulate(&world, "disconnect", &phone).await;
    assert_eq!(world.events("device.disconnected").await.len(), 1);
    let restarted = SecondServer::start(&world).await;
    let read = restarted.key(&world).get(&format!("/devices/get?device_id={phone}")).await.ok();
    assert_eq!(read["device"], device);
    restarted.stop().await;

    world.advance(TimeDelta::minutes(1));
    simulate(&world, "connect", &phone).await;
    assert_eq!(both(&world, &phone).await, before);
    let events = world.events("device.connected").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["connected_account_id"], device["connected_account_id"]);
    simulate(&world, "disconnect", &phone).await;
    assert_eq!(world.events("device.disconnected").await.len(), 2, "it can be simulated again");
    let (device, _) = both(&world, &other).await;
    assert_eq!(device["properties"]["online"], json!(true));

    let actions: Vec<String> = sqlx::query_scalar(
        "select action from audit where action in ('phone.connected', 'phone.disconnected') order by at, audit_id",
    )
    .fetch_all(&mut world.database().await)
    .await
    .expect("the query succeeds");
    assert_eq!(actions.len(), 3, "{actions:?}");
}

#[tokio::test]
async fn each_phone_of_a_sandbox_can_be_simulated_and_no_other() {
    let world = World::new().await;
    let production = world.production("Real").await;
    let created = world.phone(&world.person("jane").await).await;
    let mut phones = vec![(&*world, created, true)];
    for (tenant, is_sandbox) in [(&*world, true), (&production, false)] {
        let app = tenant.session(&tenant.person("joe").await).await;
        phones.push((tenant, register(&app, "an app").await, is_sandbox));
    }
    for (tenant, phone, can_simulate) in phones {
        let id = json!({ "device_id": phone });
        let found = tenant.key().post("/workspaces/find_anything", json!({ "search": phone })).await.ok();
        let listed = tenant.key().post("/devices/list", json!({ "device_ids": [phone] })).await.ok();
        let got = tenant.key().post("/devices/get", id.clone()).await.ok();
        for device in [&found["batch"]["devices"][0], &listed["devices"][0], &got["device"]] {
            assert_eq!(device["device_id"], json!(phone));
            for flag in ["can_simulate_connection", "can_simulate_disconnection", "can_simulate_removal"] {
                assert_eq!(device[flag], json!(can_simulate), "{flag} of {device}");
            }
        }
        for what in ["disconnect", "connect", "remove"] {
            let simulated = tenant.key().post(&format!("/devices/simulate/{what}"), id.clone()).await;
            match can_simulate {
                true => _ = simulated.ok(),
                false => _ = simulated.refused(400, "workspace_not_sandbox"),
            }
        }
    }
}

#[tokio::test]
async fn a_removed_phone_is_deactivated_and_stays_off() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let app = world.session(&jane).await;
    let register = json!({ "custom_sdk_installation_id": "Installation", "phone_os": "ios" });
    let path = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";
    let session = app.post(path, register.clone()).await.ok()["phone_session"].clone();
    let phone = text(&session["provider_sessions"][0]["phone_registration"]["phone_registration_id"]);
    let kept = world.phone(&jane).await;
    simulate(&world, "disconnect", &phone).await;
    world.advance(TimeDelta::minutes(1));
    simulate(&world, "remove", &phone).await;

    assert_eq!(world.phone_ids().await, [kept]);
    for event_type in ["device.removed", "phone.deactivated"] {
        let events = world.events(event_type).await;
        assert_eq!((events.len(), &events[0]["device_id"]), (1, &json!(phone)), "{event_type}");
    }
    for event_type in ["acs_credential.invalidated", "acs_credential.deleted", "client_session.deleted"] {
        assert_eq!(world.events(event_type).await.len(), 1, "{event_type}");
    }
    assert_eq!(app.get("/devices/list").await.status, 401, "its client session has ended");
    let other = world.session(&jane).await;
    other.post(path, register).await.refused(400, "phone_deactivated");
    for what in ["connect", "disconnect", "remove"] {
        let again = world.key().post(&format!("/devices/simulate/{what}"), json!({ "device_id": phone })).await;
        let error = again.refused(404, "device_not_found");
        assert_eq!(error["data"], json!({ "device_id": phone }));
    }
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    let restarted = SecondServer::start(&world).await;
    restarted.key(&world).get(&format!("/phones/get?device_id={phone}")).await.refused(404, "device_not_found");
    restarted.stop().await;
}

#[tokio::test]
async fn simulations_require_a_sandbox_and_an_active_phone() {
    let world = World::new().await;
    let production = world.production("Real").await;
    let phone = world.phone(&world.person("jane").await).await;
    for (what, is_for_phones) in [
        ("connect", true),
        ("disconnect", true),
        ("remove", true),
        ("connect_to_hub", false),
        ("disconnect_from_hub", false),
        ("paid_subscription", false),
    ] {
        let path = format!("/devices/simulate/{what}");
        let body = |id: &str| json!({ "device_id": id, "is_expired": true });
        world.key().post(&path, body(UNKNOWN)).await.refused(404, "device_not_found");
        world.key().post(&path, json!({ "is_expired": true })).await.invalid("device_id", "Required");
        production.key().post(&path, body(UNKNOWN)).await.refused(400, "workspace_not_sandbox");
        if !is_for_phones {
            let error = world.key().post(&path, body(&phone)).await.refused(400, "invalid_input");
            assert!(text(&error["message"]).starts_with("A phone has no "), "{error}");
        }
    }
    assert_eq!(world.phone_ids().await, [phone]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_deactivated_during_simulations_stays_off() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    for round in 0..20 {
        let phone = world.phone(&jane).await;
        let body = json!({ "device_id": phone });
        let key = json!({ "user_identity_id": jane, "access_method": "mobile_key" });
        let (deactivated, removed, _, _, created) = tokio::join!(
            world.key().post("/phones/deactivate", body.clone()),
            world.key().post("/devices/simulate/remove", body.clone()),
            world.key().post("/devices/simulate/disconnect", body.clone()),
            world.key().post("/devices/simulate/connect", body.clone()),
            world.key().post("/acs/credentials/create", key),
        );
        deactivated.ok();
        created.ok();
        assert!([200, 404].contains(&removed.status), "{removed:?}");
        assert!(world.phone_ids().await.is_empty(), "round {round}");
        let events = world.events("phone.deactivated").await;
        assert_eq!(events.len(), round + 1);
        let left: i64 = sqlx::query_scalar("select count(*) from credential where device_id::text = $1")
            .bind(&phone)
            .fetch_one(&mut world.database().await)
            .await
            .expect("the query succeeds");
        assert_eq!(left, 0, "round {round}");
    }
}

#[tokio::test]
async fn no_phone_has_a_provider_and_none_is_unmanaged() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let app = world.session(&world.person("joe").await).await;
    for client in [world.key(), &app] {
        let listed = client.get("/devices/list_device_providers?provider_category=stable").await;
        assert_eq!(listed.ok(), json!({ "device_providers": [], "ok": true }));
    }
    let category = json!({ "provider_category": "phones" });
    world.key().post("/devices/list_device_providers", category).await.refused(400, "invalid_input");

    let report = "/devices/report_provider_metadata";
    let zone = json!({ "time_zone": "Europe/Paris" });
    world.key().post(report, json!({ "devices": [] })).await.ok();
    world.key().post(report, json!({ "devices": [{ "device_id": phone }] })).await.ok();
    let refused = json!({ "devices": [{ "device_id": phone, "schlage_metadata": zone }] });
    let message = "A phone has no metadata of Omnitec, Schlage or Ultraloq";
    world.key().post(report, refused).await.invalid("", message);
    let unknown = json!({ "devices": [{ "device_id": phone }, { "device_id": UNKNOWN, "omnitec_metadata": zone }] });
    let error = world.key().post(report, unknown).await.refused(404, "device_not_found");
    assert_eq!(error["data"], json!({ "device_id": UNKNOWN }));

    let listed = world.key().get("/devices/unmanaged/list?limit=1").await.ok();
    let pagination = json!({ "has_next_page": false, "next_page_cursor": null, "next_page_url": null });
    assert_eq!(listed, json!({ "devices": [], "pagination": pagination, "ok": true }));
    world.key().get("/devices/unmanaged/list?page_cursor=x").await.refused(400, "invalid_input");
    for body in [json!({ "device_id": phone }), json!({ "name": "Samsung Galaxy S10" })] {
        world.key().post("/devices/unmanaged/get", body).await.refused(404, "device_not_found");
    }
    let message = "Must specify either device_id or name";
    world.key().post("/devices/unmanaged/get", json!({})).await.invalid("", message);
    let update = json!({ "device_id": phone, "is_managed": true });
    world.key().patch("/devices/unmanaged/update", update).await.refused(404, "device_not_found");
}

#[tokio::test]
async fn a_salto_space_audit_trail_is_refused_because_no_system_is_connected() {
    let world = World::new().await;
    let app = world.session(&world.person("jane").await).await;
    let path = "/seam/mobile_sdk/v1/report_salto_space_audit_trail";
    let data = json!({ "justin_mobile_sdk_audit_trail_data": "AAAA" });
    let body = json!({ "acs_system_id": UNKNOWN, "salto_space_metadata": data });
    let error = app.post(path, body.clone()).await.refused(404, "acs_system_not_found");
    assert_eq!(error["data"], json!({ "acs_system_id": UNKNOWN }));
    world.key().post(path, body).await.refused(401, "unauthorized");
    let missing = json!({ "acs_system_id": UNKNOWN, "salto_space_metadata": {} });
    app.post(path, missing).await.invalid("salto_space_metadata.justin_mobile_sdk_audit_trail_data", "Required");
}
