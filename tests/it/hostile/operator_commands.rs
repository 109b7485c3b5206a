//! Names that tenants choose do not hinder the operator's commands.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, Tenant, World};
use serde_json::json;

/// Runs an administrative command on the world's database.
async fn run(world: &World, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, arguments);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await
}

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
    assert_eq!(run(&world, &["key", "create", "--workspace", unused, "--json"]).await.json()["workspace_id"], attacker.id);
}
