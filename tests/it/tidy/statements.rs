//! The store's statements, from sqlx's offline data, against source and schema. A statement over tenant tables binds
//! the workspace in each of its parts; one that inserts events inserts their deliveries.

use super::Faults;
use super::expand::Macros;
use super::rust::{each_level, functions, inside, is_mark, is_word, string, tokens, word};
use super::tree::{ROOT, files, rust_files};
use handset::domain::event::EventType;
use proc_macro2::TokenTree;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use strum::VariantArray;

/// Statements over scoped tables that do not bind the workspace, with their places and reasons.
const EXEMPT: [(&str, &str, &str); 28] = [
    ("src/store/backup.rs", "complete", "the operator restores all workspaces"),
    ("src/store/counts.rs", "phones", "the metrics are of all workspaces"),
    ("src/store/counts.rs", "barred_installations", "the metrics are of all workspaces"),
    ("src/store/counts.rs", "user_identities", "the metrics are of all workspaces"),
    ("src/store/counts.rs", "numbers", "the metrics are of all workspaces"),
    ("src/store/counts.rs", "webhooks", "the metrics are of all workspaces"),
    ("src/store/counts.rs", "audit", "the metrics are of all workspaces"),
    ("src/store/diagnosis.rs", "check_seal", "the operator checks that the server's key opens any stored secret"),
    ("src/store/diagnosis.rs", "webhook_targets", "the operator checks whether the receivers of all workspaces answer"),
    ("src/store/user_identities/passwords.rs", "has_passwords", "a start warns of passwords in clear, of all"),
    (
        "src/store/user_identities/passwords.rs",
        "sign_in_candidates",
        "a sign-in names no workspace, so all of them are searched",
    ),
    (
        "src/store/user_identities/passwords.rs",
        "set_password_anywhere",
        "the operator names a person of whichever workspace",
    ),
    (
        "src/store/user_identities/subscribers.rs",
        "set_enterprise_voice",
        "the operator names a person of whichever workspace",
    ),
    (
        "src/store/client_sessions/end.rs",
        "prune_anonymous_client_sessions",
        "the sweeper of the server forgets what has expired in all workspaces",
    ),
    ("src/store/instant_keys/end.rs", "prune_instant_keys", "the sweeper forgets what has expired in all workspaces"),
    ("src/store/batch/sessions.rs", "ask", "the token is what tells the workspace, so it is looked up in all of them"),
    ("src/store/batch/prefetch/phone.rs", "load", "the key in the same statement tells the workspace of each phone"),
    ("src/store/batch/prefetch/number.rs", "load", "the key in the same statement tells the workspace of each number"),
    ("src/store/batch/prefetch/phones.rs", "load", "the key in the same statement tells the workspace of each list"),
    ("src/store/batch/prefetch/events.rs", "load", "the key in the same statement tells the workspace of each list"),
    (
        "src/store/batch/prefetch/subscriber.rs",
        "load",
        "the key in the same statement tells the workspace of each subscriber",
    ),
    (
        "src/store/batch/prefetch/extension.rs",
        "load",
        "the key in the same statement tells the workspace of each extension",
    ),
    (
        "src/store/webhooks/claims.rs",
        "due_workspaces",
        "the worker of the server looks in all workspaces for what is owed",
    ),
    (
        "src/store/webhooks/claims.rs",
        "due_workspaces_of_each_node",
        "the worker of the server looks on all nodes for what is owed",
    ),
    (
        "src/store/webhooks/outbox.rs",
        "cancel_deliveries_of_disabled_webhooks",
        "the sweeper cancels deliveries that no worker will claim",
    ),
    (
        "src/store/numbers/sweep.rs",
        "workspaces_with_due_numbers",
        "the sweeper of the server looks in all workspaces for what is due",
    ),
    ("src/store/webhooks/outbox.rs", "pending", "the operator of the server sees how much all workspaces owe"),
    ("src/store/webhooks/outbox.rs", "prune_events", "the sweeper of the server forgets what is old in all workspaces"),
];

/// The only file that builds statements at run time. Its types accept literals of the source only, each of which has to
/// bind the workspace like a statement of its own.
const BUILDER: &str = "src/store/sql/listing.rs";

/// A statement of the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    pub file: String,
    pub function: String,
    /// Words separated by single spaces.
    pub text: String,
}

