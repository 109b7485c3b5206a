//! Environment variables that are meant for other programs.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in};
use tokio::process::Command;

/// Settings of libpq that lead elsewhere, or would change each session.
const OF_LIBPQ: [(&str, &str); 13] = [
    ("PGHOST", "nowhere.invalid"),
    ("PGHOSTADDR", "192.0.2.1"),
    ("PGPORT", "15432"),
    ("PGUSER", "jane"),
    ("PGPASSWORD", "sesame"),
    ("PGDATABASE", "registry"),
    ("PGSSLMODE", "verify-full"),
    ("PGSSLROOTCERT", "/nowhere/root.crt"),
    ("PGSSLCERT", "/nowhere/client.crt"),
    ("PGSSLKEY", "/nowhere/client.key"),
    ("PGAPPNAME", "psql"),
    ("PGSERVICE", "registry"),
    ("PGOPTIONS", "-c search_path=pg_catalog -c default_transaction_read_only=on"),
];

fn with_variables_of_libpq(mut command: Command) -> Command {
    command.envs(OF_LIBPQ);
    command
}

#[tokio::test]
async fn variables_of_libpq_do_not_lead_away_from_the_private_postgres() {
    let test_dir = TestDir::new();
    let serve = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::run(with_variables_of_libpq(serve), &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    let create = ["key", "create", "--workspace", "Demo"];
    // Beside the server, and without it.
    let outcome = Outcome::of(with_variables_of_libpq(handset_in(&test_dir, &create))).await;
    let key = outcome.stdout_of_success().trim().to_owned();
    server.client(&key).get("/phones/list").await.ok();
    server.stop().await;
    Outcome::of(with_variables_of_libpq(handset_in(&test_dir, &create))).await.stdout_of_success();
}
