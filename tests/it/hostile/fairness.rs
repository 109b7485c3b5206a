//! Connections are shared fairly: deactivation is answered while all others are in use, and a workspace uses its share.
//!
//! A test blocks requests with a table lock of its own session, so that each of them holds its connection until the lock
//! is released.

use crate::support::client::{Client, Response};
use crate::support::concurrency::{count, waiting};
use crate::support::receiver::Receiver;
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker};
use crate::support::world::{Tenant, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;

/// Connections of the server: four general ones, two for short statements, two for deactivation.
const CONNECTIONS: u32 = 8;
const GENERAL: i64 = 4;

/// Reads on the general pool, and the table that they wait for.
const NUMBERS: (&str, &str) = ("/v1/phone/", "number_register");
const SEARCH: (&str, &str) = ("/user_identities/list?search=jane", "user_identity");

/// Requests that wait for a table lock.
struct Blocked {
    session: PgConnection,
    requests: JoinSet<Response>,
}

impl Blocked {
    /// Locks the table, which no statement of a deactivation reads.
    async fn on(world: &World, table: &str) -> Blocked {
        let mut session = world.database().await;
        let lock = format!("begin; lock table {table} in access exclusive mode");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut session).await.expect("no other session has locked it");
        Blocked { session, requests: JoinSet::new() }
    }

    /// Sends requests that will be blocked.
    fn send(&mut self, client: &Client, path: &'static str, times: usize) {
        for _ in 0..times {
            let client = client.clone();
            self.requests.spawn(async move { client.get(path).await });
        }
    }

    /// Releases the lock, and returns the responses.
    async fn release(self) -> Vec<Response> {
        self.session.close().await.expect("the session ends");
        self.requests.join_all().await
    }
}

/// Waits until at least this many statements are blocked.
async fn until_blocked(world: &World, least: i64) {
    until("statements wait for the lock", async || (waiting(world).await >= least).then_some(())).await;
}

/// Deactivates a new phone of each person in each way, and expects success.
async fn deactivate(client: &Client, phones: &[String]) {
    for (phone, path) in phones.iter().zip(["/phones/deactivate", "/devices/delete"].iter().cycle()) {
        client.post(path, json!({ "device_id": phone })).await.ok();
    }
}

async fn phones(tenant: &Tenant, count: usize) -> (String, Vec<String>) {
    let person = tenant.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..count {
        phones.push(tenant.phone(&person).await);
    }
    (person, phones)
}

#[tokio::test]
async fn phones_are_deactivated_while_a_client_session_searches() {
    let world = World::with_connections(CONNECTIONS).await;
    let neighbour = world.sandbox("Neighbour").await;
    let (jane, own) = phones(&world, 10).await;
    let (_, others) = phones(&neighbour, 10).await;
    let session = world.session(&jane).await;
    let (path, table) = SEARCH;
    let mut searches = Blocked::on(&world, table).await;
    searches.send(&session, path, 40);
    until_blocked(&world, 1).await;

    deactivate(neighbour.key(), &others).await;
    deactivate(world.key(), &own).await;
    for search in searches.release().await {
        assert!([200, 503].contains(&search.status), "{search:?}");
    }
}

#[tokio::test]
async fn phones_are_deactivated_while_every_general_connection_is_held() {
    let world = World::with_connections(CONNECTIONS).await;
    let (jane, own) = phones(&world, 6).await;
    let session = world.session(&jane).await;
    let token = world.pat().await;
    let console = world.console().await;
    let (path, table) = NUMBERS;
    let readers = [world.sandbox("a").await, world.sandbox("b").await, world.sandbox("c").await];
    let mut reads = Blocked::on(&world, table).await;
    readers.iter().for_each(|reader| reads.send(reader.key(), path, 10));
    until_blocked(&world, GENERAL).await;

    deactivate(world.key(), &own[..2]).await;
    for (client, phone) in [(&session, 2), (&token, 3), (&console, 4)] {
        client.post("/phones/deactivate", json!({ "device_id": own[phone] })).await.ok();
    }
    let all = json!({ "user_identity_id": jane });
    let bulk = world.key().post("/user_identities/deactivate_phones", all).await.ok();
    assert_eq!(bulk["device_ids"], json!([own[5]]));
    world.key().post("/phones/deactivate", json!({ "device_id": jane })).await.refused(404, "device_not_found");
    world.anonymous().bearer("seam_unknown").call("POST", "/phones/deactivate").await.refused(401, "unauthorized");
    reads.release().await;
}

