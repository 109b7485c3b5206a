//! The walk in the Seam dialect, with a workspace's key.

use super::{DialectWalk, Rng, WalkedWorkspace, walk};
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Operation, operations_of};
use crate::support::world::World;
use serde_json::{Value, json};

/// Ids of resources of other systems. They are random here, since responses repeat them.
const REPEATED_AS_SENT: [&str; 4] = ["acs_user_id", "acs_system_id", "connected_account_id", "connect_webview_id"];

pub(super) struct Seam;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_seam_are_isolated() {
    walk::<Seam>().await;
}

impl DialectWalk for Seam {
    const STEPS: usize = 520;
    /// Resources of the same time are listed by their ids.
    const IS_IN_ORDER: bool = false;

    fn operations() -> Vec<Operation> {
        operations_of(Dialect::Seam).into_iter().filter(|operation| operation.takes_any(&["api_key"])).collect()
    }

    fn creates(operation: &Operation) -> bool {
        let path = operation.path;
        (path.contains("create") && !path.ends_with("/create_offline_code")) || path.contains("generate")
    }

    fn is_rare(operation: &Operation) -> bool {
        operation.path.ends_with("/reset_sandbox") || operation.path.ends_with("/simulate/remove")
    }

    fn is_sent(operation: &Operation, field: &Field) -> Option<bool> {
        match (operation.path, field.name) {
            (_, "page_cursor")
            | ("/instant_keys/get", "instant_key_url")
            | ("/user_identities/merge", "user_identity_key" | "merged_user_identity_keys") => Some(false),
            ("/instant_keys/get", "instant_key_id") | ("/user_identities/merge", _) => Some(true),
            ("/acs/credentials/assign" | "/acs/credentials/unassign", "user_identity_id") => Some(true),
            ("/acs/credentials/assign" | "/acs/credentials/unassign", "acs_user_id") => Some(false),
            ("/acs/credentials/update", "code") => Some(false),
            ("/events/list", "since") | ("/acs/credentials/create", "user_identity_id") => Some(true),
            _ => None,
        }
    }

    fn named(_: &Operation, field: &Field) -> Option<String> {
        let kind = field.name.strip_suffix('s').unwrap_or(field.name);
        let kind = match kind {
            "owner_user_identity_id" | "merged_user_identity_id" => "user_identity_id",
            kind => kind,
        };
        (kind.ends_with("_id") && !REPEATED_AS_SENT.contains(&kind)).then(|| kind.to_owned())
    }

    fn value(operation: &Operation, field: &Field, rng: &mut Rng) -> Option<Value> {
        match (field.name, field.schema["type"].as_str()) {
            ("ends_at", _) if operation.path == "/acs/credentials/update" => Some(json!("2030-01-01T00:00:00Z")),
            ("since", _) => Some(json!("2000-01-01")),
            (name, _) if name.ends_with("_id") => Some(json!(rng.id())),
            (name, Some("array")) if name.ends_with("_ids") => Some(json!([rng.id()])),
            _ => None,
        }
    }

    fn names_in(_: &Operation, response: &Response) -> Vec<(String, String)> {
        let mut resources = Vec::new();
        record(&response.body, &mut resources);
        resources
    }

    async fn begin(world: &World, label: &str) -> WalkedWorkspace {
        WalkedWorkspace::new(vec![world.sandbox(label).await.key().clone()], Vec::new())
    }
}

/// Collects all ids in a response.
fn record(value: &Value, resources: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| record(item, resources)),
        Value::Object(members) => members.iter().for_each(|(name, member)| match member.as_str() {
            // The request id names no resource.
            Some(id) if name.ends_with("_id") && name != "request_id" => resources.push((name.clone(), id.to_owned())),
            _ => record(member, resources),
        }),
        _ => {}
    }
}