#[test]
fn sqlx_offline_data_matches_the_statements_of_the_source() {
    let described: BTreeSet<String> = described().into_iter().collect();
    let written: BTreeSet<String> = written().into_iter().map(|statement| statement.text).collect();
    let mut faults = Faults::default();
    described
        .difference(&written)
        .for_each(|text| faults.add("described and not in the source; run .ci/queries", text));
    written
        .difference(&described)
        .for_each(|text| faults.add("in the source and not described; run .ci/queries", text));
    faults.none();
    assert!(written.len() > 50, "only {} statements", written.len());
}

#[test]
fn every_statement_is_checked_at_compile_time() {
    let mut faults = Faults::default();
    for (path, text) in rust_files("src") {
        each_level(&tokens(&path, &text), &mut |level| {
            for (index, token) in level.iter().enumerate() {
                let name = word(Some(token)).unwrap_or_default();
                let is_of_sqlx =
                    index > 2 && is_word(level.get(index - 3), "sqlx") && is_mark(level.get(index - 1), ':');
                let is_type = is_word(level.get(index + 3), "Map");
                let is_unchecked =
                    name.starts_with("query") && is_of_sqlx && !is_mark(level.get(index + 1), '!') && !is_type;
                let is_built = name == "QueryBuilder" && path != Path::new(BUILDER);
                let is_sender = path == Path::new("src/store/pool/shard.rs"); // It frames statements that were checked.
                let is_asserted = ["raw_sql", "AssertSqlSafe"].contains(&name.as_str()) && !is_sender;
                if is_unchecked || is_built || is_asserted {
                    let place = format!("{}:{}", path.display(), token.span().start().line);
                    faults
                        .add(place, format_args!("{name} is not checked when compiled; use sqlx::query! or query_as!"));
                }
            }
        });
    }
    faults.none();
}

#[test]
fn every_statement_over_tenant_tables_binds_the_workspace_in_each_part() {
    let tables = scoped_tables();
    let mut faults = Faults::default();
    let mut exempt: BTreeSet<(&str, &str)> = EXEMPT.iter().map(|(file, function, _)| (*file, *function)).collect();
    let mut count = 0;
    for statement in written() {
        let unbound = unbound(&statement.text, &tables);
        count += usize::from(tables.iter().any(|table| statement.text.split(' ').any(|word| word == table)));
        if self::exempt(&statement) {
            if !unbound.is_empty() {
                exempt.retain(|(file, function)| statement.file != *file || statement.function != *function);
            }
        } else {
            let place = format!("{}, {}", statement.file, statement.function);
            unbound.iter().for_each(|part| faults.add(&place, format_args!("add workspace_id = $1 to: {part}")));
        }
    }
    exempt.iter().for_each(|(file, function)| {
        faults.add(file, format_args!("{function} binds the workspace; remove it from EXEMPT"))
    });
    faults.none();
    assert!(count > 30, "only {count} statements over scoped tables");
}

#[test]
fn every_literal_of_a_built_statement_binds_the_workspace() {
    let tables = scoped_tables();
    let mut faults = Faults::default();
    let mut count = 0;
    for (path, text) in rust_files("src/store") {
        for text in loose_texts(&tokens(&path, &text)) {
            let text = spaced(&text);
            let words: Vec<&str> = text.split(' ').collect();
            let names_a_table = words.windows(2).any(|pair| {
                let name = pair[1].trim_end_matches(|letter: char| !letter.is_alphanumeric());
                ["from", "join", "into", "update"].contains(&pair[0]) && tables.contains(name)
            });
            if names_a_table {
                count += 1;
                let unbound = unbound(&format!("select * {text}"), &tables);
                let fault = |part: &String| faults.add(path.display(), format!("add workspace_id = $1 to: {part}"));
                unbound.iter().for_each(fault);
            }
        }
    }
    faults.none();
    assert!(count >= 4, "only {count} texts are built of");
}

#[test]
fn every_statement_that_inserts_events_inserts_deliveries() {
    let mut faults = Faults::default();
    let mut count = 0;
    for statement in written() {
        if statement.text.contains("insert into event ") {
            count += 1;
            if !statement.text.contains("insert into delivery ") {
                faults.add(
                    format_args!("{}, {}", statement.file, statement.function),
                    "inserts an event without its deliveries; use the macro that writes both",
                );
            }
        }
    }
    assert!(count >= 5, "only {count} statements write events");
    faults.none();
}

