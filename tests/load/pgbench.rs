//! The database reference: pgbench, which comes with Postgres, runs the statements of the server as prepared statements
//! over the same socket. Their text is read from the committed sqlx offline data, so the server's current statements are
//! compared.

use crate::operations::{Operation, Step};
use crate::registry::Registry;
use handset::postgres::binaries::Binaries;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folder of the sqlx offline data.
const QUERIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/queries");

/// Settings of the server's own connections.
const OPTIONS: &str = "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off \
    -c enable_seqscan=off -c jit=off";

/// Distance of the first numbers of pgbench's clients.
pub const STRIDE: u64 = 1_000_000;

/// Duration of a run of pgbench.
#[derive(Debug, Clone, Copy)]
pub enum Amount {
    Seconds(u64),
    /// Per client.
    Transactions(u64),
}

/// One run of pgbench.
pub struct Run<'a> {
    pub program: &'a Path,
    pub database_url: &'a str,
    pub script: &'a str,
    pub clients: u32,
    pub amount: Amount,
    pub stride: u64,
}

/// Results of pgbench.
pub struct Outcome {
    pub rate: f64,
    pub transactions: u64,
}

/// Path of pgbench, beside the Postgres that would be started. Some packages omit it.
pub fn find() -> Option<PathBuf> {
    let program = Binaries::find(None).ok()?.postgres().with_file_name("pgbench");
    program.exists().then_some(program)
}

/// pgbench script of an operation whose transaction has these steps.
pub fn script(operation: &Operation, transaction: &[Step], registry: &Registry) -> String {
    let mut script = (operation.variables)(registry);
    for step in transaction {
        match step {
            Step::Own(statement) => script.push_str(statement),
            Step::Made(statement) => script.push_str(&statement()),
            Step::Stored(like, values) => script.push_str(&with_values(&stored(like), &values(registry))),
        }
        script.push_str(";\n");
    }
    script
}

/// The only statement of the server that matches the pattern, in one line.
fn stored(like: &str) -> String {
    let like = in_one_line(like);
    let found: Vec<String> = fs::read_dir(QUERIES)
        .expect("the sqlx offline data is committed")
        .map(|entry| fs::read(entry.expect("the folder is readable").path()).expect("an offline file is readable"))
        .map(|bytes| serde_json::from_slice::<Value>(&bytes).expect("an offline file is JSON"))
        .filter_map(|description| description["query"].as_str().map(in_one_line))
        .filter(|query| is_like(query, &like))
        .collect();
    let [statement] = <[String; 1]>::try_from(found).unwrap_or_else(|found| {
        panic!(
            "{} statements of the server match this pattern, expected one; if the text has changed, update \
            tests/load/operations.rs: {like}",
            found.len()
        )
    });
    statement
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text matches a pattern in which `*` matches any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// Replaces the parameters of a statement by expressions. Null tests of parameters with a value become false: Postgres
/// cannot infer that from an expression, would plan for both cases, and the reference would be slower than necessary.
fn with_values(statement: &str, values: &[String]) -> String {
    let mut parts = statement.split('$');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    let mut used = vec![false; values.len()];
    for part in parts {
        let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        let index = part[..digits].parse::<usize>().unwrap_or(0).wrapping_sub(1);
        let value = values.get(index).unwrap_or_else(|| panic!("no value for ${}: {statement}", &part[..digits]));
        used[index] = true;
        match behind_null_test(&part[digits..]).filter(|_| !value.starts_with("null")) {
            Some(rest) => whole.push_str(&format!("false{rest}")),
            None => whole.push_str(&format!("({value}){}", &part[digits..])),
        }
    }
    assert!(used.iter().all(|used| *used), "more values than parameters: {statement}");
    whole
}

/// Text after `::type is null`, if it begins with that.
fn behind_null_test(text: &str) -> Option<&str> {
    let behind_type = text.strip_prefix("::")?.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    behind_type.strip_prefix("[]").unwrap_or(behind_type).strip_prefix(" is null")
}

impl Run<'_> {
    /// Runs pgbench to its end.
    pub fn measure(&self) -> Outcome {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), self.script).expect("the script is writable");
        let (clients, threads) = (self.clients.to_string(), self.clients.min(2).to_string());
        let mut command = Command::new(self.program);
        command.env("LC_ALL", "C").env("PGOPTIONS", OPTIONS).stdin(Stdio::null());
        command.args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads]);
        command.args(["-D", "turn=-1", "-D", &format!("stride={}", self.stride), "-f"]).arg(file.path());
        match self.amount {
            Amount::Seconds(seconds) => command.args(["-T", &seconds.to_string()]),
            Amount::Transactions(count) => command.args(["-t", &count.to_string()]),
        };
        let output = command.arg(self.database_url).output().expect("pgbench runs");
        let output_text = String::from_utf8_lossy(&output.stdout);
        let outcome = (output.status.success()).then(|| Outcome::read(&output_text)).flatten();
        outcome.unwrap_or_else(|| panic!("{output_text}{}\n{}", String::from_utf8_lossy(&output.stderr), self.script))
    }
}

impl Outcome {
    fn read(output_text: &str) -> Option<Outcome> {
        let number = |line: &str| line.split(['/', ' ']).next()?.parse().ok();
        let transactions = output_text
            .lines()
            .find_map(|line| number(line.strip_prefix("number of transactions actually processed: ")?))?;
        let rate = output_text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())?;
        Some(Outcome { rate, transactions })
    }
}
