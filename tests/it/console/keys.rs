//! API keys and access tokens in the console.

use crate::audit::audit_rows;
use crate::support::page::{field, refused, secret};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

/// Pages of keys and of tokens, with the audit kind of their subject.
const KINDS: [(&str, &str); 2] = [("/keys", "api_key"), ("/tokens", "access_token")];

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_revoked() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    for (path, kind) in KINDS {
        let form = admin.get(&world.page(&format!("{path}/new"))).await;
        let fields = [("id", &*field(&form, "id")), ("name", "Billing")];
        let created = admin.post(&world.page(path), &fields).await;
        let key = secret(&created);
        assert_eq!(created.header("cache-control"), Some("no-store"));
        let client = world.anonymous().bearer(&key).in_workspace(&world.id);
        client.get("/phones/list").await.ok();

        world.advance(chrono::TimeDelta::seconds(1));
        // The form sent again creates no second one and shows no secret.
        let again = admin.post(&world.page(path), &fields).await;
        assert_eq!(again.status, 409, "{again:?}");
        assert!(!again.text.contains(&key) && !again.text.contains("class=\"secret\""), "{again:?}");
        let listed = admin.get(&world.page(path)).await;
        assert_eq!(listed.text.matches("Billing").count(), 2, "once in the table, once for screen readers: {listed:?}");
        assert!(!listed.text.contains(&key), "{listed:?}");

        let revoked =
            admin.post(&world.page(&format!("{path}/{}/revoke", fields[0].1)), &[("sessions", "issued")]).await;
        assert_eq!(revoked.location(), world.page(path));
        client.get("/phones/list").await.refused(401, "unauthorized");
        let rows = audit_rows(&world, &world).await;
        let rows: Vec<_> = rows.iter().filter(|row| row["subject_kind"] == kind).collect();
        let actions: Vec<String> = rows.iter().map(|row| text(&row["action"])).collect();
        assert_eq!(actions, [format!("{kind}.created"), format!("{kind}.revoked")]);
        let operator = admin.operator_id.expect("it is signed in").to_string();
        for row in rows {
            assert_eq!(row["credential_kind"], "operator_account", "{row}");
            assert_eq!((&row["credential_id"], &row["subject_id"]), (&json!(operator), &json!(fields[0].1)), "{row}");
            assert!(!row.to_string().contains(&key), "{row}");
        }
    }
}

#[tokio::test]
async fn a_key_needs_a_name_and_a_refused_form_keeps_what_was_typed() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let long = "<b>x\"</b>".repeat(100);
    for (path, _) in KINDS {
        let id = field(&admin.get(&world.page(&format!("{path}/new"))).await, "id");
        let empty = admin.post(&world.page(path), &[("id", &id), ("name", "  ")]).await;
        refused(&empty, "name", "Enter a name");
        let page = admin.post(&world.page(path), &[("id", &id), ("name", &long)]).await;
        refused(&page, "name", "This has 900 characters; at most 500");
        assert_eq!((field(&page, "name"), field(&page, "id")), (long.clone(), id));
        assert!(!page.text.contains("<b>x"), "it is escaped");
    }
}

#[tokio::test]
async fn revoking_a_key_ends_its_client_sessions_as_the_form_says() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    for (choice, own_ends, other_ends) in [("keep", false, false), ("issued", true, false), ("all", true, true)] {
        let id = field(&admin.get(&world.page("/keys/new")).await, "id");
        let key = secret(&admin.post(&world.page("/keys"), &[("id", &id), ("name", choice)]).await);
        let jane = world.person(choice).await;
        let create = json!({ "user_identity_id": jane });
        let own = world.anonymous().bearer(&key).post("/client_sessions/create", create).await.ok();
        let own = world.anonymous().bearer(&text(&own["client_session"]["token"]));
        let other = world.session(&jane).await;
        admin.post(&world.page(&format!("/keys/{id}/revoke")), &[("sessions", choice)]).await.location();
        for (session, ends) in [(&own, own_ends), (&other, other_ends)] {
            assert_eq!(session.get("/devices/list").await.status == 401, ends, "{choice}");
        }
    }
}

#[tokio::test]
async fn the_list_says_when_a_key_was_last_used() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let page = viewer.get(&world.page("/keys")).await;
    assert!(page.text.contains("Never"), "{page:?}");
    world.key().get("/phones/list").await.ok();
    let page = viewer.get(&world.page("/keys")).await;
    assert!(!page.text.contains("Never"), "{page:?}");
    // Another server sees it as soon as it is written.
    world.store.write_last_used().await.expect("the database answers");
    let other = crate::support::webhook_worker::second_store(&world).await;
    let keys = other.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    assert_eq!(keys[0].last_used_at, Some(world.clock.now()));
    // It never goes back.
    world.advance(chrono::TimeDelta::seconds(-60));
    world.key().get("/phones/list").await.ok();
    world.store.write_last_used().await.expect("the database answers");
    let again = other.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
    assert_eq!(again[0].last_used_at, keys[0].last_used_at);
}

#[tokio::test]
async fn a_token_of_several_workspaces_loses_only_the_one_in_which_it_is_revoked() {
    let world = World::new().await;
    let other = world.sandbox("Other tenant").await;
    let token = world.access_token(&[&world, &other]).await;
    let admin = world.operator(Role::Admin).await;
    let page = admin.get(&world.page("/tokens")).await;
    assert!(page.text.contains("also in other workspaces: 1"), "{page:?}");
    assert!(!page.text.contains("Other tenant"), "{page:?}");
    let tokens = world.store.access_tokens(None).await.expect("the database answers");
    let path = world.page(&format!("/tokens/{}/revoke", tokens[0].access_token_id));
    admin.post(&path, &[]).await.location();
    let client = world.anonymous().bearer(token.reveal());
    client.in_workspace(&world.id).get("/phones/list").await.refused(401, "unauthorized");
    client.in_workspace(&other.id).get("/phones/list").await.ok();
    assert_eq!(admin.post(&path, &[]).await.status, 404, "the workspace has no such token any more");
}

#[tokio::test]
async fn lists_of_keys_are_paged_by_cursor() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    for number in 0..60 {
        world.advance(chrono::TimeDelta::seconds(1));
        let (name, now) = (format!("number-{number:02}"), world.clock.now());
        world.store.create_api_key(&world.record, &name, now, &world.random).await.expect("a key");
    }
    let first = viewer.get(&world.page("/keys")).await;
    assert!(first.text.contains("number-59") && !first.text.contains("number-09"), "newest first");
    let next = crate::support::page::links(&first, &world.page("/keys?after="));
    let second = viewer.get(&next[0]).await;
    assert!(second.text.contains("number-09") && !second.text.contains("number-10"), "{second:?}");
    assert!(second.text.contains("First page"));
}
