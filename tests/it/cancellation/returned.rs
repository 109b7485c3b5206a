//! The pool closes a connection that is returned in a transaction: no later change is made in that transaction.

use super::database::Observer;
use super::proxy::Proxy;
use super::{CONNECTIONS, GENERAL_CONNECTIONS, user_identities};
use crate::support::shared_postgres::Database;
use crate::support::world::World;
use serde_json::json;

#[tokio::test]
async fn a_connection_returned_in_a_transaction_is_closed_and_counted_and_no_later_commit_is_lost() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let mut observer = Observer::new(&database.url).await;
    let user_identities = user_identities(&world, GENERAL_CONNECTIONS).await;
    let person = world.person("jane").await;
    let registered = world.phone_ids().await;
    assert_eq!(world.store.connections_closed_in_transaction(), 0);

    // Two registrations are acknowledged whose commits never reach Postgres.
    proxy.loses_commits(true);
    for _ in 0..2 {
        let fields = json!({ "user_identity_id": person });
        world.key().post("/phones/simulate/create_sandbox_phone", fields).await;
    }
    proxy.loses_commits(false);

    let faults = observer.faults(&world).await;
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(world.store.connections_closed_in_transaction(), 2);
    assert_eq!(world.phone_ids().await, registered, "uncommitted registrations are rolled back");
    let lost = observer.lost_changes(&user_identities, "changed", std::future::pending()).await;
    assert!(lost.is_empty(), "{lost:?}");
    let phone = world.phone(&person).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
}
