//! The grammar of filters, by recursive descent. `not` binds tighter than `and`, which binds tighter than `or`.

use super::{Comparison, Filter, MAX_FILTER};
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::schema::{Kind, ResourceType};
use serde_json::Value;

/// Maximum depth of parentheses and brackets.
const MAX_DEPTH: usize = 32;

/// Maximum number of conditions: each is evaluated for each resource.
const MAX_CONDITIONS: usize = 100;

/// The rest of a filter, how deep it is nested, and how many conditions it has.
struct Parser<'t> {
    rest: &'t str,
    depth: usize,
    conditions: usize,
    of: &'static ResourceType,
}

type Parsed<T> = Result<T, String>;

/// Parses a whole text.
pub fn whole(text: &str, of: &'static ResourceType) -> Parsed<Filter> {
    if text.len() > MAX_FILTER {
        return Err(format!("it is over the limit of {MAX_FILTER} bytes"));
    }
    let mut parser = Parser { rest: text, depth: 0, conditions: 0, of };
    let filter = parser.any()?;
    match parser.rest.trim_start() {
        "" => Ok(filter),
        rest => Err(format!("\"and\", \"or\" or the end is expected before {:?}", brief(rest))),
    }
}

/// Parses a filter and the bracket that closes it; returns the rest behind it.
pub fn up_to_bracket<'t>(text: &'t str, of: &'static ResourceType) -> Parsed<(Filter, &'t str)> {
    let mut parser = Parser { rest: text, depth: 1, conditions: 0, of };
    let filter = parser.any()?;
    parser.demand("]")?;
    Ok((filter, parser.rest))
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Parsed<Filter> {
        let mut alternatives = vec![self.all()?];
        while self.takes_word("or") {
            alternatives.push(self.all()?);
        }
        Ok(if alternatives.len() == 1 { alternatives.remove(0) } else { Filter::Or(alternatives) })
    }

    fn all(&mut self) -> Parsed<Filter> {
        let mut conditions = vec![self.condition()?];
        while self.takes_word("and") {
            conditions.push(self.condition()?);
        }
        Ok(if conditions.len() == 1 { conditions.remove(0) } else { Filter::And(conditions) })
    }

    fn condition(&mut self) -> Parsed<Filter> {
        if self.takes("(") {
            return self.nested(")");
        }
        let before = self.rest;
        if self.takes_word("not") {
            if self.takes("(") {
                return Ok(Filter::Not(Box::new(self.nested(")")?)));
            }
            self.rest = before;
        }
        let path = self.path()?;
        if self.takes("[") {
            return self.value_filter(path);
        }
        self.test(path)
    }

    /// What stands in parentheses or brackets, up to the closing one.
    fn nested(&mut self, close: &str) -> Parsed<Filter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
        }
        let filter = self.any()?;
        self.demand(close)?;
        self.depth -= 1;
        Ok(filter)
    }

    /// `emails[type eq "work"]`, and Entra's `emails[type eq "work"].value eq "x"`.
    fn value_filter(&mut self, path: AttributePath) -> Parsed<Filter> {
        let within = self.nested("]")?;
        let Some(rest) = self.rest.strip_prefix('.') else { return Ok(Filter::AnyValue(path, Box::new(within))) };
        self.rest = rest;
        let sub = self.path()?;
        let test = self.test(sub)?;
        Ok(Filter::AnyValue(path, Box::new(Filter::And(vec![within, test]))))
    }

    /// The operator and the value behind a path.
    fn test(&mut self, path: AttributePath) -> Parsed<Filter> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(format!("it has more than {MAX_CONDITIONS} conditions"));
        }
        let operator = self.word();
        if operator.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let comparison: Comparison = operator.parse().map_err(|_| {
            format!("{:?} is no operator; eq, ne, co, sw, ew, gt, ge, lt, le or pr is expected", brief(operator))
        })?;
        let value = self.value()?;
        check(&path, comparison, &value, self.of)?;
        Ok(Filter::Compare(path, comparison, value))
    }

    fn path(&mut self) -> Parsed<AttributePath> {
        self.rest = self.rest.trim_start();
        let is_end = |letter: char| letter.is_whitespace() || "[]()\"".contains(letter);
        let (text, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        AttributePath::parse(text, self.of).ok_or_else(|| format!("{:?} is no attribute", brief(text)))
    }

    /// A JSON string, number, boolean or null.
    fn value(&mut self) -> Parsed<Value> {
        self.rest = self.rest.trim_start();
        let end = match self.rest.strip_prefix('"') {
            Some(text) => end_of_string(text).ok_or("a text has no closing quote")? + 1,
            None => self
                .rest
                .find(|letter: char| letter.is_whitespace() || ")]".contains(letter))
                .unwrap_or(self.rest.len()),
        };
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let lower = if text.starts_with('"') { text.to_owned() } else { text.to_ascii_lowercase() };
        match serde_json::from_str(&lower) {
            Ok(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null)) => Ok(value),
            _ => Err(format!("{:?} is no value; a text is in double quotes", brief(text))),
        }
    }

    /// A word up to a space or a bracket.
    fn word(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        let is_end = |letter: char| letter.is_whitespace() || "[]()\"".contains(letter);
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Takes this word if it is next.
    fn takes_word(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let is_next = self.word().eq_ignore_ascii_case(wanted);
        if !is_next {
            self.rest = before;
        }
        is_next
    }

    /// Takes this sign if it is next.
    fn takes(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn demand(&mut self, sign: &str) -> Parsed<()> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(format!("{sign:?} is expected before {:?}", brief(self.rest))),
        }
    }
}

