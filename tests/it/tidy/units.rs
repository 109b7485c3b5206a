//! Changes of data run in a unit of work, which a dropped request does not cancel: such statements are executed by a
//! `Writer` or on the connection of a unit, and only the pool begins transactions.

use super::Faults;
use super::rust::{each_level, functions, group, inside, is_mark, tokens, word};
use super::statements::written;
use super::tree::rust_files;
use proc_macro2::{Delimiter, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;

/// Executors of statements that change data.
const UNITS: [&str; 3] = ["writer", "emitter", "connection"];

/// Functions that begin a transaction elsewhere, with reasons.
const EXEMPT: [(&str, &str, &str); 6] = [
    ("src/store/migrate.rs", "apply", "it runs at start, on a connection of its own that is closed afterwards"),
    ("src/store/migrate.rs", "fingerprint", "it runs at start, on the connection that migrated"),
    ("src/store/distribution.rs", "distribute", "a command runs it, on a connection of its own"),
    (
        "src/store/distribution/coordinator.rs",
        "node",
        "it runs at start and changes nothing but its transaction's settings",
    ),
    ("src/store/backup.rs", "complete", "it ends a restore, on a connection of its own that is closed afterwards"),
    ("src/store/counts.rs", "begin", "it only reads, on a connection of its own that is closed afterwards"),
];

/// Files whose functions take a bare connection: they only read, or change no workspace's rows.
const BARE: [&str; 11] = [
    "src/store/backup.rs",
    "src/store/counts.rs",
    "src/store/distribution.rs",
    "src/store/distribution/coordinator.rs",
    "src/store/migrate.rs",
    "src/store/operators/links.rs",
    "src/store/operators/sessions.rs",
    "src/store/operators/sso.rs",
    "src/store/schema.rs",
    "src/store/sql/listing.rs",
    "src/store/workspace.rs",
];

/// Methods that give a connection or a transaction.
const BEGINNINGS: [&str; 4] = ["begin", "begin_with", "acquire", "checkout"];

#[test]
fn every_statement_that_changes_data_is_executed_in_a_unit_of_work() {
    let changing: BTreeSet<(String, String)> = written()
        .into_iter()
        .filter(|statement| changes_data(&statement.text))
        .map(|statement| (statement.file, statement.function))
        .collect();
    let mut faults = Faults::default();
    for (path, text) in sources() {
        for function in functions(&tokens(&path, &text)) {
            let place = (path.display().to_string(), function.name.clone());
            if !changing.contains(&place) || is_exempt(&place) {
                continue;
            }
            for executor in executors(&inside(&function.body)) {
                if !executor.iter().any(|word| UNITS.contains(&word.as_str())) {
                    let fix = "execute it on self.store.writer(), or on .emitter() if it causes events";
                    faults.add(format_args!("{}, {}", place.0, place.1), format_args!("{executor:?}: {fix}"));
                }
            }
        }
    }
    faults.none();
    assert!(changing.len() > 40, "only {} functions change data", changing.len());
}

#[test]
fn only_the_pool_begins_transactions() {
    let mut faults = Faults::default();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_of_pool(path)) {
        for function in functions(&tokens(&path, &text)) {
            let place = (path.display().to_string(), function.name.clone());
            each_level(&inside(&function.body), &mut |level| {
                for (index, token) in level.iter().enumerate() {
                    let name = word(Some(token)).filter(|_| index > 0 && is_mark(level.get(index - 1), '.'));
                    let is_beginning = name.is_some_and(|name| BEGINNINGS.contains(&name.as_str()));
                    let is_argon = path == Path::new("src/store/user_identities/passwords.rs");
                    if is_beginning && !is_exempt(&place) && !is_argon {
                        let fix = "use Writer::transact, or Pool::snapshot to read";
                        faults.add(format_args!("{}, {}", place.0, place.1), fix);
                    }
                }
            });
        }
    }
    faults.none();
}

#[test]
fn the_unit_of_work_rule_detects_violations() {
    for (expected, text) in [
        (true, "update phone set a = 1"),
        (true, "with a as (delete from phone where b) select 1"),
        (true, "insert into phone (a) values (1)"),
        (true, "select forget_audit($1, $2)"),
        (true, "select a from phone for no key update"),
        (false, "select updated_at from phone"),
    ] {
        assert_eq!(changes_data(text), expected, "{text}");
    }
    let code = "let rows = q!().fetch_all(&self.store.pool).await?; q!().execute(self.writer()).await";
    let found = executors(&tokens(Path::new("x.rs"), code));
    assert_eq!(found, [vec!["self", "store", "pool"], vec!["self", "writer"]]);
}

/// Whether a statement writes or locks rows, by itself or by a function.
fn changes_data(text: &str) -> bool {
    const VERBS: [&str; 5] = ["insert", "update", "delete", "share", "forget_audit"];
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| VERBS.contains(&word))
}

fn is_exempt((file, function): &(String, String)) -> bool {
    EXEMPT.iter().any(|(exempt, name, _)| file == exempt && function == name)
}

/// Executors of statements, each as the identifiers of the argument.
fn executors(body: &[TokenTree]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    each_level(body, &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let Some(name) = word(Some(token)) else { continue };
            let is_call = name == "execute" || ["fetch_all", "fetch_one", "fetch_optional"].contains(&name.as_str());
            let Some(argument) = group(level.get(index + 1), Delimiter::Parenthesis) else { continue };
            if is_call && index > 0 && is_mark(level.get(index - 1), '.') {
                let mut words = Vec::new();
                each_level(&inside(argument), &mut |level| {
                    words.extend(level.iter().filter_map(|token| word(Some(token))))
                });
                words.retain(|word| word != "mut");
                found.push(words);
            }
        }
    });
    found
}

#[test]
fn statements_of_a_workspace_are_sent_to_its_node() {
    let mut faults = Faults::default();
    let mut bare = BARE.to_vec();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_of_pool(path)) {
        let mut is_bare = false;
        each_level(&tokens(&path, &text), &mut |level| {
            is_bare |= level.iter().any(|token| word(Some(token)).is_some_and(|word| word == "PgConnection"));
        });
        let place = path.display().to_string();
        if is_bare && !BARE.contains(&place.as_str()) {
            faults.add(&place, "take &mut UnitConnection<'_>, which sends statements to the node of the workspace");
        }
        bare.retain(|known| !is_bare || *known != place);
    }
    bare.iter().for_each(|place| faults.add(place, "has no bare connection; remove it from BARE"));
    faults.none();
}

fn is_of_pool(path: &Path) -> bool {
    path == Path::new("src/store/pool.rs") || path.starts_with("src/store/pool")
}

/// Files of the store, including `store.rs`.
fn sources() -> Vec<(std::path::PathBuf, String)> {
    rust_files("src")
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/store") || path.ends_with("store.rs"))
        .collect()
}
