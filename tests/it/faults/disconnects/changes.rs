//! Clients that wait for their responses, and a ledger of every change that was acknowledged to them.

use super::requests::lasting_session;
use crate::support::client::{Client, Response};
use crate::support::numbers::number;
use crate::support::phone_com::Extension;
use crate::support::world::{Tenant, text};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// An acknowledged change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    UserIdentityCreated,
    PhoneRegistered,
    PhoneDeactivated,
    ContactCreated,
    ContactUpdated,
    ContactDeleted,
    NumberReserved,
    NumberImported,
    NumberAssigned,
    NumberFinished,
    SlotChanged,
    ClientSessionCreated,
}

impl Change {
    /// The condition that the change of an id is there, once, with its event and its audit row. That each event has its
    /// deliveries is a rule of the whole registry.
    fn condition(self) -> &'static str {
        match self {
            Change::UserIdentityCreated => "exists (select from user_identity where user_identity_id = id::uuid)",
            Change::PhoneRegistered => {
                "exists (select from phone where device_id = id::uuid)
                and 1 = (select count(*) from event where event_type = 'phone.registered' and device_id = id::uuid)
                and 1 = (select count(*) from audit where action = 'phone.registered' and subject_id = id::uuid)"
            }
            Change::PhoneDeactivated => {
                "exists (select from phone where device_id = id::uuid and deactivated_at is not null)
                and 1 = (select count(*) from event where event_type = 'phone.deactivated' and device_id = id::uuid)
                and 1 = (select count(*) from audit where action = 'phone.deactivated' and subject_id = id::uuid)"
            }
            Change::ContactCreated => "exists (select from contact where contact_id = id::bigint)",
            Change::ContactUpdated => {
                "exists (select from contact where contact_id = id::bigint and company = 'Updated')"
            }
            Change::ContactDeleted => {
                "exists (select from contact where contact_id = id::bigint and deleted_at is not null)"
            }
            Change::NumberReserved => {
                "exists (select from number_register where register_id = id::uuid)
                and 1 = (select count(*) from audit where action = 'number.reserved' and subject_id = id::uuid)"
            }
            Change::NumberImported => {
                "1 = (select count(*) from audit where action = 'number.imported' and subject_id = id::uuid)
                and 1 = (select count(*) from event where event_type = 'phone_number.assigned'
                    and details ->> 'register_id' = id)"
            }
            Change::NumberAssigned => {
                "exists (select from number_register where register_id = id::uuid and status = 'assigned')
                and 1 = (select count(*) from audit where action = 'number.assigned' and subject_id = id::uuid)
                and 1 = (select count(*) from event where event_type = 'phone_number.assigned'
                    and details ->> 'register_id' = id)"
            }
            Change::NumberFinished => {
                "exists (select from number_register where register_id = id::uuid and status = 'finished')
                and 1 = (select count(*) from audit where action = 'number.finished' and subject_id = id::uuid)
                and 1 = (select count(*) from event where event_type = 'phone_number.finished'
                    and details ->> 'register_id' = id)"
            }
            // The id is the number, which is used once.
            Change::SlotChanged => {
                "1 = (select count(*) from audit where action = 'slot.changed' and after ->> 'number' = id)"
            }
            Change::ClientSessionCreated => "exists (select from client_session where client_session_id = id::uuid)",
        }
    }
}

/// Acknowledged changes, with the ids of their resources.
#[derive(Debug, Default)]
pub struct Changes {
    acknowledged: BTreeMap<Change, Vec<String>>,
    refused: usize,
    /// Responses that no failure explains, such as a person that was created and is not found.
    unexpected: Vec<String>,
}

impl Changes {
    pub fn len(&self) -> usize {
        self.acknowledged.values().map(Vec::len).sum()
    }

    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Those that are missing, read from a session that took no part in them.
    pub async fn lost(&self, session: &mut PgConnection) -> Vec<String> {
        let mut lost = self.unexpected.clone();
        for (change, ids) in &self.acknowledged {
            let query = format!("select id from unnest($1::text[]) as change (id) where not ({})", change.condition());
            let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .bind(ids)
                .fetch_all(&mut *session)
                .await
                .unwrap_or_else(|fault| panic!("{change:?}: {fault}"));
            lost.extend(rows.into_iter().map(|id| format!("{change:?} {id}")));
        }
        lost
    }

    pub fn add(&mut self, mut other: Changes) {
        for (change, mut ids) in other.acknowledged {
            self.acknowledged.entry(change).or_default().append(&mut ids);
        }
        self.refused += other.refused;
        self.unexpected.append(&mut other.unexpected);
    }

    fn acknowledge(&mut self, change: Change, id: &str) {
        self.acknowledged.entry(change).or_default().push(id.to_owned());
    }

