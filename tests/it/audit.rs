//! The audit trail: which credential did what to which phone, when, from where, with the state before and after. One row per
//! change, written in the statement that makes it; no row without a change.

mod command;
mod concurrency;
mod retention;
mod webhooks;

use crate::support::client::{Client, Response};
use crate::support::numbers::{call_action, number, path};
use crate::support::ucwa::Person;
use crate::support::world::{Tenant, World, text};
use chrono::TimeDelta;
use handset::domain::audit::AuditFilter;
use handset::domain::id::{DeviceId, WorkspaceId};
use handset::http::App;
use serde_json::{Value, json};
use std::sync::Arc;

/// The audit rows of a tenant, as exported.
pub async fn audit_rows(world: &World, tenant: &Tenant) -> Vec<Value> {
    audit_rows_by(world, tenant, &AuditFilter::default()).await
}

async fn audit_rows_by(world: &World, tenant: &Tenant, filter: &AuditFilter) -> Vec<Value> {
    let workspace = WorkspaceId(tenant.id.parse().expect("an id"));
    let entries = world.store.audit(workspace, filter, None, 1_000).await.expect("the database answers");
    entries.iter().map(|entry| serde_json::to_value(entry).expect("an entry is JSON")).collect()
}

/// The rows that carry the request id of this response.
async fn rows_of_request(world: &World, response: &Response) -> Vec<Value> {
    let number =
        response.header("seam-request-id").or(response.header("x-request-id")).expect("each response has a request id");
    let mut rows = audit_rows(world, world).await;
    rows.retain(|row| row["request_id"] == number);
    rows
}

/// The only row of a request, after checks of what all rows share.
#[track_caller]
fn only(rows: Vec<Value>, action: &str, subject: &str) -> Value {
    let [row] = <[Value; 1]>::try_from(rows).unwrap_or_else(|rows| panic!("not one row: {rows:?}"));
    assert_eq!((&row["action"], &row["subject_id"]), (&json!(action), &json!(subject)), "{row}");
    assert_eq!(row["subject_kind"], action.split('.').next().expect("a kind"), "{row}");
    assert_eq!((&row["at"], &row["address"]), (&json!("2026-01-01T12:00:00Z"), &json!("127.0.0.1")), "{row}");
    row
}

/// Checks the kind of the credential that made the change.
#[track_caller]
fn assert_credential_kind(row: &Value, kind: &str) {
    assert_eq!(row["credential_kind"], kind, "{row}");
    assert!(row["credential_id"].is_string(), "{row}");
}

#[tokio::test]
async fn registering_updating_and_deactivating_a_phone_write_an_audit_row_each() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let body = json!({ "user_identity_id": jane });
    let made = world.key().post("/phones/simulate/create_sandbox_phone", body).await;
    let phone = text(&made.ok()["phone"]["device_id"]);
    let row = only(rows_of_request(&world, &made).await, "phone.registered", &phone);
    assert_credential_kind(&row, "api_key");
    assert_eq!((&row["before"], &row["after"]["user_identity_id"]), (&Value::Null, &json!(jane)));

    let body = json!({ "device_id": phone, "name": "Blue", "custom_metadata": { "desk": "7" } });
    let named = world.pat().await.patch("/devices/update", body).await;
    named.ok();
    let row = only(rows_of_request(&world, &named).await, "phone.updated", &phone);
    assert_credential_kind(&row, "access_token");
    assert_eq!((row["before"].get("nickname"), &row["before"]["custom_metadata"]), (None, &json!({})), "{row}");
    let after = json!({
        "device_id": phone, "user_identity_id": jane, "nickname": "Blue", "custom_metadata": { "desk": "7" },
    });
    assert_eq!(row["after"], after, "the ids, and what changed");

    let body = json!({ "device_id": phone, "reason": "lost" });
    let lost = world.console().await.post("/phones/deactivate", body).await;
    lost.ok();
    let row = only(rows_of_request(&world, &lost).await, "phone.deactivated", &phone);
    assert_credential_kind(&row, "console_session");
    // The ids, and what changed; the row of the registration has the rest.
    let ids = json!({ "device_id": phone, "user_identity_id": jane });
    let after = json!({
        "device_id": phone, "user_identity_id": jane,
        "deactivated_at": "2026-01-01T12:00:00+00:00", "deactivation_reason": "lost",
    });
    assert_eq!((&row["before"], &row["after"]), (&ids, &after));
}

#[tokio::test]
async fn audit_rows_contain_the_ids_of_the_api_key_and_the_client_session() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    assert_eq!(audit_rows(&world, &world).await[0]["credential_id"], keys[0].api_key_id.to_string());
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let app = world.key().anonymous().bearer(&text(&session["token"]));
    let lost = app.post("/phones/deactivate", json!({ "device_id": phone })).await;
    lost.ok();
    let row = only(rows_of_request(&world, &lost).await, "phone.deactivated", &phone);
    assert_eq!(
        (&row["credential_kind"], &row["credential_id"]),
        (&json!("client_session"), &session["client_session_id"])
    );
}

