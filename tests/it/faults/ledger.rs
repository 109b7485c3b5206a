//! A ledger of deactivations under load: their responses, and the state of the registry afterwards.

pub mod consistency;

use super::disconnects::changes::Changes;
use crate::support::client::{Client, Response};
use crate::support::durable_postgres::Restart;
use crate::support::receiver::Receiver;
use crate::support::second_server::SecondServer;
use crate::support::wait::until;
use crate::support::webhook_worker::Webhook;
use crate::support::world::{World, list, text};
use futures_util::{StreamExt, stream};
use serde_json::json;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Upper limit of a response time: the request's deadline, and a little for a busy machine.
const MAX_RESPONSE_TIME: Duration = Duration::from_secs(35);

/// Phones created at once before any fault.
const CONCURRENT_CREATES: usize = 4;

/// Phones with a credential each, of persons of their own, and a webhook for their events. What was acknowledged has to be
/// durable, so a ledger ends with [`Ledger::close`], which checks it after a restart; one that is dropped without it
/// fails its test.
pub struct Ledger {
    phones: Vec<String>,
    receiver: Receiver,
    webhook: Webhook,
    acknowledged: Mutex<BTreeSet<String>>,
    /// Changes acknowledged to other clients.
    changes: Vec<Changes>,
    is_checked: bool,
}

/// The responses to the callers.
#[must_use]
#[derive(Debug, Default)]
pub struct Results {
    pub acknowledged: BTreeSet<String>,
    /// Refused with 503, or without a response.
    pub refused: BTreeSet<String>,
}

impl Ledger {
    pub async fn of(world: &World, count: usize) -> Ledger {
        let receiver = Receiver::new().await;
        let webhook = Webhook::create(world, &receiver).await;
        let phones = stream::iter(0..count).map(|number| async move {
            let person = world.person(&format!("p{number}")).await;
            world.sync_credential(&person).await;
            world.phone(&person).await
        });
        let phones = phones.buffered(CONCURRENT_CREATES).collect().await;
        let acknowledged = Mutex::default();
        Ledger { phones, receiver, webhook, acknowledged, changes: Vec::new(), is_checked: false }
    }

    pub fn len(&self) -> usize {
        self.phones.len()
    }

    /// Deactivates every phone once, `at_once` at a time, while `fault` runs and reads the count of responses.
    pub async fn deactivate_all(
        &self,
        client: &Client,
        at_once: usize,
        fault: impl AsyncFnOnce(&AtomicUsize),
    ) -> Results {
        self.deactivate_some(0..self.len(), client, at_once, fault).await
    }

    /// [`Ledger::deactivate_all`] for some of the phones.
    pub async fn deactivate_some(
        &self,
        some: Range<usize>,
        client: &Client,
        at_once: usize,
        fault: impl AsyncFnOnce(&AtomicUsize),
    ) -> Results {
        let responded = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for caller in 0..at_once {
            let phones: Vec<String> = self.phones[some.clone()].iter().skip(caller).step_by(at_once).cloned().collect();
            let (client, responded) = (client.clone(), Arc::clone(&responded));
            callers.spawn(async move {
                let mut results = Results::default();
                for phone in phones {
                    let is_done = deactivate(&client, &phone).await;
                    responded.fetch_add(1, Ordering::Relaxed);
                    if is_done {
                        results.acknowledged.insert(phone)
                    } else {
                        results.refused.insert(phone)
                    };
                }
                results
            });
        }
        fault(&responded).await;
        let mut results = Results::default();
        for mut some in callers.join_all().await {
            results.acknowledged.append(&mut some.acknowledged);
            results.refused.append(&mut some.refused);
        }
        self.acknowledge(results.acknowledged.iter().cloned());
        results
    }

