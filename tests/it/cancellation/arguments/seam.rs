//! Arguments of the Seam dialect's operations.

use super::Arguments;
use crate::instant_keys::{self, EXCHANGE, PREVIEW};
use crate::isolation::fixture::Fixture;
use crate::support::client::Client;
use crate::support::document::{Operation, example};
use crate::support::world::{Tenant, World, text};
use handset::random::Random;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

/// A workspace with one of each resource, and another one to reset.
pub struct Seam {
    home: Fixture,
    sandbox: Tenant,
    person: String,
    console: Client,
}

impl Arguments for Seam {
    async fn new(world: &World) -> Seam {
        let home = Fixture::create(world.sandbox("Home").await, "home", &Random::seeded(2)).await;
        let person = text(&home.resources.value("", "user_identity_id").expect("a person"));
        let session = world.console_session(&[&home.tenant]).await;
        let console = world.key().anonymous().bearer(session.reveal()).in_workspace(&home.tenant.id);
        Seam { home, sandbox: world.sandbox("Sandbox").await, person, console }
    }

    fn variants(operation: &Operation) -> usize {
        match operation.path {
            "/webhooks/redeliver" | "/user_identities/delete" | "/client_sessions/get_or_create" => 2,
            // The first use hands out another client session than a later one.
            EXCHANGE => 2,
            // With the API key, and with the person's client session.
            _ if is_for_both(operation) => 2,
            _ => 1,
        }
    }

    async fn request(&self, _: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder {
        let path = operation.path;
        let required = operation.fields().into_iter().filter(|field| field.is_required);
        let own = |name: &str| self.home.resources.value(path, name);
        let mut arguments: Map<String, Value> = required
            .map(|field| (field.name.to_owned(), own(field.name).unwrap_or_else(|| example(field.schema))))
            .collect();
        let mut more = self.fresh(path, variant, serial).await;
        if more.is_null() {
            more = self.durable_arguments(path, serial);
        }
        arguments.extend::<Map<String, Value>>(serde_json::from_value(more).expect("an object"));
        let by_session = variant == 1 && is_for_both(operation);
        operation.request(if by_session { &self.home.session } else { self.caller(operation) }, &arguments)
    }
}

impl Seam {
    fn caller(&self, operation: &Operation) -> &Client {
        if operation.path == "/workspaces/reset_sandbox" {
            self.sandbox.key()
        } else if operation.takes_any(&["api_key"]) || operation.is_open() {
            self.home.tenant.key()
        } else if operation.takes_any(&["client_session"]) {
            &self.home.session
        } else {
            &self.console
        }
    }