#[test]
fn event_types_in_statements_are_parameters() {
    let mut faults = Faults::default();
    for statement in written() {
        let place = format!("{}, {}", statement.file, statement.function);
        for literal in event_types_in(&statement.text) {
            faults.add(&place, format_args!("bind EventType::….into_str() in place of '{literal}'"));
        }
        if !statement.text.matches('\'').count().is_multiple_of(2) {
            faults.add(&place, "has an odd number of quotes, which hides literals: remove the one in a comment");
        }
    }
    faults.none();
    let found = |text: &str| event_types_in(text).count();
    assert_eq!(found("select 'phone.updated' as event_type, 'phone_number.' || status, 'webhook.disabled '"), 3);
    assert_eq!(found("select 'phone.updated' as action, 'number.' || status, 'credential.deleted', ' ', '.'"), 0);
}

/// String literals of a statement that are event types, or begin like some. An action of the audit trail may have the
/// name of an event type.
fn event_types_in(text: &str) -> impl Iterator<Item = &str> {
    let pieces: Vec<&str> = text.split('\'').collect();
    let count = pieces.len();
    let literal = move |index: usize| (pieces[index], pieces.get(index + 1).copied().unwrap_or_default());
    let is_event_type = |(literal, rest): &(&str, &str)| {
        let begins = literal.trim().len() > 1 && literal.contains('.');
        let is_action = rest.starts_with(" as action");
        begins && !is_action && EventType::VARIANTS.iter().any(|known| known.into_str().starts_with(literal.trim()))
    };
    (1..count).step_by(2).map(literal).filter(is_event_type).map(|(literal, _)| literal)
}

#[test]
fn no_statement_compares_texts_by_the_locale_of_the_database() {
    let mut faults = Faults::default();
    for statement in written() {
        for word in locale_dependent_in(&statement.text) {
            let place = format!("{}, {}", statement.file, statement.function);
            faults.add(&place, format_args!("depends on the locale by {word}; use caseless, folded or normalize"));
        }
    }
    faults.none();
    assert_eq!(locale_dependent_in("where lower(name) = lower($1) and nickname ilike $2").count(), 2);
    assert_eq!(locale_dependent_in("where caseless(name) = caseless($1)").count(), 0);
}

/// What depends on the locale of the database.
fn locale_dependent_in(text: &str) -> impl Iterator<Item = &'static str> {
    [" lower(", " upper(", " initcap(", "(lower(", "(upper(", " ilike ", " ~* "]
        .into_iter()
        .filter(move |word| text.contains(word))
}

#[test]
fn no_statement_folds_texts_that_are_stored() {
    let mut faults = Faults::default();
    for statement in written() {
        for found in folds_in(&statement.text) {
            let place = format!("{}, {}", statement.file, statement.function);
            faults.add(
                &place,
                format_args!("folds at each row: {found}…; compare a stored folded column with (select caseless($n))"),
            );
        }
    }
    faults.none();
    assert_eq!(folds_in("where strpos(caseless(name), caseless($1)) > 0 or key = folded(key)").len(), 3);
    assert_eq!(folds_in("where strpos(search_text, (select caseless($1))) > 0 or name_folded = folded($1)").len(), 0);
}

/// Where a statement folds a column, or a parameter in each row: an index takes the parameter of `folded` once.
fn folds_in(text: &str) -> Vec<&str> {
    let found = |name: &'static str, once: &'static [&'static str]| {
        text.match_indices(name).filter_map(move |(at, name)| {
            let (before, rest) = (&text[..at], &text[at + name.len()..]);
            let is_once = once.iter().any(|before_it| before.ends_with(before_it)) && rest.starts_with(['$', 't']);
            (!is_once).then(|| &text[at..text.len().min(at + name.len() + 10)])
        })
    };
    found("caseless(", &["(select "]).chain(found("folded(", &["(select ", "_folded = "])).collect()
}

/// Tables with every change in the audit trail.
const AUDITED: [&str; 7] = ["phone", "credential", "number_register", "slot", "instant_key", "scim_user", "scim_group"];

