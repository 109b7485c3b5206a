//! Rust source as tokens, with as much structure as the rules need and without the pitfalls of matching text. Macros
//! are read like any other code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::path::Path;

/// Tokens of a file.
pub fn tokens(path: &Path, text: &str) -> Vec<TokenTree> {
    let stream: TokenStream = text.parse().unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    stream.into_iter().collect()
}

/// Whether a token is this identifier.
pub fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether a token is this punctuation character.
pub fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// The token as a group with these delimiters.
pub fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The token as an identifier.
pub fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

/// Text of a string literal, plain or raw, with its escapes as written.
pub fn string(token: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Literal(literal)) = token else { return None };
    let literal = literal.to_string();
    let inner = match literal.strip_prefix('r') {
        Some(raw) => raw.trim_matches('#'),
        None => &literal,
    };
    Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Tokens within a group.
pub fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// Calls `look` with every sequence of tokens at one depth, outermost first: the file, then each group.
pub fn each_level(tokens: &[TokenTree], look: &mut dyn FnMut(&[TokenTree])) {
    look(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            each_level(&inside(group), look);
        }
    }
}

/// Tokens without `#[cfg(test)]` items.
pub fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let attribute = group(tokens.get(index + 1), Delimiter::Bracket).filter(|_| is_mark(tokens.get(index), '#'));
        if attribute.is_some_and(|attribute| attribute.stream().to_string().replace(' ', "") == "cfg(test)") {
            // Skips to the end of the item: its block, or a semicolon.
            index += 2;
            while index < tokens.len() {
                let is_end = group(tokens.get(index), Delimiter::Brace).is_some() || is_mark(tokens.get(index), ';');
                index += 1;
                if is_end {
                    break;
                }
            }
            continue;
        }
        kept.push(tokens[index].clone());
        index += 1;
    }
    kept
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub body: Group,
}

/// Every function with a body.
pub fn functions(tokens: &[TokenTree]) -> Vec<Function> {
    let mut found = Vec::new();
    each_level(tokens, &mut |level| {
        for (index, _) in level.iter().enumerate().filter(|(_, token)| is_word(Some(token), "fn")) {
            let Some(name) = word(level.get(index + 1)) else { continue };
            let rest = level[index..].iter().take_while(|token| !is_mark(Some(token), ';'));
            let body = rest.filter_map(|token| group(Some(token), Delimiter::Brace)).next();
            if let Some(body) = body {
                found.push(Function { name, body: body.clone() });
            }
        }
    });
    found
}

/// A path in code, such as `crate::store::Store`, without the generic arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub words: Vec<String>,
    pub line: usize,
}

/// Every path that begins with one of `roots`; a `use` with braces is one path per leaf.
pub fn routes(tokens: &[TokenTree], roots: &[&str]) -> Vec<Route> {
    let mut found = Vec::new();
    each_level(tokens, &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let is_root = word(Some(token)).is_some_and(|word| roots.contains(&word.as_str()));
            let is_first = index < 2 || !(is_mark(level.get(index - 1), ':') && is_mark(level.get(index - 2), ':'));
            if is_root && is_first {
                follow(&level[index..], Vec::new(), &mut found);
            }
        }
    });
    found
}

/// Follows a path to its leaves.
fn follow(tokens: &[TokenTree], mut words: Vec<String>, found: &mut Vec<Route>) {
    let line = tokens.first().map_or(0, |token| token.span().start().line);
    let mut rest = tokens;
    while let Some(next) = word(rest.first()) {
        words.push(next);
        if !(is_mark(rest.get(1), ':') && is_mark(rest.get(2), ':')) {
            break;
        }
        rest = &rest[3..];
    }
    let Some(group) = group(rest.first(), Delimiter::Brace).filter(|_| rest.len() < tokens.len()) else {
        return found.push(Route { words, line });
    };
    let leaves = inside(group);
    for leaf in leaves.split(|token| is_mark(Some(token), ',')).filter(|leaf| !leaf.is_empty()) {
        follow(leaf, words.clone(), found);
    }
}

#[test]
fn paths_are_found_in_every_form() {
    let text = "
        use crate::{a::b, c::{self, d as e},
            f::*};
        fn x() { let y = crate::g::H::new(super::z()); m!(1, $crate::i::J { k: crate::l }); other::crate_like(); }
    ";
    let found: Vec<String> = routes(&tokens(Path::new("x.rs"), text), &["crate", "super"])
        .into_iter()
        .map(|route| route.words.join("::"))
        .collect();
    let expected = [
        "crate::a::b",
        "crate::c::self",
        "crate::c::d",
        "crate::f",
        "crate::g::H::new",
        "super::z",
        "crate::i::J",
        "crate::l",
    ];
    let (mut found, mut expected) = (found, expected.map(str::to_owned).to_vec());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn functions_are_found_and_tests_left_out() {
    let text =
        "fn a() {\n    r#\"\n    select 1\n    \"#;\n}\ntrait T { fn b(); }\n#[cfg(test)]\nmod tests {\n fn c() {}\n}";
    let all = tokens(Path::new("x.rs"), text);
    let names = |tokens: &[TokenTree]| -> Vec<String> { functions(tokens).into_iter().map(|it| it.name).collect() };
    assert_eq!(names(&all), ["a", "c"]);
    assert_eq!(names(&without_tests(&all)), ["a"]);
}
