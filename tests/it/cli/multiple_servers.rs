//! Several servers on one database, as behind a load balancer.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in};
use crate::support::shared_postgres::Database;
use crate::support::world::{SEAL_KEY, text};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

fn serve(test_dir: &TestDir, database: &Database, seal_key: &str) -> Command {
    let fixed = ["serve", "--demo", "--listen", "127.0.0.1:0", "--connections", "4"];
    let mut command = handset_in(test_dir, &fixed);
    // Secrets go into the environment, since every user can read arguments.
    command.env("DATABASE_URL", &database.url).env("HANDSET_SEAL_KEY", seal_key);
    command
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once_and_create_one_demo() {
    let database = Database::empty(20).await;
    let test_dirs = [(); 4].map(|()| TestDir::new());
    let [a, b, c, d] =
        [0, 1, 2, 3].map(|number| Server::run(serve(&test_dirs[number], &database, SEAL_KEY), &test_dirs[number]));
    let servers = <[Server; 4]>::from(tokio::join!(a, b, c, d));
    let demos: Vec<&Server> = servers.iter().filter(|server| server.has_demo()).collect();
    assert_eq!(demos.len(), 1, "{:?}", servers.iter().map(|server| &server.greeting).collect::<Vec<_>>());

    let key = demos[0].demo_key();
    let phones = demos[0].client(&key).get("/phones/list").await.ok();
    assert_eq!(phones["phones"].as_array().map(Vec::len), Some(2));
    for server in &servers {
        assert_eq!(server.client(&key).get("/phones/list").await.ok(), phones);
    }
    // Each server unseals what another one has sealed.
    let created =
        servers[0].client(&key).post("/client_sessions/create", json!({ "user_identifier_key": "x" })).await.ok();
    let found =
        servers[3].client(&key).put("/client_sessions/create", json!({ "user_identifier_key": "x" })).await.ok();
    assert_eq!(found["client_session"], created["client_session"]);
    let app = servers[1].client(&text(&created["client_session"]["token"]));
    app.get("/devices/list").await.ok();

    let mut connection = PgConnection::connect(&database.url).await.expect("it accepts");
    let migrated: i64 =
        sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(&mut connection).await.expect("a number");
    assert_eq!(migrated, i64::try_from(sqlx::migrate!().iter().count()).expect("few"));
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_with_another_seal_key_does_not_start() {
    let database = Database::empty(20).await;
    let (test_dir, other) = (TestDir::new(), TestDir::new());
    let server = Server::run(serve(&test_dir, &database, SEAL_KEY), &test_dir).await;
    let foreign = serve(&other, &database, "b3RoZXIga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM=");
    let outcome = Outcome::of(foreign).await;
    let message = outcome.error_message();
    assert!(message.contains("sealed with another key") && message.contains("HANDSET_SEAL_KEY"), "{message}");
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    server.stop().await;
}
