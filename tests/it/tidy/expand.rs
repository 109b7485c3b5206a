//! Expansion of the store's own `macro_rules!`, as far as its statements need it: their texts are put together by macros.

use super::rust::{each_level, group, inside, is_mark, is_word, string, word};
use proc_macro2::{Delimiter, Group, TokenTree};
use std::collections::BTreeMap;

/// Macros by name, each with its rules.
#[derive(Default)]
pub struct Macros(BTreeMap<String, Vec<Rule>>);

struct Rule {
    pattern: Vec<TokenTree>,
    body: Vec<TokenTree>,
}

/// Tokens of a variable, or its values in each round of a repetition.
#[derive(Clone)]
enum Binding {
    Once(Vec<TokenTree>),
    Repeated(Vec<Binding>),
}

type Bindings = BTreeMap<String, Binding>;

/// A repetition in a pattern or a body: what is repeated, and what separates the rounds.
struct Repetition<'t> {
    part: Vec<TokenTree>,
    separator: Option<&'t TokenTree>,
    is_at_most_once: bool,
    /// Number of tokens that it takes.
    length: usize,
}

impl Macros {
    /// Adds the macros that these tokens define.
    pub fn define(&mut self, tokens: &[TokenTree]) {
        each_level(tokens, &mut |level| {
            for (index, _) in level.iter().enumerate().filter(|(_, token)| is_word(Some(token), "macro_rules")) {
                let (name, body) = (word(level.get(index + 2)), group(level.get(index + 3), Delimiter::Brace));
                if let Some((name, body)) = name.zip(body) {
                    self.0.insert(name, rules(&inside(body)));
                }
            }
        });
    }

    /// Texts of the statements that these tokens make.
    pub fn statements(&self, tokens: &[TokenTree], found: &mut Vec<String>) {
        each_level(tokens, &mut |level| {
            for (index, token) in level.iter().enumerate() {
                let Some(name) = word(Some(token)).filter(|_| is_mark(level.get(index + 1), '!')) else { continue };
                let Some(arguments) = group(level.get(index + 2), Delimiter::Parenthesis) else { continue };
                if let Some(rules) = self.0.get(&name) {
                    let expanded = expand(rules, &inside(arguments));
                    let expanded = expanded.unwrap_or_else(|| panic!("no rule of {name}! fits {arguments}"));
                    self.statements(&expanded, found);
                } else if name.starts_with("query") {
                    found.extend(joined(&inside(arguments)));
                }
            }
        });
    }
}

/// The first string literal with those that are added to it.
fn joined(arguments: &[TokenTree]) -> Option<String> {
    let first = arguments.iter().position(|token| string(Some(token)).is_some())?;
    let mut text = string(arguments.get(first))?;
    for pair in arguments[first + 1..].chunks(2).take_while(|pair| is_mark(pair.first(), '+')) {
        text += &string(pair.get(1))?;
    }
    Some(text)
}

fn rules(body: &[TokenTree]) -> Vec<Rule> {
    let is_rule = |at: &usize| is_mark(body.get(at + 1), '=') && is_mark(body.get(at + 2), '>');
    let whole = |token: Option<&TokenTree>| match token {
        Some(TokenTree::Group(group)) => inside(group),
        _ => Vec::new(),
    };
    let rule = |at: usize| Rule { pattern: whole(body.get(at)), body: whole(body.get(at + 3)) };
    (0..body.len()).filter(is_rule).map(rule).collect()
}

/// A call by the first rule that fits.
fn expand(rules: &[Rule], arguments: &[TokenTree]) -> Option<Vec<TokenTree>> {
    rules.iter().find_map(|rule| match fit(&rule.pattern, arguments) {
        Some((bindings, [])) => Some(transcribe(&rule.body, &bindings)),
        _ => None,
    })
}

/// Matches as much of the input as the pattern takes. Returns the rest.
fn fit<'t>(mut pattern: &[TokenTree], mut input: &'t [TokenTree]) -> Option<(Bindings, &'t [TokenTree])> {
    let mut bindings = Bindings::new();
    while let Some(token) = pattern.first() {
        if let Some(repetition) = repetition(pattern) {
            input = fit_repetition(&repetition, input, &mut bindings);
            pattern = &pattern[repetition.length..];
        } else if is_mark(Some(token), '$') {
            let is_end = |token: &TokenTree| is_mark(Some(token), ',') || is_mark(Some(token), ';');
            let length = match word(pattern.get(3))?.as_str() {
                "expr" => input.iter().position(is_end).unwrap_or(input.len()),
                "ident" => usize::from(word(input.first()).is_some()),
                _ => usize::from(!input.is_empty()),
            };
            let (bound, rest) = input.split_at(length);
            bindings.insert(word(pattern.get(1))?, Binding::Once((length > 0).then(|| bound.to_vec())?));
            (pattern, input) = (&pattern[4..], rest);
        } else {
            let (next, rest) = input.split_first()?;
            match (token, next) {
                (TokenTree::Group(group), TokenTree::Group(next)) if group.delimiter() == next.delimiter() => {
                    let next = inside(next);
                    let (within, []) = fit(&inside(group), &next)? else { return None };
                    bindings.extend(within);
                }
                (token, next) => (token.to_string() == next.to_string()).then_some(())?,
            }
            (pattern, input) = (&pattern[1..], rest);
        }
    }
    Some((bindings, input))
}

