//! The changes of a workspace that need no other node than its own.

use crate::support::client::{Client, Response};
use crate::support::numbers::{call_action, path};
use crate::support::phone_com::Extension;
use crate::support::scim::{active, operations, path_of};
use crate::support::ucwa::Person;
use crate::support::world::Tenant;
use serde_json::{Value, json};

/// Makes each kind of change with an API key, a client session or a directory's token, and asserts that it succeeds.
pub async fn make_all(tenant: &Tenant, directory: &Client) {
    change_people(tenant).await;
    change_contacts(tenant).await;
    change_slots_and_applications(tenant).await;
    change_sessions_and_credentials(tenant).await;
    change_webhooks(tenant).await;
    change_directory(directory).await;
}

/// Makes each kind of change of a phone number.
pub async fn change_numbers(tenant: &Tenant, number: &str) {
    let key = tenant.key();
    let person = tenant.person("holder").await;
    let reserved = tenant.reserve_number(number).await;
    call_action(key, &reserved, "assign", json!({ "user_identity_id": person })).await.of_diga(200);
    let path = path(&reserved);
    key.patch(&path, json!({ "nickname": "front desk" })).await.of_diga(200);
    assert!(key.delete(&path).await.status < 300);
    call_action(key, &reserved, "cancel_release", json!({})).await.of_diga(200);
}

async fn change_people(tenant: &Tenant) {
    let key = tenant.key();
    let person = tenant.person("sam").await;
    let named = json!({ "user_identity_id": person });
    ok(key, "/user_identities/update", json!({ "user_identity_id": person, "full_name": "Sam" })).await;
    let phone = tenant.phone(&person).await;
    tenant.phone(&person).await;
    let of_phone = json!({ "device_id": phone });
    ok(key, "/phones/update", json!({ "device_id": phone, "custom_metadata": { "room": "1" } })).await;
    ok(key, "/phones/deactivate", of_phone.clone()).await;
    ok(key, "/user_identities/deactivate_phones", named.clone()).await;
    ok(key, "/user_identities/delete", named).await;
}

async fn change_contacts(tenant: &Tenant) {
    let extension = Extension::of(tenant, "carl").await;
    let group = extension.add_group("friends").await["id"].clone();
    let contact = extension
        .add_contact(json!({
            "first_name": "Ada", "group": { "id": group }, "phone_numbers": [{ "type": "home", "number": "+4915112345678" }],
        }))
        .await["id"]
        .clone();
    let client = &extension.client;
    let renamed = json!({ "first_name": "Eve", "phone_numbers": [{ "type": "home", "number": "+4915112345679" }] });
    client.patch(&extension.contact(&contact), renamed.clone()).await.of_phone_com(200);
    client.put(&extension.contact(&contact), renamed).await.of_phone_com(200);
    client.put(&extension.group(&group), json!({ "name": "family" })).await.of_phone_com(200);
    client.delete(&extension.contact(&contact)).await.of_phone_com(200);
    client.delete(&extension.group(&group)).await.of_phone_com(200);
}

async fn change_slots_and_applications(tenant: &Tenant) {
    let person = Person::new(tenant, "uma").await;
    person.put("mobile", "+4915112345678", true).await;
    let application = person.begin("/ucwa/oauth/v1/applications", "laptop").await;
    let path = format!("{application}/me/makeMeAvailable");
    person.client.post(&path, json!({ "supportedModalities": ["PhoneAudio"] })).await.is_no_content();
    person.client.delete("/me/phones/mobile").await.is_no_content();
    person.client.delete(&application).await.is_no_content();
}

async fn change_sessions_and_credentials(tenant: &Tenant) {
    let key = tenant.key();
    let person = tenant.person("kay").await;
    let credential = tenant.sync_credential(&person).await;
    tenant.phone(&person).await;
    let session = tenant.client_session(json!({ "user_identity_id": person })).await["client_session_id"].clone();
    let keyed = json!({ "user_identifier_key": "kay", "user_identity_ids": [person] });
    for _ in 0..2 {
        let made = key.post("/client_sessions/get_or_create", keyed.clone()).await.ok();
        let id = made["client_session"]["client_session_id"].clone();
        ok(key, "/client_sessions/grant_access", json!({ "client_session_id": id, "user_identity_ids": [person] }))
            .await;
    }
    ok(key, "/client_sessions/revoke", json!({ "client_session_id": session })).await;
    ok(key, "/client_sessions/delete", json!({ "client_session_id": session })).await;
    ok(key, "/acs/credentials/delete", json!({ "acs_credential_id": credential })).await;
}

async fn change_webhooks(tenant: &Tenant) {
    let key = tenant.key();
    let fields = json!({ "url": "https://receiver.example.com/", "event_types": ["*"] });
    let made = key.post("/webhooks/create", fields).await.ok();
    let webhook = json!({ "webhook_id": made["webhook"]["webhook_id"] });
    let mut narrowed = webhook.clone();
    narrowed["event_types"] = json!(["phone.deactivated"]);
    ok(key, "/webhooks/update", narrowed).await;
    for path in ["/webhooks/ping", "/webhooks/rotate_secret", "/webhooks/delete"] {
        ok(key, path, webhook.clone()).await;
    }
}

async fn change_directory(directory: &Client) {
    let user = directory.create_scim_user("zoe").await;
    let other = directory.create_scim_user("ben").await;
    let group = directory.create_scim_group("doors", &[&user]).await;
    let added = json!([{ "op": "add", "path": "members", "value": [{ "value": other["id"] }] }]);
    directory.patch(&path_of(&group), operations(added)).await.of_scim(200);
    directory.patch(&path_of(&user), active(false)).await.of_scim(200);
    directory.patch(&path_of(&user), active(true)).await.of_scim(200);
    for resource in [&other, &group] {
        assert_eq!(directory.delete(&path_of(resource)).await.status, 204);
    }
}

async fn ok(client: &Client, path: &str, body: Value) -> Response {
    let response = client.post(path, body).await;
    assert_eq!(response.status, 200, "{path}: {response:?}");
    response
}
