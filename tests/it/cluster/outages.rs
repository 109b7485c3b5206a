//! A node that hangs: the workspaces of other nodes do not notice, and its own are answered with 503 until it is back.

use super::changes;
use crate::support::citus::ClusterDatabase;
use crate::support::citus_node::Node;
use crate::support::client::Response;
use crate::support::numbers::number;
use crate::support::wait::until;
use crate::support::world::{Tenant, World};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Connections of the server.
const CONNECTIONS: u32 = 16;

/// Requests at a time of the workspaces of the node that hangs: more than there are connections.
const CROWD: usize = 40;

/// Longest response to a workspace of another node, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

/// Longest response to a workspace of the node that hangs, before the server knows, and once it knows.
const PATIENCE: Duration = Duration::from_secs(8);

/// A workspace, and its phones.
struct Place {
    tenant: Tenant,
    phones: Vec<String>,
}

/// A workspace on the node with this port.
async fn workspace_on(world: &World, database: &ClusterDatabase, port: u16, phones: usize) -> Place {
    let mut coordinator = database.coordinator().await;
    for number in 0.. {
        let tenant = world.sandbox(&format!("{port}-{number}")).await;
        let on = "select nodeport::bigint from pg_dist_shard_placement
            where shardid = get_shard_id_for_distribution_column('phone', $1::uuid)";
        let id: uuid::Uuid = tenant.id.parse().expect("an id");
        let found: i64 =
            sqlx::query_scalar(on).bind(id).fetch_one(&mut coordinator).await.expect("the workspace has a shard");
        if found == i64::from(port) {
            let person = tenant.person("jane").await;
            let mut ids = Vec::new();
            for _ in 0..phones {
                ids.push(tenant.phone(&person).await);
            }
            return Place { tenant, phones: ids };
        }
    }
    unreachable!("some workspace is on the node")
}

/// A phone number that the node with this port knows of.
async fn number_on(database: &ClusterDatabase, port: u16) -> String {
    let on = "select nodeport::bigint from pg_dist_shard_placement
        where shardid = get_shard_id_for_distribution_column('claimed_number', $1::text)";
    let mut coordinator = database.coordinator().await;
    for which in 0.. {
        let found: i64 =
            sqlx::query_scalar(on).bind(number(which)).fetch_one(&mut coordinator).await.expect("it has a shard");
        if found == i64::from(port) {
            return number(which);
        }
    }
    unreachable!("some number is on the node")
}

impl Place {
    async fn get(&self) -> (Response, Duration) {
        let began = Instant::now();
        let response = self.tenant.key().get(&format!("/phones/get?device_id={}", self.phones[0])).await;
        (response, began.elapsed())
    }

    async fn deactivate(&self, index: usize) -> (Response, Duration) {
        let began = Instant::now();
        let body = json!({ "device_id": self.phones[index] });
        let response = self.tenant.key().post("/phones/deactivate", body).await;
        (response, began.elapsed())
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Citus cluster on this machine: HANDSET_TEST_CLUSTER"]
async fn a_node_that_hangs_is_not_noticed_by_the_workspaces_of_others() {
    const PHONES: usize = 12;
    let database = ClusterDatabase::distributed_alone().await;
    let world = World::at(&database.url, CONNECTIONS).await;
    let [port, hanging_port] = [0, 1].map(|worker| database.worker_port(worker));
    let there = workspace_on(&world, &database, port, PHONES).await;
    let gone = workspace_on(&world, &database, hanging_port, 2).await;
    let directory = world.directory_of(&there.tenant).await;
    let node = Node::of(&database.workers[1]).await;

    let hanging = node.hang();
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let (key, phone) = (gone.tenant.key().clone(), gone.phones[1].clone());
        crowd.spawn(async move {
            let mut slowest = Duration::ZERO;
            let mut statuses = Vec::new();
            for _ in 0..3 {
                let began = Instant::now();
                let response = match number % 3 {
                    0 => key.post("/phones/deactivate", json!({ "device_id": phone })).await,
                    _ => key.get(&format!("/phones/get?device_id={phone}")).await,
                };
                slowest = slowest.max(began.elapsed());
                statuses.push(response.status);
            }
            (statuses, slowest)
        });
    }
    let mut slowest = Duration::ZERO;
    for index in 1..PHONES {
        for (response, took) in [there.get().await, there.deactivate(index).await, there.get().await] {
            assert_eq!(response.status, 200, "{response:?}");
            slowest = slowest.max(took);
        }
        // The crowd needs time to fill what it can.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(slowest < SOON, "another node's workspace waited {slowest:?}");
    let mut slowest_there = Duration::ZERO;
    while let Some(done) = crowd.join_next().await {
        let (statuses, took) = done.expect("it does not panic");
        assert_eq!(statuses, [503; 3]);
        slowest_there = slowest_there.max(took);
    }
    println!("other node: at most {slowest:?}; the node that hangs: at most {slowest_there:?}");
    assert!(slowest_there < PATIENCE, "its own workspaces waited {slowest_there:?}");
    let (response, took) = gone.get().await;
    assert_eq!(response.status, 503);
    assert!(took < Duration::from_millis(500), "it is known to be away, and this took {took:?}");

    changes::make_all(&there.tenant, &directory).await;
    // A number needs the node that knows who has it, too.
    let number = number_on(&database, port).await;
    changes::change_numbers(&there.tenant, &number).await;

    drop(hanging);
    let back = Instant::now();
    until("its workspaces are answered again", async || (gone.get().await.0.status == 200).then_some(())).await;
    println!("answered {:?} after it was back", back.elapsed());
    assert_eq!(gone.deactivate(1).await.0.status, 200);
}
