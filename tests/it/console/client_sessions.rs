//! Client sessions in the console.

use crate::audit::audit_rows;
use crate::support::page::links;
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

#[tokio::test]
async fn a_revoked_client_session_is_refused_at_once() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let app = world.anonymous().bearer(&text(&session["token"]));
    app.get("/devices/list").await.ok();
    let operator = world.operator(Role::Operator).await;
    let page = operator.get(&world.page("/sessions")).await;
    assert!(page.text.contains("Person jane") && !page.text.contains(&text(&session["token"])), "{page:?}");
    let path = world.page(&format!("/sessions/{}/revoke", text(&session["client_session_id"])));
    assert_eq!(operator.post(&path, &[]).await.location(), world.page("/sessions"));
    app.get("/devices/list").await.refused(401, "client_session_revoked");
    let page = operator.get(&world.page("/sessions")).await;
    assert!(page.text.contains("There are no active client sessions"), "{page:?}");
    let rows = audit_rows(&world, &world).await;
    let row = rows.last().expect("a row");
    assert_eq!(
        (&row["action"], &row["credential_kind"]),
        (&json!("client_session.revoked"), &json!("operator_account"))
    );
    assert_eq!(row["after"]["user_identity_id"], json!(jane), "{row}");
}

#[tokio::test]
async fn client_sessions_are_listed_by_user_and_by_cursor() {
    let world = World::new().await;
    let (jane, john) = (world.person("jane").await, world.person("john").await);
    for number in 0..55 {
        world.advance(chrono::TimeDelta::seconds(1));
        let key = format!("session-{number:02}");
        world.client_session(json!({ "user_identity_id": jane, "user_identifier_key": key })).await;
    }
    world.client_session(json!({ "user_identity_id": john })).await;
    let viewer = world.operator(Role::Viewer).await;
    let of_jane = world.page(&format!("/sessions?user={jane}"));
    let first = viewer.get(&of_jane).await;
    assert!(first.text.contains("Client sessions") && !first.text.contains("Person john"), "{first:?}");
    assert!(first.text.contains("session-54") && !first.text.contains("session-04"), "newest first");
    let next = links(&first, &of_jane).into_iter().find(|link| link.contains("after=")).expect("a next page");
    let second = viewer.get(&next).await;
    assert!(second.text.contains("session-04") && !second.text.contains("session-05"), "{second:?}");
    let all = viewer.get(&world.page("/sessions")).await;
    assert!(all.text.contains("Person john"), "{all:?}");
    assert!(!all.text.contains("Revoke</button>"), "a viewer changes nothing");
}
