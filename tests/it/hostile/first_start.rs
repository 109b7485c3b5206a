//! First starts that must not do harm: in the database of another program, on an address that others reach, and in a
//! mistyped directory.

use crate::support::client::Client;
use crate::support::private_postgres::{TestDir, query, until_async};
use crate::support::program::{Outcome, Server, admin, handset, handset_in};
use crate::support::receiver::Receiver;
use crate::support::shared_postgres::Database;
use crate::support::world::{list, text};
use handset::postgres;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

/// Another program's tables, one of them with a name that Handset uses, too.
const OTHERS: [&str; 3] = [
    "create table invoice (id bigint primary key, total numeric not null)",
    "create table workspace (id bigint primary key, label text not null)",
    "insert into workspace values (1, 'not yours')",
];

/// All tables, views and sequences of the schemas in use, in order.
const RELATIONS: &str =
    "select coalesce(string_agg(format('%s.%s', nspname, relname), ' ' order by nspname, relname), '')
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname not like 'pg\\_%' and nspname <> 'information_schema' and relkind in ('r', 'v', 'S')";

async fn execute(url: &str, statements: &[&str]) {
    let mut connection = PgConnection::connect(url).await.expect("it accepts");
    for statement in statements {
        sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap_or_else(|fault| panic!("{fault}"));
    }
    connection.close().await.expect("the connection still stands");
}

/// The program with this database.
fn on(database_url: &str, test_dir: &TestDir, arguments: &[&str]) -> Command {
    let mut command = handset_in(test_dir, arguments);
    command.env("DATABASE_URL", database_url);
    command
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_not_touched() {
    let (database, test_dir) = (Database::empty(5).await, TestDir::new());
    execute(&database.url, &OTHERS).await;
    let before = query(&database.url, RELATIONS).await;
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["workspace", "list"]] {
        let outcome = Outcome::of(on(&database.url, &test_dir, arguments)).await;
        let message = outcome.error_message();
        assert!(message.contains("its schema \"public\" has tables that are not Handset's"), "{message}");
        assert!(message.contains("--schema handset") && message.contains("Nothing was changed"), "{message}");
        assert_eq!(query(&database.url, RELATIONS).await, before);
    }
    // Also if the schema that it would use is empty.
    execute(&database.url, &["create schema theirs", "alter table invoice set schema theirs", "drop table workspace"])
        .await;
    let outcome = Outcome::of(on(&database.url, &test_dir, &["migrate"])).await;
    assert!(outcome.error_message().contains("its schema \"theirs\" has tables"), "{outcome:?}");
    // Also if the other program uses sqlx.
    let migrations = "create table theirs._sqlx_migrations (version bigint primary key, description text not null,
        installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
        execution_time bigint not null)";
    execute(&database.url, &[migrations, "insert into theirs._sqlx_migrations values (1, 'x', now(), true, 'x', 1)"])
        .await;
    let outcome = Outcome::of(on(&database.url, &test_dir, &["migrate", "--schema", "theirs"])).await;
    assert!(outcome.error_message().starts_with("the schema \"theirs\" has tables that are not"), "{outcome:?}");
}

#[tokio::test]
async fn a_schema_of_its_own_is_enough_in_the_database_of_another_program() {
    let (database, test_dir) = (Database::empty(10).await, TestDir::new());
    execute(&database.url, &OTHERS).await;
    let before = query(&database.url, RELATIONS).await;
    let arguments =
        ["serve", "--demo", "--schema", "registry", "--listen", "127.0.0.1:0", "--webhook-allow", "127.0.0.0/8"];
    let receiver = Receiver::new().await;
    let server = Server::run(on(&database.url, &test_dir, &arguments), &test_dir).await;
    let key = server.client(&server.demo_key());
    story(&key, &receiver).await;
    server.stop().await;
    let printed =
        Outcome::of(on(&database.url, &test_dir, &["audit", "--workspace", "Demo", "--schema", "registry"])).await;
    assert!(printed.stdout_of_success().contains("phone.deactivated"), "{printed:?}");

    let after = query(&database.url, RELATIONS).await;
    let (own, others): (Vec<&str>, Vec<&str>) = after.split(' ').partition(|name| name.starts_with("registry."));
    assert_eq!(others.join(" "), before);
    assert!(own.len() > 25 && own.contains(&"registry.audit") && own.contains(&"registry._sqlx_migrations"), "{own:?}");
    let functions = "select count(*)::text from pg_proc where pronamespace = 'public'::regnamespace";
    assert_eq!(query(&database.url, functions).await, "0");
    assert_eq!(query(&database.url, "select label from public.workspace").await, "not yours");
    // A forgotten --schema is told, and makes no second registry.
    execute(&database.url, &["drop table public.invoice, public.workspace"]).await;
    let outcome = Outcome::of(on(&database.url, &test_dir, &["workspace", "list"])).await;
    assert!(outcome.error_message().contains("Say --schema registry"), "{outcome:?}");
}

