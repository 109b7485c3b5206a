//! `handset migrate --distribute`: which node has what afterwards.

use crate::support::citus::{ClusterDatabase, connect};
use crate::support::program::{Outcome, handset};
use crate::support::world::{SEAL_KEY, World, seal, text};
use handset::store::{OpenError, Store};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::collections::BTreeMap;

/// Tables that are not where the schema says, or are there and on the coordinator, too.
const MISPLACED: &str = "
    select table_placement.table_name from table_placement
    left join citus_tables on citus_tables.table_name = table_placement.table_name::regclass
    where citus_table_type is distinct from case when table_placement.distribution_column is null then 'reference' else 'distributed' end
        or pg_relation_size(table_placement.table_name::regclass) > 0";

/// Functions that some worker does not have.
const FUNCTIONS_MISSING: &str = "
    select proname::text from pg_proc
    where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype and not exists (
        select from pg_dist_object where classid = 'pg_proc'::regclass and objid = pg_proc.oid)";

async fn names(connection: &mut PgConnection, sql: &'static str) -> Vec<String> {
    let rows = connection.fetch_all(sql).await.expect("the node answers");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The program with `migrate` on this database.
async fn migrate(url: &str, arguments: &[&str]) -> Outcome {
    let mut command = handset(&[&["migrate"], arguments].concat());
    command.env("DATABASE_URL", url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await
}

/// State and message of the doctor's check of the cluster.
async fn diagnosis(url: &str) -> (String, String) {
    let mut command = handset(&["doctor", "--json", "--max-connections", "10"]);
    command.env("DATABASE_URL", url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let report = Outcome::of(command).await.json();
    let checks = report["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["name"] == "cluster").expect("it checks the cluster");
    (text(&check["state"]), text(&check["message"]))
}

/// Number of rows of each table.
async fn counts(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in names(connection, "select table_name from table_placement").await {
        let sql = format!("select count(*) from {table}");
        let row = connection.fetch_one(AssertSqlSafe(sql)).await.expect("the table is there");
        counts.insert(table, row.get(0));
    }
    counts
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn an_empty_registry_is_distributed_once() {
    let database = ClusterDatabase::empty().await;
    let plan = migrate(&database.url, &["--distribute", "--dry-run", "--json"]).await.json();
    assert!(plan["pending_migrations"].as_u64() > Some(50), "{plan}");
    let tables = "select tablename::text from pg_tables where schemaname = 'public'";
    assert_eq!(names(&mut database.coordinator().await, tables).await, [""; 0], "it applied none");
    migrate(&database.url, &[]).await.stdout_of_success();
    let (state, message) = diagnosis(&database.url).await;
    assert_eq!((state.as_str(), message.contains("no table is distributed")), ("warning", true), "{message}");
    let outcome = migrate(&database.url, &["--distribute", "--json"]).await;
    let tables = outcome.json()["distributed"].as_array().map_or(0, Vec::len);
    assert!(tables > 30, "{outcome:?}");
    assert_eq!(outcome.stderr.lines().filter(|line| line.contains(&format!(" of {tables}: "))).count(), tables);
    let mut coordinator = database.coordinator().await;
    assert_eq!(names(&mut coordinator, MISPLACED).await, [""; 0]);
    assert_eq!(names(&mut coordinator, FUNCTIONS_MISSING).await, [""; 0]);
    let again = migrate(&database.url, &["--distribute"]).await;
    assert!(again.stdout_of_success().contains("every table is distributed"), "{again:?}");
    for url in database.urls() {
        let (state, message) = diagnosis(url).await;
        assert_eq!(state, "ok", "{url}: {message}");
        assert!(message.contains(&format!("{} nodes answer", 1 + database.workers.len())), "{message}");
    }
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_registry_that_has_grown_on_one_postgres_keeps_every_row() {
    let database = ClusterDatabase::without_citus().await;
    migrate(&database.url, &[]).await.stdout_of_success();
    {
        let world = World::at(&database.url, 5).await;
        let jane = world.person("jane").await;
        let phones = [world.phone(&jane).await, world.phone(&jane).await];
        world.key().post("/phones/deactivate", serde_json::json!({ "device_id": phones[0] })).await.ok();
        world.store.close().await;
    }
    let mut coordinator = database.coordinator().await;
    let before = counts(&mut coordinator).await;
    assert!(before["audit"] > 0 && before["phone"] == 2, "{before:?}");
    database.add_citus(database.workers.len()).await;

    let plan = migrate(&database.url, &["--distribute", "--dry-run", "--json"]).await.json();
    let of_phone = plan["tables"].as_array().and_then(|tables| tables.iter().find(|table| table["table"] == "phone"));
    assert_eq!(of_phone.map(|table| &table["placement"]), Some(&Value::from("divided by workspace")), "{plan}");
    let printed = migrate(&database.url, &["--distribute", "--dry-run"]).await;
    assert!(printed.stdout_of_success().contains("copied to each node"), "{printed:?}");
    assert_eq!(
        names(&mut coordinator, "select table_name::text from citus_tables").await,
        [""; 0],
        "it changed nothing"
    );

    let outcome = migrate(&database.url, &["--distribute"]).await;
    assert!(outcome.stdout_of_success().contains("phone"), "{outcome:?}");
    assert_eq!(counts(&mut coordinator).await, before);
    assert_eq!(names(&mut coordinator, MISPLACED).await, [""; 0]);
    assert_eq!(names(&mut coordinator, FUNCTIONS_MISSING).await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_table_of_a_later_migration_is_distributed_and_a_new_node_gets_the_copied_tables() {
    let database = ClusterDatabase::empty().await;
    let mut coordinator = database.coordinator().await;
    let workers = database.workers.len();
    assert!(workers > 1, "the cluster has one worker only");
    let last = format!("select citus_remove_node({})", database.address_of_worker(workers - 1));
    coordinator.execute(AssertSqlSafe(last)).await.expect("it has nothing");
    migrate(&database.url, &["--distribute"]).await.stdout_of_success();

    // As the migrations set it.
    let local = "set citus.enable_local_reference_table_foreign_keys = off";
    coordinator.execute(local).await.expect("a setting");
    let later = "create table badge (workspace_id uuid not null, badge_id uuid not null, user_identity_id uuid,
        primary key (workspace_id, badge_id), constraint badge_workspace_fkey foreign key (workspace_id) references workspace,
        constraint badge_user_identity_fkey foreign key (workspace_id, user_identity_id) references user_identity)";
    coordinator.execute(later).await.expect("a migration");
    let outcome = migrate(&database.url, &["--distribute", "--json"]).await;
    assert_eq!(outcome.json()["distributed"], serde_json::json!(["badge"]));
    assert_eq!(names(&mut coordinator, MISPLACED).await, [""; 0]);

    database.add_worker(workers - 1).await;
    let without = "select host from cluster_nodes() where not has_copies";
    assert_eq!(names(&mut coordinator, without).await.len(), 1);
    let plan = migrate(&database.url, &["--distribute", "--dry-run", "--json"]).await.json();
    assert_eq!(
        (&plan["tables"], plan["new_nodes"].as_array().map(Vec::len)),
        (&serde_json::json!([]), Some(1)),
        "{plan}"
    );
    migrate(&database.url, &["--distribute"]).await.stdout_of_success();
    assert_eq!(names(&mut coordinator, without).await, [""; 0]);
}

/// A former version, whose tables were distributed, is brought up to date by this one.
#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_distributed_registry_of_a_former_version_is_upgraded() {
    const FIRST_THAT_DISTRIBUTES: i64 = 44;
    let database = ClusterDatabase::empty().await;
    let mut coordinator = database.coordinator().await;
    let mut migrator = sqlx::migrate!();
    migrator.set_locking(false);
    migrator.migrations =
        migrator.iter().filter(|step| step.version <= FIRST_THAT_DISTRIBUTES).cloned().collect::<Vec<_>>().into();
    let mut transaction = coordinator.begin().await.expect("a transaction");
    transaction.execute("set local citus.enable_ddl_propagation = off").await.expect("Citus is there");
    migrator.run(&mut *transaction).await.expect("the migrations succeed");
    transaction.commit().await.expect("a commit");
    coordinator.execute("select distribute()").await.expect("the tables are distributed");

    migrate(&database.url, &[]).await.stdout_of_success();
    assert_eq!(names(&mut coordinator, MISPLACED).await, [""; 0]);
    assert_eq!(names(&mut coordinator, FUNCTIONS_MISSING).await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_server_starts_at_any_node_and_the_coordinator_migrates() {
    let database = ClusterDatabase::empty().await;
    let worker = Store::open(&database.workers[0], 2, seal()).await.expect("it accepts");
    assert!(matches!(worker.migrate().await, Err(OpenError::Worker)));
    worker.close().await;
    let store = Store::open(&worker_and_coordinator(&database), 2, seal()).await.expect("they accept");
    store.migrate().await.expect("the coordinator is among the hosts");
    store.distribute(|_| {}).await.expect("it distributes, too");
    store.close().await;
    for url in database.urls() {
        let store = Store::open(url, 2, seal()).await.expect("it accepts");
        store.migrate().await.unwrap_or_else(|fault| panic!("{url}: {fault}"));
        assert!(store.workspaces().await.is_ok_and(|workspaces| workspaces.is_empty()), "{url}");
        store.close().await;
    }
}

/// A URL with two hosts.
fn worker_and_coordinator(database: &ClusterDatabase) -> String {
    let host = |url: &str| {
        let url: url::Url = url.parse().expect("a URL");
        format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432))
    };
    let (coordinator, worker) = (host(&database.url), host(&database.workers[0]));
    database.url.replacen(&coordinator, &format!("{worker},{coordinator}"), 1)
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn the_certificate_of_citus_is_refused_with_advice_and_passed_over_where_tls_is_preferred() {
    let database = ClusterDatabase::empty().await;
    let outcome = migrate(&format!("{}?sslmode=require", database.url), &[]).await;
    assert!(outcome.error_message().contains("sslmode=disable"), "{outcome:?}");
    let preferred = format!("{}?sslmode=prefer", database.url);
    migrate(&preferred, &["--distribute", "--dry-run"]).await.stdout_of_success();
    migrate(&preferred, &[]).await.stdout_of_success();
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn times_are_text_in_utc_on_each_node() {
    let database = ClusterDatabase::empty().await;
    let mut coordinator = database.coordinator().await;
    let name = names(&mut coordinator, "select current_database()::text").await.remove(0);
    let elsewhere = format!("select run_command_on_all_nodes($$alter database {name} set timezone to 'Asia/Tokyo'$$)");
    coordinator.execute(AssertSqlSafe(elsewhere)).await.expect("it is ours");
    migrate(&database.url, &["--distribute"]).await.stdout_of_success();
    for url in database.urls() {
        assert_eq!(names(&mut connect(url).await, "select current_setting('timezone')").await, ["UTC"], "{url}");
    }
}
