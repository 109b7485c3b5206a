//! The walk in the UCWA dialect: two persons per workspace, with their own sessions and with its key. One of them has an
//! assigned work number.

use super::{DialectWalk, Rng, WalkedWorkspace, walk};
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Operation, operations_of};
use crate::support::numbers::call_action;
use crate::support::ucwa::{Person, SLOTS, href};
use crate::support::world::World;
use serde_json::{Value, json};

pub(super) struct Ucwa;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_ucwa_are_isolated() {
    walk::<Ucwa>().await;
}

impl DialectWalk for Ucwa {
    const STEPS: usize = 440;

    fn operations() -> Vec<Operation> {
        operations_of(Dialect::Ucwa).into_iter().filter(|operation| !operation.is_open()).collect()
    }

    fn creates(operation: &Operation) -> bool {
        operation.method == "POST"
            && ["/applications", "/phones", "/changeNumber"].iter().any(|end| operation.path.ends_with(end))
    }

    fn is_sent(_: &Operation, field: &Field) -> Option<bool> {
        // Requests for events do not wait.
        (field.name == "timeout").then_some(true)
    }

    fn named(_: &Operation, field: &Field) -> Option<String> {
        let kind = match field.name {
            "X-Ucwa-User" | "contact_id" => "user_identity_id",
            name if name.ends_with("_id") => name,
            _ => return None,
        };
        Some(kind.to_owned())
    }

    fn value(operation: &Operation, field: &Field, rng: &mut Rng) -> Option<Value> {
        Some(match field.name {
            "timeout" => json!(0),
            "number" => json!(rng.number()),
            "If-Match" if rng.below(4) > 0 => json!("*"),
            "If-None-Match" | "If-Match" => json!(format!("\"{}\"", rng.below(4))),
            "type" if operation.path.ends_with("/phones") => json!(SLOTS[rng.below(SLOTS.len())]),
            _ => return None,
        })
    }

    fn names_in(operation: &Operation, response: &Response) -> Vec<(String, String)> {
        if !operation.path.ends_with("/applications") {
            return Vec::new();
        }
        let own = href(&response.body, "self");
        let id = own.rsplit('/').next().expect("an address has an end");
        vec![("application_id".to_owned(), id.to_owned())]
    }

    async fn begin(world: &World, label: &str) -> WalkedWorkspace {
        let tenant = world.sandbox(label).await;
        let (mut client, mut known) = (Vec::new(), Vec::new());
        for which in 1..=2 {
            let person = Person::new(&tenant, &format!("{label}{which}")).await;
            client.extend([person.client, tenant.key().with("x-ucwa-user", &person.id)]);
            known.push(("user_identity_id", person.id));
        }
        let phone_number = tenant.import_number(&Rng::of_label(label).number()).await;
        call_action(tenant.key(), &phone_number, "assign", json!({ "user_identity_id": known[0].1 }))
            .await
            .phone_number();
        WalkedWorkspace::new(client, known)
    }
}
