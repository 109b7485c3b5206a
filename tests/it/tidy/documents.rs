//! The documents: links lead somewhere, the paths, tests and words that they name exist, and the README is short.

use super::Faults;
use super::rust::{functions, tokens};
use super::tree::{ROOT, files, rust_files};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What one reads in ten minutes.
const README_LINES: usize = 200;

/// Beginnings of paths within the tree.
const FOLDERS: [&str; 5] = ["src/", "tests/", "migrations/", ".ci/", ".github/"];

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let mut faults = Faults::default();
    for (path, text) in documents() {
        links(&text)
            .into_iter()
            .filter(|link| !leads_somewhere(&path, link))
            .for_each(|link| faults.add(path.display(), format_args!("({link}) leads nowhere; correct the link")));
    }
    faults.none();
}

#[test]
fn paths_in_documents_exist() {
    let mut faults = Faults::default();
    for (path, text) in documents() {
        paths(&text).into_iter().filter(|named| !Path::new(ROOT).join(named).exists()).for_each(|named| {
            faults.add(path.display(), format_args!("{named} does not exist; name what took its place"))
        });
    }
    faults.none();
}

#[test]
fn tests_and_words_to_grep_for_exist() {
    let mut faults = Faults::default();
    let (tests, source) = (test_paths(), rust_files("src"));
    for (path, text) in documents() {
        for filter in filters(&text).into_iter().filter(|filter| !tests.iter().any(|test| test.contains(filter))) {
            faults.add(
                path.display(),
                format_args!("no test has {filter} in its name; name the one that took its place"),
            );
        }
        for word in greps(&text).into_iter().filter(|word| !source.iter().any(|(_, text)| text.contains(word))) {
            faults.add(path.display(), format_args!("{word} is not in src; name what took its place"));
        }
    }
    faults.none();
}

#[test]
fn the_readme_is_short() {
    let text = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("there is a README");
    let lines = text.lines().count();
    assert!(lines <= README_LINES, "{lines} lines, over {README_LINES}: move details to .github/docs");
}

#[test]
fn the_rules_of_documents_find_what_breaks_them() {
    assert_eq!(links("[a](b.md#c) and [d](https://e) and ![f](g.png)\n[h](#i)"), ["b.md#c", "g.png", "#i"]);
    assert_eq!(paths("`src/lib.rs` and `src/dialect/<name>/` and `.ci/run --x` in src/no"), ["src/lib.rs", ".ci/run"]);
    assert_eq!(filters("`cargo test --test it -- a b`, `cargo test --test it c` and `cargo test`"), ["a", "b", "c"]);
    assert_eq!(greps("grep for `A` and for b; grep\n  for `C`"), ["A", "C"]);
    assert!(test_paths().iter().any(|path| path == "tidy::documents::the_readme_is_short"));
    assert!(leads_somewhere(Path::new("README.md"), "#run-it"));
    assert!(leads_somewhere(Path::new(".github/docs/seam.md"), "../../README.md#point-a-client-at-it"));
    assert!(!leads_somewhere(Path::new("README.md"), "#run-them"));
    assert!(!leads_somewhere(Path::new("README.md"), "no.md"));
}

fn documents() -> Vec<(PathBuf, String)> {
    let is_document = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).expect("a document is text");
        (path, text)
    };
    let found: Vec<_> = files(Path::new("")).into_iter().filter(is_document).map(read).collect();
    assert!(found.len() >= 10, "only {} documents", found.len());
    found
}

/// Where the links of a document lead, but for those to other sites.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://")).collect()
}

/// The paths of the tree in code spans, but for those with a placeholder.
fn paths(text: &str) -> Vec<&str> {
    let spans = text.split('`').skip(1).step_by(2).filter_map(|span| span.split_whitespace().next());
    let is_path = |span: &&str| FOLDERS.iter().any(|folder| span.starts_with(folder));
    spans.filter(is_path).filter(|span| !span.contains(['<', '{', '*', '…'])).collect()
}

/// The filters of the test commands in code spans and blocks.
fn filters(text: &str) -> Vec<&str> {
    let commands = text.split("cargo test --test it").skip(1).filter_map(|rest| rest.split(['`', '#', '\n']).next());
    commands.flat_map(str::split_whitespace).filter(|word| !word.starts_with("--")).collect()
}

/// The code spans that follow "grep for".
fn greps(text: &str) -> Vec<&str> {
    let rests = text.split("grep").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("for"));
    rests.filter_map(|rest| rest.trim_start().strip_prefix('`')?.split('`').next()).collect()
}

/// Every function of the tests, by its path.
fn test_paths() -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in rust_files("tests/it") {
        let module =
            path.with_extension("").iter().skip(2).map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::");
        let functions = functions(&tokens(&path, &text));
        found.extend(functions.into_iter().map(|function| format!("{module}::{}", function.name)));
    }
    found
}

fn leads_somewhere(from: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => Path::new(ROOT).join(from),
        file => Path::new(ROOT).join(from).parent().expect("a file is in a folder").join(file),
    };
    match heading {
        "" => target.exists(),
        heading => fs::read_to_string(target).is_ok_and(|text| headings(&text).contains(heading)),
    }
}

/// The names by which links know the headings of a document.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let slug = |title: &str| -> String {
        let letters = title.to_lowercase().replace(' ', "-");
        letters.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
    };
    titles.map(slug).collect()
}
