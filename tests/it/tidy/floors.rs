//! Layers: each module depends only on lower ones. A dependency is a `use`, a path in code, or a path through `super`;
//! all of them are checked.

use super::Faults;
use super::rust::{each_level, group, inside, is_word, routes, tokens, word};
use super::tree::rust_files;
use proc_macro2::{Delimiter, TokenTree};
use std::path::Path;

/// On which floor a module stands.
const FLOORS: [(&str, u8); 24] = [
    ("main", 6),
    ("cli", 6),
    ("server", 5),
    ("lifecycle", 5),
    ("config", 5),
    ("telemetry", 5),
    ("postgres", 5),
    ("dialect", 4),
    ("console", 4),
    ("instant_key_page", 4),
    ("api", 3),
    ("http", 2),
    ("deactivation", 2),
    ("webhooks", 2),
    ("sweeper", 2),
    ("store", 1),
    ("sso", 1),
    ("outbound_tls", 1),
    ("domain", 0),
    ("error", 0),
    ("clock", 0),
    ("random", 0),
    ("metrics", 0),
    ("build_info", 0),
];

/// Allowed dependencies within a layer: `domain` uses errors, time and randomness; `main` starts the command line.
const BESIDE: [(&str, &str); 5] =
    [("domain", "error"), ("domain", "random"), ("main", "cli"), ("metrics", "build_info"), ("sso", "outbound_tls")];

/// What of the other modules a dialect, the console or the page of a link may know; of the store, these handles; and the console the figures that
/// its status page shows.
const OF_DIALECTS: [&str; 7] = ["api", "http", "domain", "error", "deactivation", "store", "build_info"];
const OF_CONSOLE: [&str; 3] = ["metrics", "sso", "random"];
const HANDLES: [&str; 20] = [
    "Workspace",
    "Account",
    "NewWorkspace",
    "Authenticated",
    "Caller",
    "Principal",
    "Credentials",
    "Prefetch",
    "Prefetched",
    "WorkspaceSelector",
    "Origin",
    "Precondition",
    "EndedSessions",
    "EventStream",
    "Reauthenticate",
    "OperatorSession",
    "OperatorWorkspace",
    "DatabaseStatus",
    "PendingDeliveries",
    "SubscriberKey",
];

/// Crates and modules of std that the bottom layer must not use.
const OUTSIDE: [&str; 8] = ["axum", "tokio", "sqlx", "reqwest", "hyper", "tower_http", "tracing", "clap"];
const OUTSIDE_OF_STD: [&str; 6] = ["fs", "net", "io", "process", "env", "thread"];

#[test]
fn every_module_depends_only_on_lower_layers() {
    let mut faults = Faults::default();
    for (path, text) in sources() {
        judge_edges(&path, &text, &mut faults);
    }
    faults.none();
}

#[test]
fn only_the_store_uses_sqlx() {
    let mut faults = Faults::default();
    for (path, text) in sources().into_iter().filter(|(path, _)| top(path) != "store") {
        each_level(&tokens(&path, &text), &mut |level| {
            if let Some(token) = level.iter().find(|token| is_word(Some(token), "sqlx")) {
                faults.add(
                    format_args!("{}:{}", path.display(), token.span().start().line),
                    "move the query to the store, the only module that uses sqlx",
                );
            }
        });
    }
    faults.none();
}

#[test]
fn the_bottom_layer_does_no_io() {
    let mut faults = Faults::default();
    for (path, text) in sources().into_iter().filter(|(path, _)| floor(&top(path)) == Some(0)) {
        let tokens = tokens(&path, &text);
        for route in routes(&tokens, &OUTSIDE) {
            faults.add(
                format_args!("{}:{}", path.display(), route.line),
                format_args!("uses {}: move this to the module that does the I/O", route.words[0]),
            );
        }
        for route in routes(&tokens, &["std"]) {
            if route.words.get(1).is_some_and(|word| OUTSIDE_OF_STD.contains(&word.as_str())) {
                faults.add(
                    format_args!("{}:{}", path.display(), route.line),
                    format_args!("uses std::{}: move this to the module that does the I/O", route.words[1]),
                );
            }
        }
    }
    faults.none();
}

