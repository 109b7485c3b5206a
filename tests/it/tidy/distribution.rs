//! Requirements on schema and statements for distributing the tables over several nodes. No Citus is needed: the view
//! `table_placement` says where each table would be.

use super::Faults;
use super::statements::{Statement, exempt, written};
use crate::support::world::World;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Tables that are copied to each node, and why they are small and rarely written.
const COPIED: [(&str, &str); 17] = [
    ("_sqlx_migrations", "one row a migration, so that a server at any node finds the schema"),
    ("workspace", "one row a tenant"),
    ("deployment", "one row"),
    ("api_key", "a few for each workspace, looked up before the workspace is known"),
    ("api_key_pass", "a few for each API key that is traded for them, forgotten when they have expired"),
    ("api_key_use", "one row an API key, written at most once a minute"),
    ("access_token_use", "one row an access token, written at most once a minute"),
    ("access_token", "a few for each operator, looked up before the workspace is known"),
    ("access_token_workspace", "as many as access tokens have workspaces"),
    ("console_key", "one a rotation"),
    ("console_session", "one a sign-in of an operator"),
    ("console_session_workspace", "as many as console sessions have workspaces"),
    ("scim_token", "a few for each workspace, looked up before the workspace is known"),
    ("operator", "one row an operator"),
    ("operator_role", "as many as operators have workspaces"),
    ("operator_link", "a few that are not used yet"),
    ("operator_session", "a few for each operator, looked up before the workspace is known"),
];

/// Divided by a column of its own, and why.
const DIVIDED_OTHERWISE: [(&str, &str); 1] =
    [("claimed_number", "a number in use must be unique across all workspaces, which the node of the number checks")];

/// Sequences, which live on one node, and why that is no bottleneck: ids that a person types must be unique in the
/// whole deployment, and `nextval` waits for no other transaction.
const COUNTED: [(&str, &str); 4] = [
    ("account_id_sequence", "one number a workspace"),
    ("extension_id_sequence", "one number a person"),
    ("contact_id_sequence", "one number a contact, drawn by the node that the server is connected to"),
    ("contact_group_id_sequence", "one number a contact group"),
];

/// Operations that one node does for all, and the only functions whose statements may contain them.
const OF_ONE_PLACE: [(&str, &[&str]); 3] = [
    ("advisory", &["lock_migrations", "counts"]),
    // On a cluster only the first of them draws, from the sequence of the node that the server is connected to.
    ("nextval", &["draw_ids", "insert_contacts", "import_contacts", "create_contact_group", "write"]),
    ("notify", &[]),
];

/// Allowed triggers and why: none reads a row, and each is dropped when the tables are distributed.
const TRIGGERS: [(&str, &str); 1] = [("audit_append_only", "refuses to change the audit trail")];

/// Longest name of a constraint or an index to which Citus can append the number of a shard without cutting it.
const LONGEST_NAME: usize = 63 - "_1020408".len() - 2;

/// A constraint or unique index: its columns, and the columns that it references.
struct Key {
    table: String,
    name: String,
    kind: String,
    columns: Vec<String>,
    other: Option<String>,
    other_columns: Vec<String>,
    empties: bool,
}

#[tokio::test]
async fn tables_copied_to_each_node_are_known_and_small() {
    let world = World::new().await;
    let placed = placement(&mut world.database().await).await;
    let copied: BTreeSet<&str> =
        placed.iter().filter(|(_, is_distributed)| !**is_distributed).map(|(table, _)| table.as_str()).collect();
    let known: BTreeSet<&str> = COPIED.iter().chain(&DIVIDED_OTHERWISE).map(|(table, _)| *table).collect();
    assert_eq!(copied, known, "a table whose key does not begin with the workspace is copied to each node");
    assert!(placed.values().filter(|is_distributed| **is_distributed).count() >= 9, "{placed:?}");
}

#[tokio::test]
async fn each_key_can_be_enforced_by_one_node() {
    let world = World::new().await;
    let mut database = world.database().await;
    let placed = placement(&mut database).await;
    let keys = keys(&mut database).await;
    assert!(keys.len() > 40, "only {} keys", keys.len());
    let mut faults = Faults::default();
    keys.iter().filter_map(|key| Some((key, fault_of(key, &placed)?))).for_each(|(key, fault)| {
        faults.add(format_args!("{} of {}", key.name, key.table), fault);
    });
    faults.none();
}

