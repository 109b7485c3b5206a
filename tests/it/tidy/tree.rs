//! The committed tree: its top level and the contents of its files.

use super::Faults;
use std::fs;
use std::path::{Path, PathBuf};

/// Root of the tree.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Allowed entries of the top level, beside dot files.
const TOP: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "migrations",
    "tests",
    "openapi.json",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Registry hosts of lock files and working directories of authors, neither of which belongs in the tree. In pieces,
/// since this file is checked, too.
const PLACES: [(&str, &str); 9] = [
    ("registry.", "npmjs.org"),
    ("registry.", "yarnpkg.com"),
    ("files.", "pythonhosted.org"),
    ("py", "pi.org/"),
    ("static.", "crates.io"),
    ("index.", "crates.io"),
    ("proxy.", "golang.org"),
    ("rubygems", ".org"),
    ("/tmp", "/wt"),
];

#[test]
fn the_top_level_has_only_allowed_entries() {
    let mut faults = Faults::default();
    for path in entries(Path::new(ROOT), &ignored(Path::new(ROOT), &[])) {
        let name = name(&path);
        if !name.starts_with('.') && !TOP.contains(&name) {
            faults.add(name, "move it: .github has documents, .ci has scripts, tests has tests");
        }
    }
    faults.none();
}

#[test]
fn no_file_names_a_machine_path_or_a_registry_host() {
    let mut faults = Faults::default();
    let mut count = 0;
    for path in files(Path::new("")) {
        let Ok(text) = fs::read_to_string(Path::new(ROOT).join(&path)) else { continue };
        count += 1;
        text.lines().enumerate().filter_map(|(index, line)| Some((index, place_in(line)?))).for_each(
            |(index, place)| {
                faults.add(
                    format_args!("{}:{}", path.display(), index + 1),
                    format_args!("names {place}, which only one machine or registry has; remove it"),
                );
            },
        );
    }
    assert!(count > 150, "only {count} files");
    faults.none();
}

/// A path or host in a line that must not be named.
fn place_in(line: &str) -> Option<String> {
    let known =
        PLACES.iter().map(|(first, second)| format!("{first}{second}")).find(|place| line.contains(place.as_str()));
    // Only at the start of a path; ordinary paths contain these words further on.
    let begins = |place: &String| {
        let is_path =
            |(at, _): (usize, &str)| line[..at].chars().next_back().is_none_or(|it| !it.is_alphanumeric() && it != '.');
        line.match_indices(place.as_str()).any(is_path)
    };
    known.or_else(|| ["work", "root"].map(|word| format!("/{word}/")).into_iter().find(begins))
}

#[test]
fn the_rule_on_paths_and_hosts_detects_violations() {
    for (place, is_one) in [
        (format!("see {}shared", concat!("/wo", "rk/")), true),
        (format!("\"{}main\"", concat!("/wo", "rk/")), true),
        (format!("https://{}/left-pad", concat!("registry.", "npmjs.org")), true),
        (format!("cd {}/x", concat!("/tmp", "/wt")), true),
        (format!("cd {}.cargo", concat!("/ro", "ot/")), true),
        (format!("net{}", concat!("/wo", "rk/")), false),
        (format!("service.svc{}oauth/user", concat!("/ro", "ot/")), false),
        ("tmp/work".to_owned(), false),
        ("/workspaces/get".to_owned(), false),
        ("https://github.com/rust-lang/crates.io-index".to_owned(), false),
    ] {
        assert_eq!(place_in(&place).is_some(), is_one, "{place}");
    }
}

/// Every committed file below a folder of the tree, by its path within the tree.
pub fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let root = Path::new(ROOT);
    gather(&root.join(below), &ignored(root, &[]), &mut found);
    found.sort();
    found.iter().map(|path| path.strip_prefix(root).expect("it is within").to_owned()).collect()
}

/// Every Rust file below a folder, with its text.
pub fn rust_files(below: &str) -> Vec<(PathBuf, String)> {
    let found = files(Path::new(below)).into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let found: Vec<(PathBuf, String)> = found
        .map(|path| {
            let text = fs::read_to_string(Path::new(ROOT).join(&path)).expect("source is text");
            (path, text)
        })
        .collect();
    assert!(!found.is_empty(), "no source below {below}");
    found
}

fn gather(folder: &Path, ignored_above: &[String], found: &mut Vec<PathBuf>) {
    let ignored = ignored(folder, ignored_above);
    for path in entries(folder, &ignored) {
        if path.is_dir() {
            gather(&path, &ignored, found);
        } else {
            found.push(path);
        }
    }
}

/// Committed entries of a folder.
fn entries(folder: &Path, ignored: &[String]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| name(path) != ".git" && !ignored.iter().any(|other| other == name(path))).collect()
}

/// Names ignored by a folder's `.gitignore` and those above it. Only plain names are supported.
fn ignored(folder: &Path, above: &[String]) -> Vec<String> {
    let own = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
    let own = own.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let own: Vec<String> = own.map(|line| line.trim_matches('/').to_owned()).collect();
    assert!(!own.iter().any(|name| name.contains(['*', '/', '!'])), "{own:?}: only names are understood");
    above.iter().cloned().chain(own).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
