//! The operations of the Phone.com dialect against the same invalid callers. Only the bearer token counts; the error has
//! both forms of the envelope, before path, query and body are checked.

use super::Ledger;
use super::invalid_callers::{CredentialFault, InvalidCaller, invalid_callers};
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::World;
use serde_json::json;

/// Schemes of the document whose credentials are valid here, too: those that need only the bearer token.
const GOOD: [&str; 4] = ["api_key", "pat_without_workspace", "console_session_without_workspace", "PhoneComOAuth"];

#[tokio::test]
async fn every_phone_com_operation_refuses_unknown_callers_before_it_checks_the_input() {
    let world = World::new().await;
    let (mut count, mut ledger) = (0, Ledger::default());
    let all = invalid_callers(&world).await;
    for caller in &all {
        if caller.accepted_as.iter().any(|scheme| GOOD.contains(scheme)) || has_client_session(&world, caller).await {
            continue;
        }
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in asking_for("PhoneComOAuth") {
            ledger.note(&operation, caller);
            for response in tries(&client, &operation).await {
                assert_eq!(response.status, 401, "{operation}, called by {}: {response:?}", caller.name);
                response.is_error(401);
                assert!(response.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")), "{response:?}");
                count += 1;
            }
        }
    }
    assert!(count > 12 * 60, "only {count} tries");
    request_tokens(&world, &all, &mut ledger).await;
    ledger.has(
        Dialect::PhoneCom,
        &[
            CredentialFault::NoToken,
            CredentialFault::Garbage,
            CredentialFault::Revoked,
            CredentialFault::Expired,
            CredentialFault::Scheme,
        ],
    );
}

/// No invalid caller is accepted as an OAuth client, not even with its token as the secret of an API key.
async fn request_tokens(world: &World, all: &[InvalidCaller], ledger: &mut Ledger) {
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    for caller in all {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let secret = caller.token().filter(|token| *token != world.api_key.reveal());
        for operation in asking_for("PhoneComClient") {
            ledger.note(&operation, caller);
            for key in &keys {
                let mut sent = json!({ "grant_type": "client_credentials" });
                let plain = client.json(operation.method, operation.path, sent.clone()).await;
                sent["client_id"] = json!(key.api_key_id.to_string());
                sent["client_secret"] = json!(secret);
                for response in [plain, client.json(operation.method, operation.path, sent).await] {
                    response.is_error(401);
                    assert_eq!(response.body["error"], "invalid_client", "{operation}, called by {}", caller.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn every_phone_com_operation_accepts_api_keys_access_tokens_and_console_sessions() {
    let world = World::new().await;
    let lower = world.anonymous().with("authorization", &format!("bearer {}", world.api_key.reveal()));
    let token = world.anonymous().bearer(world.access_token(&[&world]).await.reveal());
    let console = world.anonymous().bearer(world.console_session(&[&world]).await.reveal());
    for operation in asking_for("PhoneComOAuth") {
        for client in [world.key(), &lower, &token, &console] {
            for response in tries(client, &operation).await {
                // The token of a sign-in can be deleted, and none of these is one.
                let is_refused = operation.method == "DELETE" && operation.path == "/v4/oauth/access-token";
                let expected = if is_refused { vec![401] } else { vec![401, 403] };
                assert!(!expected.contains(&response.status), "{operation}: {response:?}");
                assert!(!is_refused || response.status == 403, "{operation}: {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn open_operations_of_phone_com_need_no_credential() {
    let world = World::new().await;
    for operation in operations_of(Dialect::PhoneCom).into_iter().filter(Operation::is_open) {
        for client in [world.anonymous(), world.anonymous().bearer("unknown")] {
            assert_eq!(client.call(operation.method, operation.path).await.status, 200, "{operation}");
        }
    }
}

fn asking_for(scheme: &str) -> Vec<Operation> {
    let all = operations_of(Dialect::PhoneCom).into_iter();
    let pending: Vec<_> = all.filter(|operation| operation.takes_any(&[scheme])).collect();
    assert!(!pending.is_empty(), "no operation requires {scheme}");
    pending
}

/// Whether the bearer token is a live client session.
async fn has_client_session(world: &World, caller: &InvalidCaller) -> bool {
    let bearer = caller.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer else { return false };
    let client = world.anonymous().with("authorization", bearer);
    bearer.starts_with("Bearer seam_cst") && client.get("/client_sessions/get").await.status == 200
}

/// Calls the operation as documented, with the other spelling of its path, with invalid numbers, with an invalid query, and
/// with an invalid body.
async fn tries(client: &Client, operation: &Operation) -> Vec<Response> {
    let path = operation.example_path();
    let broken = client.request(operation.method, &path).header("content-type", "application/json").body("{");
    vec![
        client.call(operation.method, &path).await,
        client.call(operation.method, &format!("{path}/")).await,
        client.call(operation.method, &path.replace("/1", "/none")).await,
        client.call(operation.method, &format!("{path}?limit=x&filters[zip]=1")).await,
        client.send(broken).await,
    ]
}
