//! The operations of the Diga dialect against the same invalid callers. Only the bearer token counts; without an API key,
//! the error is the same to the letter, before path, query and body are checked.

use super::Ledger;
use super::invalid_callers::{CredentialFault, InvalidCaller, invalid_callers};
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Location, Operation, operations_of};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn every_diga_operation_refuses_callers_without_an_api_key_before_it_checks_the_input() {
    let world = World::new().await;
    let (mut counts, mut ledger) = ((0, 0), Ledger::default());
    for caller in invalid_callers(&world).await.iter().filter(|caller| !caller.accepted_as.contains(&"api_key")) {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in operations_of(Dialect::Diga) {
            ledger.note(&operation, caller);
            for response in tries(&client, &operation).await {
                if has_client_session(&world, caller).await {
                    response.is_diga_error(403, "MISSING_PERMISSIONS");
                    counts.0 += 1;
                } else {
                    response.is_diga_unauthorized(format!("{operation}, called by {}", caller.name));
                    counts.1 += 1;
                }
            }
        }
    }
    let operations = operations_of(Dialect::Diga).len();
    assert!(counts.0 >= operations * 8 && counts.1 > operations * 100, "only {counts:?} tries");
    let faults = [
        CredentialFault::NoToken,
        CredentialFault::Garbage,
        CredentialFault::Revoked,
        CredentialFault::Expired,
        CredentialFault::Scheme,
    ];
    ledger.has(
        Dialect::Diga,
        &[&faults[..], &[CredentialFault::OtherWorkspaces, CredentialFault::AnotherPersons]].concat(),
    );
}

#[tokio::test]
async fn every_diga_operation_accepts_an_api_key() {
    let world = World::new().await;
    let lower = world.anonymous().with("authorization", &format!("bearer {}", world.api_key.reveal()));
    for operation in operations_of(Dialect::Diga) {
        assert!(!operation.is_open(), "{operation}");
        for client in [world.key(), &lower] {
            for response in tries(client, &operation).await {
                assert!(![401, 403].contains(&response.status), "{operation}: {response:?}");
            }
        }
    }
}

/// Whether the bearer token is a live client session.
async fn has_client_session(world: &World, caller: &InvalidCaller) -> bool {
    let bearer = caller.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer else { return false };
    let client = world.anonymous().with("authorization", bearer);
    bearer.starts_with("Bearer seam_cst") && client.get("/client_sessions/get").await.status == 200
}

/// Calls the operation as documented, with the other spelling of its path, with an invalid query, with an invalid body, and
/// with an invalid id.
async fn tries(client: &Client, operation: &Operation) -> Vec<Response> {
    let path = operation.example_path();
    let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let broken = client.request(operation.method, &path).header("content-type", "application/json").body("{");
    let mut responses = vec![
        client.call(operation.method, &path).await,
        client.call(operation.method, &other).await,
        client.call(operation.method, &format!("{path}?limit=x&order=up&status=gone")).await,
        client.send(broken).await,
    ];
    let fields = operation.fields();
    let mut malformed = fields.iter().filter(|field| field.location == Location::Path).peekable();
    if malformed.peek().is_some() {
        let arguments = malformed.map(|field| (field.name.to_owned(), json!("nope"))).collect();
        responses.push(client.call(operation.method, &operation.path_with(&arguments)).await);
    }
    responses
}

#[tokio::test]
async fn diga_refuses_the_client_session_of_a_person_with_a_number() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let number = crate::support::numbers::number(1);
    let phone_number = world.import_number(&number).await;
    crate::support::numbers::call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": jane }))
        .await
        .phone_number();
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let session = world.anonymous().bearer(&text(&session["token"]));
    let refused = session.get(&crate::support::numbers::path(&phone_number)).await;
    refused.is_diga_error(403, "MISSING_PERMISSIONS");
    assert!(!refused.text.contains(&number), "{refused:?}");
}
