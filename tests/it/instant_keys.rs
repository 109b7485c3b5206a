//! Instant keys: links by which a person's phone gets a client session, a limited number of times.

mod endings;
mod exchange;
mod operations;
mod page;
mod preview;

use crate::support::client::{Client, Response};
use crate::support::world::{Tenant, text};
use serde_json::{Map, Value, json};

pub const GENERATE: &str = "/user_identities/generate_instant_key";
pub const EXCHANGE: &str = "/seam/instant_key/v1/client_sessions/exchange_short_code";
pub const PREVIEW: &str = "/seam/instant_key/v1/preview/get";
const REGISTER: &str = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";
const MOBILE_CREDENTIALS: &str = "/seam/mobile_sdk/v1/acs/credentials/list";

/// Creates an instant key of a user identity, with further fields.
pub async fn generate(tenant: &Tenant, person: &str, fields: Value) -> Value {
    let mut body: Map<String, Value> = serde_json::from_value(fields).expect("an object");
    body.insert("user_identity_id".to_owned(), json!(person));
    tenant.key().post(GENERATE, body.into()).await.ok()["instant_key"].clone()
}

/// The path of an instant key's link.
pub fn path(instant_key: &Value) -> String {
    let url = url::Url::parse(&text(&instant_key["instant_key_url"])).expect("a link is a URL");
    url.path().to_owned()
}

/// The short code in the link of an instant key.
pub fn short_code(instant_key: &Value) -> String {
    path(instant_key).rsplit('/').next().unwrap_or_default().to_owned()
}

/// Exchanges the short code of an instant key, as an app without a credential does.
pub async fn exchange(tenant: &Tenant, instant_key: &Value) -> Response {
    tenant.key().anonymous().post(EXCHANGE, json!({ "short_code": short_code(instant_key) })).await
}

/// A client with the session that a short code was exchanged for.
pub async fn exchanged(tenant: &Tenant, instant_key: &Value) -> Client {
    let session = exchange(tenant, instant_key).await.ok()["client_session"].clone();
    tenant.key().anonymous().bearer(&text(&session["token"]))
}

/// Registers a phone by an app's client session, and returns its device id.
pub async fn register(app: &Client, installation: &str) -> String {
    let body = json!({ "custom_sdk_installation_id": installation, "phone_os": "ios" });
    let session = app.post(REGISTER, body).await.ok()["phone_session"].clone();
    text(&session["provider_sessions"][0]["phone_registration"]["phone_registration_id"])
}

/// Checks that an instant key has ended: nothing but the same refusals is left of it.
async fn has_ended(tenant: &Tenant, instant_key: &Value) {
    let id = json!({ "instant_key_id": instant_key["instant_key_id"] });
    for (path, body) in [
        ("/instant_keys/get", id.clone()),
        ("/instant_keys/get", json!({ "instant_key_url": instant_key["instant_key_url"] })),
        ("/instant_keys/delete", id),
    ] {
        tenant.key().post(path, body).await.refused(404, "instant_key_not_found");
    }
    exchange(tenant, instant_key).await.refused(404, "instant_key_not_found");
    let preview = json!({ "instant_key_url": instant_key["instant_key_url"] });
    tenant.key().anonymous().post(PREVIEW, preview).await.refused(404, "instant_key_not_found");
    assert_eq!(tenant.key().anonymous().get(&path(instant_key)).await.status, 404);
    let listed = tenant.key().get("/instant_keys/list").await.ok();
    assert!(!listed.to_string().contains(&text(&instant_key["instant_key_id"])), "{listed}");
}
