//! Every operation of the document against every wrong caller there is. Both lists meet by construction: an operation
//! that is added to the document is tried, and one that the document does not have fails another test. Who is calling is
//! judged before the method and before the input, so each caller comes with neither right, too.

mod diga;
mod impostors;
mod phone_com;
mod ucwa;

use crate::client::{Answer, Client};
use crate::document::{Dialect, Operation, operations_of};
use crate::world::World;
use impostors::{Impostor, Wrong, impostors};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What a caller is told whose credential the operation cannot use.
const NONE_SUCCEEDED: (u16, &str, &str) = (401, "unauthorized", "No authentication methods succeeded");

/// Which operations have refused whom.
#[derive(Default)]
struct Ledger(BTreeSet<(String, Wrong)>);

impl Ledger {
    fn note(&mut self, operation: &Operation, impostor: &Impostor) {
        self.0.insert((operation.to_string(), impostor.wrong));
    }

    /// Every operation of the dialect that asks who is calling has refused whoever is wrong in one of these ways. What is
    /// not among these is a right caller in one's own things, and is tried on another's by the tests of isolation.
    fn has(&self, dialect: Dialect, wrongs: &[Wrong]) {
        for operation in operations_of(dialect).into_iter().filter(|operation| !operation.is_open()) {
            for wrong in wrongs {
                assert!(self.0.contains(&(operation.to_string(), *wrong)), "{operation} was not tried by {wrong:?}");
            }
        }
    }
}

#[test]
fn no_dialect_goes_untried() {
    let spoken: Vec<&str> = handset::dialect::ALL.iter().map(|dialect| dialect.name).collect();
    assert_eq!(spoken, Dialect::ALL.map(Dialect::name), "a new dialect is tried here, in isolation and by the clients");
    let suites = include_str!("../clients/run");
    for dialect in Dialect::ALL {
        assert!(!operations_of(dialect).is_empty(), "the document says nothing of {dialect:?}");
        assert!(suites.contains(&format!("schemathesis-{}", dialect.name())), "{dialect:?} has no suite");
    }
}

#[tokio::test]
async fn wrong_callers_are_refused_by_every_operation_before_it_looks_at_anything_else() {
    let world = World::new().await;
    let mut refused_in_own_words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ledger = Ledger::default();
    for impostor in impostors(&world).await {
        let client = impostor.headers.iter().fold(world.anonymous(), |client, (name, value)| client.with(name, value));
        let count = refused_in_own_words.entry(impostor.name).or_default();
        for operation in operations_of(Dialect::Seam).into_iter().filter(|operation| !operation.is_open()) {
            let Some(refusal) = refusal(&impostor, &operation) else { continue };
            *count += usize::from(refusal == impostor.refusal);
            ledger.note(&operation, &impostor);
            for answer in tries(&client, &operation).await {
                let error = answer.refused(refusal.0, refusal.1);
                assert_eq!(error["message"], refusal.2, "{operation}, called by {}", impostor.name);
                let members: BTreeSet<&String> = error.as_object().into_iter().flat_map(|error| error.keys()).collect();
                let plain = ["message", "request_id", "type"].map(str::to_owned);
                assert_eq!(members, plain.iter().collect(), "{operation}, called by {}", impostor.name);
            }
        }
    }
    let never: Vec<_> = refused_in_own_words.iter().filter(|(_, count)| **count == 0).collect();
    assert!(never.is_empty(), "no operation judges {never:?}");
    ledger.has(Dialect::Seam, &[Wrong::NoToken, Wrong::Garbage, Wrong::Revoked, Wrong::Expired, Wrong::Scheme]);
}

#[tokio::test]
async fn right_callers_get_past_the_door_of_every_operation_that_names_their_scheme() {
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
                // JavaScript clients send it twice; the header also wins over whatever else is in the bearer.
                world.anonymous().with("client-session-token", session).bearer(session),
                world.anonymous().with("client-session-token", session).bearer("seam_unknown1_nothing"),
            ],
        ),
        ("publishable_key", vec![world.browser()]),
    ]);
    for operation in operations_of(Dialect::Seam) {
        for scheme in operation.schemes() {
            let clients = callers.get(scheme).unwrap_or_else(|| panic!("{operation}: nobody has a {scheme}"));
            for client in clients {
                // The next thing that is judged is the method.
                wrong_method(client, &operation).await.refused(405, "method_not_allowed");
            }
        }
    }
}

/// What the caller must be told by the operation; None if it is right to let them in.
fn refusal(impostor: &Impostor, operation: &Operation) -> Option<(u16, &'static str, &'static str)> {
    if operation.takes_any(impostor.tried_as) {
        Some(impostor.refusal)
    } else if operation.takes_any(impostor.genuine_as) {
        None
    } else {
        Some(NONE_SUCCEEDED)
    }
}

/// The operation as it is documented, with input that cannot be read, and by a method that it does not have.
async fn tries(client: &Client, operation: &Operation) -> [Answer; 3] {
    let broken = client.request(operation.method, operation.path).header("content-type", "application/json").body("{");
    [
        client.call(operation.method, operation.path).await,
        client.send(broken).await,
        wrong_method(client, operation).await,
    ]
}

async fn wrong_method(client: &Client, operation: &Operation) -> Answer {
    let request = client.request("BREW", operation.path).header("content-type", "text/coffee").body("{");
    client.send(request).await
}
