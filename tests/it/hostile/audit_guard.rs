//! The guard of the audit trail against a role that serves but does not own the tables, with the grants that the operations
//! page gives, and against one that has more.

use crate::support::private_postgres::{TestDir, query};
use crate::support::program::{Outcome, Server, handset_in};
use crate::support::world::{SEAL_KEY, list, text};
use handset::postgres::{self, Cluster};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The grants of the operations page, whose first line names the owner's schema.
fn grants() -> String {
    let page = include_str!("../../../.github/docs/operations.md");
    let block = page.split("```sql").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("the page has the grants").to_owned()
}

async fn run(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.expect("it accepts");
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap_or_else(|fault| panic!("{fault}"));
    connection.close().await.expect("the connection still stands");
}

/// What a role's attempt is answered with.
async fn refusal(url: &str, statements: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("it accepts");
    let outcome = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await;
    outcome.expect_err(statements).to_string()
}

/// A Postgres with two roles: `handset_owner` has migrated, `handset_server` serves.
struct TwoRoles {
    cluster: Cluster,
    _cluster_dir: TestDir,
    test_dir: TestDir,
    owner: String,
    server: String,
}

impl TwoRoles {
    async fn new() -> TwoRoles {
        let (cluster_dir, test_dir) = (TestDir::new(), TestDir::new());
        let cluster = postgres::start(cluster_dir.disposable()).await.expect("Postgres starts");
        let admin = cluster.url();
        let roles = "create role handset_owner login; create role handset_server login;
            create schema handset authorization handset_owner";
        run(&admin, roles).await;
        let of = |role: &str| admin.replace("//handset@", &format!("//{role}@"));
        let (owner, server) = (of("handset_owner"), of("handset_server"));
        let roles = TwoRoles { cluster, _cluster_dir: cluster_dir, test_dir, owner, server };
        roles.command(&roles.owner, &["migrate"]).await.stdout_of_success();
        run(&roles.owner, &grants()).await;
        roles
    }

    async fn command(&self, url: &str, arguments: &[&str]) -> Outcome {
        let mut command = handset_in(&self.test_dir, &[arguments, &["--schema", "handset"]].concat());
        command.env("DATABASE_URL", url).env("HANDSET_SEAL_KEY", SEAL_KEY);
        Outcome::of(command).await
    }

    async fn serve(&self) -> Server {
        let arguments = ["serve", "--demo", "--listen", "127.0.0.1:0", "--schema", "handset"];
        let mut command = handset_in(&self.test_dir, &arguments);
        command.env("DATABASE_URL", &self.server).env("HANDSET_SEAL_KEY", SEAL_KEY);
        Server::run(command, &self.test_dir).await
    }

    async fn rows(&self) -> i64 {
        query(&self.cluster.url(), "select count(*)::text from handset.audit").await.parse().expect("a number")
    }
}

