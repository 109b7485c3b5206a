//! The shape of files and functions, and words that promise what is not there.

use super::Faults;
use super::rust::{each_level, functions, group, is_mark, is_word, string, tokens, without_tests, word};
use super::tree::{files, rust_files};
use proc_macro2::{Delimiter, TokenTree};
use std::fs;
use std::path::Path;

/// The most lines of a file of the source, of a file of the tests, and of a function of the source.
const FILE: usize = 400;
const TEST_FILE: usize = 600;
const FUNCTION: usize = 60;

/// Functions that are longer, and how long they may be: each is one statement with what it binds, and an event and a
/// row of the audit trail are parts of the statement that causes them.
const LONG: [(&str, &str, usize); 3] = [
    ("src/store/credentials.rs", "insert_credential", 70),
    ("src/store/departure.rs", "delete_under_lock", 70),
    ("src/store/registration.rs", "register_under_lock", 75),
];

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
            faults.add(path.display(), format_args!("{lines} lines, over {limit}"));
        }
        if lines < 3 {
            faults.add(path.display(), format_args!("{lines} lines are no file"));
        }
        if !text.starts_with("//! ") {
            faults.add(path.display(), "does not open with //! and what it is");
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
            faults.add(path.display(), format_args!("{} lines, over {TEST_FILE}", text.lines().count()));
        }
    }
    faults.none();
}

#[test]
fn functions_fit_on_a_page() {
    let mut faults = Faults::default();
    let mut count = 0;
    for (path, text) in rust_files("src") {
        for function in functions(&tokens(&path, &text)) {
            count += 1;
            let long = LONG.iter().find(|(file, name, _)| path == Path::new(file) && function.name == *name);
            let limit = long.map_or(FUNCTION, |(_, _, limit)| *limit);
            if long.is_some() && function.lines <= FUNCTION {
                faults.add(path.display(), format_args!("{} is short, and counted among the long", function.name));
            }
            if function.lines > limit {
                let place = format!("{}:{}", path.display(), function.line);
                faults.add(place, format_args!("{} has {} lines, over {limit}", function.name, function.lines));
            }
        }
    }
    assert!(count > 300, "only {count} functions");
    faults.none();
}

#[test]
fn nothing_is_left_undone_and_nothing_fails_without_a_word() {
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
                faults.add(format_args!("{}:{}", path.display(), index + 1), format_args!("{mark} is left undone"));
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
    assert_eq!(count(judge_words, "fn x() { y.unwrap(); y\n .unwrap() }"), 2);
    assert_eq!(
        count(judge_words, "fn x() { y.unwrap_or_default() }\n#[cfg(test)]\nmod tests { fn x() { y.unwrap() } }"),
        0
    );
    assert_eq!(count(judge_words, "fn x() { y.expect(\"ok\"); y.expect(\"a text key\"); y.expect(&words) }"), 1);
    assert_eq!(count(judge_words, "fn x() { dbg!(1); y(todo!()); unimplemented!() }"), 3);
    assert_eq!(count(judge_words, "fn x() { panic!(\"no {x}\"); assert!(x, \"{x:?}\"); assert_eq!(x, y) }"), 3);
    assert_eq!(count(judge_words, "fn x() { unreachable!(\"it was looked for\"); assert!(x) }"), 0);
    assert_eq!(count(judge_words, "// .unwrap()\nfn x() { \".unwrap()\" }"), 0);
    assert_eq!(
        count(judge_names, "struct PhoneManager; enum ErrorDto {} trait Handler {} mod utils {} fn get_x() {}"),
        5
    );
    assert_eq!(count(judge_names, "struct Management; fn get() {} fn target_of() {} fn get_or_create() {}"), 0);
}

/// What panics without a reason, and what is there for its writer only.
fn judge_words(path: &Path, text: &str, faults: &mut Faults) {
    each_level(&without_tests(&tokens(path, text)), &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let Some(name) = word(Some(token)) else { continue };
            let arguments = group(level.get(index + 1), Delimiter::Parenthesis);
            let is_method = index > 0 && is_mark(level.get(index - 1), '.') && arguments.is_some();
            let fault = match name.as_str() {
                "unwrap" if is_method => Some("unwraps".to_owned()),
                "expect" if is_method => arguments
                    .and_then(|arguments| string(arguments.stream().into_iter().next().as_ref()))
                    .filter(|reason| reason.split_whitespace().count() < 3)
                    .map(|reason| format!("expects {reason:?}, which is no reason")),
                "panic" | "unreachable" | "assert" if shows_values(level.get(index + 2)) => {
                    Some(format!("{name}! shows values, which may be secrets, in the log"))
                }
                "assert_eq" | "assert_ne" if is_mark(level.get(index + 1), '!') => {
                    Some(format!("{name}! shows values, which may be secrets, in the log"))
                }
                "todo" | "dbg" | "unimplemented" if is_mark(level.get(index + 1), '!') => Some(format!("says {name}!")),
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
                faults.add(format_args!("{}:{line}", path.display()), format_args!("{name}: {word} says nothing"));
            }
            // The wire's own verb stays.
            let is_getter = name.starts_with("get_") && !name.starts_with("get_or_");
            if is_word(Some(&pair[0]), "fn") && is_getter {
                faults.add(format_args!("{}:{line}", path.display()), format_args!("{name}: say what it gives"));
            }
        }
    });
}

fn all() -> Vec<(std::path::PathBuf, String)> {
    rust_files("src").into_iter().chain(rust_files("tests")).collect()
}
