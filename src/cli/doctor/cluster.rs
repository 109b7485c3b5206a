//! The check of the cluster: which nodes answer, and how the tables are laid out over them.

use super::Check;
use crate::store::{ClusterNode, ClusterStatus, Store};

const NAME: &str = "cluster";

/// Advice for what `--distribute` mends.
const DISTRIBUTE: &str = "run at the coordinator: handset migrate --distribute";

pub async fn check(store: &Store) -> Check {
    match store.cluster_status().await {
        Ok(Some(status)) => of_status(&status),
        Ok(None) => Check::skipped(NAME, "a single Postgres, without Citus"),
        Err(fault) => Check::failed(NAME, fault.to_string(), "check Citus on the node that DATABASE_URL names"),
    }
}

fn of_status(status: &ClusterStatus) -> Check {
    let names = |is_meant: fn(&&ClusterNode) -> bool| {
        let nodes = status.nodes.iter().filter(is_meant);
        nodes.map(|node| format!("{}:{}", node.host, node.port)).collect::<Vec<_>>().join(", ")
    };
    let silent = names(|node| !node.answers);
    if !silent.is_empty() {
        let advice = "start Postgres there, and see that it lets the user of the other nodes in. Until then the \
                      workspaces on it are answered with 503, no key or workspace can be added, and no number that has its \
                      place there";
        return Check::failed(NAME, format!("the node {silent} does not answer"), advice);
    }
    let Some(undistributed) = &status.undistributed else {
        return Check::ok(NAME, format!("{}; this is a worker, and the coordinator tells more", nodes(status)));
    };
    if status.nodes.iter().all(|node| node.shards == 0) {
        return Check::warning(
            NAME,
            format!("Citus {} is there, and no table is distributed", status.citus),
            DISTRIBUTE,
        );
    }
    let missing: Vec<_> = undistributed.iter().map(|table| table.name.as_str()).collect();
    if !missing.is_empty() {
        return Check::failed(NAME, format!("not distributed: {}", missing.join(", ")), DISTRIBUTE);
    }
    let without_copies = names(|node| !node.has_copies);
    if !without_copies.is_empty() {
        return Check::warning(NAME, format!("{without_copies} has no copies of the shared tables"), DISTRIBUTE);
    }
    if status.time_zones != ["UTC"] {
        let zones = status.time_zones.join(", ");
        let message = format!("the nodes have the time zone {zones}, which the audit trail keeps");
        return Check::warning(NAME, message, "on each node: alter database … set timezone to 'UTC'");
    }
    let empty = names(|node| node.may_have_shards && node.shards == 0);
    if !empty.is_empty() {
        let advice = "move some there, at the coordinator: select citus_rebalance_start()";
        return Check::warning(NAME, format!("{empty} has no workspaces"), advice);
    }
    if status.wal_levels != ["logical"] {
        let advice = "set wal_level to logical on each node and restart it, before workspaces are moved";
        return Check::warning(NAME, "moving workspaces would block their changes until it is done", advice);
    }
    Check::ok(NAME, nodes(status))
}

/// What each node has, in one sentence.
fn nodes(status: &ClusterStatus) -> String {
    let one = |node: &ClusterNode| match (node.group_id, node.shards) {
        (0, 0) => format!("coordinator {}:{}", node.host, node.port),
        (_, shards) => format!("{}:{} with {shards} shards", node.host, node.port),
    };
    let nodes: Vec<String> = status.nodes.iter().map(one).collect();
    format!("Citus {}, {} nodes answer: {}", status.citus, nodes.len(), nodes.join(", "))
}
