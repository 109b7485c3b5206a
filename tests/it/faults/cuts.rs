//! The line between the server and Postgres is cut, falls silent or is closed on one side, in the middle of statements.

use super::ledger::{Ledger, answers};
use super::line::{Line, State};
use super::stage::{migrate, socket};
use crate::postgres::stage::{Place, query, until_async};
use crate::webhook_worker::WebhookWorker;
use crate::world::World;
use handset::postgres::{self, Cluster};
use serde_json::json;
use sqlx::Connection;
use std::time::{Duration, Instant};

/// A world behind a line to a Postgres of its own.
async fn world_behind_a_line(place: &Place, connections: u32) -> (World, Line, Cluster) {
    let cluster = postgres::start(place.durable()).await.expect("Postgres starts");
    migrate(&cluster.url()).await;
    let line = Line::to(socket(&cluster.url())).await;
    let world = World::at(&line.url(&cluster.url()), connections).await;
    (world, line, cluster)
}

/// Presses while the line is in trouble so often, for so long each time, and holds the registry against what was told.
async fn press_while(trouble: &[State], long: Duration) {
    let place = Place::new();
    let (world, line, mut cluster) = world_behind_a_line(&place, 8).await;
    let worker = WebhookWorker::open(&world);
    let ledger = Ledger::of(&world, 120).await;
    let told = ledger
        .press(world.key(), 8, async |answered| {
            for (round, state) in trouble.iter().enumerate() {
                answers(answered, ledger.len() * (round + 1) / (trouble.len() + 1)).await;
                line.become_of(*state);
                // There is nothing to wait for: the trouble lasts as long as it lasts.
                tokio::time::sleep(long).await;
                line.become_of(State::Open);
            }
        })
        .await;
    println!("{trouble:?}: {} acknowledged, {} refused", told.acknowledged.len(), told.refused.len());
    let began = Instant::now();
    world.key().get("/phones/list").await.ok();
    assert!(began.elapsed() < Duration::from_secs(1), "well only after {:?}", began.elapsed());
    ledger.audit(&world, &told).await;
    ledger.settle(&world, world.key(), &told).await;
    worker.close().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_in_the_middle_of_statements_loses_nothing_that_was_acknowledged() {
    press_while(&[State::Cut; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_on_their_way_are_events_all_the_same_and_once() {
    press_while(&[State::Deaf; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_closed_on_the_servers_side_alone_loses_nothing_that_was_acknowledged() {
    press_while(&[State::HalfClosed; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_falls_silent_for_a_while_loses_nothing_that_was_acknowledged() {
    press_while(&[State::Silent, State::Silent], Duration::from_secs(4)).await;
}

/// As when the machine of the database loses its power: nothing comes back, not even that nothing will.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_lost_machine_are_given_up_and_the_pool_is_whole_again() {
    const POOL: u32 = 4;
    let place = Place::new();
    // One more is for questions that are asked together, such as who is calling.
    let (world, line, cluster) = world_behind_a_line(&place, POOL + 1).await;
    let phone = world.phone(&world.person("jane").await).await;
    // Statements that wait for a lock are under way when the machine is lost: all that the pool has.
    let mut holder = sqlx::PgConnection::connect(&cluster.url()).await.expect("it accepts");
    let mut lock = holder.begin().await.expect("it begins");
    sqlx::query("select from phone for update").execute(&mut *lock).await.expect("it locks");
    let stuck: Vec<_> = (0..POOL)
        .map(|_| {
            let request = world.key().request("POST", "/phones/deactivate").json(&json!({ "device_id": phone }));
            let key = world.key().clone();
            tokio::spawn(async move { (key.send(request).await, Instant::now()) })
        })
        .collect();
    let began = Instant::now();
    until_async("all of them wait", async || waiting(&cluster.url()).await == POOL.to_string()).await;
    line.become_of(State::Lost);
    // The pool has none to give, and says so soon.
    world.key().get("/phones/list").await.refused(503, "service_unavailable");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    for call in stuck {
        let (answer, at) = call.await.expect("it does not panic");
        answer.refused(503, "service_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(at - began < Duration::from_secs(32), "given up after {:?}", at - began);
    }
    until_async("it is well", async || world.key().get("/phones/list").await.status == 200).await;
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    // As many statements at once as ever.
    lock.rollback().await.expect("it lets go");
    let mut lock = holder.begin().await.expect("it begins");
    sqlx::query("lock table user_identity").execute(&mut *lock).await.expect("it locks");
    let calls: Vec<_> = (0..POOL)
        .map(|_| {
            let key = world.key().clone();
            tokio::spawn(async move { key.get("/user_identities/list").await })
        })
        .collect();
    until_async("all of them wait", async || waiting(&cluster.url()).await == POOL.to_string()).await;
    lock.rollback().await.expect("it lets go");
    for call in calls {
        call.await.expect("it does not panic").ok();
    }
    world.store.close().await;
    drop(holder);
    cluster.stop().await;
}

/// How many wait for a lock.
async fn waiting(url: &str) -> String {
    query(url, "select count(*)::text from pg_stat_activity where wait_event_type = 'Lock'").await
}
