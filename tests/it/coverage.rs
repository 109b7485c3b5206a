//! Every operation of the document against every kind of invalid caller. The operations come from the document, so a new
//! one is tested at once, and a route that is not in the document fails another test. Authentication precedes the checks of
//! method and input, so each caller also sends a wrong method and invalid input.

mod diga;
mod invalid_callers;
mod phone_com;
mod scim;
mod ucwa;

use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::world::{World, text};
use invalid_callers::{CredentialFault, InvalidCaller, invalid_callers};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The error for a credential that the operation does not accept.
const NONE_SUCCEEDED: (u16, &str, &str) = (401, "unauthorized", "No authentication methods succeeded");

/// Operations, and the kinds of callers that they have refused.
#[derive(Default)]
struct Ledger(BTreeSet<(String, CredentialFault)>);

impl Ledger {
    fn note(&mut self, operation: &Operation, caller: &InvalidCaller) {
        self.0.insert((operation.to_string(), caller.fault));
    }

    /// Checks that every operation of the dialect that needs a credential has refused these kinds of callers. Other kinds
    /// are valid for their own resources; the isolation tests call with them for others' resources.
    fn has(&self, dialect: Dialect, faults: &[CredentialFault]) {
        for operation in operations_of(dialect).into_iter().filter(|operation| !operation.is_open()) {
            for kind in faults {
                assert!(self.0.contains(&(operation.to_string(), *kind)), "{operation} was not tried by {kind:?}");
            }
        }
    }
}

#[test]
fn every_dialect_is_tested() {
    let served: Vec<&str> = handset::dialect::ALL.iter().map(|dialect| dialect.name).collect();
    assert_eq!(
        served,
        Dialect::ALL.map(Dialect::name),
        "add a new dialect here, to isolation and to the client suites"
    );
    let suites = include_str!("../clients/run");
    for dialect in Dialect::ALL {
        assert!(!operations_of(dialect).is_empty(), "the document has no operation of {dialect:?}");
        assert!(suites.contains(&format!("schemathesis-{}", dialect.name())), "{dialect:?} has no schemathesis suite");
    }
}

#[tokio::test]
async fn every_seam_operation_refuses_invalid_callers_before_it_checks_method_and_input() {
    let world = World::new().await;
    let mut refused_in_own_words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ledger = Ledger::default();
    for caller in invalid_callers(&world).await {
        let client = caller.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let count = refused_in_own_words.entry(caller.name).or_default();
        for operation in operations_of(Dialect::Seam).into_iter().filter(|operation| !operation.is_open()) {
            let Some(refusal) = refusal(&caller, &operation) else { continue };
            *count += usize::from(refusal == caller.refusal);
            ledger.note(&operation, &caller);
            for response in tries(&client, &operation).await {
                let error = response.refused(refusal.0, refusal.1);
                assert_eq!(error["message"], refusal.2, "{operation}, called by {}", caller.name);
                let members: BTreeSet<&String> = error.as_object().into_iter().flat_map(|error| error.keys()).collect();
                let plain = ["message", "request_id", "type"].map(str::to_owned);
                assert_eq!(members, plain.iter().collect(), "{operation}, called by {}", caller.name);
            }
        }
    }
    let never: Vec<_> = refused_in_own_words.iter().filter(|(_, count)| **count == 0).collect();
    assert!(never.is_empty(), "no operation checks the credential of {never:?}");
    ledger.has(
        Dialect::Seam,
        &[
            CredentialFault::NoToken,
            CredentialFault::Garbage,
            CredentialFault::Revoked,
            CredentialFault::Expired,
            CredentialFault::Scheme,
        ],
    );
}

#[tokio::test]
async fn every_seam_operation_accepts_each_scheme_that_it_names() {
    let world = World::new().await;
    let session = world.client_session(json!({})).await;
    let session = session["token"].as_str().expect("a session has a token");
    let token = world.access_token(&[&world]).await;
    let jwt = world.console_session(&[&world]).await;
    let callers = BTreeMap::from([
        ("api_key", vec![world.key().clone()]),
        ("pat_with_workspace", vec![world.pat().await]),
        ("console_session_with_workspace", vec![world.console().await]),
        ("pat_without_workspace", vec![world.anonymous().bearer(token.reveal()), world.pat().await]),
        ("console_session_without_workspace", vec![world.anonymous().bearer(jwt.reveal()), world.console().await]),
        (
            "client_session",
            vec![
                world.anonymous().bearer(session),
                world.anonymous().with("client-session-token", session),
                world.anonymous().with("seam-client-session-token", session),
                // JavaScript clients send it in both headers; the session's header takes precedence over the bearer token.
                world.anonymous().with("client-session-token", session).bearer(session),
                world.anonymous().with("client-session-token", session).bearer("seam_unknown1_nothing"),
            ],
        ),
        ("publishable_key", vec![world.browser()]),
    ]);
    let ticket = text(&world.key().post("/events/create_stream_ticket", json!({})).await.ok()["ticket"]);
    for operation in operations_of(Dialect::Seam) {
        for scheme in operation.schemes() {
            if scheme == "event_stream_ticket" {
                let path = format!("{}?ticket={ticket}", operation.path);
                world.anonymous().call("BREW", &path).await.refused(405, "method_not_allowed");
                continue;
            }
            let clients = callers.get(scheme).unwrap_or_else(|| panic!("{operation}: no caller has a {scheme}"));
            for client in clients {
                // The method is checked next.
                wrong_method(client, &operation).await.refused(405, "method_not_allowed");
            }
        }
    }
}

/// The error that the operation must return; None if it must accept the caller.
fn refusal(caller: &InvalidCaller, operation: &Operation) -> Option<(u16, &'static str, &'static str)> {
    if operation.takes_any(caller.checked_as) {
        Some(caller.refusal)
    } else if operation.takes_any(caller.accepted_as) {
        None
    } else {
        Some(NONE_SUCCEEDED)
    }
}

/// Calls the operation as documented, with invalid JSON, and with an unknown method.
async fn tries(client: &Client, operation: &Operation) -> [Response; 3] {
    let broken = client.request(operation.method, operation.path).header("content-type", "application/json").body("{");
    [
        client.call(operation.method, operation.path).await,
        client.send(broken).await,
        wrong_method(client, operation).await,
    ]
}

async fn wrong_method(client: &Client, operation: &Operation) -> Response {
    let request = client.request("BREW", operation.path).header("content-type", "text/coffee").body("{");
    client.send(request).await
}
