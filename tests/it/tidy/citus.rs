//! What Citus asks of statements, as far as it can be read off their texts. It runs a statement part after part, each with a
//! snapshot of its own, and keeps the rows of a part in a file for the next ones. Some statements it refuses; others it runs,
//! and some rows are missing. The tests of folder `cluster` run all statements on a real one.

use super::Faults;
use super::statements::{Statement, written};
use crate::support::world::World;
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// Parts that read what an earlier part has changed, by function and table, and why the result is the same with the snapshot
/// from before.
const READS_ITS_CHANGE: [(&str, &str, &str); 3] = [
    (
        "record_failed",
        "webhook",
        "the disabled webhook gets no delivery of that: on one Postgres, since its row cannot be locked",
    ),
    ("disable_webhook", "webhook", "as above"),
    ("fingerprint", "deployment", "the value that was written wins"),
];

/// A part of a statement: a common table expression, or the last part, which has no name.
#[derive(Debug, PartialEq, Eq)]
struct Part<'t> {
    name: &'t str,
    is_materialized: bool,
    text: &'t str,
}

/// What the rules need to know of the schema.
struct Catalogue {
    tables: BTreeSet<String>,
    /// Functions that are not immutable, with all of their names.
    mutable: BTreeSet<String>,
    /// Tables, and those whose rows go with theirs.
    cascades: BTreeSet<(String, String)>,
}

#[tokio::test]
async fn statements_of_several_parts_can_run_part_after_part() {
    let world = World::new().await;
    let catalogue = Catalogue::read(&mut world.database().await).await;
    let mut faults = Faults::default();
    let mut known: BTreeSet<_> = READS_ITS_CHANGE.iter().map(|(function, table, _)| (*function, *table)).collect();
    let mut count = 0;
    for statement in written() {
        let found = catalogue.faults(&statement.text);
        count += usize::from(parts(&statement.text).len() > 1);
        for (table, fault) in found {
            let is_known = table.as_deref().is_some_and(|table| is_known(&statement, table));
            known.retain(|(function, table_of)| {
                !(statement.function == *function && table.as_deref() == Some(*table_of))
            });
            if !is_known {
                faults.add(format_args!("{}, {}", statement.file, statement.function), fault);
            }
        }
    }
    known.iter().for_each(|(function, table)| {
        faults.add(function, format_args!("reads {table} in time; remove it from READS_ITS_CHANGE"));
    });
    faults.none();
    assert!(count > 60, "only {count} statements have several parts");
}

fn is_known(statement: &Statement, table: &str) -> bool {
    READS_ITS_CHANGE.iter().any(|(function, other, _)| statement.function == *function && table == *other)
}

impl Catalogue {
    async fn read(database: &mut PgConnection) -> Catalogue {
        let tables = "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'";
        let mutable = "select distinct proname::text from pg_proc where provolatile <> 'i'";
        let cascades = "select confrelid::regclass::text, conrelid::regclass::text from pg_constraint
            where contype = 'f' and confdeltype = 'c' and conrelid <> confrelid";
        let names = |rows: Vec<String>| rows.into_iter().collect();
        Catalogue {
            tables: names(sqlx::query_scalar(tables).fetch_all(&mut *database).await.expect("tables")),
            mutable: names(sqlx::query_scalar(mutable).fetch_all(&mut *database).await.expect("functions")),
            cascades: sqlx::query_as(cascades).fetch_all(database).await.expect("keys").into_iter().collect(),
        }
    }

    /// What Citus would refuse or get wrong, and the table of a part that reads its own change.
    fn faults(&self, text: &str) -> Vec<(Option<String>, String)> {
        let parts = parts(text);
        let changes = parts.iter().any(|part| changed(part.text).is_some());
        let mut faults = Vec::new();
        let mut add = |table: Option<&str>, fault: String| faults.push((table.map(str::to_owned), fault));
        for (index, part) in parts.iter().enumerate() {
            let reads = self.reads(part.text);
            if changes
                && !part.name.is_empty()
                && part.text.starts_with("select ")
                && !part.is_materialized
                && !reads.is_empty()
            {
                add(None, format!("{} is read after the parts that change rows; write `as materialized`", part.name));
            }
            if !part.name.is_empty() && is_locking_join(part.text) {
                let fix =
                    "lock the rows of one table, found by `= any (array(select …))`, and join them in the next part";
                add(
                    None,
                    format!("{} locks rows and joins: Citus reads its result in another format; {fix}", part.name),
                );
            }
            for function in self.mutable_in_returning(part.text) {
                let fix = "return the columns and call it in the next part, or use as_document";
                add(None, format!("{function} is not immutable, and Citus refuses it after returning; {fix}"));
            }
            if let Some(table) = inserted_without_alias(part.text) {
                add(
                    None,
                    format!(
                        "names {table} after its columns, which Citus renames; write `insert into {table} as {table}`"
                    ),
                );
            }
            for earlier in &parts[..index] {
                let Some(table) = changed(earlier.text) else { continue };
                if reads.contains(table) {
                    let fix = "read it in a materialized part before";
                    add(
                        Some(table),
                        format!("{} reads {table} after {} has changed it; {fix}", part.name, earlier.name),
                    );
                }
                let is_parent = |child: &str| self.cascades.contains(&(table.to_owned(), child.to_owned()));
                let deletes = |text: &str| text.starts_with("delete from ");
                if deletes(earlier.text) && deletes(part.text) && changed(part.text).is_some_and(is_parent) {
                    add(
                        None,
                        format!("{} finds no rows: they went with those of {table}; delete them first", part.name),
                    );
                }
            }
        }
        faults
    }