fn fit_repetition<'t>(
    repetition: &Repetition<'_>,
    mut input: &'t [TokenTree],
    bindings: &mut Bindings,
) -> &'t [TokenTree] {
    let mut rounds: BTreeMap<String, Vec<Binding>> =
        variables(&repetition.part).into_iter().map(|name| (name, Vec::new())).collect();
    let mut is_first = true;
    loop {
        let separated = match repetition.separator.filter(|_| !is_first) {
            Some(mark) if input.first().is_some_and(|next| next.to_string() == mark.to_string()) => &input[1..],
            Some(_) => break,
            None => input,
        };
        let Some((bound, rest)) = fit(&repetition.part, separated).filter(|(_, rest)| rest.len() < input.len()) else {
            break;
        };
        bound.into_iter().for_each(|(name, binding)| rounds.entry(name).or_default().push(binding));
        (input, is_first) = (rest, false);
        if repetition.is_at_most_once {
            break;
        }
    }
    bindings.extend(rounds.into_iter().map(|(name, rounds)| (name, Binding::Repeated(rounds))));
    input
}

/// A repetition at the beginning of these tokens.
fn repetition(tokens: &[TokenTree]) -> Option<Repetition<'_>> {
    let part = group(tokens.get(1), Delimiter::Parenthesis).filter(|_| is_mark(tokens.first(), '$'))?;
    let is_operator = |at: usize| ['*', '+', '?'].iter().any(|mark| is_mark(tokens.get(at), *mark));
    let at = if is_operator(2) { 2 } else { 3 };
    let separator = tokens.get(2).filter(|_| at == 3);
    Some(Repetition { part: inside(part), separator, is_at_most_once: is_mark(tokens.get(at), '?'), length: at + 1 })
}

/// Names of the variables in a pattern or a body.
fn variables(tokens: &[TokenTree]) -> Vec<String> {
    let mut names = Vec::new();
    each_level(tokens, &mut |level| {
        let pairs = level.windows(2).filter(|pair| is_mark(pair.first(), '$'));
        names.extend(pairs.filter_map(|pair| word(pair.get(1))));
    });
    names
}

fn transcribe(mut body: &[TokenTree], bindings: &Bindings) -> Vec<TokenTree> {
    let mut made = Vec::new();
    while let Some(token) = body.first() {
        if let Some(repetition) = repetition(body) {
            let names = variables(&repetition.part);
            let count = names.iter().filter_map(|name| match bindings.get(name) {
                Some(Binding::Repeated(rounds)) => Some(rounds.len()),
                _ => None,
            });
            for round in 0..count.max().unwrap_or(0) {
                made.extend(repetition.separator.filter(|_| round > 0).cloned());
                made.extend(transcribe(&repetition.part, &of_round(bindings, round)));
            }
            body = &body[repetition.length..];
            continue;
        }
        let bound = word(body.get(1)).filter(|_| is_mark(Some(token), '$')).and_then(|name| bindings.get(&name));
        let length = match (bound, token) {
            (Some(Binding::Once(tokens)), _) => {
                made.extend(tokens.iter().cloned());
                2
            }
            (_, TokenTree::Group(group)) => {
                let stream = transcribe(&inside(group), bindings).into_iter().collect();
                made.push(Group::new(group.delimiter(), stream).into());
                1
            }
            _ => {
                made.push(token.clone());
                1
            }
        };
        body = &body[length..];
    }
    made
}

/// Bindings in one round of a repetition.
fn of_round(bindings: &Bindings, round: usize) -> Bindings {
    let of_round = |binding: &Binding| match binding {
        Binding::Repeated(rounds) => rounds.get(round).cloned(),
        once => Some(once.clone()),
    };
    bindings.iter().filter_map(|(name, binding)| Some((name.clone(), of_round(binding)?))).collect()
}

#[test]
fn statements_are_put_together_as_the_compiler_does() {
    let text = r#"
        macro_rules! select { ($rest:tt $(+ $more:tt)* $(, $a:expr)* $(,)?) => { sqlx::query_as!(Row, "a " + $rest $(+ $more)* $(, $a)*) }; }
        macro_rules! twice {
            (list, $x:ident, $end:tt) => { select!("b " + $end, x.$x) };
            ($($part:tt),*) => { f(query!("c " $(+ $part)*), query_scalar!("d")) };
        }
        fn x() { (select!("e", 1, g(2),), twice!(list, y, "f"), twice!("g ", "h")) }
    "#;
    let tokens = super::rust::tokens(std::path::Path::new("x.rs"), text);
    let mut macros = Macros::default();
    macros.define(&tokens);
    let mut found = Vec::new();
    super::rust::functions(&tokens).iter().for_each(|function| macros.statements(&inside(&function.body), &mut found));
    found.sort();
    assert_eq!(found, ["a b f", "a e", "c g h", "d"]);
}
