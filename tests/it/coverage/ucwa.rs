//! The operations of the UCWA dialect against the same invalid callers. Only the bearer token counts; unknown callers get a
//! challenge that names the token service, to the letter, before anything else is checked.

use super::Ledger;
use super::invalid_callers::{Impostor, Wrong, impostors};
use crate::support::client::{Answer, Client};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn every_ucwa_operation_challenges_unknown_callers_before_it_checks_anything_else() {
    let world = World::new().await;
    let host = world.url.trim_start_matches("http://");
    let (mut counts, mut ledger) = ((0, 0), Ledger::default());
    for impostor in impostors(&world).await.into_iter().filter(|it| !it.genuine_as.contains(&"UcwaBearer")) {
        let client = impostor.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let bears = bears(&world, &impostor).await;
        for operation in operations_of(Dialect::Ucwa).into_iter().filter(|operation| !operation.is_open()) {
            ledger.note(&operation, &impostor);
            for answer in tries(&client, &operation).await {
                match bears {
                    Bearer::Nothing => {
                        assert_eq!(answer.status, 401, "{operation}, called by {}: {answer:?}", impostor.name);
                        answer.is_challenge(host);
                        counts.0 += 1;
                    }
                    // A valid credential that names no person.
                    Bearer::Incomplete => {
                        assert_eq!(answer.body["subcode"], "AnonymousNotAllowed", "{operation}: {answer:?}");
                        answer.of_ucwa(403);
                        counts.1 += 1;
                    }
                }
            }
        }
    }
    let operations = operations_of(Dialect::Ucwa).len();
    assert!(counts.0 > operations * 100 && counts.1 > operations * 4, "only {counts:?} tries");
    let wrongs = [Wrong::NoToken, Wrong::Garbage, Wrong::Revoked, Wrong::Expired, Wrong::Scheme];
    ledger.has(Dialect::Ucwa, &[&wrongs[..], &[Wrong::OtherWorkspaces]].concat());
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
            for answer in tries(&client, &operation).await {
                assert!(![401, 403].contains(&answer.status), "{operation}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn open_operations_of_ucwa_accept_every_invalid_caller() {
    let world = World::new().await;
    for impostor in impostors(&world).await {
        let client = impostor.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in operations_of(Dialect::Ucwa).into_iter().filter(Operation::is_open) {
            for answer in tries(&client, &operation).await {
                assert!(![401, 403].contains(&answer.status), "{operation}, called by {}: {answer:?}", impostor.name);
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
async fn bears(world: &World, impostor: &Impostor) -> Bearer {
    let bearer = impostor.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer.filter(|bearer| bearer.starts_with("Bearer ")) else { return Bearer::Nothing };
    let client = world.anonymous().with("authorization", bearer);
    let is_session = client.get("/client_sessions/get").await.status == 200;
    let is_key = *bearer == format!("Bearer {}", world.api_key.reveal());
    if is_session || is_key { Bearer::Incomplete } else { Bearer::Nothing }
}

/// Calls the operation as documented, with an invalid body, with an unknown version, and with an unknown method.
async fn tries(client: &Client, operation: &Operation) -> [Answer; 4] {
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
