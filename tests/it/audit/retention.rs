//! The audit trail is append-only, and is pruned together with events.

use super::audit_rows;
use crate::support::citus::is_left_out;
use crate::support::wait::until;
use crate::support::world::World;
use chrono::TimeDelta;
use handset::metrics::Metrics;
use handset::sweeper::Sweeper;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_database_refuses_to_update_or_delete_audit_rows() {
    if is_left_out("it has no triggers; the guard by grants is tried in hostile::audit_guard") {
        return;
    }
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let before = audit_rows(&world, &world).await;
    assert_eq!(before.len(), 1);
    let mut database = world.database().await;
    for attempt in [
        "update audit set action = 'phone.blessed'",
        "update audit set after = null where false",
        "delete from audit",
        "truncate audit",
        "with gone as (delete from audit returning 1) select count(*) from gone",
    ] {
        let refused = sqlx::query(attempt).execute(&mut database).await.expect_err(attempt);
        assert!(refused.to_string().contains("the audit trail is append-only"), "{attempt}: {refused}");
    }
    assert_eq!(audit_rows(&world, &world).await, before);
}

#[tokio::test]
async fn forget_audit_permits_no_other_delete_on_the_same_connection() {
    if is_left_out("it has no triggers; the guard by grants is tried in hostile::audit_guard") {
        return;
    }
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let mut database = world.database().await;
    sqlx::query("select forget_audit('2000-01-01', 10)").execute(&mut database).await.expect("it forgets nothing");
    sqlx::query("delete from audit").execute(&mut database).await.expect_err("a plain delete is refused");
    assert_eq!(audit_rows(&world, &world).await.len(), 1);
}

#[tokio::test]
async fn audit_rows_are_kept_as_long_as_events() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let old = world.phone(&jane).await;
    world.advance(TimeDelta::days(1));
    let young = world.phone(&jane).await;
    world.advance(TimeDelta::days(89));
    let before = world.clock.now() - TimeDelta::days(90);
    assert_eq!(world.store.prune_audit(before, 100).await.expect("the database answers"), 0, "exactly 90 days old");
    world.advance(TimeDelta::seconds(1));
    let (store, clock) = (world.store.clone(), world.clock.clone());
    let (keep_events, metrics) = (TimeDelta::days(90), Metrics::default());
    let sweeper = Sweeper { store, clock, keep_events, metrics, tick: Duration::from_millis(10) };
    let stop = CancellationToken::new();
    tokio::spawn(sweeper.run(stop.clone()));
    let _until_dropped = stop.drop_guard();
    let left = until("the old row is pruned", async || {
        Some(audit_rows(&world, &world).await).filter(|rows| rows.iter().all(|row| row["subject_id"] != old))
    });
    let left = left.await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["subject_id"], young);
}

#[tokio::test]
async fn old_audit_rows_are_pruned_in_batches() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for _ in 0..5 {
        world.phone(&jane).await;
    }
    world.advance(TimeDelta::seconds(1));
    for pruned in [2, 2, 1, 0] {
        assert_eq!(world.store.prune_audit(world.clock.now(), 2).await.expect("the database answers"), pruned);
    }
}
