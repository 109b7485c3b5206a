//! A standby is promoted in place of the primary, and the servers follow without a restart.

use super::disconnects::clients::DisconnectingClients;
use super::ledger::{Ledger, responses};
use super::standby::{Postgres, url_of};
use crate::support::durable_postgres::migrate;
use crate::support::private_postgres::{TestDir, query, until_async};
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::{World, seal};
use handset::store::{OpenError, Store};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_promoted_under_load_has_everything_that_was_acknowledged() {
    let test_dir = TestDir::new();
    let mut first = Postgres::primary(&test_dir).await;
    let mut second = Postgres::standby(&test_dir, &first).await;
    // The standby is first: the order of the hosts must not matter.
    let url = url_of(&[&second, &first]);
    migrate(&url).await;
    let mut world = World::at(&url, 16).await;
    let worker = WebhookWorker::start(&world);
    let ledger = Ledger::of(&world, 400).await;
    let vanishing = DisconnectingClients::new(&world).await;
    let running = vanishing.start(world.address(), 8);
    let results = ledger
        .deactivate_all(world.key(), 16, async |responded| {
            responses(responded, ledger.len() / 3).await;
            first.kill().await;
            let dead = Instant::now();
            // A deactivation that has no connection yet waits for the new primary, so that perhaps none is refused.
            assert!(responded.load(Ordering::Relaxed) < ledger.len(), "the failover came too late");
            let promoted = second.promote().await;
            until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200).await;
            let took = dead.elapsed();
            println!("failover: {took:?} from the primary's death, {promoted:?} of it Postgres's promotion");
            assert!(took - promoted < Duration::from_secs(1), "{took:?}");
        })
        .await;
    let clients = running.stop().await;
    println!("{} acknowledged, {} refused; {clients}", results.acknowledged.len(), results.refused.len());
    assert!(clients.disconnected() > 0, "{clients}");
    // For the test's own queries.
    world.database_url = second.admin();
    ledger.audit(&world, &results).await;
    ledger.retry_and_await_deliveries(&world, world.key(), &results).await;
    worker.close().await;
    ledger.close(&world, &mut second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_leave_a_primary_that_has_become_read_only() {
    let test_dir = TestDir::new();
    let first = Postgres::primary(&test_dir).await;
    migrate(&first.admin()).await;
    let second = Postgres::standby(&test_dir, &first).await;
    let world = World::at(&url_of(&[&first, &second]), 4).await;
    let phone = world.phone(&world.person("jane").await).await;
    // Both still accept connections; the first no longer accepts writes.
    let readonly = "alter system set default_transaction_read_only = on";
    query(&first.admin(), readonly).await;
    second.promote().await;
    query(&first.admin(), "select pg_reload_conf()::text").await;
    let body = json!({ "device_id": phone });
    let began = Instant::now();
    // Without a pause, in which an idle connection would be checked.
    loop {
        let response = world.key().post("/phones/deactivate", body.clone()).await;
        if response.status == 200 {
            break;
        }
        assert_eq!(response.status, 503, "{response:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    println!("the write went elsewhere after {:?}", began.elapsed());
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    world.store.close().await;
}

#[tokio::test]
async fn hosts_without_a_primary_are_an_error_that_names_the_standby() {
    let test_dir = TestDir::new();
    let first = Postgres::primary(&test_dir).await;
    let second = Postgres::standby(&test_dir, &first).await;
    let only_standbys = url_of(&[&second, &second]);
    let refused = Store::open(&only_standbys, 2, seal()).await.expect_err("a standby accepts no writes");
    let actual = format!("{refused}");
    assert!(matches!(refused, OpenError::Connect(_)), "{actual}");
    assert!(actual.contains("standby"), "{actual}");
}

#[tokio::test]
async fn invalid_database_urls_are_refused_with_the_cause() {
    for (url, word) in [
        ("postgres://a@x,y/db?target_session_attrs=standby", "target_session_attrs"),
        ("postgres:///db?host=x,y&port=1,2,3", "ports"),
        ("mysql://a@x/db", "begins otherwise"),
        ("a@x/db", "begins otherwise"),
        ("postgres://a@x:port/db", "port"),
    ] {
        let refused = Store::open(url, 1, seal()).await.expect_err("the URL is invalid");
        let actual = format!("{refused}");
        assert!(matches!(refused, OpenError::Url(_)) && actual.contains(word), "{url}: {actual}");
    }
}
