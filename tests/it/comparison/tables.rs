//! All rows of a database in a form that another database with the same history has, too.

use crate::support::world::World;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Columns whose values are drawn from sequences, which may have gaps: only their order counts.
const DRAWN: [&str; 5] = ["account_id", "extension_id", "contact_id", "contact_group_id", "application_id"];

/// Tables that the requests may leave empty: none has a row at the end of its use.
const MAY_BE_EMPTY: [&str; 3] = ["operator_link", "api_key_pass", "contact_number"];

/// The rows of each table, as text.
pub struct Tables(BTreeMap<String, Vec<String>>);

impl Tables {
    pub async fn read(world: &World) -> Tables {
        let mut database = world.database().await;
        let names: Vec<String> = sqlx::query_scalar(
            "select table_name::text from information_schema.tables
             where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like '\\_sqlx\\_%'",
        )
        .fetch_all(&mut database)
        .await
        .expect("the catalogue answers");
        let mut tables = BTreeMap::new();
        for name in names {
            let rows = rows(&mut database, &name).await;
            tables.insert(name, rows);
        }
        Tables(tables.into_iter().map(|(name, rows)| (name, plain(rows))).collect())
    }

    /// Compares the kinds of rows first, so that a difference is found by its name.
    pub fn assert_equal(&self, other: &Tables) {
        assert_eq!(self.kinds("audit", "action"), other.kinds("audit", "action"), "rows of the audit trail by action");
        assert_eq!(self.kinds("event", "event_type"), other.kinds("event", "event_type"), "events by type");
        assert_eq!(self.counts(), other.counts(), "rows by table");
        for (name, rows) in &self.0 {
            let (own, others): (BTreeSet<_>, BTreeSet<_>) = (rows.iter().collect(), other.0[name].iter().collect());
            let differences: Vec<_> = own.symmetric_difference(&others).take(4).collect();
            assert!(differences.is_empty(), "{name} differs, of {} rows in: {differences:#?}", rows.len());
        }
    }

    /// Checks that there is something to compare in each table.
    pub fn assert_are_filled(&self) {
        let empty: Vec<_> = self.0.iter().filter(|(_, rows)| rows.is_empty()).map(|(name, _)| name.as_str()).collect();
        let unexpected: Vec<_> = empty.into_iter().filter(|name| !MAY_BE_EMPTY.contains(name)).collect();
        assert!(unexpected.is_empty(), "without a row: {unexpected:?}");
        let (actions, types) = (self.kinds("audit", "action"), self.kinds("event", "event_type"));
        assert!(actions.len() >= 20 && types.len() >= 10, "only {actions:#?} and {types:#?}");
    }

    fn counts(&self) -> BTreeMap<&String, usize> {
        self.0.iter().map(|(name, rows)| (name, rows.len())).collect()
    }

    /// Numbers of rows by the value of a column.
    fn kinds(&self, table: &str, column: &str) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for row in &self.0[table] {
            let row: Value = serde_json::from_str(row).expect("a row is JSON");
            *kinds.entry(row[column].to_string()).or_default() += 1;
        }
        kinds
    }
}

async fn rows(database: &mut PgConnection, table: &str) -> Vec<Value> {
    let sql = format!("select to_jsonb(it) from {table} as it");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(database).await.expect("the table can be read")
}

/// Rows without what depends on the number of attempts, which are the nonces of sealed secrets and gaps in sequences, and
/// without the order of the events of one statement, whose times differ by microseconds.
fn plain(mut rows: Vec<Value>) -> Vec<String> {
    for column in DRAWN {
        let drawn: BTreeSet<i64> = rows.iter().filter_map(|row| row[column].as_i64()).collect();
        for row in &mut rows {
            if let Some(number) = row[column].as_i64() {
                row[column] = drawn.range(..number).count().into();
            }
        }
    }
    for row in &mut rows {
        let members = row.as_object_mut().expect("a row is an object");
        members.iter_mut().filter(|(name, _)| name.ends_with("_sealed")).for_each(|(_, value)| {
            *value = (!value.is_null()).into();
        });
        if members.contains_key("event_type") {
            let time: DateTime<Utc> =
                members["created_at"].as_str().and_then(|time| time.parse().ok()).expect("a time");
            members.insert("created_at".to_owned(), time.timestamp().into());
        }
    }
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}
