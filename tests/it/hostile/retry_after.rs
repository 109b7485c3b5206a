//! What a client is told when the database is away, or a statement took too long: to come back later and later, and that
//! the request itself is to be narrowed.

use crate::support::client::Response;
use crate::support::private_postgres::until_async;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

/// A request of each dialect that looks up the API key, and where the body has the code of an error.
const REQUESTS: [(&str, &str, &str); 4] = [
    ("/phones/list", "/error/type", "statement_timeout"),
    ("/v1/phone/", "/error_code", "STATEMENT_TIMEOUT"),
    ("/me/phones", "/subcode", "Timeout"),
    ("/v4/accounts/1/extensions/1/contacts", "/error", "statement_timeout"),
];

#[track_caller]
fn wait_of(response: &Response) -> u64 {
    assert_eq!(response.status, 503, "{response:?}");
    let header = response.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {response:?}"));
    header.parse().expect("whole seconds")
}

#[tokio::test]
async fn retry_after_grows_while_the_database_is_away() {
    let world = World::new().await;
    world.store.close().await;
    let mut waits = Vec::new();
    for (index, seconds) in [0, 2, 4, 8, 16, 32, 60].into_iter().enumerate() {
        world.advance(TimeDelta::seconds(seconds));
        let (path, pointer, code) = REQUESTS[index % REQUESTS.len()];
        let response = world.key().get(path).await;
        assert_ne!(response.body.pointer(pointer), Some(&Value::from(code)), "the database is away: {response:?}");
        waits.push(wait_of(&response));
    }
    assert_eq!(waits[0], 1, "a short interruption costs a short wait");
    assert!(waits.is_sorted() && waits[3] >= 10, "{waits:?}");
    assert!(waits[6] >= 40 && waits[6] <= 60, "{waits:?}");
}

#[tokio::test]
async fn a_statement_timeout_has_a_code_of_its_own_in_each_dialect_and_a_longer_wait() {
    let world = World::new().await;
    let person = world.person("jane").await;
    let mut holder = world.database().await;
    let mut watcher = world.database().await;
    for (path, pointer, code) in REQUESTS {
        let mut held = holder.begin().await.expect("a transaction");
        world.lock_shared_table(&mut held, "api_key").await;
        let client = world.key().with("x-ucwa-user", &person).with("accept", "application/json");
        let waiting = tokio::spawn(async move { client.get(path).await });
        until_async("its statement is cancelled", async || cancel_waiting(&mut watcher).await).await;
        let response = waiting.await.expect("the task does not panic");
        held.rollback().await.expect("the lock is released");
        assert_eq!(response.body.pointer(pointer), Some(&Value::from(code)), "{path}: {response:?}");
        let wait = wait_of(&response);
        assert!((20..=60).contains(&wait), "{path}: {wait}");
    }
    // Other requests are not asked to wait for it.
    world.key().get("/phones/list").await.ok();
}

/// Ends the statement that waits for a lock as a statement timeout ends one; false if none waits.
async fn cancel_waiting(watcher: &mut PgConnection) -> bool {
    let cancel = "select count(pg_cancel_backend(pid)) > 0 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query_scalar(cancel).fetch_one(watcher).await.expect("the catalogue answers")
}
