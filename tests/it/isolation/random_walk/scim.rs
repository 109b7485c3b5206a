//! The walk in the SCIM dialect: the directory of each company, with two tokens.

use super::{DialectWalk, Rng, WalkedWorkspace, walk};
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Location, Operation, operations_of};
use crate::support::scim::{GROUPS, USERS};
use crate::support::world::World;
use serde_json::{Value, json};

pub(super) struct Scim;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_scim_are_isolated() {
    walk::<Scim>().await;
}

impl DialectWalk for Scim {
    fn operations() -> Vec<Operation> {
        // The others name nothing.
        let named = |operation: &Operation| [USERS, GROUPS].iter().any(|path| operation.path.starts_with(path));
        operations_of(Dialect::Scim).into_iter().filter(named).collect()
    }

    fn creates(operation: &Operation) -> bool {
        operation.method == "POST" && [USERS, GROUPS].contains(&operation.path)
    }

    fn is_sent(_: &Operation, field: &Field) -> Option<bool> {
        // Cursors are sealed, and so are different in each workspace.
        (field.name == "cursor").then_some(false)
    }

    fn named(operation: &Operation, field: &Field) -> Option<String> {
        let collection = [USERS, GROUPS].into_iter().find(|collection| operation.path.starts_with(collection))?;
        (field.location == Location::Path).then(|| collection.to_owned())
    }

    fn value(operation: &Operation, field: &Field, rng: &mut Rng) -> Option<Value> {
        Some(match field.name {
            "filter" => json!(format!("displayName co \"{}\"", rng.below(10))),
            "sortBy" => json!("displayName"),
            "attributes" | "excludedAttributes" => match field.location {
                Location::Query => json!("displayName"),
                _ => json!(["displayName"]),
            },
            "If-Match" | "If-None-Match" => json!("*"),
            "emails" => json!([{ "value": format!("{}@example.com", rng.text().replace(' ', ".")), "primary": true }]),
            "phoneNumbers" => json!([{ "type": "mobile", "value": rng.number() }]),
            "members" => json!([]),
            "Operations" => match rng.below(3) {
                0 if operation.path.starts_with(USERS) => {
                    json!([{ "op": "replace", "path": "active", "value": false }])
                }
                _ => json!([{ "op": "replace", "path": "displayName", "value": rng.text() }]),
            },
            _ => return None,
        })
    }

    fn names_in(operation: &Operation, response: &Response) -> Vec<(String, String)> {
        let id = response.body["id"].as_str().filter(|_| Self::creates(operation));
        id.map(|id| (operation.path.to_owned(), id.to_owned())).into_iter().collect()
    }

    async fn begin(world: &World, label: &str) -> WalkedWorkspace {
        let tenant = world.sandbox(label).await;
        let clients = vec![world.directory_of(&tenant).await, world.directory_of(&tenant).await];
        WalkedWorkspace::new(clients, Vec::new())
    }
}