/// Why one node could not enforce a key.
fn fault_of(key: &Key, placed: &BTreeMap<String, bool>) -> Option<&'static str> {
    let is_distributed = |table: &String| placed.get(table).copied().unwrap_or_default();
    let place = key.columns.iter().position(|column| column == "workspace_id");
    match (&key.other, is_distributed(&key.table)) {
        (None, true) if place.is_none() => {
            Some("is unique among all workspaces, which no node can check; put workspace_id in it")
        }
        (None, true) if key.kind == "x" => {
            Some("excludes by more than equality, which Citus may not keep; use a unique constraint")
        }
        (Some(other), false) if is_distributed(other) => {
            Some("refers from a copied table to a distributed one; drop the foreign key")
        }
        (Some(other), true) if is_distributed(other) => {
            let same = place.and_then(|place| key.other_columns.get(place));
            match same.is_some_and(|column| column == "workspace_id") {
                false => Some("may refer to another node; put workspace_id in it on both sides"),
                true => key.empties.then_some("sets workspace_id to null on delete; name the columns to set"),
            }
        }
        _ => None,
    }
}

#[tokio::test]
async fn each_constraint_is_known_by_its_name_on_a_shard() {
    let names: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint where connamespace = 'public'::regnamespace
         union select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'i'",
    )
    .fetch_all(&mut World::new().await.database().await)
    .await
    .expect("the catalogue answers");
    assert!(names.len() > 40, "only {} names", names.len());
    let mut faults = Faults::default();
    for name in names {
        let number = name.rsplit_once('_').map_or("", |(_, number)| number);
        if number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.add(&name, "ends like the number of a shard; see without_shard");
        }
        if name.len() > LONGEST_NAME {
            faults.add(&name, "is cut by Citus, and then not known when it is violated; shorten it");
        }
    }
    faults.none();
}

#[tokio::test]
async fn the_schema_has_only_known_sequences_triggers_and_rules() {
    let world = World::new().await;
    let found: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'
         union all
         select tgname::text from pg_trigger join pg_class on pg_class.oid = tgrelid
         where relnamespace = 'public'::regnamespace and not tgisinternal
         union all
         select rulename::text from pg_rules where schemaname = 'public'",
    )
    .fetch_all(&mut world.database().await)
    .await
    .expect("the catalogue answers");
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let known = COUNTED.iter().chain(&TRIGGERS).map(|(name, _)| *name).collect();
    assert_eq!(found, known, "sequences, triggers or rules");
}

/// Reads prefetched rows together with the credential, unless tables may be distributed over several nodes.
const OF_KEYS: &str = "src/store/batch/prefetch/";

/// All other statements bind the workspace in each of their parts, so that each runs on one node, deactivation first of
/// all; `statements` checks that.
#[test]
fn statements_over_all_workspaces_can_run_on_each_node_separately() {
    let mut faults = Faults::default();
    let mut count = 0;
    let is_asked_of_several = |statement: &Statement| !statement.file.starts_with(OF_KEYS) && exempt(statement);
    for statement in written().into_iter().filter(is_asked_of_several) {
        count += 1;
        fault_across(&statement.text)
            .into_iter()
            .for_each(|fault| faults.add(format_args!("{}, {}", statement.file, statement.function), fault));
    }
    assert!(count >= 4, "only {count} statements look into all workspaces");
    faults.none();
}

/// Why a statement over all workspaces could not run on each node separately.
fn fault_across(text: &str) -> Option<&'static str> {
    let has = |words: &str| text.contains(words);
    let joins = text.matches(" join ").count();
    let joined_by_workspace = text.matches("using (workspace_id").count();
    if [" for update", " for share", " for no key update", " for key share"].iter().any(|lock| has(lock)) {
        return Some("locks rows of several nodes; bind the workspace");
    }
    if joins > joined_by_workspace {
        return Some("joins rows of several nodes; join using (workspace_id, …)");
    }
    if has(" lateral ") || has(" offset ") {
        return Some("has lateral or offset over several nodes; bind the workspace");
    }
    // The groups are of one node each; their order is only about which come first.
    (has(" order by ") && !has("group by workspace_id"))
        .then_some("orders rows of several nodes; group by workspace_id")
}

