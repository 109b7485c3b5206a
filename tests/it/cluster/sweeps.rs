//! The sweep of numbers, whose claims are on other nodes than their workspaces.

use crate::support::citus::{ClusterDatabase, connect};
use crate::support::numbers::number;
use crate::support::wait::until;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::Connection;

const CONNECTIONS: u32 = 8;

/// Counts the statements that wait for a lock on a node.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_sweep_that_waits_for_a_claim_does_not_hold_the_clock_of_its_workspace() {
    let database = ClusterDatabase::distributed().await;
    let world = World::at(&format!("{}?sslmode=disable", database.url), CONNECTIONS).await;
    world.reserve_number(&number(1)).await;
    let phone = world.phone(&world.person("jane").await).await;
    world.advance(TimeDelta::days(2));
    let mut blocker = database.coordinator().await;
    let mut transaction = blocker.begin().await.expect("a transaction begins");
    sqlx::query("select number from claimed_number where number = $1 for update")
        .bind(number(1))
        .fetch_one(&mut *transaction)
        .await
        .expect("the claim is locked");
    let (store, id, now) = (world.store.clone(), world.record.workspace_id, world.clock.now());
    let sweep = tokio::spawn(async move { store.move_due_numbers(id, now, 10).await });
    let is_waiting = async || {
        for url in &database.workers {
            let waiting: i64 =
                sqlx::query_scalar(WAITING).fetch_one(&mut connect(url).await).await.expect("the node answers");
            if waiting > 0 {
                return Some(());
            }
        }
        None
    };
    until("the sweep waits for the claim", is_waiting).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert!(!sweep.is_finished());
    transaction.rollback().await.expect("it is rolled back");
    assert_eq!(sweep.await.expect("it does not panic").expect("it ends"), 1);
    world.reserve_number(&number(1)).await;
}
