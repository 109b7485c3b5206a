//! The walk in the Diga dialect. Each workspace has numbers of its own, because a number exists once, and others only see
//! that it is in use.

use super::{DialectWalk, Rng, WalkedWorkspace, walk};
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Operation, operations_of};
use crate::support::world::{World, text};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) struct Diga;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_diga_are_isolated() {
    walk::<Diga>().await;
}

impl DialectWalk for Diga {
    fn operations() -> Vec<Operation> {
        operations_of(Dialect::Diga)
    }

    fn creates(operation: &Operation) -> bool {
        operation.path.ends_with("/import") || operation.path.ends_with("/reserve")
    }

    fn named(_: &Operation, field: &Field) -> Option<String> {
        let kind = match field.name {
            "phone_id" | "after" | "before" => "phone_id",
            name if name.ends_with("_agent_id") || name.ends_with("_version_id") => "agent_id",
            name if name.ends_with("_id") => name,
            _ => return None,
        };
        Some(kind.to_owned())
    }

    fn value(_: &Operation, field: &Field, rng: &mut Rng) -> Option<Value> {
        (field.name == "sip_config").then(|| json!({ "termination_uri": "sip.example.com", "password": rng.text() }))
    }

    fn names_in(_: &Operation, response: &Response) -> Vec<(String, String)> {
        let id = response.body["id"].as_str();
        id.map(|id| ("phone_id".to_owned(), id.to_owned())).into_iter().collect()
    }

    async fn begin(world: &World, label: &str) -> WalkedWorkspace {
        let tenant = world.sandbox(label).await;
        let mut known = Vec::new();
        for which in 1..=2 {
            known.push(("user_identity_id", tenant.person(&format!("{label}{which}")).await));
            // Agents belong to another system.
            known.push(("agent_id", world.random.id::<Uuid>(world.clock.now()).to_string()));
        }
        known.push(("phone_id", text(&tenant.import_number(&Rng::of_label(label).number()).await["id"])));
        WalkedWorkspace::new(vec![tenant.key().clone()], known)
    }
}
