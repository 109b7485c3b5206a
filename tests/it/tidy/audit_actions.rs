//! The actions of the audit trail: the list that the console offers is that of the statements.

use super::Faults;
use super::rust::{each_level, string, tokens};
use super::statements::written;
use super::tree::rust_files;
use handset::domain::audit::ACTIONS;
use handset::domain::event::EventType;
use std::collections::BTreeSet;
use strum::VariantArray;

/// Actions that a statement makes of two parts.
const COMPOSED: [(&str, [&str; 2]); 1] = [("number.", ["number.finished", "number.released"])];

#[test]
fn each_action_of_the_audit_trail_is_listed() {
    let mut written_actions = BTreeSet::new();
    for statement in written().iter().filter(|statement| statement.text.contains("insert into audit ")) {
        written_actions.extend(literals(&statement.text).flat_map(composed).filter(|text| is_action(text)));
    }
    // Those that statements take as parameters.
    for (path, text) in rust_files("src/store") {
        each_level(&tokens(&path, &text), &mut |level| {
            let texts = level.iter().filter_map(|token| string(Some(token)));
            written_actions.extend(texts.filter(|text| is_action(text)));
        });
    }
    EventType::VARIANTS.iter().for_each(|event_type| _ = written_actions.remove(event_type.into_str()));
    let listed: BTreeSet<String> = ACTIONS.map(str::to_owned).into();
    let mut faults = Faults::default();
    written_actions
        .difference(&listed)
        .for_each(|action| faults.add("src/domain/audit.rs", format_args!("add {action}")));
    listed
        .difference(&written_actions)
        .for_each(|action| faults.add("src/domain/audit.rs", format_args!("no statement has {action}; remove it")));
    faults.none();
    assert!(ACTIONS.is_sorted());
}

#[test]
fn the_rule_of_actions_finds_them() {
    let text =
        "select 'phone.moved' as action, case when a then 'slot.filled' else '' end, 'number.' || status, 'a b.c'";
    let found: Vec<String> = literals(text).flat_map(composed).filter(|text| is_action(text)).collect();
    assert_eq!(found, ["phone.moved", "slot.filled", "number.finished", "number.released"]);
}

/// The literals of a statement.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('\'').skip(1).step_by(2)
}

/// The actions that a literal is a part of, or the literal.
fn composed(literal: &str) -> Vec<String> {
    match COMPOSED.iter().find(|(part, _)| *part == literal) {
        Some((_, actions)) => actions.map(str::to_owned).into(),
        None => vec![literal.to_owned()],
    }
}

/// A noun and a verb. One without a verb is an action in parts, which [`COMPOSED`] has to complete.
fn is_action(text: &str) -> bool {
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split_once('.').is_some_and(|(noun, verb)| noun.len() > 1 && is_word(noun) && is_word(verb))
}
