//! The operations of the Phone.com dialect against the same wrong callers. Only the bearer counts here; whoever is not known
//! is told so in both forms of the envelope, before path, query and body are looked at.

use super::impostors::{Impostor, impostors};
use crate::document::{Dialect, Operation, operations_of};
use crate::voices::{Answer, Voice};
use crate::world::World;

/// Schemes of the document whose credentials are good here, too: those that need nothing but the bearer.
const GOOD: [&str; 3] = ["api_key", "pat_without_workspace", "console_session_without_workspace"];

#[tokio::test]
async fn whoever_is_not_known_is_refused_by_every_operation_of_phone_com_before_it_looks_at_anything_else() {
    let world = World::new().await;
    let mut count = 0;
    for impostor in impostors(&world).await {
        if impostor.genuine_as.iter().any(|scheme| GOOD.contains(scheme)) || bears_a_session(&world, &impostor).await {
            continue;
        }
        let voice = impostor.headers.iter().fold(world.nobody(), |voice, (name, value)| voice.with(name, value));
        for operation in closed() {
            for answer in tries(&voice, &operation).await {
                assert_eq!(answer.status, 401, "{operation}, called by {}: {answer:?}", impostor.name);
                answer.is_error(401);
                assert!(answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")), "{answer:?}");
                count += 1;
            }
        }
    }
    assert!(count > closed().len() * 60, "only {count} tries");
}

#[tokio::test]
async fn a_key_and_a_token_get_past_the_door_of_every_operation_of_phone_com() {
    let world = World::new().await;
    let lower = world.nobody().with("authorization", &format!("bearer {}", world.api_key.reveal()));
    let token = world.nobody().bearer(world.access_token(&[&world]).await.reveal());
    let console = world.nobody().bearer(world.console_session(&[&world]).await.reveal());
    for operation in closed() {
        for voice in [world.key(), &lower, &token, &console] {
            for answer in tries(voice, &operation).await {
                assert!(![401, 403].contains(&answer.status), "{operation}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_has_to_say_who_they_are_where_the_document_says_so() {
    let world = World::new().await;
    for operation in operations_of(Dialect::PhoneCom).into_iter().filter(Operation::is_open) {
        for voice in [world.nobody(), world.nobody().bearer("unknown")] {
            assert_eq!(voice.call(operation.method, operation.path).await.status, 200, "{operation}");
        }
    }
}

fn closed() -> Vec<Operation> {
    let all = operations_of(Dialect::PhoneCom).into_iter();
    let closed: Vec<_> = all.filter(|operation| operation.takes_any(&["PhoneComOAuth"])).collect();
    assert!(closed.len() > 12, "only {} operations", closed.len());
    closed
}

/// Whether the bearer is a client session that is alive.
async fn bears_a_session(world: &World, impostor: &Impostor) -> bool {
    let bearer = impostor.headers.iter().find_map(|(name, value)| (*name == "authorization").then_some(value));
    let Some(bearer) = bearer else { return false };
    let voice = world.nobody().with("authorization", bearer);
    bearer.starts_with("Bearer seam_cst") && voice.get("/client_sessions/get").await.status == 200
}

/// The operation as it is documented, by the other spelling of its path, with numbers that are none, with a query that
/// cannot be read, and with a body that cannot be read.
async fn tries(voice: &Voice, operation: &Operation) -> Vec<Answer> {
    let path = operation.example_path();
    let broken = voice.request(operation.method, &path).header("content-type", "application/json").body("{");
    vec![
        voice.call(operation.method, &path).await,
        voice.call(operation.method, &format!("{path}/")).await,
        voice.call(operation.method, &path.replace("/1", "/none")).await,
        voice.call(operation.method, &format!("{path}?limit=x&filters[zip]=1")).await,
        voice.send(broken).await,
    ]
}
