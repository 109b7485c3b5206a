//! The operations of the Phone.com dialect against the same invalid callers. Only the bearer token counts; the error has
//! both forms of the envelope, before path, query and body are checked.

use super::Ledger;
use super::invalid_callers::{Impostor, Wrong, impostors};
use crate::support::client::{Answer, Client};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::World;
use serde_json::json;

/// Schemes of the document whose credentials are valid here, too: those that need only the bearer token.
const GOOD: [&str; 4] = ["api_key", "pat_without_workspace", "console_session_without_workspace", "PhoneComOAuth"];

#[tokio::test]
async fn every_phone_com_operation_refuses_unknown_callers_before_it_checks_the_input() {
    let world = World::new().await;
    let (mut count, mut ledger) = (0, Ledger::default());
    let all = impostors(&world).await;
    for impostor in &all {
        if impostor.genuine_as.iter().any(|scheme| GOOD.contains(scheme)) || bears_a_session(&world, impostor).await {
            continue;
        }
        let client = impostor.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in asking_for("PhoneComOAuth") {
            ledger.note(&operation, impostor);
            for answer in tries(&client, &operation).await {
                assert_eq!(answer.status, 401, "{operation}, called by {}: {answer:?}", impostor.name);
                answer.is_error(401);
                assert!(answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")), "{answer:?}");
                count += 1;
            }
        }
    }
    assert!(count > 12 * 60, "only {count} tries");
    ask_for_tokens(&world, &all, &mut ledger).await;
    ledger.has(Dialect::PhoneCom, &[Wrong::NoToken, Wrong::Garbage, Wrong::Revoked, Wrong::Expired, Wrong::Scheme]);
}

/// No invalid caller is accepted as an OAuth client, not even with its token as the secret of an API key.
async fn ask_for_tokens(world: &World, all: &[Impostor], ledger: &mut Ledger) {
    let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    for impostor in all {
        let client = impostor.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let secret = impostor.token().filter(|token| *token != world.api_key.reveal());
        for operation in asking_for("PhoneComClient") {
            ledger.note(&operation, impostor);
            for key in &keys {
                let mut asked = json!({ "grant_type": "client_credentials" });
                let plain = client.json(operation.method, operation.path, asked.clone()).await;
                asked["client_id"] = json!(key.api_key_id.to_string());
                asked["client_secret"] = json!(secret);
                for answer in [plain, client.json(operation.method, operation.path, asked).await] {
                    answer.is_error(401);
                    assert_eq!(answer.body["error"], "invalid_client", "{operation}, called by {}", impostor.name);
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
            for answer in tries(client, &operation).await {
                assert!(![401, 403].contains(&answer.status), "{operation}: {answer:?}");
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
    let asking: Vec<_> = all.filter(|operation| operation.takes_any(&[scheme])).collect();
    assert!(!asking.is_empty(), "no operation requires {scheme}");
    asking
}

/// Whether the bearer token is a live client session.
async fn bears_a_session(world: &World, impostor: &Impostor) -> bool {
    let bearer = impostor.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer else { return false };
    let client = world.anonymous().with("authorization", bearer);
    bearer.starts_with("Bearer seam_cst") && client.get("/client_sessions/get").await.status == 200
}

/// Calls the operation as documented, with the other spelling of its path, with invalid numbers, with an invalid query, and
/// with an invalid body.
async fn tries(client: &Client, operation: &Operation) -> Vec<Answer> {
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