#[test]
fn only_migrations_use_single_node_operations() {
    let mut faults = Faults::default();
    for statement in written() {
        for (word, places) in OF_ONE_PLACE {
            if statement.text.contains(word) && !places.contains(&statement.function.as_str()) {
                faults.add(
                    format_args!("{}, {}", statement.file, statement.function),
                    format_args!("{word} runs on one node only; see OF_ONE_PLACE"),
                );
            }
        }
    }
    faults.none();
}

#[test]
fn the_distribution_rules_detect_violations() {
    let placed: BTreeMap<String, bool> =
        [("phone", true), ("person", true), ("token", false)].map(|(table, is)| (table.to_owned(), is)).into();
    let key = |table: &str, columns: &[&str], other: Option<&str>, other_columns: &[&str], empties: bool| Key {
        table: table.to_owned(),
        name: String::new(),
        kind: if other.is_some() { "f" } else { "u" }.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        other: other.map(str::to_owned),
        other_columns: other_columns.iter().map(|column| (*column).to_owned()).collect(),
        empties,
    };
    let (workspace, both) = ("workspace_id", ["workspace_id", "id"]);
    for (right, subject) in [
        (true, key("phone", &both, None, &[], false)),
        (false, key("phone", &["id"], None, &[], false)),
        (true, key("token", &["id"], None, &[], false)),
        (true, key("phone", &both, Some("person"), &both, false)),
        (false, key("phone", &both, Some("person"), &both, true)),
        (false, key("phone", &["id", workspace], Some("person"), &both, false)),
        (true, key("phone", &["id"], Some("token"), &["id"], true)),
        (false, key("token", &both, Some("phone"), &both, false)),
    ] {
        assert_eq!(fault_of(&subject, &placed).is_none(), right, "{:?} {:?}", subject.columns, subject.other);
    }
    for (right, text) in [
        (true, "select a from phone where b = $1"),
        (true, "select a from phone join workspace using (workspace_id) where b = $1"),
        (true, "select workspace_id from phone group by workspace_id order by min(a) limit 1"),
        (false, "select a from phone order by a limit 1"),
        (false, "select a from phone join credential on a = b"),
        (false, "select a from phone for update"),
    ] {
        assert_eq!(fault_across(text).is_none(), right, "{text}");
    }
}

/// Placement of each table according to the schema.
async fn placement(database: &mut PgConnection) -> BTreeMap<String, bool> {
    let rows = sqlx::query("select table_name, is_distributed from table_placement").fetch_all(database).await;
    rows.expect("the view is there").into_iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn keys(database: &mut PgConnection) -> Vec<Key> {
    let rows = sqlx::query(
        "select conrelid::regclass::text as table_name, conname::text as name, contype::text as kind,
             nullif(confrelid, 0)::regclass::text as other, confdeltype in ('n', 'd') as empties,
             array(select attname::text from unnest(conkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = conrelid and attnum = at.number order by place) as columns,
             array(select attname::text from unnest(confkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = confrelid and attnum = at.number order by place) as other_columns
         from pg_constraint
         where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'x') and conrelid <> '_sqlx_migrations'::regclass
         union all
         select indrelid::regclass::text, indexrelid::regclass::text, 'u', null, false,
             array(select attname::text from unnest(indkey) with ordinality as at (number, place)
                 join pg_attribute on attrelid = indrelid and attnum = at.number order by place), '{}'
         from pg_index join pg_class on pg_class.oid = indexrelid
         where relnamespace = 'public'::regnamespace and indisunique and indrelid <> '_sqlx_migrations'::regclass",
    );
    let rows = rows.fetch_all(database).await.expect("the catalogue answers");
    let key = |row: sqlx::postgres::PgRow| Key {
        table: row.get("table_name"),
        name: row.get("name"),
        kind: row.get("kind"),
        columns: row.get("columns"),
        other: row.get("other"),
        other_columns: row.get("other_columns"),
        empties: row.get("empties"),
    };
    rows.into_iter().map(key).collect()
}
