//! The operations of the SCIM dialect against the same invalid callers. Only the token of a directory opens it, before method,
//! path and body are checked, and it opens no other dialect.

use super::Ledger;
use super::invalid_callers::{CredentialFault, invalid_callers};
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::World;

#[tokio::test]
async fn every_scim_operation_refuses_callers_without_a_token_of_a_directory() {
    let world = World::new().await;
    let mut callers = invalid_callers(&world).await;
    // Every other credential is refused here, also a valid one.
    callers.retain(|caller| caller.token().is_none_or(|token| !token.starts_with("handset_scim_")));
    let (mut count, mut ledger) = (0, Ledger::default());
    for caller in &callers {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        for operation in operations_of(Dialect::Scim) {
            ledger.note(&operation, caller);
            for response in tries(&client, &operation).await {
                is_unauthorized(&response, &format!("{operation}, called by {}", caller.name));
                count += 1;
            }
        }
    }
    assert!(count > operations_of(Dialect::Scim).len() * 100, "only {count} tries");
    let faults = [
        CredentialFault::NoToken,
        CredentialFault::Garbage,
        CredentialFault::Revoked,
        CredentialFault::Expired,
        CredentialFault::OtherWorkspaces,
        CredentialFault::AnotherPersons,
        CredentialFault::Scheme,
    ];
    ledger.has(Dialect::Scim, &faults);
}

#[tokio::test]
async fn every_scim_operation_refuses_a_token_that_is_revoked_or_not_known() {
    let world = World::new().await;
    let (good, revoked) = (world.scim_token(&world).await, world.scim_token(&world).await);
    world.store.revoke_scim_token(revoked.reveal(), world.clock.now()).await.expect("the token exists");
    let almost = &good.reveal()[..good.reveal().len() - 1];
    for token in [revoked.reveal(), almost, "handset_scim_11111111_111111111111111111111111", "handset_scim_"] {
        for operation in operations_of(Dialect::Scim) {
            for response in tries(&world.anonymous().bearer(token), &operation).await {
                is_unauthorized(&response, &format!("{operation} with {token}"));
                let challenge = response.header("www-authenticate").unwrap_or_default();
                assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
            }
        }
    }
    let basic = world.anonymous().with("authorization", &format!("Basic {}", good.reveal()));
    is_unauthorized(&basic.get("/scim/v2/Users").await, "Basic");
}

#[tokio::test]
async fn a_token_of_a_directory_opens_every_scim_operation_and_no_other_dialect() {
    let world = World::new().await;
    let directory = world.directory().await;
    for operation in operations_of(Dialect::Scim) {
        assert!(!operation.is_open(), "{operation}");
        for response in tries(&directory, &operation).await {
            assert!(![401, 403].contains(&response.status), "{operation}: {response:?}");
        }
    }
    for path in ["/phones/list", "/v1/phone/", "/v4/accounts", "/me/phones", "/workspaces/get"] {
        assert_eq!(directory.get(path).await.status, 401, "{path}");
    }
    let with_header = directory.with("client-session-token", world.scim_token(&world).await.reveal());
    assert_eq!(with_header.get("/phones/list").await.status, 401);
}

#[track_caller]
fn is_unauthorized(response: &Response, what: &str) {
    assert_eq!(response.status, 401, "{what}: {response:?}");
    response.scim_error(401, None);
    let challenge = response.header("www-authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Bearer realm="), "{what}: {challenge}");
}

/// Calls the operation as documented, with the other spelling of its path, with a broken body, and with another method.
async fn tries(client: &Client, operation: &Operation) -> Vec<Response> {
    let path = operation.example_path();
    let broken = client.request(operation.method, &path).header("content-type", "application/json").body("{");
    vec![
        client.call(operation.method, &path).await,
        client.call(operation.method, &format!("{path}/")).await,
        client.send(broken).await,
        client.call("BREW", &path).await,
    ]
}
