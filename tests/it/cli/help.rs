//! `--help`, of everything.

use crate::support::program::{Outcome, handset};
use std::collections::BTreeMap;

async fn help_of(path: &[String]) -> String {
    let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    Outcome::of(handset(&arguments)).await.stdout_of_success().to_owned()
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn the_help_of_every_command_shows_an_example() {
    let mut to_ask = vec![Vec::new()];
    let mut request = 0;
    while let Some(path) = to_ask.pop() {
        let help = help_of(&path).await;
        let inner = commands(&help);
        // A command that only holds others shows those.
        if inner.is_empty() || path.is_empty() {
            let example = format!("Example:\n  handset {}", path.join(" "));
            assert!(help.contains(example.trim_end()), "{path:?}: {help}");
        }
        request += 1;
        to_ask.extend(inner.into_iter().map(|name| path.iter().cloned().chain([name]).collect()));
    }
    assert!(request >= 15, "{request} commands are not all");
}

#[tokio::test]
async fn serve_help_and_the_operations_page_list_every_setting_with_its_variable() {
    let help = settings_of(&help_of(&["serve".to_owned()]).await);
    assert!(help.len() >= 24 && help.contains_key("--listen") && help.contains_key("--database-url"), "{help:?}");
    let without: Vec<_> = help.iter().filter(|(_, variable)| variable.is_empty()).map(|(flag, _)| flag).collect();
    assert!(without.is_empty(), "{without:?} cannot be set by the environment: add env = … in src/config.rs");
    let page = settings_in_table(include_str!("../../../.github/docs/operations.md"));
    let differing: Vec<_> = help.iter().filter(|(flag, variable)| page.get(*flag) != Some(variable)).collect();
    assert!(differing.is_empty(), "add {differing:?} to the table in .github/docs/operations.md");
    let stale: Vec<_> = page.keys().filter(|flag| !help.contains_key(*flag)).collect();
    assert!(stale.is_empty(), "remove {stale:?} from the table in .github/docs/operations.md");
}

#[tokio::test]
async fn the_settings_file_of_the_packages_has_every_setting() {
    let help = settings_of(&help_of(&["serve".to_owned()]).await);
    let file = include_str!("../../../.github/packaging/systemd/handset.env");
    let in_file: Vec<&str> = file.lines().filter_map(|line| Some(line.strip_prefix('#')?.split_once('=')?.0)).collect();
    // The data directory is that of the unit.
    let missing: Vec<_> =
        help.values().filter(|name| *name != "HANDSET_DATA_DIR" && !in_file.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "add {missing:?} to .github/packaging/systemd/handset.env");
    let is_name = |name: &&&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let stale: Vec<_> =
        in_file.iter().filter(is_name).filter(|name| !help.values().any(|known| known == *name)).collect();
    assert!(stale.is_empty(), "remove {stale:?} from .github/packaging/systemd/handset.env");
}

/// The flags of a help with their environment variables, but for those that are not settings.
fn settings_of(help: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut current = None;
    for line in help.lines().map(str::trim) {
        let flag = line.trim_start_matches("-h, ").trim_start_matches("-V, ");
        // A flag with an optional value has it in brackets.
        if let Some(flag) = flag.split([' ', '[']).next().filter(|flag| flag.starts_with("--")) {
            let is_setting = !["--help", "--version", "--json"].contains(&flag);
            current = is_setting.then(|| flag.to_owned());
            current.iter().for_each(|flag| _ = found.insert(flag.clone(), String::new()));
        } else if let (Some(flag), Some((_, rest))) = (&current, line.split_once("[env: ")) {
            let name = rest.split(['=', ']']).next().unwrap_or_default();
            found.insert(flag.clone(), name.to_owned());
        }
    }
    found
}

/// The flags and variables of the rows whose first cell is a flag, or several.
fn settings_in_table(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter(|line| line.starts_with("| `--"));
    let cells = |row: &str| -> Vec<Vec<String>> {
        row.split('|').map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()).collect()
    };
    rows.map(cells).flat_map(|cells| cells[1].clone().into_iter().zip(cells[2].clone()).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn a_command_that_there_is_not_is_a_usage_error() {
    let outcome = Outcome::of(handset(&["key", "make"])).await;
    assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("Usage:"), "{outcome:?}");
}