/// Statements that change an audited table without an audit row, with reasons.
const UNRECORDED: [(&str, &str, &str); 4] = [
    ("src/store/scim/create_user.rs", "described", "the user is written again with a row, in the same unit of work"),
    ("src/store/instant_keys/end.rs", "prune_instant_keys", "the trail says when it expires"),
    ("src/store/instant_keys/end.rs", "prune_finished_instant_keys", "the trail has its last use, or its expiry"),
    ("src/store/instant_keys/end.rs", "prune_ended_instant_keys", "the events have the end of its client session"),
];

#[test]
fn every_change_of_an_audited_table_is_recorded_in_the_audit_trail() {
    let mut faults = Faults::default();
    let mut count = 0;
    for statement in written() {
        let is_exempt = UNRECORDED.iter().any(|(file, name, _)| statement.file == *file && statement.function == *name);
        let changed = AUDITED.iter().find(|table| changes(&statement.text, table));
        count += usize::from(changed.is_some());
        let is_recorded = statement.text.contains("insert into audit ");
        if let Some(table) = changed.filter(|_| !is_recorded && !is_exempt) {
            let place = format_args!("{}, {}", statement.file, statement.function);
            faults.add(
                place,
                format_args!("changes {table} without a row of the audit trail; use the macro that writes it"),
            );
        }
        if changes(&statement.text.replace("insert into audit ", ""), "audit") {
            faults.add(
                format_args!("{}, {}", statement.file, statement.function),
                "changes rows of the audit trail, which are only added and pruned; remove it",
            );
        }
    }
    assert!(count >= 11, "only {count} statements change what is audited");
    faults.none();
}

/// Whether a statement writes rows of a table.
fn changes(text: &str, table: &str) -> bool {
    ["insert into", "update", "delete from"].iter().any(|verb| {
        let phrase = format!("{verb} {table}");
        let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        // A row lock for an update is no change.
        let is_lock = |before: &str| before.ends_with("for ") || before.ends_with("for no key ");
        text.match_indices(&phrase).any(|(at, _)| is_end(&text[at + phrase.len()..]) && !is_lock(&text[..at]))
    })
}

#[test]
fn the_audit_rule_detects_violations() {
    for (expected, text) in [
        (true, "update phone set a = 1"),
        (true, "with a as (delete from phone) select 1"),
        (true, "insert into phone (a) values (1)"),
        (false, "update phone_book set a = 1"),
        (false, "select a from phone for update"),
        (false, "insert into audit (a) select 1 from phone"),
    ] {
        assert_eq!(changes(text, "phone"), expected, "{text}");
    }
}

#[test]
fn the_workspace_rule_detects_violations() {
    let tables = BTreeSet::from(["phone".to_owned(), "credential".to_owned(), "webhook".to_owned()]);
    let count = |text: &str| unbound(&spaced(text), &tables).len();
    for right in [
        "select 1 from phone where workspace_id = $1 and device_id = $2",
        "select 1 from phone as p where p.workspace_id = $1 and (a = 1 or b = 2)",
        "with a as (select device_id from phone where workspace_id = $1) select * from a",
        "select * from a join webhook using (workspace_id) where webhook.workspace_id = $1 and b",
        "select * from phone join webhook using (workspace_id, webhook_id) where workspace_id = $1 and b",
        "insert into phone (workspace_id, b) values ($1, $2)",
        "insert into phone (workspace_id, b) select $1, b from made",
        "insert into phone as phone (workspace_id, b) select $1, b from made",
        "insert into phone (workspace_id, b) select workspace_id, b from made",
        "update phone set a = 1 where workspace_id = $1",
        "update phone set a = 1 from credential where phone.workspace_id = $1 and credential.workspace_id = $1",
        "select 1 from (select 2) as phone",
        "select 1 from phone where workspace_id = $1 and case when a then b or c else d end and e = $2",
    ] {
        assert_eq!(count(right), 0, "{right}");
    }
    for wrong in [
        "select 1 from phone where device_id = $2",
        "select 1 from phone where workspace_id = $2",
        "select 1 from phone where workspace_id = $10",
        "select * from a join webhook using (workspace_id) where b",
        "select 1 from phone where workspace_id = $1 or true",
        "select 1 from phone where workspace_id = $1 and a = 1 or b = 2",
        "select 1 from phone where not workspace_id = $1",
        "select 1 from phone where case when a then workspace_id = $1 else true end",
        "with a as (select device_id from phone) select * from credential where workspace_id = $1",
        "select 1 from phone where workspace_id = $1 and device_id in (select device_id from credential where a = $2)",
        "select 1 from phone where workspace_id = $1 union all select 1 from credential",
        "select 1 from phone join credential on a = b where phone.workspace_id = $1",
        "insert into phone (device_id, workspace_id) values ($1, $2)",
        "insert into phone (workspace_id, b) values ($2, $1)",
        "delete from phone where device_id = $1",
        "update phone set workspace_id = $1",
    ] {
        assert_eq!(count(wrong), 1, "{wrong}");
    }
}

