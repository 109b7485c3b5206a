//! Concurrent requests: in whatever order Postgres executes them, the data stays consistent and no request gets a
//! server error.

use crate::support::citus::waiting_statements;
use crate::support::client::Response;
use crate::support::world::World;
use serde_json::Value;

/// Enough connections that requests contend in the database and not for the pool.
pub const CONNECTIONS: u32 = 20;

/// Sends the same POST many times concurrently.
pub async fn at_once(world: &World, count: usize, path: &'static str, body: impl Fn(usize) -> Value) -> Vec<Response> {
    let calls: Vec<_> = (0..count)
        .map(|number| {
            let (key, body) = (world.key().clone(), body(number));
            tokio::spawn(async move { key.post(path, body).await })
        })
        .collect();
    let mut responses = Vec::with_capacity(count);
    for call in calls {
        responses.push(call.await.expect("it does not panic"));
    }
    responses
}

/// Number of statements that wait for a lock.
pub async fn waiting(world: &World) -> i64 {
    waiting_statements(&mut world.database().await).await
}

/// Counts rows directly in the database.
pub async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut world.database().await).await.expect("the statement is right")
}
