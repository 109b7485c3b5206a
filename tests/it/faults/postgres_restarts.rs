//! The database goes away and returns: which requests are refused, how, and how soon the server recovers.

use crate::support::client::Answer;
use crate::support::durable_postgres::{kill_postgres, mortal_world};
use crate::support::private_postgres::{Place, until_async};
use crate::support::world::World;
use std::time::{Duration, Instant};

async fn wave(world: &World, count: usize) -> Vec<Answer> {
    let calls = (0..count).map(|_| {
        let key = world.key().clone();
        tokio::spawn(async move { key.get("/phones/list").await })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.expect("the task does not panic"));
    }
    answers
}

#[tokio::test]
async fn a_restart_of_postgres_between_requests_fails_no_request() {
    let place = Place::new();
    let (world, mut cluster) = mortal_world(&place, 5).await;
    for _ in 0..3 {
        wave(&world, 20).await.iter().for_each(|answer| _ = answer.ok());
        cluster.restart().await.expect("Postgres starts again");
        wave(&world, 20).await.iter().for_each(|answer| _ = answer.ok());
        kill_postgres(&cluster).await;
        cluster.restart().await.expect("Postgres starts again");
        wave(&world, 20).await.iter().for_each(|answer| _ = answer.ok());
    }
    cluster.stop().await;
}

#[tokio::test]
async fn within_a_second_after_the_restart_of_postgres_every_request_succeeds() {
    let place = Place::new();
    let (world, mut cluster) = mortal_world(&place, 5).await;
    wave(&world, 20).await.iter().for_each(|answer| _ = answer.ok());
    kill_postgres(&cluster).await;
    for answer in wave(&world, 20).await {
        answer.refused(503, "service_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let answer = world.key().get("/v1/phone/").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert_eq!(answer.body["error_code"], "SERVICE_UNAVAILABLE", "{answer:?}");

    cluster.restart().await.expect("Postgres starts again");
    let back = Instant::now();
    until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200).await;
    let took = back.elapsed();
    println!("recovered {took:?} after Postgres");
    assert!(took < Duration::from_secs(1), "{took:?}");
    wave(&world, 20).await.iter().for_each(|answer| _ = answer.ok());
    cluster.stop().await;
}
