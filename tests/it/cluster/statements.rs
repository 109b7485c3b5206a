//! Every statement of the server on a cluster: Citus plans and runs it.

use crate::support::citus::ClusterDatabase;
use crate::tidy::statements::{described_queries, spaced, written};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::collections::BTreeSet;

/// Statements that only one Postgres runs, with their files: where tables are distributed, others take their place.
const OF_ONE_POSTGRES: [(&str, &str); 7] = [
    ("src/store/batch/prefetch/phone.rs", "load"),
    ("src/store/batch/prefetch/phones.rs", "load"),
    ("src/store/batch/prefetch/events.rs", "load"),
    ("src/store/batch/prefetch/extension.rs", "load"),
    ("src/store/batch/prefetch/number.rs", "load"),
    ("src/store/batch/prefetch/subscriber.rs", "load"),
    ("src/store/webhooks/claims.rs", "due_workspaces"),
];

/// Statements that cannot be prepared, lay out the tables, or take the name of a sequence.
const NOT_PREPARED: [&str; 7] = ["analyze", "begin", "commit", "distribut", "set_config(", "do $$", "nextval($1"];

const WORKSPACE: &str = "01900000-0000-7000-8000-000000000001";

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn every_statement_of_the_server_runs_on_a_cluster() {
    let database = ClusterDatabase::distributed().await;
    let mut coordinator = database.coordinator().await;
    let workspace = format!(
        "insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
         values ('{WORKSPACE}', 'W', true, 'pk', now())"
    );
    coordinator.execute(AssertSqlSafe(workspace)).await.expect("a workspace");
    let is_of_one = |file: &str, function: &str| OF_ONE_POSTGRES.contains(&(file, function));
    let of_one: BTreeSet<String> = written()
        .into_iter()
        .filter(|statement| is_of_one(&statement.file, &statement.function))
        .map(|statement| statement.text)
        .collect();
    let (mut count, mut faults) = (0, Vec::new());
    for (text, types) in described_queries() {
        if of_one.contains(&spaced(&text)) || NOT_PREPARED.iter().any(|word| text.contains(word)) {
            continue;
        }
        count += 1;
        for flag in [true, false] {
            if let Err(fault) = run(&mut coordinator, &text, &types, flag).await {
                faults.push(format!("{fault}\n    {text}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {count} statements:\n{}", faults.len(), faults.join("\n"));
    assert!(count > 200, "only {count} statements");
}

/// Plans and runs a statement in a transaction that is rolled back. Constraints may refuse what it writes.
async fn run(database: &mut PgConnection, text: &str, types: &[String], flag: bool) -> Result<(), String> {
    database.execute("begin").await.expect("the connection is usable");
    let types: Vec<&str> = types.iter().map(|name| sql_type(name)).collect();
    let values: Vec<String> = types.iter().map(|name| format!("{}::{name}", value(name, flag))).collect();
    let in_parentheses = |list: String| if list.is_empty() { list } else { format!("({list})") };
    let prepare = format!("prepare it{} as {text}", in_parentheses(types.join(", ")));
    let execute = format!("execute it{}", in_parentheses(values.join(", ")));
    let mut outcome = Ok(());
    for step in [prepare, "set local plan_cache_mode = force_custom_plan".to_owned(), execute] {
        if let Err(fault) = database.execute(AssertSqlSafe(step)).await {
            let message = fault.to_string();
            let is_of_values = message.contains("violates") || message.contains("type inet");
            if !is_of_values {
                outcome = Err(message);
            }
            break;
        }
    }
    database.execute("rollback").await.expect("the connection is usable");
    database.execute("deallocate all").await.expect("the connection is usable");
    outcome
}

/// The name in SQL of a type as sqlx describes it.
fn sql_type(name: &str) -> &str {
    match name {
        "Uuid" => "uuid",
        "Timestamptz" => "timestamptz",
        "Int8" => "bigint",
        "Int4" => "integer",
        "Bool" => "boolean",
        "Jsonb" => "jsonb",
        "Bytea" => "bytea",
        "TextArray" => "text[]",
        "UuidArray" => "uuid[]",
        "Int8Array" => "bigint[]",
        "TimestamptzArray" => "timestamptz[]",
        "BoolArray" => "boolean[]",
        "JsonbArray" => "jsonb[]",
        "ByteaArray" => "bytea[]",
        "Name" => "name",
        "Text" => "text",
        other => panic!("add the type {other}"),
    }
}

fn value(sql_type: &str, flag: bool) -> String {
    let Some(element) = sql_type.strip_suffix("[]") else {
        return match sql_type {
            "uuid" => format!("'{WORKSPACE}'"),
            "timestamptz" => "'2026-01-01T12:00:00Z'".to_owned(),
            "bigint" | "integer" => "10".to_owned(),
            "boolean" => format!("'{flag}'"),
            // The text may be an array's.
            "jsonb" | "text" => "'{}'".to_owned(),
            "bytea" => r"'\x01'".to_owned(),
            _ => "'x'".to_owned(),
        };
    };
    format!("array[{}]", value(element, flag))
}
