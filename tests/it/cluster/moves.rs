//! Workspaces are moved to another node while they are used.

use crate::support::citus::ClusterDatabase;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Workspaces, each with a caller.
const WORKSPACES: usize = 8;

/// First name of the contacts: like what servers write in a statement for a table and a parameter.
const NAME: &str = "{contact} ($2[1]::text) 'x'";

/// Longest response while a shard is moved, on a busy machine.
const FEW_SECONDS: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn rebalancing_under_load_loses_and_doubles_nothing() {
    let database = ClusterDatabase::empty().await;
    let mut coordinator = database.coordinator().await;
    let last = database.address_of_worker(database.workers.len() - 1);
    coordinator.execute(AssertSqlSafe(format!("select citus_remove_node({last})"))).await.expect("it has nothing");
    database.migrate_and_distribute().await;
    let world = World::at(&database.url, 16).await;

    let done = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for number in 0..WORKSPACES {
        let tenant = world.sandbox(&format!("W{number}")).await;
        let (person, key, done) = (tenant.person("jane").await, tenant.key().clone(), Arc::clone(&done));
        callers.spawn(async move {
            let extension = Extension::of_person(&key, &person).await;
            let (mut deactivated, mut refused, mut slowest) = (Vec::new(), 0, Duration::ZERO);
            let (mut contacts, mut in_doubt) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let began = Instant::now();
                let body = json!({ "user_identity_id": person });
                let made = key.post("/phones/simulate/create_sandbox_phone", body).await;
                slowest = slowest.max(began.elapsed());
                if made.status != 200 {
                    assert_eq!(made.status, 503, "{made:?}");
                    refused += 1;
                    continue;
                }
                let phone = made.ok()["phone"]["device_id"].clone();
                loop {
                    let began = Instant::now();
                    let response = key.post("/phones/deactivate", json!({ "device_id": phone })).await;
                    slowest = slowest.max(began.elapsed());
                    if response.status == 200 {
                        break;
                    }
                    assert_eq!(response.status, 503, "{response:?}");
                    refused += 1;
                }
                deactivated.push(phone.as_str().expect("an id").to_owned());
                let began = Instant::now();
                let added = key.post(&extension.contacts(), json!({ "first_name": NAME })).await;
                slowest = slowest.max(began.elapsed());
                match added.status {
                    201 => contacts += 1,
                    503 => in_doubt += 1,
                    _ => panic!("{added:?}"),
                }
            }
            let listed = extension.search("limit=1").await;
            let total = listed.body["total"].as_i64().expect("a count");
            assert!(
                (contacts..=contacts + in_doubt).contains(&total),
                "{total} of {contacts} contacts, {in_doubt} in doubt"
            );
            (tenant, deactivated, refused + in_doubt, slowest, total)
        });
    }

    database.add_worker(database.workers.len() - 1).await;
    let began = Instant::now();
    // Each move in a session of its own, as a job of Citus does.
    coordinator.execute("select citus_rebalance_start()").await.expect("a job");
    coordinator.execute("select citus_rebalance_wait()").await.expect("it ends");
    println!("rebalanced in {:?}", began.elapsed());
    done.store(true, Ordering::Relaxed);

    let (mut count, mut refused, mut slowest, mut added) = (0, 0, Duration::ZERO, 0);
    while let Some(caller) = callers.join_next().await {
        let (tenant, deactivated, refused_here, slowest_here, contacts) = caller.expect("it does not panic");
        let events = tenant.events("phone.deactivated").await;
        let mut of_events: Vec<_> =
            events.iter().map(|event| event["device_id"].as_str().unwrap_or("").to_owned()).collect();
        let mut expected = deactivated.clone();
        expected.sort();
        of_events.sort();
        assert_eq!(of_events, expected, "each deactivation has one event");
        let audit: i64 = sqlx::query_scalar(
            "select count(*) from audit where workspace_id = $1::uuid and action = 'phone.deactivated'",
        )
        .bind(tenant.id.parse::<uuid::Uuid>().expect("an id"))
        .fetch_one(&mut coordinator)
        .await
        .expect("the coordinator answers");
        assert_eq!(audit, i64::try_from(expected.len()).expect("few"));
        let rows: i64 =
            sqlx::query_scalar("select count(*) from contact where workspace_id = $1::uuid and first_name = $2")
                .bind(tenant.id.parse::<uuid::Uuid>().expect("an id"))
                .bind(NAME)
                .fetch_one(&mut coordinator)
                .await
                .expect("the coordinator answers");
        assert_eq!(rows, contacts, "the rows are as many as were counted with them");
        added += contacts;
        (count, refused, slowest) = (count + expected.len(), refused + refused_here, slowest.max(slowest_here));
    }
    println!("{count} deactivated, {added} contacts, {refused} refused, slowest {slowest:?}");
    let moved = "select count(*) from cluster_nodes() where shards > 0";
    let nodes: i64 = coordinator.fetch_one(moved).await.expect("the coordinator answers").get(0);
    assert_eq!(nodes, i64::try_from(database.workers.len()).expect("few"), "the new node has some");
    assert!(count > 0 && slowest < FEW_SECONDS, "{slowest:?}");
}