    /// Optional arguments that must be new for each request; null if there are none.
    async fn fresh(&self, path: &str, variant: usize, serial: u32) -> Value {
        let (tenant, person, name) = (&self.home.tenant, &self.person, format!("name {serial}"));
        match path {
            "/acs/credentials/delete" => json!({ "acs_credential_id": tenant.sync_credential(person).await }),
            "/acs/credentials/unassign" => {
                json!({ "acs_credential_id": tenant.sync_credential(person).await, "user_identity_id": person })
            }
            "/acs/credentials/assign" => {
                let held =
                    json!({ "acs_credential_id": tenant.sync_credential(person).await, "user_identity_id": person });
                tenant.key().post("/acs/credentials/unassign", held.clone()).await.ok();
                held
            }
            "/devices/simulate/connect" | "/devices/simulate/disconnect" => {
                let before = if path.ends_with("/connect") { "disconnect" } else { "connect" };
                let phone = json!({ "device_id": self.home.resources.value(path, "device_id") });
                tenant.key().post(&format!("/devices/simulate/{before}"), phone.clone()).await.ok();
                phone
            }
            "/client_sessions/create" => json!({ "user_identity_id": person, "user_identifier_key": name }),
            // The other variant sends a known key and gets the existing session.
            "/client_sessions/get_or_create" if variant == 0 => {
                json!({ "user_identity_id": person, "user_identifier_key": name })
            }
            "/client_sessions/delete" | "/client_sessions/revoke" => {
                let session = tenant.client_session(json!({ "user_identity_id": person })).await;
                json!({ "client_session_id": session["client_session_id"] })
            }
            "/devices/delete" | "/devices/simulate/remove" | "/phones/deactivate" => {
                json!({ "device_id": tenant.phone(person).await })
            }
            "/seam/mobile_sdk/v1/phone_sessions/get_or_create" => json!({ "custom_sdk_installation_id": name }),
            "/user_identities/create" => json!({ "user_identity_key": name, "full_name": name }),
            "/phones/readmit" => {
                let gone = json!({ "user_identity_id": person, "custom_sdk_installation_id": name });
                let gone = tenant.key().post("/phones/simulate/create_sandbox_phone", gone).await.ok();
                let gone = json!({ "device_id": gone["phone"]["device_id"] });
                tenant.key().post("/phones/deactivate", gone.clone()).await.ok();
                gone
            }
            // Of another person: it would end the client session that other operations are called with.
            "/user_identities/generate_instant_key" => {
                json!({ "user_identity_id": tenant.person(&format!("holder-{serial}")).await })
            }
            "/instant_keys/delete" | EXCHANGE | PREVIEW => {
                let person = tenant.person(&format!("holder-{serial}")).await;
                let key = instant_keys::generate(tenant, &person, json!({ "max_use_count": 2 })).await;
                match path {
                    EXCHANGE => {
                        if variant == 1 {
                            instant_keys::exchange(tenant, &key).await.ok();
                        }
                        json!({ "short_code": instant_keys::short_code(&key) })
                    }
                    PREVIEW => json!({ "instant_key_url": key["instant_key_url"] }),
                    _ => json!({ "instant_key_id": key["instant_key_id"] }),
                }
            }
            "/user_identities/deactivate_phones" => {
                let other = tenant.person(&format!("other-{serial}")).await;
                tenant.phone(&other).await;
                json!({ "user_identity_id": other })
            }
            "/user_identities/delete" => {
                let gone = tenant.person(&format!("gone-{serial}")).await;
                if variant == 1 {
                    tenant.phone(&gone).await;
                    tenant.sync_credential(&gone).await;
                }
                json!({ "user_identity_id": gone })
            }
            "/user_identities/merge" => {
                let (primary, merged) = (format!("primary-{serial}"), format!("merged-{serial}"));
                let (primary, merged) = (tenant.person(&primary).await, tenant.person(&merged).await);
                tenant.phone(&merged).await;
                tenant.sync_credential(&primary).await;
                json!({ "user_identity_id": primary, "merged_user_identity_ids": [merged] })
            }
            "/webhooks/delete" => {
                let hook = json!({ "url": "https://example.com/hook", "event_types": ["phone.registered"] });
                let hook = tenant.key().post("/webhooks/create", hook).await.ok();
                json!({ "webhook_id": hook["webhook"]["webhook_id"] })
            }
            "/webhooks/redeliver" if variant == 0 => {
                json!({ "delivery_id": self.home.resources.value(path, "delivery_id") })
            }
            "/webhooks/redeliver" => {
                json!({ "webhook_id": self.home.resources.value(path, "webhook_id"), "since": "2000-01-01" })
            }
            _ => Value::Null,
        }
    }

    /// Optional arguments that may repeat.
    fn durable_arguments(&self, path: &str, serial: u32) -> Value {
        let (person, name) = (&self.person, format!("name {serial}"));
        let own = |name: &str| self.home.resources.value(path, name);
        match path {
            "/acs/credentials/create" => {
                json!({ "user_identity_id": person, "access_method": "mobile_key", "is_multi_phone_sync_credential": true })
            }
            "/acs/credentials/list" | "/client_sessions/list" => json!({ "user_identity_id": person }),
            "/client_sessions/get" => json!({ "client_session_id": own("client_session_id") }),
            "/client_sessions/get_or_create" => json!({ "user_identifier_key": own("user_identifier_key") }),
            "/client_sessions/grant_access" => {
                json!({ "client_session_id": own("client_session_id"), "connect_webview_ids": own("any_ids") })
            }
            "/acs/credentials/update" => json!({ "ends_at": "2030-01-01T00:00:00Z" }),
            "/devices/get" | "/devices/unmanaged/get" => json!({ "device_id": own("device_id") }),
            "/devices/update" | "/phones/update" => json!({ "name": name, "custom_metadata": { "serial": name } }),
            "/devices/report_provider_metadata" => json!({ "devices": [] }),
            "/events/get" => json!({ "event_id": own("event_id") }),
            "/events/list" | "/events/stream" => json!({ "since": "2000-01-01" }),
            "/instant_keys/get" => json!({ "instant_key_id": own("instant_key_id") }),
            "/seam/mobile_sdk/v1/report_salto_space_audit_trail" => {
                json!({ "salto_space_metadata": { "justin_mobile_sdk_audit_trail_data": "AAAA" } })
            }
            "/user_identities/get" | "/user_identities/add_acs_user" => json!({ "user_identity_id": person }),
            "/user_identities/unmanaged/update" => json!({ "is_managed": true }),
            "/user_identities/update" => json!({ "full_name": name }),
            "/user_identities/set_password" => json!({ "password": "correct horse" }),
            "/webhooks/create" | "/webhooks/update" => json!({ "event_types": ["phone.deactivated"] }),
            "/workspaces/update" => json!({ "name": name }),
            _ => json!({}),
        }
    }
}

/// Whether an operation accepts both API keys and client sessions.
fn is_for_both(operation: &Operation) -> bool {
    operation.takes_any(&["api_key"]) && operation.takes_any(&["client_session"])
}
