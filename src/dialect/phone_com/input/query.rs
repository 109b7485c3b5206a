//! Query of a list: `limit`, `offset`, `fields` and `mode`, `sort[field]`, `filters[field]`. Filters are parsed as in the
//! vendor's server library: a known operator before the first colon, and operands separated by commas; any other text is
//! a value that the field must equal.

use super::super::wire::Pairs;
use super::Faults;
use super::filter::{self, Kind};
use crate::error::{Place, Problem, Step};
use crate::model::listing::{Condition, Listing, Order};
use axum::http::Uri;
use serde_json::Value;
use url::form_urlencoded;

/// The largest page.
pub const LARGEST_PAGE: i64 = 500;
/// The default page.
pub const PAGE: i64 = 25;

/// Filter and sort fields of a list.
pub struct Fields<F: 'static> {
    pub filters: &'static [(&'static str, F, Kind)],
    pub sorts: &'static [(&'static str, F)],
}

/// Parsed query of a list, and what the response repeats of it.
#[derive(Debug)]
pub struct Wanted<F> {
    pub listing: Listing<F>,
    pub filters: Pairs,
    pub sort: Pairs,
    /// Whether summaries are requested.
    pub is_brief: bool,
}

impl<F> Wanted<F> {
    /// Offset and limit.
    pub fn part(&self) -> (i64, i64) {
        (self.listing.offset, self.listing.limit)
    }
}

/// Parses the query of a list. Unknown parameters are ignored, except fields in brackets.
pub fn read<F: Copy>(uri: &Uri, fields: &Fields<F>, faults: &mut Faults) -> Wanted<F> {
    let mut pairs = Vec::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        pairs.push((name.into_owned(), value.into_owned()));
    }
    let last = |name: &str| pairs.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let limit = last("limit").and_then(|text| whole("limit", text, 1, LARGEST_PAGE, faults));
    let offset = last("offset").and_then(|text| whole("offset", text, 0, i64::MAX, faults));
    let full_or_brief = [("brief", true), ("full", false)];
    let mode = last("mode").and_then(|word| choice("mode", word, &full_or_brief, faults));
    let shown = [("brief", true), ("full", false), ("all", false)];
    let is_brief = last("fields").and_then(|word| choice("fields", word, &shown, faults)).or(mode).unwrap_or(false);
    let (order, sort) = sorts(&pairs, fields, faults);
    let (conditions, filters) = filters(&pairs, fields, faults);
    let listing = Listing { conditions, order, limit: limit.unwrap_or(PAGE), offset: offset.unwrap_or(0) };
    Wanted { listing, filters, sort, is_brief }
}

fn sorts<F: Copy>(pairs: &[(String, String)], fields: &Fields<F>, faults: &mut Faults) -> (Vec<Order<F>>, Pairs) {
    let mut sorts: Vec<(&str, Order<F>)> = Vec::new();
    for (name, word, _) in bracketed(pairs, "sort") {
        let Some((name, field)) = fields.sorts.iter().find(|(known, _)| *known == name) else {
            unknown("sort", name, fields.sorts.iter().map(|(known, _)| *known), faults);
            continue;
        };
        let ways = [("asc", true), ("desc", false)];
        let chosen = ways.iter().find(|(way, _)| *way == word);
        match chosen {
            Some((_, is_ascending)) => {
                let order = Order { field: *field, is_ascending: *is_ascending };
                match sorts.iter_mut().find(|(known, _)| known == name) {
                    Some(known) => known.1 = order,
                    None => sorts.push((name, order)),
                }
            }
            None => {
                let path = vec![Step::Key("sort".to_owned()), Step::Key((*name).to_owned())];
                faults.add(Place::Query, path, Problem::Choice, "It must be one of: asc, desc");
            }
        }
    }
    if let Some((name, field)) = fields.sorts.first().filter(|_| sorts.is_empty()) {
        sorts.push((name, Order { field: *field, is_ascending: true }));
    }
    let said = |order: &Order<F>| Value::from(if order.is_ascending { "asc" } else { "desc" });
    let echo = sorts.iter().map(|(name, order)| ((*name).to_owned(), said(order))).collect();
    (sorts.into_iter().map(|(_, order)| order).collect(), Pairs(echo))
}

fn filters<F: Copy>(pairs: &[(String, String)], fields: &Fields<F>, faults: &mut Faults) -> (Vec<Condition<F>>, Pairs) {
    let mut conditions = Vec::new();
    let mut echo: Vec<(String, Value)> = Vec::new();
    for (name, text, is_list) in bracketed(pairs, "filters") {
        let Some((_, field, kind)) = fields.filters.iter().find(|(known, _, _)| *known == name) else {
            unknown("filters", name, fields.filters.iter().map(|(known, _, _)| *known), faults);
            continue;
        };
        match echo.iter_mut().find(|(known, _)| known == name) {
            Some((_, Value::Array(texts))) => texts.push(text.into()),
            Some((_, said)) => *said = Value::from(vec![said.take(), text.into()]),
            None if is_list => echo.push((name.to_owned(), Value::from(vec![text]))),
            None => echo.push((name.to_owned(), text.into())),
        }
        match filter::read(text, *kind) {
            Ok((is_negated, test)) => conditions.push(Condition { field: *field, is_negated, test }),
            Err(message) => {
                let path = vec![Step::Key("filters".to_owned()), Step::Key(name.to_owned())];
                faults.add(Place::Query, path, Problem::Format, message);
            }
        }
    }
    (conditions, Pairs(echo))
}

/// Parameters `name[field]`, each with whether it is an item of a list: `name[field][]`, `name[field][0]`.
fn bracketed<'a>(pairs: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = (&'a str, &'a str, bool)> {
    pairs.iter().filter_map(move |(key, value)| {
        let (field, rest) = key.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
        let is_list = rest.starts_with('[') && rest.ends_with(']');
        (rest.is_empty() || is_list).then_some((field, value.as_str(), is_list))
    })
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>, faults: &mut Faults) {
    let known: Vec<&str> = known.collect();
    let path = vec![Step::Key(kind.to_owned()), Step::Key(name.to_owned())];
    faults.add(Place::Query, path, Problem::Choice, format!("There is no such field; there are: {}", known.join(", ")));
}

fn choice<T: Copy>(name: &str, word: &str, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
    let chosen = words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    if chosen.is_none() {
        let words: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        let path = vec![Step::Key(name.to_owned())];
        faults.add(Place::Query, path, Problem::Choice, format!("It must be one of: {}", words.join(", ")));
    }
    chosen
}

/// Integer within bounds. A value out of bounds is an error, not clamped.
fn whole(name: &str, text: &str, least: i64, most: i64, faults: &mut Faults) -> Option<i64> {
    let number = filter::whole(text).filter(|number| (least..=most).contains(number));
    if number.is_none() {
        let bounds = if most == i64::MAX { format!("from {least}") } else { format!("from {least} to {most}") };
        let path = vec![Step::Key(name.to_owned())];
        faults.add(Place::Query, path, Problem::Range, format!("It must be a whole number {bounds}"));
    }
    number
}