#[tokio::test]
async fn credentials_deleted_with_their_phone_or_parent_leave_an_audit_row_each() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let parent = world.sync_credential(&jane).await;
    let created = audit_rows(&world, &world).await;
    let created: Vec<_> = created.iter().filter(|row| row["action"] == "credential.created").collect();
    assert_eq!(created.len(), 3, "the parent and a child on each phone: {created:?}");

    let lost = world.key().post("/phones/deactivate", json!({ "device_id": phones[0] })).await;
    let actions = |rows: Vec<Value>| {
        let mut actions: Vec<String> = rows.iter().map(|row| text(&row["action"])).collect();
        actions.sort();
        actions
    };
    assert_eq!(actions(rows_of_request(&world, &lost).await), ["credential.deleted", "phone.deactivated"]);
    let gone = world.key().post("/acs/credentials/delete", json!({ "acs_credential_id": parent })).await;
    assert_eq!(actions(rows_of_request(&world, &gone).await), ["credential.deleted", "credential.deleted"]);

    // The rows of a phone include those of the credentials on it.
    let filter = AuditFilter { device_id: Some(DeviceId(phones[0].parse().expect("an id"))), ..AuditFilter::default() };
    let of_phone = actions(audit_rows_by(&world, &world, &filter).await);
    assert_eq!(of_phone, ["credential.created", "credential.deleted", "phone.deactivated", "phone.registered"]);
}

#[tokio::test]
async fn each_step_of_a_number_life_cycle_writes_an_audit_row() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let reserved = world.key().post("/v1/phone/reserve", json!({ "number": number(1) })).await;
    let phone_number = reserved.phone_number();
    let id = text(&phone_number["id"]);
    only(rows_of_request(&world, &reserved).await, "number.reserved", &id);
    for (verb, body, action) in [
        ("assign", json!({ "user_identity_id": jane }), "number.assigned"),
        ("release", json!({}), "number.release_scheduled"),
        ("cancel_release", json!({}), "number.release_cancelled"),
    ] {
        let response = if verb == "release" {
            world.key().delete(&path(&phone_number)).await
        } else {
            call_action(world.key(), &phone_number, verb, body).await
        };
        assert!(response.status < 300, "{response:?}");
        let row = only(rows_of_request(&world, &response).await, action, &id);
        assert_credential_kind(&row, "api_key");
        assert!(row["before"]["number"].is_string() && row["after"]["number"].is_string(), "{row}");
    }
    let renamed = world.key().patch(&path(&phone_number), json!({ "nickname": "desk" })).await;
    let row = only(rows_of_request(&world, &renamed).await, "number.updated", &id);
    assert_eq!((row["before"].get("nickname"), &row["after"]["nickname"]), (None, &json!("desk")), "{row}");
}

#[tokio::test]
async fn changing_a_slot_writes_an_audit_row_with_its_number_before_and_after() {
    let world = World::new().await;
    let jane = Person::new(&world, "jane").await;
    let body = json!({ "type": "home", "number": "+14255550199", "includeInContactCard": true });
    let filled = jane.client.post("/me/phones", body).await;
    let row = only(rows_of_request(&world, &filled).await, "slot.filled", &jane.id);
    assert_credential_kind(&row, "client_session");
    assert_eq!((&row["before"]["number"], &row["after"]["number"]), (&json!(""), &json!("tel:+14255550199")), "{row}");
    assert_eq!(row["after"]["slot_type"], "home");
    let emptied = jane.client.delete("/me/phones/home").await;
    let row = only(rows_of_request(&world, &emptied).await, "slot.changed", &jane.id);
    assert_eq!((&row["before"]["number"], &row["after"]["number"]), (&json!("tel:+14255550199"), &json!("")), "{row}");
    let again = jane.client.delete("/me/phones/home").await;
    again.is_no_content();
    assert_eq!(rows_of_request(&world, &again).await, Vec::<Value>::new(), "the slot was already empty");
    let never = jane.client.delete("/me/phones/other").await;
    assert_eq!(rows_of_request(&world, &never).await, Vec::<Value>::new(), "the slot was never filled");
}

#[tokio::test]
async fn delete_user_identity_writes_an_audit_row_for_each_phone_number_and_slot() {
    let world = World::new().await;
    let jane = Person::new(&world, "jane").await;
    let (dead, alive) = (world.phone(&jane.id).await, world.phone(&jane.id).await);
    world.key().post("/phones/deactivate", json!({ "device_id": dead })).await.ok();
    let phone_number = world.reserve_number(&number(1)).await;
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": jane.id })).await.phone_number();
    jane.put("home", "+14255550199", true).await;
    let deleted = world.key().post("/user_identities/delete", json!({ "user_identity_id": jane.id })).await;
    deleted.ok();
    let rows = rows_of_request(&world, &deleted).await;
    let of = |action: &str, subject: &str| {
        let found = rows.iter().filter(|row| row["action"] == action && row["subject_id"] == subject);
        found.cloned().collect::<Vec<_>>()
    };
    for (action, subject) in
        [("phone.disowned", &dead), ("phone.deactivated", &alive), ("number.taken_back", &text(&phone_number["id"]))]
    {
        let row = only(of(action, subject), action, subject);
        assert_eq!(row["before"]["user_identity_id"], jane.id, "{row}");
        assert_eq!(row["after"].get("user_identity_id"), None, "{row}");
    }
    // The home slot, and the work slot of the assigned number.
    assert_eq!(of("slot.deleted", &jane.id).len(), 2, "{rows:?}");
    assert_eq!(rows.len(), 5, "{rows:?}");
}

