//! The line between the server and Postgres is cut, falls silent or is closed on one side, in the middle of statements.

use super::ledger::{Ledger, answers};
use super::line::{Line, State};
use super::stage::{migrate, socket};
use crate::post_office::PostOffice;
use crate::postgres::stage::Place;
use crate::world::World;
use handset::postgres;
use std::time::{Duration, Instant};

/// Presses while the line is in trouble five times, and holds the registry against what was told.
async fn press_while(trouble: &[State], silence: Duration) {
    let place = Place::new();
    let cluster = postgres::start(place.durable()).await.expect("Postgres starts");
    migrate(&cluster.url()).await;
    let line = Line::to(socket(&cluster.url())).await;
    let world = World::at(&line.url(&cluster.url()), 8).await;
    let office = PostOffice::open(&world);
    let ledger = Ledger::of(&world, 120).await;
    let told = ledger
        .press(world.key(), 8, async |answered| {
            for (round, state) in trouble.iter().enumerate() {
                answers(answered, ledger.len() * (round + 1) / (trouble.len() + 1)).await;
                line.become_of(*state);
                tokio::time::sleep(silence).await;
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
    office.close().await;
    world.store.close().await;
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