/// A part of each dialect, with an event, a delivery and an audit row.
async fn story(key: &Client, receiver: &Receiver) {
    let hook = json!({ "url": receiver.url(), "event_types": ["phone.deactivated"] });
    key.post("/webhooks/create", hook).await.ok();
    let phones = list(&key.get("/phones/list").await.ok()["phones"]);
    let phone = phones[0]["device_id"].clone();
    let person = json!({ "full_name": "Ærøskøbing", "email_address": "A@example.com" });
    let person = text(&key.post("/user_identities/create", person).await.ok()["user_identity"]["user_identity_id"]);
    let created = key.post("/phones/simulate/create_sandbox_phone", json!({ "user_identity_id": person })).await.ok();
    assert!(created["phone"]["device_id"].is_string());
    let credential = json!({ "user_identity_id": person, "access_method": "mobile_key" });
    key.post("/acs/credentials/create", credential).await.ok();
    let session = key.post("/client_sessions/create", json!({ "user_identity_id": person })).await.ok();
    let app = key.anonymous().bearer(&text(&session["client_session"]["token"]));
    assert_eq!(list(&app.get("/devices/list").await.ok()["devices"]).len(), 1);
    let reserved = key.post("/v1/phone/reserve", json!({ "number": "+34675897655" })).await;
    assert_eq!(reserved.status / 100, 2, "{reserved:?}");
    let slot = app.call("POST", "/me/phones/mobile/changeNumber?number=%2B14255550199").await;
    assert_eq!(slot.status / 100, 2, "{slot:?}");
    key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let events = key.get("/events/list?since=2020-01-01&event_type=phone.deactivated").await.ok();
    assert_eq!(list(&events["events"]).len(), 1);
    receiver.wait_for_messages(1).await;
    key.post("/workspaces/reset_sandbox", json!({})).await.ok();
    assert_eq!(list(&key.get("/phones/list").await.ok()["phones"]).len(), 0);
}

