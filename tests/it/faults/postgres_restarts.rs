//! The database goes away and returns: which requests are refused, how, and how soon the server recovers.

use crate::support::client::Response;
use crate::support::durable_postgres::world_on_durable_postgres;
use crate::support::private_postgres::{TestDir, until_async};
use crate::support::world::World;
use std::time::{Duration, Instant};

async fn concurrent_requests(world: &World, count: usize) -> Vec<Response> {
    let calls = (0..count).map(|_| {
        let key = world.key().clone();
        tokio::spawn(async move { key.get("/phones/list").await })
    });
    let mut responses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        responses.push(call.await.expect("the task does not panic"));
    }
    responses
}

#[tokio::test]
async fn a_restart_of_postgres_between_requests_fails_no_request() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    for _ in 0..3 {
        concurrent_requests(&world, 20).await.iter().for_each(|response| _ = response.ok());
        cluster.restart().await;
        concurrent_requests(&world, 20).await.iter().for_each(|response| _ = response.ok());
        cluster.kill().await;
        cluster.restart().await;
        concurrent_requests(&world, 20).await.iter().for_each(|response| _ = response.ok());
    }
    cluster.stop().await;
}

#[tokio::test]
async fn within_a_second_after_the_restart_of_postgres_every_request_succeeds() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    concurrent_requests(&world, 20).await.iter().for_each(|response| _ = response.ok());
    cluster.kill().await;
    for response in concurrent_requests(&world, 20).await {
        response.refused(503, "service_unavailable");
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    let response = world.key().get("/v1/phone/").await;
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{response:?}");
    assert_eq!(response.body["error_code"], "SERVICE_UNAVAILABLE", "{response:?}");

    cluster.restart().await;
    let back = Instant::now();
    until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200).await;
    let took = back.elapsed();
    println!("recovered {took:?} after Postgres");
    assert!(took < Duration::from_secs(1), "{took:?}");
    concurrent_requests(&world, 20).await.iter().for_each(|response| _ = response.ok());
    cluster.stop().await;
}