    fn acknowledge(&self, phones: impl IntoIterator<Item = String>) {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).extend(phones);
    }

    /// Checks the registry against the responses: nothing acknowledged is missing, and nothing is incomplete.
    pub async fn audit(&self, world: &World, results: &Results) {
        assert_eq!(results.acknowledged.len() + results.refused.len(), self.phones.len());
        let active: BTreeSet<String> = world.phone_ids().await.into_iter().collect();
        let logged = logged(world).await;
        let with_event: BTreeSet<String> = logged.iter().cloned().collect();
        assert_eq!(with_event.len(), logged.len(), "a phone has two events");
        for phone in &self.phones {
            let is_deactivated = !active.contains(phone);
            assert_eq!(is_deactivated, with_event.contains(phone), "state and event of {phone} differ");
            assert!(is_deactivated || !results.acknowledged.contains(phone), "{phone} was acknowledged and is active");
        }
        for event_type in ["acs_credential.invalidated", "acs_credential.deleted"] {
            assert_eq!(world.events(event_type).await.len(), logged.len(), "{event_type}");
        }
        let violations = consistency::violations(&mut world.snapshot().await).await;
        assert!(violations.is_empty(), "{}", consistency::some(&violations));
    }

    /// Retries what was not acknowledged, as clients do, and waits until each phone's event is delivered.
    pub async fn retry_and_await_deliveries(&self, world: &World, client: &Client, results: &Results) {
        for phone in &results.refused {
            until("the retry succeeds", async || deactivate(client, phone).await.then_some(())).await;
        }
        self.acknowledge(results.refused.iter().cloned());
        assert!(world.phone_ids().await.is_empty());
        let mut logged = logged(world).await;
        logged.sort();
        let mut all = self.phones.clone();
        all.sort();
        assert_eq!(logged, all, "one event for each phone");
        release_claims(world).await;
        until("all are delivered", async || {
            let rows = self.webhook.deliveries(world).await;
            (rows.len() == all.len() && rows.iter().all(|row| row["status"] == "delivered")).then_some(())
        })
        .await;
        let received: BTreeSet<String> =
            self.receiver.received().iter().map(|message| text(&message.event()["device_id"])).collect();
        assert_eq!(received, all.into_iter().collect(), "the receiver got each event");
    }

    /// Includes changes of other clients in the check.
    pub fn include(&mut self, changes: Changes) {
        self.changes.push(changes);
    }

    /// Restarts server and Postgres, and checks that nothing acknowledged is lost and nothing is incomplete.
    pub async fn close(self, world: &World, postgres: &mut impl Restart) {
        let found = self.check_after_restart(world, postgres).await;
        found.is_good();
    }

    /// Restarts server and Postgres, and checks the registry against what was acknowledged, on new connections.
    pub async fn check_after_restart(mut self, world: &World, postgres: &mut impl Restart) -> CheckResult {
        // Ends the server's sessions, which rolls back uncommitted transactions.
        world.store.close().await;
        postgres.restart_postgres().await;
        self.is_checked = true;
        let restarted = SecondServer::start(world).await;
        let listed = restarted.key(world).get("/phones/list").await.ok();
        let active: BTreeSet<String> = list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect();
        let mut session = world.snapshot().await;
        let mut checked = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len();
        let mut lost = self.lost(&mut session, &active).await;
        for changes in &self.changes {
            checked += changes.len();
            lost.append(&mut changes.lost(&mut session).await);
        }
        let violations = consistency::violations(&mut session).await;
        restarted.stop().await;
        CheckResult { checked, lost, violations }
    }

    /// The acknowledged phones that are active, or have not exactly one event, one audit row and one delivery.
    async fn lost(&self, session: &mut PgConnection, active: &BTreeSet<String>) -> Vec<String> {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ids: Vec<Uuid> = acknowledged.iter().map(|phone| phone.parse().expect("a UUID")).collect();
        let webhook: Uuid = self.webhook.id.parse().expect("a UUID");
        let lost: Vec<Uuid> =
            sqlx::query_scalar(LOST).bind(ids).bind(webhook).fetch_all(session).await.expect("the query succeeds");
        let mut lost: BTreeSet<String> = lost.iter().map(Uuid::to_string).collect();
        lost.extend(acknowledged.intersection(active).cloned());
        lost.into_iter().map(|phone| format!("phone {phone}")).collect()
    }
}

/// Result of a check after a restart.
#[must_use]
#[derive(Debug)]
pub struct CheckResult {
    /// Number of acknowledged changes checked.
    pub checked: usize,
    /// Those that are missing, duplicated or incomplete.
    pub lost: Vec<String>,
    pub violations: Vec<String>,
}

impl CheckResult {
    #[track_caller]
    pub fn is_good(&self) {
        assert!(
            self.lost.is_empty() && self.violations.is_empty(),
            "after the restart, {} of {} acknowledged changes are lost: {:#?}; and there are {}",
            self.lost.len(),
            self.checked,
            self.lost.iter().take(20).collect::<Vec<_>>(),
            consistency::some(&self.violations)
        );
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        assert!(self.is_checked || std::thread::panicking(), "close the ledger, so that it is checked after a restart");
    }
}

const LOST: &str = "
    select acknowledged.device_id
    from unnest($1::uuid[]) as acknowledged (device_id)
    left join phone using (device_id)
    where deactivated_at is null
        or 1 <> (
            select count(*) from event
            where event_type = 'phone.deactivated'
                and (event.workspace_id, event.device_id) = (phone.workspace_id, phone.device_id))
        or 1 <> (
            select count(*) from audit
            where action = 'phone.deactivated'
                and (audit.workspace_id, audit.device_id) = (phone.workspace_id, phone.device_id))
        or 1 <> (
            select count(*) from event join delivery using (workspace_id, event_id)
            where event_type = 'phone.deactivated' and webhook_id = $2
                and (event.workspace_id, event.device_id) = (phone.workspace_id, phone.device_id))";

/// Expires the claims of killed processes, whichever clock made them.
async fn release_claims(world: &World) {
    sqlx::query("update delivery set next_attempt_at = least(next_attempt_at, $1) where status = 'pending'")
        .bind(world.clock.now())
        .execute(&mut world.database().await)
        .await
        .expect("the update succeeds");
}

/// The phones in the deactivation events of the log.
async fn logged(world: &World) -> Vec<String> {
    world.events("phone.deactivated").await.iter().map(|event| text(&event["device_id"])).collect()
}

/// Whether a deactivation was acknowledged. Otherwise the response is a 503 with retry-after, or missing.
async fn deactivate(client: &Client, phone: &str) -> bool {
    let began = Instant::now();
    let sent = client.request("POST", "/phones/deactivate").json(&json!({ "device_id": phone })).send().await;
    assert!(began.elapsed() < MAX_RESPONSE_TIME, "a response took {:?}", began.elapsed());
    let Ok(response) = sent else { return false };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let Ok(actual) = response.text().await else { return false };
    let actual_response = Response::new(status, headers, actual);
    if actual_response.status == 200 {
        actual_response.ok();
        return true;
    }
    actual_response.refused(503, "service_unavailable");
    assert_eq!(actual_response.header("retry-after"), Some("1"));
    false
}

/// Waits for this many responses.
pub async fn responses(responded: &AtomicUsize, count: usize) {
    until(&format!("{count} are answered"), async || (responded.load(Ordering::Relaxed) >= count).then_some(())).await;
}