    /// The body of a success. 503 and a missing response may be retried, and count as refused.
    async fn send(&mut self, client: &Client, method: &str, path: &str, body: Value) -> Option<Value> {
        let Ok(response) = client.request(method, path).json(&body).send().await else {
            self.refused += 1;
            return None;
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let actual_response = Response::new(status, headers, response.text().await.unwrap_or_default());
        match status {
            200..300 => return Some(actual_response.body),
            503 => self.refused += 1,
            _ => self.unexpected.push(format!("{method} {path}: {status} {}", actual_response.text)),
        }
        None
    }
}

/// A client that waits, and its resources.
struct Caller {
    key: Client,
    session: Client,
    contacts: String,
    /// Its next phone number.
    number: AtomicU32,
}

/// Clients that make changes at a server and wait for each response.
pub struct WaitingClients(Vec<Arc<Caller>>);

impl WaitingClients {
    pub async fn new(tenant: &Tenant, url: &str, clients: u32) -> WaitingClients {
        let mut all = Vec::new();
        for which in 0..clients {
            let person = tenant.person(&format!("{}-waiting-{which}", tenant.id)).await;
            let token = lasting_session(tenant, &person).await;
            all.push(Arc::new(Caller {
                key: Client::new(url).bearer(tenant.api_key.reveal()),
                session: Client::new(url).bearer(&token),
                contacts: Extension::of_person(tenant.key(), &person).await.contacts(),
                number: AtomicU32::new(1_000_000 * (which + 1)),
            }));
        }
        WaitingClients(all)
    }

    /// Makes changes with each client, one after the other, until they are stopped.
    pub fn start(&self) -> RunningClients {
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        for client in &self.0 {
            let (client, stop) = (Arc::clone(client), stop.clone());
            running.spawn(async move {
                let mut changes = Changes::default();
                while !stop.is_cancelled() {
                    client.change_phones(&mut changes).await;
                    client.change_contact(&mut changes).await;
                    client.change_numbers(&mut changes).await;
                }
                changes
            });
        }
        RunningClients { stop, running }
    }
}

/// RunningClients clients.
pub struct RunningClients {
    stop: CancellationToken,
    running: JoinSet<Changes>,
}

impl RunningClients {
    /// Stops each client after its last response.
    pub async fn stop(self) -> Changes {
        self.stop.cancel();
        let mut all = Changes::default();
        for changes in self.running.join_all().await {
            all.add(changes);
        }
        all
    }
}

impl Caller {
    /// A number that no request has used before.
    fn next_number(&self) -> String {
        number(self.number.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates a person with two phones, of which one is deactivated, and a client session.
    async fn change_phones(&self, changes: &mut Changes) -> Option<()> {
        let created =
            changes.send(&self.key, "POST", "/user_identities/create", json!({ "full_name": "Waiting" })).await?;
        let person = text(&created["user_identity"]["user_identity_id"]);
        changes.acknowledge(Change::UserIdentityCreated, &person);
        let whose = json!({ "user_identity_id": person });
        for is_lost in [false, true] {
            let path = "/phones/simulate/create_sandbox_phone";
            let created = changes.send(&self.key, "POST", path, whose.clone()).await?;
            let phone = text(&created["phone"]["device_id"]);
            changes.acknowledge(Change::PhoneRegistered, &phone);
            let body = json!({ "device_id": phone });
            if is_lost && changes.send(&self.key, "POST", "/phones/deactivate", body).await.is_some() {
                changes.acknowledge(Change::PhoneDeactivated, &phone);
            }
        }
        let created = changes.send(&self.key, "POST", "/client_sessions/create", whose).await?;
        changes.acknowledge(Change::ClientSessionCreated, &text(&created["client_session"]["client_session_id"]));
        Some(())
    }

    /// Creates, updates and deletes a contact.
    async fn change_contact(&self, changes: &mut Changes) -> Option<()> {
        let fields = json!({ "first_name": "Kept", "phone_numbers": [{ "number": number(1), "type": "business" }] });
        let created = changes.send(&self.key, "POST", &self.contacts, fields).await?;
        let id = created["id"].to_string();
        changes.acknowledge(Change::ContactCreated, &id);
        let path = format!("{}/{id}", self.contacts);
        changes.send(&self.key, "PATCH", &path, json!({ "company": "Updated" })).await?;
        changes.acknowledge(Change::ContactUpdated, &id);
        changes.send(&self.key, "DELETE", &path, Value::Null).await?;
        changes.acknowledge(Change::ContactDeleted, &id);
        Some(())
    }

    /// Reserves and assigns a number, imports and releases one, and puts one into the person's slot.
    async fn change_numbers(&self, changes: &mut Changes) -> Option<()> {
        let created =
            changes.send(&self.key, "POST", "/v1/phone/reserve", json!({ "number": self.next_number() })).await?;
        let id = text(&created["id"]);
        changes.acknowledge(Change::NumberReserved, &id);
        changes.send(&self.key, "POST", &format!("/v1/phone/{id}/assign"), json!({})).await?;
        changes.acknowledge(Change::NumberAssigned, &id);
        let body = json!({ "phone_number": self.next_number() });
        let created = changes.send(&self.key, "POST", "/v1/phone/import", body).await?;
        let id = text(&created["id"]);
        changes.acknowledge(Change::NumberImported, &id);
        changes.send(&self.key, "DELETE", &format!("/v1/phone/{id}"), Value::Null).await?;
        changes.acknowledge(Change::NumberFinished, &id);
        let number = format!("tel:{}", self.next_number());
        let body = json!({ "number": number, "includeInContactCard": true });
        changes.send(&self.session, "POST", "/me/phones/mobile/changeNumber", body).await?;
        changes.acknowledge(Change::SlotChanged, &number);
        Some(())
    }
}
