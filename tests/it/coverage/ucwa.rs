//! The operations of the UCWA dialect against the same invalid callers. Only the bearer token counts; unknown callers get a
//! challenge that names the token service, to the letter, before anything else is checked.

use super::Ledger;
use super::invalid_callers::{CredentialFault, InvalidCaller, invalid_callers};
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn every_ucwa_operation_challenges_unknown_callers_before_it_checks_anything_else() {
    let world = World::new().await;
    let host = world.url.trim_start_matches("http://");
    let (mut counts, mut ledger) = ((0, 0), Ledger::default());
    for caller in invalid_callers(&world).await.into_iter().filter(|it| !it.accepted_as.contains(&"UcwaBearer")) {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let has_token = has_token(&world, &caller).await;
        for operation in operations_of(Dialect::Ucwa).into_iter().filter(|operation| !operation.is_open()) {
            ledger.note(&operation, &caller);
            for response in tries(&client, &operation).await {
                match has_token {
                    Bearer::Nothing => {
                        assert_eq!(response.status, 401, "{operation}, called by {}: {response:?}", caller.name);
                        response.is_challenge(host);
                        counts.0 += 1;
                    }
                    // A valid credential that names no person.
                    Bearer::Incomplete => {
                        assert_eq!(response.body["subcode"], "AnonymousNotAllowed", "{operation}: {response:?}");
                        response.of_ucwa(403);
                        counts.1 += 1;
                    }
                }
            }
        }
    }
    let operations = operations_of(Dialect::Ucwa).len();
    assert!(counts.0 > operations * 100 && counts.1 > operations * 4, "only {counts:?} tries");
    let faults = [
        CredentialFault::NoToken,
        CredentialFault::Garbage,
        CredentialFault::Revoked,
        CredentialFault::Expired,
        CredentialFault::Scheme,
    ];
    ledger.has(Dialect::Ucwa, &[&faults[..], &[CredentialFault::OtherWorkspaces]].concat());
}

#[tokio::test]
async fn every_ucwa_operation_accepts_callers_with_a_user_identity() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let token = text(&session["token"]);
    for operation in operations_of(Dialect::Ucwa) {
        for client in [
            world.anonymous().bearer(&token),
            world.anonymous().bearer(&format!("cwt={token}")),
            world.anonymous().with("authorization", &format!("bearer {token}")),
            world.key().with("x-ucwa-user", &jane),
        ] {
            for response in tries(&client, &operation).await {
                assert!(![401, 403].contains(&response.status), "{operation}: {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn open_operations_of_ucwa_accept_every_invalid_caller() {
    let world = World::new().await;
    for caller in invalid_callers(&world).await {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in operations_of(Dialect::Ucwa).into_iter().filter(Operation::is_open) {
            for response in tries(&client, &operation).await {
                assert!(![401, 403].contains(&response.status), "{operation}, called by {}: {response:?}", caller.name);
            }
        }
    }
}

/// What a bearer token is valid for here.
#[derive(Clone, Copy)]
enum Bearer {
    Nothing,
    Incomplete,
}

/// Live keys and sessions are known, but none of these callers names a person.
async fn has_token(world: &World, caller: &InvalidCaller) -> Bearer {
    let bearer = caller.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer.filter(|bearer| bearer.starts_with("Bearer ")) else { return Bearer::Nothing };
    let client = world.anonymous().with("authorization", bearer);
    let is_session = client.get("/client_sessions/get").await.status == 200;
    let is_key = *bearer == format!("Bearer {}", world.api_key.reveal());
    if is_session || is_key { Bearer::Incomplete } else { Bearer::Nothing }
}

/// Calls the operation as documented, with an invalid body, with an unknown version, and with an unknown method.
async fn tries(client: &Client, operation: &Operation) -> [Response; 4] {
    let path = operation.example_path();
    let broken = client.request(operation.method, &path).header("content-type", "application/json").body("{");
    let odd = client.request("BREW", &path).header("content-type", "text/coffee").body("{");
    let late = client.with("x-ms-requiresminresourceversion", "9");
    [
        client.call(operation.method, &path).await,
        client.send(broken).await,
        late.call(operation.method, &path).await,
        client.send(odd).await,
    ]
}