/// Whether a statement may read all workspaces.
pub fn exempt(statement: &Statement) -> bool {
    EXEMPT.iter().any(|(file, name, _)| statement.file == *file && statement.function == *name)
}

/// Parts of a statement that touch a scoped table without binding the workspace.
fn unbound(text: &str, tables: &BTreeSet<String>) -> Vec<String> {
    parts(text).into_iter().filter(|part| !is_bound(part, tables)).collect()
}

/// Whether one part, without nested queries, binds the workspace for each scoped table that it names.
fn is_bound(part: &str, tables: &BTreeSet<String>) -> bool {
    let words: Vec<&str> = part.split(' ').collect();
    let (mut touched, mut joined, is_nested) = (0, 0, part.contains(" lateral (…)"));
    for (index, pair) in words.windows(2).enumerate() {
        let is_table = tables.contains(pair[1]);
        match pair[0] {
            "into" if is_table => {
                // The first column and its value, after the alias if there is one.
                let alias = if words.get(index + 2) == Some(&"as") { 2 } else { 0 };
                let columns = words.get(index + 2 + alias).is_some_and(|columns| columns.starts_with("(workspace_id,"));
                let verb = words.iter().position(|word| *word == "values" || *word == "select");
                let value = verb.and_then(|at| words.get(at + 1)).map(|value| value.trim_start_matches('('));
                let value = value.and_then(|value| value.split([',', ')']).next());
                if !(columns && matches!(value, Some("$1" | "workspace_id"))) {
                    return false;
                }
            }
            // One beside a nested query is joined to it, which is a part of its own.
            "join" if is_table && is_joined_by_workspace(part, pair[1]) => joined += usize::from(!is_nested),
            "from" | "join" | "update" | "using" if is_table => touched += 1,
            _ => {}
        }
    }
    let conditions = words.iter().position(|word| *word == "where").map_or(&words[..0], |at| &words[at + 1..]);
    let until = ["returning", "order", "limit", "for", "group"];
    let end = conditions.iter().position(|word| until.contains(word)).unwrap_or(conditions.len());
    let conditions = without_cases(&conditions[..end]);
    // With an `or` at this level, rows could bypass the binding.
    let binds = |condition: &&[&str]| matches!(condition, [column, "=", "$1"] if is_column(column));
    let bindings = conditions.split(|word| *word == "and").filter(binds).count();
    // What is joined to other parts only is bound itself, since Citus knows nothing of their workspace.
    touched + joined == 0 || bindings >= touched.max(1) && !conditions.contains(&"or")
}

/// Whether a join takes over the workspace of the joined table.
fn is_joined_by_workspace(part: &str, table: &str) -> bool {
    ["workspace_id)", "workspace_id,"].iter().any(|first| part.contains(&format!("join {table} using ({first}")))
}

/// Conditions with each `case … end` as one word: it only selects among rows that the other conditions accept.
fn without_cases<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut depth = 0_usize;
    let mut kept = Vec::new();
    for word in words {
        depth += usize::from(*word == "case");
        if depth == 0 || (depth == 1 && *word == "case") {
            kept.push(*word);
        }
        depth -= usize::from(*word == "end" && depth > 0);
    }
    kept
}

fn is_column(name: &str) -> bool {
    name == "workspace_id" || name.ends_with(".workspace_id")
}

/// A statement as its queries, each with `(…)` in place of a nested query. Conditions, column lists and arguments stay
/// in place, without spaces, as one word.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let whole = part(&mut text.chars(), &mut parts);
    parts.push(whole);
    parts
        .iter()
        .flat_map(|part| part.split(" union all ").flat_map(|part| part.split(" union ")))
        .map(str::to_owned)
        .collect()
}

