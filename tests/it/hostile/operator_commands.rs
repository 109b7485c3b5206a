//! Names that tenants choose neither hinder the operator's commands nor reach the operator's terminal as they are, and
//! tenants create workspaces within a bound.

use crate::support::concurrency::CONNECTIONS;
use crate::support::program::operator as run;
use crate::support::world::{Tenant, World};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn rename(tenant: &Tenant, name: &str) {
    tenant.key().post("/workspaces/update", json!({ "name": name })).await.ok();
}

#[tokio::test]
async fn a_workspace_named_like_the_id_of_another_does_not_hide_it() {
    let world = World::new().await;
    let attacker = world.sandbox("Attacker").await;
    rename(&attacker, &world.id).await;
    let created = run(&world, &["key", "create", "--workspace", &world.id, "--json"]).await;
    assert_eq!(created.json()["workspace_id"], world.id);
    let listed = run(&world, &["key", "list", "--workspace", &world.id, "--json"]).await.json();
    let keys = listed["api_keys"].as_array().expect("a list");
    assert!(keys.len() == 2 && keys.iter().all(|key| key["workspace_id"] == world.id), "{keys:?}");
    let updated = run(&world, &["workspace", "update", &world.id, "--publishable-key", "off", "--json"]).await;
    assert_eq!(updated.json()["workspace_id"], world.id);
    // A name that is an id of no workspace is still a name.
    let unused = "00000000-0000-4000-8000-000000000000";
    rename(&attacker, unused).await;
    assert_eq!(
        run(&world, &["key", "create", "--workspace", unused, "--json"]).await.json()["workspace_id"],
        attacker.id
    );
}

/// Escape sequences, line breaks and changes of the writing direction.
const EVIL: &str = "Evil\u{1b}[2J\r\nAcme\u{7f}\u{85}\u{9b}31m\u{200f}\u{2028}\u{2029}\u{202e}\u{2066}x\u{61c}";

fn is_harmful(character: char) -> bool {
    character != '\n' && EVIL.contains(character) && !character.is_ascii_graphic() && character != ' '
}

#[tokio::test]
async fn names_chosen_by_tenants_are_printed_escaped() {
    let world = World::new().await;
    rename(&world, EVIL).await;
    world.access_token(&[&world]).await;
    world.console_session(&[&world]).await;
    let phone = world.phone(&world.person("jane").await).await;
    let change = json!({ "device_id": phone, "name": EVIL });
    world.key().patch("/devices/update", change).await.ok();
    let lists = [&["workspace", "list"][..], &["key", "list"], &["token", "list"], &["console-session", "list"]];
    for command in lists.into_iter().chain([&["phone", "list"][..]]) {
        let outcome = run(&world, command).await;
        let stdout = outcome.stdout_of_success();
        assert_eq!(stdout.lines().count(), 2, "{stdout:?}");
        assert!(
            stdout.contains(r"Evil\u001b[2J\u000d\u000aAcme\u007f\u0085\u009b31m\u200f\u2028\u2029\u202e\u2066x\u061c")
        );
        assert!(!stdout.contains(is_harmful), "{stdout:?}");
    }
    let audit = run(&world, &["audit"]).await;
    assert!(audit.stdout_of_success().contains(r"\u009b31m") && !audit.stdout.contains(is_harmful), "{audit:?}");

    let listed = run(&world, &["workspace", "list", "--json"]).await;
    assert!(!listed.stdout.contains(is_harmful), "{listed:?}");
    assert_eq!(listed.json()["workspaces"][0]["name"], EVIL);
    let audit = run(&world, &["audit", "--json"]).await;
    assert!(!audit.stdout.contains(is_harmful), "{audit:?}");
    let rows: Vec<Value> = audit.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(rows.iter().any(|row| row["after"]["nickname"] == EVIL), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_and_a_console_session_create_at_most_a_hundred_workspaces() {
    let world = World::with_connections(CONNECTIONS).await;
    let other = world.sandbox("Other").await;
    let insert = "with created as (
            insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
            select gen_random_uuid(), 'one of many', true, gen_random_uuid()::text, now() from generate_series(1, 97)
            returning workspace_id
        ), by_token as (
            insert into access_token_workspace select access_token_id, created.workspace_id from access_token, created
        )
        insert into console_session_workspace select console_session_id, workspace_id from console_session, created";
    let clients = [
        world.anonymous().bearer(world.access_token(&[&world]).await.reveal()),
        world.anonymous().bearer(world.console_session(&[&world]).await.reveal()),
    ];
    sqlx::query(insert).execute(&mut world.database().await).await.expect("the workspaces are inserted");
    for client in clients {
        let create = async || client.post("/workspaces/create", json!({ "name": "another" })).await;
        let responses = join_all((0..8).map(|_| create())).await;
        assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 2, "{responses:?}");
        for refused in responses.iter().filter(|response| response.status != 200) {
            let error = refused.refused(400, "too_many_workspaces");
            assert!(error["message"].as_str().is_some_and(|text| text.contains("handset workspace create")), "{error}");
        }
        let listed = client.get("/workspaces/list").await.ok();
        assert_eq!(listed["workspaces"].as_array().map(Vec::len), Some(100));
    }
    // Another token is not affected, and neither is the operator.
    let another = world.anonymous().bearer(world.access_token(&[&other]).await.reveal());
    another.post("/workspaces/create", json!({ "name": "another" })).await.ok();
    run(&world, &["workspace", "create", "by the operator"]).await.stdout_of_success();
}