    /// Tables that a part reads, other than as the one that it changes.
    fn reads(&self, text: &str) -> BTreeSet<&str> {
        let words: Vec<&str> = text.split([' ', '(', ')', ',']).collect();
        let is_read = |pair: &&[&str]| {
            ["from", "join", "using"].contains(&pair[1]) && pair[0] != "delete" && self.tables.contains(pair[2])
        };
        let named = words.windows(3).filter(is_read).map(|pair| pair[2]);
        named.filter_map(|name| self.tables.get(name).map(String::as_str)).collect()
    }

    fn mutable_in_returning(&self, text: &str) -> Vec<&str> {
        if changed(text).is_none() {
            return Vec::new();
        }
        let Some((_, returning)) = text.split_once(" returning ") else { return Vec::new() };
        let called = returning.match_indices('(').filter_map(|(at, _)| {
            let start = returning[..at].rfind(|letter: char| !letter.is_alphanumeric() && letter != '_');
            self.mutable.get(&returning[start.map_or(0, |start| start + 1)..at]).map(String::as_str)
        });
        called.collect()
    }
}

/// The table that a part changes.
fn changed(text: &str) -> Option<&str> {
    let rest = ["insert into ", "update ", "delete from "].iter().find_map(|verb| text.strip_prefix(verb))?;
    rest.split(' ').next()
}

/// Whether a part locks rows and takes others from a join, or from a nested query that Postgres makes a join of.
fn is_locking_join(text: &str) -> bool {
    let plain = without_parentheses(text);
    let locks = [" for update", " for share", " for no key update", " for key share"];
    text.starts_with("select ")
        && locks.iter().any(|lock| plain.contains(lock))
        && [" join ", " in ()", "), "].iter().any(|join| plain.contains(join))
}

/// The table of an insertion that is named again where conflicts or results are described, without an alias.
fn inserted_without_alias(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("insert into ")?;
    let (table, columns) = rest.split_once(" (")?;
    let at = [" on conflict ", " returning "].iter().filter_map(|word| columns.find(word)).min()?;
    let is_named = [format!("{table}."), format!("({table})")].iter().any(|name| columns[at..].contains(name));
    (!table.contains(' ') && is_named).then_some(table)
}

/// A text with `()` in place of what is in parentheses.
fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for letter in text.chars() {
        depth -= usize::from(letter == ')' && depth > 0);
        if depth == 0 {
            plain.push(letter);
        }
        depth += usize::from(letter == '(');
    }
    plain
}

/// The common table expressions of a statement, and its last part.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text.strip_prefix("with ");
    let Some(mut left) = rest.take() else { return vec![Part { name: "", is_materialized: true, text }] };
    while let Some((name, body)) = left.split_once(" as ") {
        let is_materialized = body.starts_with("materialized (");
        let Some(body) = body.strip_prefix("materialized (").or_else(|| body.strip_prefix('(')) else { break };
        let end = closing(body);
        parts.push(Part { name, is_materialized, text: &body[..end] });
        left = body[end + 1..].trim_start();
        match left.strip_prefix(',') {
            Some(next) => left = next.trim_start(),
            None => break,
        }
    }
    parts.push(Part { name: "", is_materialized: true, text: left });
    parts
}

/// Where the parenthesis before a text is closed.
fn closing(text: &str) -> usize {
    let (mut depth, mut is_quoted) = (1_usize, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("a parenthesis is open: {text}")
}

#[test]
fn the_rules_for_citus_detect_violations() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let catalogue = Catalogue {
        tables: names(&["phone", "credential", "webhook"]),
        mutable: names(&["to_jsonb", "now"]),
        cascades: [("phone".to_owned(), "credential".to_owned())].into(),
    };
    for (expected, text) in [
        (
            "",
            "with a as materialized (select b from phone), c as (update phone set b = 1 from a returning b) select b from c",
        ),
        ("", "with a as (select b from phone) select b from a"),
        ("as materialized", "with a as (select b from phone), c as (update webhook set b = 1) select b from a"),
        ("not immutable", "update phone set b = 1 returning to_jsonb(phone)"),
        ("", "update phone set b = to_jsonb(c) returning as_document(phone)"),
        ("insert into phone as phone", "insert into phone (b) values (1) returning as_document(phone)"),
        ("insert into phone as phone", "insert into phone (b) values (1) on conflict (b) do update set b = phone.b"),
        ("", "insert into phone as p (b) values (1) on conflict (b) do update set b = p.b"),
        ("has changed it", "with a as (update phone set b = 1) select count(*) from phone"),
        (
            "has changed it",
            "with a as (delete from phone), c as (insert into webhook (b) select b from phone) select 1",
        ),
        ("delete them first", "with a as (delete from phone where b), c as (delete from credential where b) select 1"),
        ("", "with c as (delete from credential where b), a as (delete from phone where b) select 1"),
        (
            "another format",
            "with a as materialized (select b from phone where b in (select c from d) for update) select 1",
        ),
        (
            "another format",
            "with a as materialized (select b from phone join e using (b) for key share of phone) select 1",
        ),
        ("", "with a as materialized (select b from phone where b = any (array(select c from d)) for update) select 1"),
    ] {
        let found: Vec<String> = catalogue.faults(text).into_iter().map(|(_, fault)| fault).collect();
        assert_eq!(found.len(), usize::from(!expected.is_empty()), "{text}: {found:?}");
        assert!(found.iter().all(|fault| fault.contains(expected)), "{text}: {found:?}");
    }
}
