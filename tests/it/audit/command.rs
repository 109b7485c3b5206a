//! `handset audit`: the trail as a table and as JSON lines, of any length.

use super::audit_rows;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, World, text};
use serde_json::{Value, json};

/// Runs `handset audit` over a world's database.
async fn exported(world: &World, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, &["audit", "--database-url", &world.database_url]);
    command.args(arguments).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await
}

async fn lines(world: &World, arguments: &[&str]) -> Vec<Value> {
    let outcome = exported(world, &[arguments, &["--json"]].concat()).await;
    outcome.stdout_of_success().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[tokio::test]
async fn audit_json_prints_the_entries_of_the_named_workspace_oldest_first() {
    let world = World::new().await;
    let another = world.sandbox("Another").await;
    let (jane, joe) = (world.person("jane").await, another.person("joe").await);
    let phone = world.phone(&jane).await;
    world.advance(chrono::TimeDelta::days(1));
    another.phone(&joe).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    world.phone(&jane).await;

    let own = audit_rows(&world, &world).await;
    assert_eq!(own.len(), 3);
    assert_eq!(lines(&world, &["--workspace", "First"]).await, own);
    assert_eq!(lines(&world, &["--workspace", &another.id]).await, audit_rows(&world, &another).await);
    assert_eq!(lines(&world, &[]).await.len(), 4);
    assert_eq!(lines(&world, &["--phone", &phone]).await.len(), 2);
    assert_eq!(lines(&world, &["--since", "2026-01-02"]).await.len(), 3);
    assert_eq!(lines(&world, &["--until", "2026-01-02T00:00:00Z"]).await, own[..1]);
    let unknown = exported(&world, &["--workspace", "Nowhere"]).await;
    assert!(unknown.error_message().contains("handset workspace list"), "{unknown:?}");
}

#[tokio::test]
async fn audit_without_json_prints_a_table_of_changes() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.key().patch("/devices/update", json!({ "device_id": phone, "name": "Blue" })).await.ok();
    let outcome = exported(&world, &[]).await;
    let mut lines: Vec<&str> = outcome.stdout_of_success().lines().collect();
    assert!(lines.remove(0).starts_with("TIME"), "{outcome:?}");
    assert_eq!(lines.len(), 2);
    let renamed = lines.iter().find(|line| line.contains("phone.updated")).expect("a line");
    assert!(renamed.contains(&phone) && renamed.ends_with(r#"nickname: none → "Blue""#), "{renamed}");
}

#[tokio::test]
async fn audit_prints_a_trail_of_many_batches_completely_and_in_order() {
    let world = World::new().await;
    sqlx::query(
        "insert into audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
         select workspace_id, '2026-01-01'::timestamptz + number / 7 * interval '1 second', gen_random_uuid(), 'sweeper',
             'number.reserved', gen_random_uuid(), '{}'
         from workspace cross join generate_series(1, 2500) as rows (number)",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the rows are inserted");
    let lines = lines(&world, &[]).await;
    let places: Vec<_> = lines.iter().map(|line| (text(&line["at"]), text(&line["audit_id"]))).collect();
    assert_eq!(places.len(), 2_500);
    assert!(places.is_sorted_by(|one, next| one < next), "each once, oldest first");
}
