//! The same requests on two databases: the same responses, and afterwards the same rows in every table, events and audit
//! trail first. Each operation of the document is called, and what only the console, the command line and the server itself
//! do. A database on a Citus cluster is compared with one Postgres if `HANDSET_TEST_CLUSTER` names one; else two databases of
//! one Postgres are compared, which shows that the requests are reproducible.
//!
//! Citus runs the parts of a statement one after the other, each with a snapshot of its own. A part that reads too late changes
//! no response: only the rows show it.

mod administration;
mod merges;
mod tables;

use crate::isolation::random_walk::{Step, walk_alone};
use crate::support::citus::ClusterDatabase;
use crate::support::document::{Dialect, operations_of};
use crate::support::shared_postgres::Database;
use crate::support::world::World;
use std::collections::BTreeSet;
use tables::Tables;

/// Connections of each server.
const CONNECTIONS: u32 = 5;

const SEED: u64 = 7;

#[tokio::test]
async fn the_same_requests_write_the_same_rows_on_two_databases() {
    let databases = [Database::new(CONNECTIONS).await, Database::new(CONNECTIONS).await];
    compare([&databases[0].url, &databases[1].url]).await;
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn the_same_requests_write_the_same_rows_on_one_postgres_and_on_a_cluster() {
    let (one, cluster) = (Database::new(CONNECTIONS).await, ClusterDatabase::distributed().await);
    compare([&one.url, &format!("{}?sslmode=disable", cluster.url)]).await;
}

/// Plays on both, and compares.
async fn compare(urls: [&str; 2]) {
    let mut played = Vec::new();
    for url in urls {
        let world = World::at(url, CONNECTIONS).await;
        let mut steps = walk_alone(&world, SEED).await;
        steps.extend(administration::play(&world).await);
        // Some responses have the server's address.
        steps.iter_mut().for_each(|step| step.response = step.response.replace(world.address(), "(address)"));
        played.push((steps, Tables::read(&world).await));
    }
    let [(first, tables), (second, other_tables)] = <[_; 2]>::try_from(played).ok().expect("both are played");
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one, other, "{}", one.operation);
    }
    assert_eq!(first.len(), second.len());
    tables.assert_equal(&other_tables);
    assert_is_complete(&first, &tables);
}

/// Checks that each operation was called and most have succeeded, and that there are rows of each kind to compare.
fn assert_is_complete(steps: &[Step], tables: &Tables) {
    let operations: BTreeSet<String> =
        Dialect::ALL.into_iter().flat_map(operations_of).map(|operation| operation.to_string()).collect();
    let called: BTreeSet<&String> = steps.iter().map(|step| &step.operation).collect();
    let missing: Vec<&String> = operations.iter().filter(|operation| !called.contains(operation)).collect();
    let successful: BTreeSet<&String> =
        steps.iter().filter(|step| step.is_success).map(|step| &step.operation).collect();
    let failed: Vec<&String> = operations.iter().filter(|operation| !successful.contains(operation)).collect();
    assert!(missing.is_empty(), "never called: {missing:#?}");
    assert!(failed.len() * 2 <= operations.len(), "{} are never successful: {failed:#?}", failed.len());
    tables.assert_are_filled();
}