#[tokio::test]
async fn a_role_that_only_serves_can_do_all_but_change_the_trail() {
    let roles = TwoRoles::new().await;
    let server = roles.serve().await;
    let key = server.client(&server.demo_key());
    let person = text(&key.get("/user_identities/list").await.ok()["user_identities"][0]["user_identity_id"]);
    for phone in list(&key.get("/phones/list").await.ok()["phones"]) {
        key.post("/phones/deactivate", json!({ "device_id": phone["device_id"] })).await.ok();
    }
    key.post("/phones/simulate/create_sandbox_phone", json!({ "user_identity_id": person })).await.ok();
    assert_eq!(key.post("/v1/phone/reserve", json!({ "number": "+34675897655" })).await.status / 100, 2);
    key.post("/client_sessions/create", json!({ "user_identity_id": person })).await.ok();
    roles.command(&roles.server, &["key", "create", "--workspace", "Demo"]).await.stdout_of_success();
    key.post("/workspaces/reset_sandbox", json!({})).await.ok();
    let rows = roles.rows().await;
    assert!(rows >= 6, "{rows}");

    let attempts = [
        "update handset.audit set action = 'phone.blessed'",
        "delete from handset.audit",
        "truncate handset.audit",
        "alter table handset.audit disable trigger all",
        "drop trigger audit_append_only on handset.audit",
        "update handset.deployment set audit_least_days = 1",
        "alter function handset.forget_audit(timestamptz, bigint) reset all",
        "set session_replication_role = replica",
        "set role handset_owner",
        "create trigger mine before insert on handset.audit execute function handset.refuse_to_change_the_trail()",
        "create function handset.mine() returns int language sql return 1",
    ];
    for attempt in attempts {
        let refused = refusal(&roles.server, &format!("set handset.forgets = 'yes'; {attempt}")).await;
        let is_refused = ["permission denied", "must be owner"].iter().any(|words| refused.contains(words));
        assert!(is_refused, "{attempt}: {refused}");
    }
    // What is young stays, however the pruning is called.
    run(
        &roles.server,
        "set search_path = pg_temp, handset; create temp table deployment (audit_least_days int);
        insert into deployment values (-1000); select handset.forget_audit('infinity', 1000000)",
    )
    .await;
    assert_eq!(roles.rows().await, rows);
    // What is old goes by the sweeper of the server.
    run(&roles.cluster.url(), "insert into handset.audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
        select workspace_id, now() - interval '400 days', gen_random_uuid(), 'sweeper', 'phone.old', gen_random_uuid(), '{}'
        from handset.workspace").await;
    assert_eq!(roles.rows().await, rows + 1);
    server.stop().await;
    let server = roles.serve().await;
    crate::support::private_postgres::until_async("the old row is pruned", async || roles.rows().await == rows).await;
    server.stop().await;
    roles.cluster.stop().await;
}

#[tokio::test]
async fn the_guard_holds_against_a_role_with_every_right_but_the_owners() {
    let roles = TwoRoles::new().await;
    let admin = roles.cluster.url();
    roles.command(&roles.owner, &["workspace", "create", "Acme"]).await.stdout_of_success();
    run(&admin, "insert into handset.audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
        select workspace_id, now() - interval '2 days', gen_random_uuid(), 'sweeper', 'phone.old', gen_random_uuid(), '{}'
        from handset.workspace").await;
    run(&roles.owner, "update handset.deployment set audit_least_days = 90").await;
    run(
        &admin,
        "grant update, delete, truncate on handset.audit to handset_server;
        grant create on database postgres to handset_server",
    )
    .await;
    for attempt in [
        "update handset.audit set action = 'phone.blessed'",
        "delete from handset.audit",
        "truncate handset.audit",
        // An own catalogue in front of Postgres's does not mislead the check.
        "create schema mine; create table mine.pg_class as select oid, 'handset_server'::regrole::oid as relowner
            from pg_catalog.pg_class; set search_path = mine, pg_catalog; delete from handset.audit",
    ] {
        let refused = refusal(&roles.server, &format!("set handset.forgets = 'yes'; {attempt}")).await;
        assert!(refused.contains("the audit trail is append-only"), "{attempt}: {refused}");
    }
    // A superuser has to remove the guard first, and so has the owner, unless it says that it means to delete.
    for url in [&admin, &roles.owner] {
        let refused = refusal(url, "delete from handset.audit").await;
        assert!(refused.contains("the audit trail is append-only"), "{refused}");
    }
    run(&roles.server, "select handset.forget_audit(now(), 10)").await;
    assert_eq!(roles.rows().await, 1, "younger than the owner's 90 days");
    run(&roles.owner, "update handset.deployment set audit_least_days = 1").await;
    run(&roles.server, "select handset.forget_audit(now(), 10)").await;
    assert_eq!(roles.rows().await, 0);
    let refused = refusal(&roles.owner, "update handset.deployment set audit_least_days = 0").await;
    assert!(refused.contains("deployment_audit_least_days_positive"), "{refused}");
    // A third role, which may use the schema, cannot even prune.
    run(&admin, "create role stranger login; grant usage on schema handset to stranger").await;
    let stranger = roles.server.replace("handset_server", "stranger");
    let refused = refusal(&stranger, "select handset.forget_audit(now(), 10)").await;
    assert!(refused.contains("permission denied"), "{refused}");
    roles.cluster.stop().await;
}

#[tokio::test]
async fn a_role_that_only_serves_says_that_the_owner_has_to_migrate() {
    let roles = TwoRoles::new().await;
    // The last migration adds nothing that its repetition would break.
    run(
        &roles.cluster.url(),
        "delete from handset._sqlx_migrations where version = (select max(version) from
        handset._sqlx_migrations)",
    )
    .await;
    let outcome = roles.command(&roles.server, &["workspace", "list"]).await;
    let message = outcome.error_message();
    assert!(message.contains("Run `handset migrate` as the user that owns the tables"), "{message}");
    roles.cluster.stop().await;
}
