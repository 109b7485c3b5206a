//! Clients disconnect before their responses, while others wait for theirs: acknowledged changes are durable, and other
//! changes are complete or absent.

pub mod changes;
pub mod clients;
pub mod requests;

use super::ledger::Ledger;
use super::tcp_proxy::TcpProxy;
use crate::support::durable_postgres::{DurablePostgres, serve};
use crate::support::private_postgres::{TestDir, query};
use crate::support::world::World;
use changes::{Changes, WaitingClients};
use clients::{DisconnectingClients, RequestCounts};
use std::time::{Duration, Instant};

/// Connections that are lost at the same time.
const DISCONNECTING: u64 = 64;
/// Clients that meanwhile make changes and wait for each response.
const WAITING: u32 = 4;
/// How often all connections are lost together, after which some phones are deactivated.
const WAVES: usize = 3;
const PHONES: usize = 40;
const CALLERS: usize = 16;

/// The environment variable that sets how long the soak takes, and its default, in seconds.
const SOAK: (&str, u64) = ("VANISHING_CLIENTS_SOAK_SECONDS", 600);

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_changes_are_durable_while_clients_disconnect() {
    disconnect_and_restart(Duration::ZERO, Duration::from_millis(1_500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_changes_are_durable_while_clients_disconnect_and_postgres_answers_after_1_ms() {
    disconnect_and_restart(Duration::from_millis(1), Duration::from_millis(1_500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_changes_are_durable_while_clients_disconnect_and_postgres_answers_after_15_ms() {
    disconnect_and_restart(Duration::from_millis(15), Duration::from_millis(1_500)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a soak of ten minutes"]
async fn acknowledged_changes_are_durable_while_clients_disconnect_again_and_again() {
    let (variable, seconds) = SOAK;
    let seconds = std::env::var(variable).map_or(seconds, |value| value.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut clients, mut acknowledged, mut checked) = (RequestCounts::default(), 0, 0);
    for (round, delay) in [0, 1, 15].into_iter().cycle().enumerate() {
        if Instant::now() >= end {
            break;
        }
        let outcome = disconnect_and_restart(Duration::from_millis(delay), Duration::from_secs(10)).await;
        clients.add(outcome.clients);
        acknowledged += outcome.acknowledged;
        checked += outcome.checked;
        println!(
            "after {} rounds: {clients}; {acknowledged} changes acknowledged, {checked} checked, 0 lost",
            round + 1
        );
    }
}

/// Results up to the restart.
struct Outcome {
    clients: RequestCounts,
    acknowledged: usize,
    checked: usize,
}

/// Clients disconnect, then phones are deactivated, repeatedly; then server and Postgres are restarted.
async fn disconnect_and_restart(delay: Duration, long: Duration) -> Outcome {
    let test_dir = TestDir::new();
    let mut cluster = DurablePostgres::start(&test_dir).await;
    let proxy = TcpProxy::delayed(&cluster.url(), delay).await;
    let world = World::at(&cluster.url(), 5).await;
    let mut ledger = Ledger::of(&world, WAVES * PHONES).await;
    let disconnecting = DisconnectingClients::new(&world).await;
    let server = serve(&proxy.url(&cluster.url()), 16, &test_dir).await;

    let (mut clients, mut changes) = (RequestCounts::default(), Changes::default());
    let (mut acknowledged, mut refused) = (0, 0);
    let waiting_clients = WaitingClients::new(&disconnecting.tenant, &server.url, WAITING).await;
    for wave in 0..WAVES {
        let waiting = waiting_clients.start();
        let running = disconnecting.start(server.address(), DISCONNECTING);
        // A fixed time: there is no event to wait for.
        tokio::time::sleep(long / WAVES as u32).await;
        changes.add(waiting.stop().await);
        // No request comes between these and the deactivations, so each connection is in the state in which a cancelled
        // request left it.
        clients.add(running.stop().await);
        let some = wave * PHONES..(wave + 1) * PHONES;
        let results = ledger.deactivate_some(some, &server.client(world.api_key.reveal()), CALLERS, async |_| {}).await;
        acknowledged += results.acknowledged.len();
        refused += results.refused.len();
    }
    let in_transaction = sessions_in_transaction(&cluster.url()).await;
    server.stop().await;

    acknowledged += changes.len();
    refused += changes.refused();
    println!("answers after {delay:?}: {clients}; {acknowledged} changes acknowledged, {refused} refused");
    ledger.include(changes);
    let found = ledger.check_after_restart(&world, &mut cluster).await;
    println!(
        "{} checked, {} lost, {} violations, {in_transaction} sessions left in a transaction",
        found.checked,
        found.lost.len(),
        found.violations.len()
    );
    found.is_good();
    assert_eq!(in_transaction, 0, "sessions left in a transaction");
    assert!(
        clients.disconnected() >= 100 && acknowledged >= 20,
        "too few: {clients}; {acknowledged} changes acknowledged"
    );
    cluster.stop().await;
    Outcome { clients, acknowledged, checked: found.checked }
}

/// Number of sessions that stay idle in a transaction, although each request is answered or dropped.
async fn sessions_in_transaction(url: &str) -> usize {
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let idle = "select count(*)::text from pg_stat_activity where state like 'idle in transaction%'";
        let count = query(url, idle).await.parse().expect("a count");
        if count == 0 || Instant::now() > deadline {
            return count;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