/// Length of a JSON string up to and with its closing quote, without the first one.
fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, letter)| match letter {
        _ if is_escaped => {
            is_escaped = false;
            None
        }
        '\\' => {
            is_escaped = true;
            None
        }
        '"' => Some(at + 1),
        _ => None,
    })
}

/// Refuses an operator that has no meaning for the attribute (RFC 7644, table 3).
fn check(path: &AttributePath, comparison: Comparison, value: &Value, of: &ResourceType) -> Parsed<()> {
    let Some(attribute) = path.attribute(of) else { return Ok(()) };
    let attribute = path.sub.as_deref().and_then(|sub| attribute.sub_attribute(sub)).unwrap_or(attribute);
    let is_equality = matches!(comparison, Comparison::Eq | Comparison::Ne);
    match attribute.kind {
        Kind::Boolean | Kind::Binary if !is_equality => {
            Err(format!("{} is compared with eq and ne only", attribute.name))
        }
        Kind::DateTime if value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_err()) => {
            Err(format!("{} is compared with times, such as \"2026-01-01T00:00:00Z\"", attribute.name))
        }
        _ => Ok(()),
    }
}

fn brief(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::scim::schema::USERS;
    use proptest::prelude::*;

    #[test]
    fn and_binds_tighter_than_or() {
        let Ok(Filter::Or(parts)) = whole("a eq 1 or b eq 2 and not (c pr)", &USERS) else { panic!("it is an or") };
        assert!(matches!(&parts[1], Filter::And(both) if matches!(both[1], Filter::Not(_))), "{parts:?}");
    }

    #[test]
    fn values_with_quotes_and_brackets_are_parsed() {
        for (text, expected) in [
            (r#"userName eq "a\"]) or b""#, r#"a"]) or b"#),
            (r#"userName Eq "é\u00e9""#, "éé"),
            (r#"emails[type eq "work" and value co "@x"].value eq "y""#, "y"),
            (r#"(userName eq "x")"#, "x"),
        ] {
            let filter = whole(text, &USERS).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert!(format!("{filter:?}").contains(&format!("{expected:?}")), "{filter:?}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}a pr{}", "(".repeat(40), ")".repeat(40));
        let long = vec!["a pr"; 101].join(" and ");
        for text in [
            "",
            "userName",
            "userName eq",
            "userName eq x",
            "userName is \"x\"",
            "userName eq \"x\" userName",
            "userName eq \"x",
            "(userName pr",
            "userName pr)",
            "emails[type eq \"work\"",
            "and",
            "active gt true",
            "meta.lastModified gt \"yesterday\"",
            "userName eq {}",
            &deep,
            &long,
        ] {
            assert!(whole(text, &USERS).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}|[a-z. ()\\[\\]\"\\\\]{0,60}") {
            let _ = whole(&text, &USERS);
            let _ = up_to_bracket(&text, &USERS);
        }
    }
}
