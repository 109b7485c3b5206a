//! The runbook: it has a section for each alert, and for each line of the log at WARN or ERROR, and no others.

use super::Faults;
use super::rust::{each_level, group, inside, is_mark, string, tokens, without_tests, word};
use super::tree::{ROOT, rust_files};
use proc_macro2::{Delimiter, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const RUNBOOK: &str = ".github/docs/runbook.md";
const ALERTS: &str = ".github/packaging/monitoring/alerts.yml";

/// Lines of libraries, with the reason why they appear.
const OF_LIBRARIES: [(&str, &str); 1] =
    [("WARN: slow statement: execution time exceeded alert threshold", "sqlx logs statements of over a second")];

#[test]
fn the_runbook_has_a_section_for_each_line_at_warn_or_error() {
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in rust_files("src") {
        lines.extend(logged(&path, &text).into_iter().map(|line| (line, path.display().to_string())));
    }
    assert!(lines.len() > 25, "only {} lines", lines.len());
    lines.extend(OF_LIBRARIES.map(|(line, reason)| (line.to_owned(), reason.to_owned())));
    let is_line = |section: &&String| ["WARN: ", "ERROR: "].iter().any(|level| section.starts_with(level));
    let sections = sections();
    let mut faults = Faults::default();
    for (line, path) in lines.iter().filter(|(line, _)| !sections.contains(*line)) {
        faults.add(path, format_args!("logs {line:?}; describe it in {RUNBOOK}, below \"### {line}\""));
    }
    for section in sections.iter().filter(is_line).filter(|section| !lines.contains_key(*section)) {
        faults.add(RUNBOOK, format_args!("nothing logs {section:?} any more; remove the section"));
    }
    faults.none();
}

#[test]
fn the_runbook_has_a_section_for_each_alert() {
    let rules = fs::read_to_string(Path::new(ROOT).join(ALERTS)).expect("there are rules");
    let named = |key: &'static str| rules.lines().filter_map(move |line| line.trim_start().strip_prefix(key));
    let alerts: BTreeSet<String> = named("- alert: ").map(str::to_owned).collect();
    assert!(alerts.len() > 15, "only {} alerts", alerts.len());
    let sections: BTreeSet<String> =
        sections().into_iter().filter(|section| section.starts_with("Handset") && !section.contains(' ')).collect();
    assert_eq!(sections, alerts, "the sections of {RUNBOOK} and the alerts of {ALERTS}");
    let links: Vec<String> =
        named("runbook_url: ").map(|url| url.rsplit('#').next().unwrap_or_default().to_owned()).collect();
    let anchors: BTreeSet<String> = alerts.iter().map(|alert| alert.to_lowercase()).collect();
    assert_eq!(links.iter().cloned().collect::<BTreeSet<_>>(), anchors, "each alert links to its section");
    assert_eq!(links.len(), alerts.len());
}

#[test]
fn the_rule_on_log_lines_finds_each_form() {
    let code = r#"
        fn x() {
            tracing::warn!(%fault, url = "a", "one {line}; two");
            tracing::error!(
                "three \
                 four"
            );
            match y { _ => return tracing::warn!(target: "postgres", "{line}") }
            tracing::info!("not this");
            error!("with an import");
        }
        #[cfg(test)]
        mod tests { fn z() { tracing::warn!("nor this"); } }
    "#;
    let found = logged(Path::new("x.rs"), code);
    assert_eq!(found, ["WARN: one {line}; two", "ERROR: three four", "ERROR: with an import", "WARN: postgres"]);
}

/// Headings of the runbook's sections.
fn sections() -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(ROOT).join(RUNBOOK)).expect("there is a runbook");
    text.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect()
}

/// Level and message of each line that a file logs at WARN or ERROR; of a line that is passed on, level and target.
fn logged(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    each_level(&without_tests(&tokens(path, text)), &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let name = word(Some(token)).filter(|_| is_mark(level.get(index + 1), '!'));
            let severity = match name.as_deref() {
                Some("warn") => "WARN",
                Some("error") => "ERROR",
                _ => continue,
            };
            let Some(arguments) = group(level.get(index + 2), Delimiter::Parenthesis) else { continue };
            let arguments = inside(arguments);
            let arguments: Vec<&[TokenTree]> = arguments.split(|token| is_mark(Some(token), ',')).collect();
            let message = arguments.iter().find_map(|argument| match argument {
                [literal] => string(Some(literal)),
                _ => None,
            });
            let target = arguments.iter().find_map(|argument| match argument {
                [name, colon, target] if super::rust::is_word(Some(name), "target") && is_mark(Some(colon), ':') => {
                    string(Some(target))
                }
                _ => None,
            });
            let message = match message.as_deref() {
                Some("{line}") => target,
                Some(message) => Some(joined(message)),
                None => panic!("{}: a line at {severity} has no message", path.display()),
            };
            found.push(format!("{severity}: {}", message.expect("a line that is passed on has a target")));
        }
    });
    found
}

/// A literal without the breaks that are written in it.
fn joined(literal: &str) -> String {
    literal.split("\\\n").map(|part| part.trim_start_matches(' ')).collect()
}
