//! `--help`, of everything.

use crate::support::program::{Outcome, handset};
use std::collections::BTreeMap;

/// Lines of a terminal of the usual size.
const SCREEN: usize = 24;

async fn help_of(path: &[String]) -> String {
    shown(path, "--help").await
}

/// What a terminal of 80 columns shows.
async fn shown(path: &[String], flag: &str) -> String {
    let arguments: Vec<&str> = path.iter().map(String::as_str).chain([flag]).collect();
    let mut command = handset(&arguments);
    command.env("COLUMNS", "80");
    Outcome::of(command).await.stdout_of_success().to_owned()
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every command with its help, and whether it only holds others.
async fn all_commands() -> Vec<(Vec<String>, String, bool)> {
    let (mut to_ask, mut all) = (vec![Vec::new()], Vec::new());
    while let Some(path) = to_ask.pop() {
        let help = help_of(&path).await;
        let inner = commands(&help);
        let is_group = !inner.is_empty();
        to_ask.extend(inner.into_iter().map(|name| path.iter().cloned().chain([name]).collect()));
        all.push((path, help, is_group));
    }
    assert!(all.len() >= 50, "{} commands are not all", all.len());
    all
}

#[tokio::test]
async fn the_help_of_every_command_shows_an_example() {
    for (path, help, is_group) in all_commands().await {
        // A command that only holds others shows those.
        if !is_group || path.is_empty() {
            let example = format!("Example:\n  handset {}", path.join(" "));
            assert!(help.contains(example.trim_end()), "{path:?}: {help}");
        }
    }
}

#[tokio::test]
async fn the_help_of_a_command_shows_its_own_options_first_and_fits_a_screen() {
    for (path, help, is_group) in all_commands().await {
        let short = shown(&path, "-h").await;
        let is_whole = path.is_empty() || path == ["serve"];
        if is_group || is_whole {
            continue;
        }
        let has_more = short.contains("see more with '--help'");
        assert!(short.lines().count() <= SCREEN, "{path:?} -h has {} lines: {short}", short.lines().count());
        assert!(has_more || help == short, "{path:?}: {help}");
        assert!(help.lines().count() <= 2 * SCREEN, "{path:?} --help has {} lines: {help}", help.lines().count());
        assert!(!help.contains("URL of the Postgres database"), "{help}");
        assert!(help.contains("--data-dir") && help.contains("handset --help"), "{help}");
    }
    let serve = shown(&["serve".to_owned()], "-h").await;
    assert!(serve.lines().count() <= SCREEN, "{} lines: {serve}", serve.lines().count());
    for option in ["--listen <", "--tls-cert <", "--data-dir <", "--database-url <", "--help"] {
        assert!(serve.contains(option), "{option}: {serve}");
    }
    let whole = help_of(&[]).await;
    assert!(whole.contains("--data-dir <DIR>") && whole.contains("handset serve --help"), "{whole}");
    let serve = help_of(&["serve".to_owned()]).await;
    let (own, common) = (serve.find("--listen <"), serve.find("--database-url <"));
    assert!(own < common && own.is_some(), "{serve}");
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
