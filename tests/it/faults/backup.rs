//! A backup with Postgres's own tools, a restore into another database, and an upgrade of one server before the other.

use super::standby::{Postgres, chown_to_postgres, program, run};
use crate::support::durable_postgres::migrate;
use crate::support::private_postgres::{TestDir, query};
use crate::support::program::{Server, handset_in};
use crate::support::webhook_worker::Webhook;
use crate::support::world::{SEAL_KEY, World, seal};
use handset::store::Store;
use serde_json::json;

#[tokio::test]
async fn a_restored_pg_dump_is_a_working_registry() {
    let test_dir = TestDir::new();
    let postgres = Postgres::primary(&test_dir).await;
    migrate(&postgres.admin()).await;
    let world = World::at(&postgres.admin(), 3).await;
    let jane = world.person("jane").await;
    let (lost, kept) = (world.phone(&jane).await, world.phone(&jane).await);
    world.sync_credential(&jane).await;
    world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.registered"]).await;

    let file = test_dir.path().join("dump");
    chown_to_postgres(&file);
    let mut dump = program("pg_dump");
    dump.args(["--format=custom", "--no-owner", "--dbname", &postgres.admin(), "--file"]).arg(&file);
    run(dump).await;
    query(&postgres.admin(), "create database restored").await;
    let restored = postgres.admin().replace("/postgres", "/restored");
    let mut restore = program("pg_restore");
    restore.args(["--exit-on-error", "--no-owner", "--dbname", &restored]).arg(&file);
    run(restore).await;

    // A server with the same seal key.
    let (events, credentials) = (world.events("phone.deactivated").await, world.credentials(&jane).await);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--no-demo", "--keep-events-days", "36500"];
    let mut command = handset_in(&test_dir, &arguments);
    command.env("DATABASE_URL", &restored).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let server = Server::run(command, &test_dir).await;
    let copy = server.client(world.api_key.reveal());
    assert_eq!(copy.get("/phones/list").await.ok()["phones"][0]["device_id"], json!(kept));
    let results = copy.post("/events/list", json!({ "since": "2000-01-01", "event_type": "phone.deactivated" })).await;
    assert_eq!(results.ok()["events"], json!(events));
    let held = copy.post("/acs/credentials/list", json!({ "user_identity_id": jane })).await;
    assert_eq!(held.ok()["acs_credentials"], json!(credentials));
    // Sealed secrets can be unsealed, and the copy is independent.
    let returned = copy.post("/webhooks/get", json!({ "webhook_id": webhook.id })).await.ok();
    assert_eq!(returned["webhook"]["secret"], json!(webhook.secret));
    copy.post("/phones/deactivate", json!({ "device_id": kept })).await.ok();
    assert_eq!(world.phone_ids().await, [kept]);
    server.stop().await;
}

#[tokio::test]
async fn a_server_starts_on_the_schema_of_a_newer_version() {
    let world = World::new().await;
    let mut database = world.database().await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (99990001, 'of the next version', true, '', 0)",
    )
    .execute(&mut database)
    .await
    .expect("as a newer server records it");
    sqlx::query("alter table phone add column of_the_next_version text")
        .execute(&mut database)
        .await
        .expect("it alters");
    let older = Store::open(&world.database_url, 1, seal()).await.expect("the store opens");
    older.migrate().await.expect("newer migrations are left alone");
    let phone = world.phone(&world.person("jane").await).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
}