/// Reads up to the closing parenthesis of this level.
fn part(rest: &mut std::str::Chars<'_>, parts: &mut Vec<String>) -> String {
    let mut text = String::new();
    let mut is_quoted = false;
    while let Some(letter) = rest.next() {
        match letter {
            '\'' => {
                is_quoted = !is_quoted;
                text.push(letter);
            }
            '(' if !is_quoted => {
                let inner = part(rest, parts);
                let verb = inner.trim_start().split(' ').next().unwrap_or_default();
                if ["select", "insert", "update", "delete", "with"].contains(&verb) {
                    parts.push(inner.trim().to_owned());
                    text.push_str("(…)");
                } else {
                    // Parentheses without a query become part of a word.
                    text.push('(');
                    text.push_str(&inner.replace(' ', ""));
                    text.push(')');
                }
            }
            ')' if !is_quoted => return text,
            letter => text.push(letter),
        }
    }
    text
}

/// Tables of the migrations whose primary key begins with the workspace and has more columns.
fn scoped_tables() -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for path in files(Path::new("migrations")) {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).expect("a migration is text");
        let text = spaced(
            &text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n"),
        );
        for statement in text.split(';') {
            let name = statement.trim().strip_prefix("create table ").and_then(|rest| rest.split(' ').next());
            if let Some(name) = name.filter(|_| statement.contains("primary key (workspace_id, ")) {
                tables.insert(name.to_owned());
            }
        }
    }
    assert!(tables.contains("phone") && tables.len() >= 8, "the scoped tables are {tables:?}");
    tables
}

/// Statements in sqlx's offline data.
fn described() -> Vec<String> {
    described_queries().into_iter().map(|(text, _)| spaced(&text)).collect()
}

/// The same as they are sent, with the types of their parameters.
pub fn described_queries() -> Vec<(String, Vec<String>)> {
    let files = files(Path::new("src/store/queries"));
    let query = |path: &Path| {
        let text = fs::read_to_string(Path::new(ROOT).join(path)).expect("a description is text");
        let description: Value = serde_json::from_str(&text).expect("a description is JSON");
        let types = description["describe"]["parameters"]["Left"].as_array().expect("a description has its parameters");
        let types = types.iter().map(|name| name.as_str().unwrap_or("Text").to_owned()).collect();
        (description["query"].as_str().expect("a description has its statement").to_owned(), types)
    };
    files.iter().map(|path| query(path)).collect()
}

/// Every statement of the source, with the store's macros expanded.
pub fn written() -> Vec<Statement> {
    let mut sources = rust_files("src/store");
    sources.extend(rust_files("src").into_iter().filter(|(path, _)| path.ends_with("store.rs")));
    let sources: Vec<_> = sources.iter().map(|(path, text)| (path, tokens(path, text))).collect();
    let mut macros = Macros::default();
    sources.iter().for_each(|(_, tokens)| macros.define(tokens));
    let mut written = BTreeSet::new();
    for (path, tokens) in &sources {
        for function in functions(tokens) {
            let mut texts = Vec::new();
            macros.statements(&inside(&function.body), &mut texts);
            let file = path.display().to_string();
            written.extend(texts.iter().map(|text| Statement {
                file: file.clone(),
                function: function.name.clone(),
                text: spaced(text),
            }));
        }
    }
    written.into_iter().collect()
}

/// Literals outside of macros and attributes.
fn loose_texts(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let is_called = is_mark(tokens.get(index + 1), '!') && word(Some(token)).is_some();
        if is_called {
            // `name!(…)`, or `macro_rules! name {…}`.
            index += if matches!(tokens.get(index + 2), Some(TokenTree::Group(_))) { 3 } else { 4 };
            continue;
        }
        if is_mark(Some(token), '#') {
            index += 2;
            continue;
        }
        match token {
            TokenTree::Group(inner) => found.extend(loose_texts(&inside(inner))),
            token => found.extend(string(Some(token))),
        }
        index += 1;
    }
    found
}

/// Text with single spaces between words, none just inside parentheses, and quotes unescaped.
pub fn spaced(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("\\\"", "\"").replace("( ", "(").replace(" )", ")")
}
