//! The schema in Postgres: every constraint has an explicit name, and the keys of tenant tables begin with the tenant.
//! Also the form of the migrations.

use super::Faults;
use super::tree::{ROOT, files};
use crate::support::world::World;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Tables with a workspace column that are not scoped by it, with reasons.
const UNSCOPED: [(&str, &str); 7] = [
    ("workspace", "it is the tenant itself"),
    ("api_key", "it is looked up before the workspace is known"),
    ("access_token_workspace", "it is looked up before the workspace is known"),
    ("console_session_workspace", "it is looked up before the workspace is known"),
    ("scim_token", "it is looked up before the workspace is known"),
    ("operator_role", "it is looked up before the workspace is known"),
    ("claimed_number", "it says who of all workspaces has a number"),
];

#[test]
fn every_migration_starts_with_a_comment_and_has_a_number_and_a_name() {
    let mut faults = Faults::default();
    for (index, (name, text)) in migrations().into_iter().enumerate() {
        if !text.starts_with("-- ") {
            faults.add(&name, "begin it with a comment that says why");
        }
        if !name.starts_with(&format!("{:04}_", index + 1)) {
            faults.add(&name, format_args!("rename it: its number is {:04}", index + 1));
        }
        if text.contains("create extension") {
            faults.add(&name, "needs an extension, which hosted Postgres may not offer; do without");
        }
    }
    faults.none();
}

#[tokio::test]
async fn every_constraint_has_an_explicit_name_in_the_migrations() {
    let world = World::new().await;
    let mut database = world.database().await;
    let text: String = migrations().into_iter().map(|(_, text)| text).collect();
    let given: BTreeSet<&str> = words_after(&text, &["constraint"]).collect();
    let indexes: BTreeSet<&str> =
        words_after(&text, &["create", "index"]).chain(words_after(&text, &["create", "unique", "index"])).collect();
    let mut faults = Faults::default();
    // Not null belongs to its column; newer Postgres counts it among the constraints.
    let constraints = names(
        &mut database,
        "select conname::text from pg_constraint
         where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid <> '_sqlx_migrations'::regclass",
    );
    let constraints = constraints.await;
    assert!(constraints.len() > 30, "only {constraints:?}");
    constraints
        .iter()
        .filter(|name| !given.contains(name.as_str()))
        .for_each(|name| faults.add(name, "has a generated name; give it one in its migration"));
    let made = names(
        &mut database,
        "select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
         where relnamespace = 'public'::regnamespace and indrelid <> '_sqlx_migrations'::regclass
             and not exists (select from pg_constraint where conindid = indexrelid)",
    );
    let made = made.await;
    made.iter()
        .filter(|name| !indexes.contains(name.as_str()))
        .for_each(|name| faults.add(name, "has a generated name; give it one in its migration"));
    faults.none();
}

#[tokio::test]
async fn keys_of_tenant_tables_begin_with_the_workspace() {
    let world = World::new().await;
    let mut database = world.database().await;
    let with_workspace = names(
        &mut database,
        "select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
         where relnamespace = 'public'::regnamespace and relkind = 'r' and attname = 'workspace_id'",
    );
    let with_workspace = with_workspace.await;
    let unscoped: BTreeSet<String> = UNSCOPED.iter().map(|(table, _)| (*table).to_owned()).collect();
    let stray: Vec<_> = unscoped.difference(&with_workspace).collect();
    assert!(stray.is_empty(), "{stray:?} have no workspace");
    let scoped: BTreeSet<String> = with_workspace.difference(&unscoped).cloned().collect();
    assert!(scoped.len() >= 8, "only {scoped:?}");

    let mut faults = Faults::default();
    let mut with_key = BTreeSet::new();
    for key in keys(&mut database).await.into_iter().filter(|key| scoped.contains(&key.table)) {
        if key.columns.first().is_none_or(|column| column != "workspace_id") {
            faults.add(&key.name, format_args!("begins with {:?}; put workspace_id first", key.columns.first()));
        }
        if key.kind == 'f' && key.others.first().is_none_or(|column| column != "workspace_id") {
            faults.add(&key.name, "may refer to another workspace; put workspace_id first on both sides");
        }
        if key.kind == 'p' {
            with_key.insert(key.table);
        }
    }
    scoped
        .difference(&with_key)
        .for_each(|table| faults.add(table, "has no primary key; add one that begins with workspace_id"));
    faults.none();
}

/// A primary key, unique constraint, unique index or foreign key, with its columns in order.
struct Key {
    table: String,
    name: String,
    kind: char,
    columns: Vec<String>,
    /// Referenced columns of a foreign key.
    others: Vec<String>,
}

async fn keys(database: &mut PgConnection) -> Vec<Key> {
    let rows = sqlx::query(
        "select conrelid::regclass::text as on_table, conname::text as name, contype::text as kind,
             array(select attname::text from unnest(conkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = conrelid and attnum = at.number order by place) as columns,
             array(select attname::text from unnest(confkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = confrelid and attnum = at.number order by place) as others
         from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'x')
         union all
         select indrelid::regclass::text, indexrelid::regclass::text, 'i',
             array(select attname::text from unnest(indkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = indrelid and attnum = at.number order by place), '{}'
         from pg_index join pg_class on pg_class.oid = indexrelid
         where relnamespace = 'public'::regnamespace and indisunique",
    );
    let rows = rows.fetch_all(database).await.expect("the catalogue answers");
    let keys: Vec<Key> = rows
        .into_iter()
        .map(|row| Key {
            table: row.get("on_table"),
            name: row.get("name"),
            kind: row.get::<String, _>("kind").chars().next().expect("a kind is a letter"),
            columns: row.get("columns"),
            others: row.get("others"),
        })
        .collect();
    assert!(keys.len() > 30, "only {} keys", keys.len());
    keys
}

async fn names(database: &mut PgConnection, sql: &'static str) -> BTreeSet<String> {
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(database).await.expect("the catalogue answers");
    names.into_iter().collect()
}

/// Words that follow this sequence of words.
fn words_after<'a>(text: &'a str, before: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let found: Vec<&str> =
        words.windows(before.len() + 1).filter(|it| it[..before.len()] == *before).map(|it| it[before.len()]).collect();
    found.into_iter()
}

/// Every migration, in order, with its text.
fn migrations() -> Vec<(String, String)> {
    let read = |path: &Path| fs::read_to_string(Path::new(ROOT).join(path)).expect("a migration is text");
    let name =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("a migration has a name").to_owned();
    let all: Vec<_> = files(Path::new("migrations")).iter().map(|path| (name(path), read(path))).collect();
    assert!(all.len() >= 8, "only {} migrations", all.len());
    all
}