#[test]
fn the_layer_rules_detect_violations() {
    let breaks = |path: &str, text: &str| {
        let mut faults = Faults::default();
        judge_edges(Path::new(path), text, &mut faults);
        faults.count()
    };
    assert_eq!(breaks("src/store/phones.rs", "use crate::{error::Error, domain::{id::DeviceId, page::Page}};"), 0);
    assert_eq!(breaks("src/store/phones.rs", "use crate::{error::Error,\n  http::{App, body}};"), 2);
    assert_eq!(breaks("src/http/app.rs", "fn x() { crate::deactivation::of_phone() }"), 1);
    assert_eq!(breaks("src/http/app.rs", "use super::super::server;"), 1);
    assert_eq!(breaks("src/http/app.rs", "use super::dialect;"), 0);
    assert_eq!(breaks("src/domain/phone.rs", "mod tests { use super::super::super::store; }"), 1);
    assert_eq!(breaks("src/domain/phone.rs", "mod tests { use super::super::id; }"), 0);
    assert_eq!(breaks("src/error.rs", "use crate::domain::id::DeviceId;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::store::Workspace; use super::wire;"), 0);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::store::Store;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::store;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::webhooks::Outbox;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::clock::Clock;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use crate::dialect::diga::wire;"), 1);
    assert_eq!(breaks("src/dialect/seam/phones.rs", "use super::super::diga::wire;"), 1);
    assert_eq!(breaks("src/dialect/seam/query/leaf.rs", "use super::super::super::seam::wire;"), 0);
    assert_eq!(breaks("src/console/home.rs", "use crate::store::Store;"), 1);
    assert_eq!(breaks("src/console/home.rs", "use crate::store::OperatorSession; use super::layout;"), 0);
    assert_eq!(breaks("src/dialect.rs", "use crate::http::Dialect; pub mod seam;"), 0);
    assert_eq!(breaks("src/main.rs", "use handset::cli::CommandLine;"), 0);
    assert_eq!(breaks("src/nowhere.rs", "use crate::error::Error;"), 1);
}

fn sources() -> Vec<(std::path::PathBuf, String)> {
    rust_files("src").into_iter().filter(|(path, _)| !["lib", "build"].contains(&top(path).as_str())).collect()
}

fn judge_edges(path: &Path, text: &str, faults: &mut Faults) {
    let from = module(path);
    for (line, to) in known(&from, &tokens(path, text)) {
        if let Some(fault) = fault(&from, &to) {
            faults.add(format_args!("{}:{line}", path.display()), fault);
        }
    }
}

/// Fault of a dependency between two paths from the crate root.
fn fault(from: &[String], to: &[String]) -> Option<String> {
    let (Some(knower), Some(other)) = (from.first(), to.first()) else { return None };
    let (Some(upper), Some(lower)) = (floor(knower), floor(other)) else {
        return Some(format!("{knower} or {other} has no floor: add it to FLOORS in tests/it/tidy/floors.rs"));
    };
    if knower == other {
        let of = |path: &[String]| path.get(1).cloned();
        let is_own = knower != "dialect" || of(from).is_none() || of(from) == of(to);
        return (!is_own)
            .then(|| format!("a dialect uses another one, {}: move what both need to http", to.join("::")));
    }
    if ["dialect", "console", "instant_key_page"].contains(&knower.as_str()) {
        let is_handle = other != "store" || to.get(1).is_some_and(|name| HANDLES.contains(&name.as_str()));
        let is_of_console = knower == "console" && OF_CONSOLE.contains(&other.as_str());
        let is_allowed = OF_DIALECTS.contains(&other.as_str()) && is_handle || is_of_console;
        return (!is_allowed)
            .then(|| format!("{knower} uses {}: see OF_DIALECTS and HANDLES for what it may use", to.join("::")));
    }
    let is_beside = upper == lower && BESIDE.contains(&(knower.as_str(), other.as_str()));
    (upper <= lower && !is_beside).then(|| {
        format!("{knower}, on floor {upper}, uses {other}, on floor {lower}: have the upper one pass in what is needed")
    })
}

/// Every path of this crate that a module uses, from the root, with its line.
fn known(from: &[String], tokens: &[TokenTree]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    climb(from, tokens, &mut found);
    found
}

/// Paths of one module, then those of its nested modules, whose `super` is this one.
fn climb(from: &[String], tokens: &[TokenTree], found: &mut Vec<(usize, Vec<String>)>) {
    let mut own = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let name = word(tokens.get(index + 1)).filter(|_| is_word(tokens.get(index), "mod"));
        match name.zip(group(tokens.get(index + 2), Delimiter::Brace)) {
            Some((name, block)) => {
                let within: Vec<String> = from.iter().cloned().chain([name]).collect();
                climb(&within, &inside(block), found);
                index += 3;
            }
            None => {
                own.push(tokens[index].clone());
                index += 1;
            }
        }
    }
    for route in routes(&own, &["crate", "handset", "super", "self"]) {
        found.extend(absolute(from, &route.words).map(|path| (route.line, path)));
    }
}

/// A path from the crate root; `None` if it is no module of this crate, such as the `self` of a method.
fn absolute(from: &[String], words: &[String]) -> Option<Vec<String>> {
    let climbs = words.iter().take_while(|word| *word == "super").count();
    match words.first()?.as_str() {
        "crate" | "handset" => Some(words[1..].to_vec()).filter(|path| !path.is_empty()),
        "super" => {
            let base = &from[..from.len().saturating_sub(climbs)];
            Some(base.iter().chain(&words[climbs..]).cloned().collect()).filter(|path: &Vec<_>| !path.is_empty())
        }
        _ => None,
    }
}

/// Module path of a file: `src/http/app.rs` is `http::app`.
fn module(path: &Path) -> Vec<String> {
    let path = path.strip_prefix("src").unwrap_or(path).with_extension("");
    path.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

fn top(path: &Path) -> String {
    module(path).remove(0)
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(other, _)| *other == name).map(|(_, floor)| *floor)
}