#[tokio::test]
async fn webhooks_are_delivered_while_every_general_connection_is_held() {
    let world = World::with_connections(CONNECTIONS).await;
    let (_, own) = phones(&world, 20).await;
    let receiver = Receiver::new().await;
    Webhook::create_at(&world, &receiver.url(), &["phone.deactivated"]).await;
    let _worker = WebhookWorker::start(&world);
    let (path, table) = NUMBERS;
    let readers = [world.sandbox("a").await, world.sandbox("b").await, world.sandbox("c").await];
    let mut reads = Blocked::on(&world, table).await;
    readers.iter().for_each(|reader| reads.send(reader.key(), path, 10));
    until_blocked(&world, GENERAL).await;

    // More than the attempts of one endpoint that may be in flight.
    deactivate(world.key(), &own).await;
    receiver.wait_for_messages(own.len()).await;
    let undelivered = "select count(*) from delivery where status <> 'delivered'";
    until("each delivery is recorded", async || (count(&world, undelivered).await == 0).then_some(())).await;
    until_blocked(&world, GENERAL).await;
    reads.release().await;
}

#[tokio::test]
async fn deactivations_of_one_workspace_leave_a_reserved_connection_to_others() {
    let world = World::with_connections(CONNECTIONS).await;
    let noisy = world.sandbox("Noisy").await;
    let (_, own) = phones(&world, 1).await;
    let (_, others) = phones(&noisy, 1).await;
    let (path, table) = NUMBERS;
    let readers = [world.sandbox("a").await, world.sandbox("b").await, world.sandbox("c").await];
    let mut reads = Blocked::on(&world, table).await;
    readers.iter().for_each(|reader| reads.send(reader.key(), path, 10));
    until_blocked(&world, GENERAL).await;
    // The session of a test holds the row, so that each deactivation of this phone waits.
    let mut row = world.database().await;
    let lock = format!(
        "begin; select from phone where (workspace_id, device_id) = ('{}', '{}') for update",
        noisy.id, others[0]
    );
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut row).await.expect("the phone exists");
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (key, phone) = (noisy.key().clone(), others[0].clone());
            tokio::spawn(async move { key.post("/phones/deactivate", json!({ "device_id": phone })).await })
        })
        .collect();
    until_blocked(&world, GENERAL + 1).await;

    deactivate(world.key(), &own).await;
    row.close().await.expect("the session ends");
    for deactivated in waiting {
        assert!([200, 503].contains(&deactivated.await.expect("it does not panic").status));
    }
    reads.release().await;
}

#[tokio::test]
async fn a_workspace_holds_its_share_of_the_connections_and_queues_for_more() {
    let world = World::with_connections(CONNECTIONS).await;
    let neighbour = world.sandbox("Neighbour").await;
    let (path, table) = NUMBERS;
    let mut reads = Blocked::on(&world, table).await;
    reads.send(world.key(), path, 20);
    until_blocked(&world, GENERAL / 2).await;

    for _ in 0..10 {
        neighbour.key().get(SEARCH.0).await.ok();
    }
    // Its own further requests are refused when they have waited too long.
    let late = world.key().get(SEARCH.0).await;
    late.refused(503, "service_unavailable");
    assert!(late.header("retry-after").is_some());
    let responses = reads.release().await;
    let served = responses.iter().filter(|response| response.status == 200).count();
    assert_eq!(served, 2, "half of the general connections");
    assert!(responses.iter().all(|response| [200, 503].contains(&response.status)));
    world.key().get(SEARCH.0).await.ok();
}

#[tokio::test]
async fn client_sessions_leave_connections_to_the_keys_of_their_workspace() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    let (path, table) = SEARCH;
    let sessions = [world.session(&jane).await, world.session(&jane).await, world.session(&jane).await];
    let mut searches = Blocked::on(&world, table).await;
    sessions.iter().for_each(|session| searches.send(session, path, 10));
    until_blocked(&world, 1).await;
    for _ in 0..10 {
        assert_eq!(world.key().get(NUMBERS.0).await.status, 200);
    }
    searches.release().await;
}

#[tokio::test]
async fn writes_that_wait_for_a_connection_share_the_statement_of_the_first() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut persons = Vec::new();
    for index in 0..10 {
        persons.push(world.person(&format!("person{index}")).await);
    }
    let (path, table) = NUMBERS;
    let readers = [world.sandbox("a").await, world.sandbox("b").await];
    let mut reads = Blocked::on(&world, table).await;
    readers.iter().for_each(|reader| reads.send(reader.key(), path, 10));
    until_blocked(&world, GENERAL).await;
    let before = world.store.lookups().0;
    let mut registrations = JoinSet::new();
    for (person, count) in persons.iter().zip(1..) {
        let (client, body) = (world.key().clone(), json!({ "user_identity_id": person }));
        registrations.spawn(async move { client.post("/phones/simulate/create_sandbox_phone", body).await });
        until("its key is looked up", async || (world.store.lookups().0 - before >= count).then_some(())).await;
    }
    reads.release().await;
    registrations.join_all().await.into_iter().for_each(|registration| drop(registration.ok()));
    let of_first =
        "select count(*) from phone where xmin = (select xmin from phone order by xmin::text::bigint limit 1)";
    // The last ones may come too late.
    let of_first = count(&world, of_first).await;
    assert!(of_first > 5, "{of_first}");
}