#[tokio::test]
async fn reset_sandbox_writes_an_audit_row_for_each_deletion_and_keeps_the_trail() {
    let world = World::new().await;
    let jane = Person::new(&world, "jane").await;
    world.phone(&jane.id).await;
    world.sync_credential(&jane.id).await;
    world.reserve_number(&number(1)).await;
    jane.put("home", "+14255550199", true).await;
    let before = audit_rows(&world, &world).await;
    let reset = world.key().post("/workspaces/reset_sandbox", json!({})).await;
    reset.ok();
    let rows = rows_of_request(&world, &reset).await;
    let mut actions: Vec<_> = rows.iter().map(|row| text(&row["action"])).collect();
    actions.sort();
    let expected = ["credential.deleted", "credential.deleted", "number.deleted", "phone.deleted", "slot.deleted"];
    assert_eq!(actions, expected);
    assert!(rows.iter().all(|row| row["before"].is_object() && row["after"].is_null()), "{rows:?}");
    assert_eq!(audit_rows(&world, &world).await.len(), before.len() + rows.len());
}

#[tokio::test]
async fn refused_requests_and_requests_without_a_change_write_no_audit_row() {
    let world = World::new().await;
    let another = world.sandbox("Another").await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let named = json!({ "device_id": phone, "name": "Blue" });
    world.key().patch("/devices/update", named.clone()).await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": world.phone(&jane).await })).await.ok();
    let phone_number = world.import_number(&number(1)).await;
    let before = audit_rows(&world, &world).await;
    world.key().patch("/devices/update", named).await.ok();
    another.key().post("/phones/deactivate", json!({ "device_id": phone })).await.refused(404, "device_not_found");
    world.anonymous().post("/phones/deactivate", json!({ "device_id": phone })).await.error();
    world.key().patch("/devices/update", json!({ "device_id": jane, "name": "x" })).await.error();
    world.key().post("/v1/phone/import", json!({ "phone_number": number(1) })).await.of_diga(409);
    world.key().patch(&path(&phone_number), json!({})).await.phone_number();
    for phone in before.iter().filter(|row| row["action"] == "phone.deactivated") {
        world.key().post("/phones/deactivate", json!({ "device_id": phone["subject_id"] })).await.ok();
    }
    assert_eq!(audit_rows(&world, &world).await, before);
    assert_eq!(audit_rows(&world, &another).await, Vec::<Value>::new());
}

#[tokio::test]
async fn audit_addresses_come_from_forwarded_headers_of_trusted_proxies_only() {
    let proxied = World::with(|app| App { proxies: Arc::new(["127.0.0.0/8".parse().expect("a network")]), ..app });
    for (world, address) in [(proxied.await, "2001:db8::7"), (World::new().await, "127.0.0.1")] {
        let client: Client = world.key().with("x-forwarded-for", "2001:db8::7");
        let jane = world.person("jane").await;
        client.post("/phones/simulate/create_sandbox_phone", json!({ "user_identity_id": jane })).await.ok();
        assert_eq!(audit_rows(&world, &world).await[0]["address"], address);
    }
}

#[tokio::test]
async fn the_audit_trail_contains_no_secret() {
    let world = World::new().await;
    let sip = json!({ "termination_uri": "sip.example.com", "username": "desk", "password": "hunter2-hunter2" });
    let imported = world.key().post("/v1/phone/import", json!({ "phone_number": number(1), "sip_config": sip })).await;
    let row = only(rows_of_request(&world, &imported).await, "number.imported", &text(&imported.phone_number()["id"]));
    let members: Vec<&String> = row["after"].as_object().expect("a document").keys().collect();
    let expected = ["assigned_at", "created_at", "number", "register_id", "status", "telephony_provider"];
    assert_eq!(members, expected);
}

#[tokio::test]
async fn changes_by_the_sweeper_have_the_credential_kind_sweeper_in_the_audit_trail() {
    let world = World::new().await;
    let phone_number = world.reserve_number(&number(1)).await;
    world.advance(TimeDelta::days(2));
    let moved = world.store.move_due_numbers(world.record.workspace_id, world.clock.now(), 10).await;
    assert_eq!(moved.expect("the database answers"), 1);
    let row = audit_rows(&world, &world).await.pop().expect("rows");
    assert_eq!((&row["action"], &row["subject_id"]), (&json!("number.finished"), &phone_number["id"]), "{row}");
    assert_eq!(row["credential_kind"], "sweeper", "{row}");
    assert_eq!(["credential_id", "address", "request_id"].map(|name| &row[name]), [&Value::Null; 3], "{row}");
}
