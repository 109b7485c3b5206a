//! The size of files, names that say nothing, and panics that tell too little or too much. `[lints]` in Cargo.toml and
//! `.clippy.toml` say the rest.

use super::Faults;
use super::rust::{each_level, group, is_mark, is_word, string, tokens, without_tests, word};
use super::tree::{files, rust_files};
use proc_macro2::{Delimiter, TokenTree};
use std::fs;
use std::path::Path;

/// The most lines of a file of the source, and of a file of the tests.
const FILE: usize = 400;
const TEST_FILE: usize = 600;

/// Suffixes of names without meaning.
const EMPTY_WORDS: [&str; 6] = ["Manager", "Helper", "Utils", "Service", "Handler", "Dto"];

/// Markers of unfinished work. In pieces, since this file is checked, too.
const UNDONE: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

#[test]
fn files_are_short_and_start_with_a_module_comment() {
    let mut faults = Faults::default();
    for (path, text) in all() {
        let limit = if path.starts_with("src") { FILE } else { TEST_FILE };
        let lines = text.lines().count();
        if lines > limit {
            faults.add(path.display(), format_args!("{lines} lines, over {limit}; split it by noun"));
        }
        if lines < 3 {
            faults
                .add(path.display(), format_args!("{lines} lines are no file; move them to the module that uses them"));
        }
        if !text.starts_with("//! ") {
            faults.add(path.display(), "begin it with //! and one sentence that says what it holds");
        }
    }
    faults.none();
}

#[test]
fn test_programs_in_other_languages_are_short() {
    let mut faults = Faults::default();
    for path in files(Path::new("tests")).into_iter().filter(|path| {
        path.extension().is_some_and(|it| it == "mjs" || it == "py" || it == "js" || it == "ts" || it == "sh")
    }) {
        let text = fs::read_to_string(Path::new(super::tree::ROOT).join(&path)).expect("a program is text");
        if text.lines().count() > TEST_FILE {
            faults.add(path.display(), format_args!("{} lines, over {TEST_FILE}; split it", text.lines().count()));
        }
    }
    faults.none();
}

#[test]
fn no_work_is_left_undone_and_each_panic_states_an_invariant() {
    let mut faults = Faults::default();
    let of_tests = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
    for (path, text) in rust_files("src").into_iter().filter(|(path, _)| !of_tests(path)) {
        judge_words(&path, &text, &mut faults);
    }
    for path in files(Path::new("")) {
        let Ok(text) = fs::read_to_string(Path::new(super::tree::ROOT).join(&path)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let words = line.split(|letter: char| !letter.is_alphanumeric());
            if let Some(mark) = words.into_iter().find(|word| UNDONE.contains(word)) {
                faults.add(
                    format_args!("{}:{}", path.display(), index + 1),
                    format_args!("{mark}: do it, or file an issue and remove the mark"),
                );
            }
        }
    }
    faults.none();
}

#[test]
fn names_have_no_empty_suffixes_and_no_get_prefix() {
    let mut faults = Faults::default();
    for (path, text) in rust_files("src") {
        judge_names(&path, &text, &mut faults);
    }
    faults.none();
}

#[test]
fn the_style_rules_detect_violations() {
    let count = |judge: fn(&Path, &str, &mut Faults), text: &str| {
        let mut faults = Faults::default();
        judge(Path::new("src/x.rs"), text, &mut faults);
        faults.count()
    };
    assert_eq!(count(judge_words, "#[cfg(test)]\nmod tests { fn x() { y.expect(\"ok\") } }"), 0);
    assert_eq!(count(judge_words, "fn x() { y.expect(\"ok\"); y.expect(\"a text key\"); y.expect(&words) }"), 1);
    assert_eq!(count(judge_words, "fn x() { panic!(\"no {x}\"); assert!(x, \"{x:?}\"); assert_eq!(x, y) }"), 3);
    assert_eq!(count(judge_words, "fn x() { unreachable!(\"it was looked for\"); assert!(x) }"), 0);
    assert_eq!(count(judge_words, "// .expect(\"ok\")\nfn x() { \".expect(1)\" }"), 0);
    assert_eq!(count(judge_names, "struct PhoneManager; enum ErrorDto {} trait Handler {} mod utils {}"), 4);
    assert_eq!(count(judge_names, "struct Management; fn target_of() {}"), 0);
}

/// Panics without a reason, or with values in the message.
fn judge_words(path: &Path, text: &str, faults: &mut Faults) {
    each_level(&without_tests(&tokens(path, text)), &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let Some(name) = word(Some(token)) else { continue };
            let arguments = group(level.get(index + 1), Delimiter::Parenthesis);
            let is_method = index > 0 && is_mark(level.get(index - 1), '.') && arguments.is_some();
            let fault = match name.as_str() {
                "expect" if is_method => arguments
                    .and_then(|arguments| string(arguments.stream().into_iter().next().as_ref()))
                    .filter(|reason| reason.split_whitespace().count() < 3)
                    .map(|reason| format!("expect({reason:?}): state the invariant in three words or more")),
                "panic" | "unreachable" | "assert" if shows_values(level.get(index + 2)) => {
                    Some(format!("{name}! shows values, which may be secrets; leave them out of the message"))
                }
                "assert_eq" | "assert_ne" if is_mark(level.get(index + 1), '!') => {
                    Some(format!("{name}! shows values, which may be secrets; leave them out of the message"))
                }
                _ => None,
            };
            if let Some(fault) = fault {
                faults.add(format_args!("{}:{}", path.display(), token.span().start().line), fault);
            }
        }
    });
}

/// Whether a macro's arguments contain a literal with placeholders.
fn shows_values(arguments: Option<&TokenTree>) -> bool {
    let texts = group(arguments, Delimiter::Parenthesis).into_iter().flat_map(|arguments| arguments.stream());
    texts.filter_map(|token| string(Some(&token))).any(|text| text.contains('{'))
}

fn judge_names(path: &Path, text: &str, faults: &mut Faults) {
    each_level(&tokens(path, text), &mut |level| {
        for pair in level.windows(2) {
            let Some(name) = word(Some(&pair[1])) else { continue };
            let line = pair[1].span().start().line;
            let kinds = ["struct", "enum", "trait", "type", "union", "mod"];
            let is_named = kinds.iter().any(|kind| is_word(Some(&pair[0]), kind));
            let is_empty = |word: &&&str| name.ends_with(**word) || name == word.to_lowercase();
            if let Some(word) = EMPTY_WORDS.iter().find(is_empty).filter(|_| is_named) {
                faults.add(
                    format_args!("{}:{line}", path.display()),
                    format_args!("{name}: name it for what it is, without {word}"),
                );
            }
        }
    });
}

fn all() -> Vec<(std::path::PathBuf, String)> {
    rust_files("src").into_iter().chain(rust_files("tests")).collect()
}
