//! Query of a list: `limit`, `offset`, `fields` and `mode`, `sort[field]`, `filters[field]`. Filters are parsed as in the
//! vendor's server library: a known operator before the first colon, and operands separated by commas; any other text is
//! a value that the field must equal.

use super::super::route::{Head, PhoneCom};
use super::super::wire::Pairs;
use super::filter::{self, Kind};
use crate::api::input::*;
use crate::api::openapi::{self, component, optional_parameter};
use crate::api::route::{FromRequest, Rules};
use crate::domain::listing::{Condition, Listing, Order};
use crate::error::{Problem, RequestPart, Result, Step};
use crate::http::App;
use axum::body::Body;
use serde_json::{Map, Value, json};
use strum::{IntoStaticStr, VariantArray};
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

/// A type of the fields of a list.
pub trait ListField: Copy + Send + Sync + 'static {
    const FIELDS: Fields<Self>;
}

/// Parsed query of a list, and what the response repeats of it.
#[derive(Debug)]
pub struct ListQuery<F> {
    pub listing: Listing<F>,
    pub filters: Pairs,
    pub sort: Pairs,
    /// Whether summaries are requested.
    pub is_brief: bool,
}

/// A form of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Items {
    Brief,
    Full,
    All,
}

/// A form of the items, in newer clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Mode {
    Brief,
    Full,
}

input! {
    /// The parameters of every list.
    struct Part {
        /// The maximum number of items.
        limit: i64 = integer().at_least(1).at_most(LARGEST_PAGE as f64).or(PAGE),
        /// The number of items to skip. Large offsets are slower; page with `filters[id]=gt:` instead.
        offset: i64 = integer().at_least(0).or(0),
        /// `brief` for summaries; full items by default.
        fields: Option<Items> = choice().optional(),
        /// The newer name of `fields`.
        mode: Option<Mode> = choice().optional(),
    }
}

const FILTER: &str = "A value, or an operator and its argument: `empty`, `eq:`, `ne:`, `lt:`, `gt:`, `lte:`, `gte:`, \
     `starts-with:`, `ends-with:`, `contains:`, `between:a,b`, `in:a,b,c`, and most with `not-` before them. \
     Repeated filters must all match";

impl<F: ListField> FromRequest<PhoneCom> for ListQuery<F> {
    fn rules() -> Rules {
        let query =
            |name: String, description, schema: &Value| optional_parameter(&name, "query", description, schema.clone());
        let filter = json!({ "type": "array", "description": FILTER, "items": { "type": "string" } });
        let filter = component(openapi::Kind::Schema, "PhoneComFilter", filter);
        let order = json!({ "type": "string", "enum": ["asc", "desc"] });
        let filters = F::FIELDS
            .filters
            .iter()
            .map(|(name, ..)| query(format!("filters[{name}]"), "A filter by this field", &filter));
        let sorts = F::FIELDS.sorts.iter();
        let sorts = sorts.map(|(name, _)| query(format!("sort[{name}]"), "The order by this field", &order));
        Rules { query: Part::fields(), parameters: filters.chain(sorts).collect(), ..Rules::default() }
    }

    async fn read(_: &Rules, _: &App, head: &Head, _: Body) -> Result<ListQuery<F>> {
        let mut at = Reader::at(RequestPart::Query);
        let read = read(head.parts.uri.query().unwrap_or_default(), &F::FIELDS, &mut at);
        at.finish(read)
    }
}

/// Parses the query of a list. Unknown parameters are ignored, except fields in brackets.
fn read<F: Copy>(query: &str, fields: &Fields<F>, at: &mut Reader) -> Option<ListQuery<F>> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let value = |name: &str, text: &str| match name {
        "limit" | "offset" => filter::whole(text).map_or_else(|| text.into(), Value::from),
        _ => Value::from(text),
    };
    let mut last: Map<String, Value> = pairs.iter().map(|(name, text)| (name.clone(), value(name, text))).collect();
    let part = <Part as Input>::read(&mut last, at);
    let (order, sort) = sorts(&pairs, fields, at);
    let (conditions, filters) = filters(&pairs, fields, at);
    let Part { limit, offset, fields, mode } = part?;
    let listing = Listing { conditions, order, limit, offset };
    let is_brief = fields.map_or(mode == Some(Mode::Brief), |items| items == Items::Brief);
    Some(ListQuery { listing, filters, sort, is_brief })
}

fn sorts<F: Copy>(pairs: &[(String, String)], fields: &Fields<F>, at: &mut Reader) -> (Vec<Order<F>>, Pairs) {
    let mut sorts: Vec<(&str, Order<F>)> = Vec::new();
    for (name, word, _) in bracketed(pairs, "sort") {
        let Some((name, field)) = fields.sorts.iter().find(|(known, _)| *known == name) else {
            unknown("sort", name, fields.sorts.iter().map(|(known, _)| *known), at);
            continue;
        };
        if !["asc", "desc"].contains(&word) {
            let problem = Problem::Choice { expected: vec!["asc", "desc"], received: word.to_owned() };
            fault(["sort", name], problem, at);
            continue;
        }
        let order = Order { field: *field, is_ascending: word == "asc" };
        match sorts.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = order,
            None => sorts.push((name, order)),
        }
    }
    if let Some((name, field)) = fields.sorts.first().filter(|_| sorts.is_empty()) {
        sorts.push((name, Order { field: *field, is_ascending: true }));
    }
    let direction = |order: &Order<F>| Value::from(if order.is_ascending { "asc" } else { "desc" });
    let echo = sorts.iter().map(|(name, order)| ((*name).to_owned(), direction(order))).collect();
    (sorts.into_iter().map(|(_, order)| order).collect(), Pairs(echo))
}

fn filters<F: Copy>(pairs: &[(String, String)], fields: &Fields<F>, at: &mut Reader) -> (Vec<Condition<F>>, Pairs) {
    let mut conditions = Vec::new();
    let mut echo: Vec<(String, Value)> = Vec::new();
    for (name, text, is_list) in bracketed(pairs, "filters") {
        let Some((_, field, kind)) = fields.filters.iter().find(|(known, _, _)| *known == name) else {
            unknown("filters", name, fields.filters.iter().map(|(known, _, _)| *known), at);
            continue;
        };
        match echo.iter_mut().find(|(known, _)| known == name) {
            Some((_, Value::Array(texts))) => texts.push(text.into()),
            Some((_, first)) => *first = Value::from(vec![first.take(), text.into()]),
            None if is_list => echo.push((name.to_owned(), Value::from(vec![text]))),
            None => echo.push((name.to_owned(), text.into())),
        }
        match filter::read(text, *kind) {
            Ok((is_negated, test)) => conditions.push(Condition { field: *field, is_negated, test }),
            Err(message) => fault(["filters", name], Problem::Rule(message.into()), at),
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

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>, at: &mut Reader) {
    let known: Vec<&str> = known.collect();
    let message = format!("There is no such field; there are: {}", known.join(", "));
    fault([kind, name], Problem::Rule(message.into()), at);
}

fn fault([kind, name]: [&str; 2], problem: Problem, at: &mut Reader) {
    let key = |name: &str| Step::Key(name.to_owned());
    at.within(key(kind), |at| at.within(key(name), |at| at.fault(problem)));
}