#[tokio::test]
async fn two_handsets_in_two_schemas_of_one_database_do_not_meet() {
    let (database, dirs) = (Database::empty(20).await, [TestDir::new(), TestDir::new()]);
    let serve = |schema: &'static str, test_dir: &TestDir| {
        let fixed = ["serve", "--demo", "--connections", "4", "--listen", "127.0.0.1:0", "--schema", schema];
        on(&database.url, test_dir, &fixed)
    };
    let [one, two] = [Server::run(serve("one", &dirs[0]), &dirs[0]), Server::run(serve("two", &dirs[1]), &dirs[1])];
    // Each has a seal key, a demo and a registry of its own.
    let (one, two) = tokio::join!(one, two);
    let (first, second) = (one.client(&one.demo_key()), two.client(&two.demo_key()));
    one.client(&two.demo_key()).get("/phones/list").await.refused(401, "unauthorized");
    let phone = first.get("/phones/list").await.ok()["phones"][0]["device_id"].clone();
    first.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(list(&first.get("/phones/list").await.ok()["phones"]).len(), 1);
    assert_eq!(list(&second.get("/phones/list").await.ok()["phones"]).len(), 2);

    // A migration of one that waits with its lock does not hold up the other.
    let mut holder = PgConnection::connect(&database.url).await.expect("it accepts");
    let mut held = holder.begin().await.expect("a transaction");
    let lock = "lock table one._sqlx_migrations in access exclusive mode";
    sqlx::query(lock).execute(&mut *held).await.expect("the lock");
    let waiting = tokio::spawn(Outcome::of(on(&database.url, &dirs[0], &["migrate", "--schema", "one"])));
    until_async("it waits", async || {
        let waits = "select count(*)::text from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        query(&database.url, waits).await == "1"
    })
    .await;
    let other = Outcome::of(on(&database.url, &dirs[1], &["migrate", "--schema", "two"])).await;
    other.stdout_of_success();
    assert!(!waiting.is_finished());
    held.commit().await.expect("the lock is released");
    waiting.await.expect("it does not panic").stdout_of_success();
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn the_owner_of_a_schema_needs_no_right_to_create_one() {
    let (cluster_dir, test_dir) = (TestDir::new(), TestDir::new());
    let cluster = postgres::start(cluster_dir.disposable()).await.expect("Postgres starts");
    execute(&cluster.url(), &OTHERS).await;
    execute(&cluster.url(), &["create role tenant login", "create schema tenant authorization tenant"]).await;
    let url = cluster.url().replace("//handset@", "//tenant@");
    // The schema is the first of the role's search path, and has no tables.
    let outcome = Outcome::of(on(&url, &test_dir, &["migrate"])).await;
    assert!(outcome.error_message().contains("--schema handset"), "{outcome:?}");
    let outcome = Outcome::of(on(&url, &test_dir, &["migrate", "--schema", "handset"])).await;
    assert!(outcome.error_message().contains("permission denied for database"), "{outcome:?}");
    let server = ["serve", "--demo", "--listen", "127.0.0.1:0", "--schema", "tenant"];
    let server = Server::run(on(&url, &test_dir, &server), &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    server.stop().await;
    cluster.stop().await;
}

#[tokio::test]
async fn the_demo_is_for_the_private_postgres_and_a_loopback_address() {
    let (database, test_dir) = (Database::empty(20).await, TestDir::new());
    let listen = |address: &'static str| ["serve", "--listen", address];
    let server = Server::run(on(&database.url, &test_dir, &listen("127.0.0.1:0")), &test_dir).await;
    assert!(!server.has_demo() && server.greeting.contains("Create a workspace:"), "{}", server.greeting);
    server.stop().await;
    let with_demo = [&listen("127.0.0.1:0")[..], &["--demo"]].concat();
    let server = Server::run(on(&database.url, &test_dir, &with_demo), &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    server.stop().await;

    let private = TestDir::new();
    let server = Server::run(handset_in(&private, &listen("0.0.0.0:0")), &private).await;
    assert!(!server.has_demo(), "{}", server.greeting);
    server.stop().await;
    let mut command = handset_in(&private, &listen("0.0.0.0:0"));
    command.env("HANDSET_DEMO", "true");
    let server = Server::run(command, &private).await;
    assert!(server.has_demo(), "{}", server.greeting);
    server.stop().await;
    let without = TestDir::new();
    let mut command = handset_in(&without, &listen("127.0.0.1:0"));
    command.env("HANDSET_DEMO", "false");
    let server = Server::run(command, &without).await;
    assert!(!server.has_demo(), "{}", server.greeting);
    server.stop().await;
    let both = Outcome::of(handset_in(&TestDir::new(), &["serve", "--demo", "--no-demo"])).await;
    assert_eq!(both.status.code(), Some(2), "{both:?}");
}

#[tokio::test]
async fn an_empty_environment_variable_is_an_unset_one() {
    let help = Outcome::of(handset(&["serve", "--help"])).await;
    let variables = help.stdout_of_success().split("[env: ").skip(1);
    let variables: Vec<&str> = variables.filter_map(|rest| rest.split(['=', ']']).next()).collect();
    assert!(variables.len() >= 24 && variables.contains(&"DATABASE_URL"), "{variables:?}");
    let test_dir = TestDir::new();
    // The listen address and the data directory are arguments, so that tests do not meet.
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"]);
    command.envs(variables.iter().map(|name| (name, "")));
    let server = Server::run(command, &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    server.stop().await;
    let mut command = handset_in(&test_dir, &["workspace", "list", "--json"]);
    command.envs(variables.iter().map(|name| (name, "")));
    assert_eq!(Outcome::of(command).await.json()["workspaces"][0]["name"], "Demo");
}

#[tokio::test]
async fn administrative_commands_create_nothing_in_a_mistyped_directory() {
    let test_dir = TestDir::new();
    let id = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";
    for arguments in [
        &["workspace", "list"][..],
        &["workspace", "create", "Acme"],
        &["migrate"],
        &["key", "list"],
        &["token", "revoke", id],
        &["console-session", "rotate-key"],
        &["audit", "--workspace", "Demo"],
        &["user", "set-voice", id, "off"],
    ] {
        let outcome = Outcome::of(handset_in(&test_dir, arguments)).await;
        let message = outcome.error_message();
        let expected = format!("there is no Handset data in {}. ", test_dir.data().display());
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.contains("handset serve") && message.contains("DATABASE_URL"), "{message}");
        assert!(!test_dir.data().exists(), "{arguments:?}");
    }
    let server = Server::start(&test_dir).await;
    let log = server.stop().await;
    assert!(log.contains("created the private Postgres"), "{log}");
    assert_eq!(admin(&test_dir, &["workspace", "list"]).await["workspaces"][0]["name"], "Demo");
}
