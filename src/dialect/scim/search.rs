//! Lists (RFC 7644, section 3.4): filters, sorting, and pages by index or cursor. A filter with a condition that an index finds
//! looks at few resources; any other one looks at all, a page at a time, up to a limit.

mod scan;

use super::answer::Answer;
use super::cursor::{self, Start};
use super::filter::Filter;
use super::input::{Query, Searched};
use super::openapi::{body, examples, list};
use super::path::{AttributePath, member};
use super::route::{Call, Context, Operation, Shown};
use super::schema::{GROUPS, ResourceType, USERS};
use crate::domain::page::Position;
use crate::domain::text::{caseless, normalized};
use crate::error::{Error, Issue, Limit, Problem, RequestPart, Result};
use scan::Scan;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// Resources of a page by default, and at most.
pub const DEFAULT_COUNT: i64 = 100;
pub const MAX_COUNT: i64 = 200;

/// Maximum number of resources that are sorted.
const MAX_SORTED: usize = 5_000;

/// A type of resources, as a source of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Users,
    Groups,
}

impl Source {
    pub fn resource_type(self) -> &'static ResourceType {
        match self {
            Source::Users => &USERS,
            Source::Groups => &GROUPS,
        }
    }
}

/// The route of searches over all types.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/scim/v2/.search", &["POST"], search_all)
            .about("scim_search", "Search users and groups")
            .describe("Returns users and groups, by a query in the body.")
            .example(body("ScimSearchRequest", examples::search()))
            .succeeds("200", list("UserList", examples::user())),
    ]
}

async fn search_all(call: Call, Searched(query): Searched) -> Result<Answer> {
    find(&Context::of(&call), &[Source::Users, Source::Groups], query).await.map(Answer::ok)
}

/// The response to a query.
pub async fn find(context: &Context, sources: &[Source], query: Query) -> Result<Value> {
    let scans = sources.iter().map(|source| Scan::new(context, *source, &query));
    let scans: Vec<Scan> = scans.collect::<Result<_>>()?;
    let finder = Finder { scans, sources, query: &query };
    match &query.cursor {
        Some(cursor) => finder.by_cursor(cursor).await,
        None => finder.by_index().await,
    }
}

struct Finder<'q> {
    scans: Vec<Scan<'q>>,
    sources: &'q [Source],
    query: &'q Query,
}

impl Finder<'_> {
    /// A page by index. An index below one is one, a negative count zero (RFC 7644, section 3.4.2.4).
    async fn by_index(&self) -> Result<Value> {
        let start = self.query.start_index.unwrap_or(1).max(1);
        let count = self.query.count.unwrap_or(DEFAULT_COUNT).clamp(0, MAX_COUNT);
        let (skipped, size) = (usize::try_from(start - 1).unwrap_or(usize::MAX), usize::try_from(count).unwrap_or(0));
        let (total, page) = if self.query.sort_by.is_some() {
            let sorted = self.sorted().await?;
            let total = sorted.len();
            (total, sorted.into_iter().skip(skipped).take(size).collect())
        } else if self.query.filter.is_some() {
            self.filtered(skipped, size).await?
        } else {
            self.plain(skipped, size).await?
        };
        let mut list = self.list(page);
        list["totalResults"] = total.into();
        list["startIndex"] = start.into();
        Ok(list)
    }

    /// A page by cursor.
    async fn by_cursor(&self, cursor: &str) -> Result<Value> {
        let count = self.query.count.unwrap_or(DEFAULT_COUNT).min(MAX_COUNT);
        if count < 1 {
            let issue = Issue::field("count", Problem::Range(Limit::AtLeast(1.0)));
            return Err(Error::Invalid(vec![Issue { place: RequestPart::Query, ..issue }]));
        }
        let size = usize::try_from(count).unwrap_or(1);
        let start = cursor::decode(cursor, self.query, self.sources)?;
        let (page, next) = if self.query.sort_by.is_some() {
            let skipped = if let Some(Start::At(index)) = start { index } else { 0 };
            let sorted = self.sorted().await?;
            let next = (sorted.len() > skipped.saturating_add(size)).then(|| Start::At(skipped + size));
            (sorted.into_iter().skip(skipped).take(size).collect(), next)
        } else {
            self.behind(start, size).await?
        };
        let mut list = self.list(page);
        if let Some(next) = next {
            list["nextCursor"] = cursor::encode(next, self.query, self.sources).into();
        }
        Ok(list)
    }

    fn list(&self, page: Vec<(Source, Shown)>) -> Value {
        let shown = |(source, shown): (Source, Shown)| {
            Value::from(self.query.projection.apply(shown.resource, source.resource_type()))
        };
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "itemsPerPage": page.len(),
            "Resources": page.into_iter().map(shown).collect::<Vec<_>>(),
        })
    }

    /// A page of all resources, which are counted and not read.
    async fn plain(&self, skipped: usize, size: usize) -> Result<(usize, Vec<(Source, Shown)>)> {
        let (mut total, mut page) = (0, Vec::new());
        for scan in &self.scans {
            let count = scan.count().await?;
            let offset = skipped.saturating_sub(total);
            if offset < count && page.len() < size {
                page.extend(
                    scan.window(None, offset, size - page.len())
                        .await?
                        .into_iter()
                        .map(|(_, shown)| (scan.source, shown)),
                );
            }
            total += count;
        }
        Ok((total, page))
    }

    /// A page of what passes the filter, all of which is counted.
    async fn filtered(&self, skipped: usize, size: usize) -> Result<(usize, Vec<(Source, Shown)>)> {
        let (mut total, mut page) = (0, Vec::new());
        for scan in &self.scans {
            scan.each(None, |_, shown| {
                if total >= skipped && page.len() < size {
                    page.push((scan.source, shown));
                }
                total += 1;
                true
            })
            .await?;
        }
        Ok((total, page))
    }

    /// What passes the filter behind a resource, and where the next page begins.
    async fn behind(&self, start: Option<Start>, size: usize) -> Result<(Vec<(Source, Shown)>, Option<Start>)> {
        let (first, mut after) = match start {
            Some(Start::Behind(index, position)) => (index, Some(position)),
            _ => (0, None),
        };
        let (mut page, mut next, mut last) = (Vec::new(), None, None::<(usize, Position)>);
        for (index, scan) in self.scans.iter().enumerate().skip(first) {
            scan.each(after.take(), |position, shown| {
                if page.len() == size {
                    next = last.map(|(index, position)| Start::Behind(index, position));
                    return false;
                }
                last = Some((index, position));
                page.push((scan.source, shown));
                true
            })
            .await?;
            if next.is_some() {
                break;
            }
        }
        Ok((page, next))
    }

    /// All that passes the filter, sorted.
    async fn sorted(&self) -> Result<Vec<(Source, Shown)>> {
        let mut found = Vec::new();
        for scan in &self.scans {
            let path =
                self.query.sort_by.as_deref().and_then(|text| AttributePath::parse(text, scan.source.resource_type()));
            scan.each(None, |_, shown| {
                let key =
                    path.as_ref().and_then(|path| SortKey::of(path, &shown.resource, scan.source.resource_type()));
                found.push((key, scan.source, shown));
                found.len() <= MAX_SORTED
            })
            .await?;
            if found.len() > MAX_SORTED {
                return Err(Error::ListTooLarge);
            }
        }
        let is_descending = self.query.is_descending;
        found.sort_by(|(one, ..), (other, ..)| {
            let order = match (one, other) {
                (Some(one), Some(other)) => one.compare(other),
                // What has no value is last.
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            if is_descending { order.reverse() } else { order }
        });
        Ok(found.into_iter().map(|(_, source, shown)| (source, shown)).collect())
    }
}

/// The value by which a resource is sorted: of several the primary one, else the first (RFC 7644, section 3.4.2.3).
enum SortKey {
    Text(String),
    Number(f64),
}

impl SortKey {
    fn of(path: &AttributePath, resource: &Map<String, Value>, of: &ResourceType) -> Option<SortKey> {
        let attribute = path.attribute(of);
        let value = match path.value(resource)? {
            Value::Array(values) => values.iter().find(|value| value["primary"] == true).or(values.first())?,
            value => value,
        };
        let sub = path.sub.as_deref().unwrap_or("value");
        let (value, attribute) = match value {
            Value::Object(members) => {
                (member(members, sub)?, attribute.and_then(|attribute| attribute.sub_attribute(sub)))
            }
            value => (value, attribute),
        };
        match value {
            Value::String(text) if attribute.is_some_and(|attribute| attribute.is_case_exact) => {
                Some(SortKey::Text(normalized(text)))
            }
            Value::String(text) => Some(SortKey::Text(caseless(text))),
            Value::Number(number) => number.as_f64().map(SortKey::Number),
            Value::Bool(value) => Some(SortKey::Number(f64::from(u8::from(*value)))),
            _ => None,
        }
    }

    fn compare(&self, other: &SortKey) -> Ordering {
        match (self, other) {
            (SortKey::Text(one), SortKey::Text(other)) => one.cmp(other),
            (SortKey::Number(one), SortKey::Number(other)) => one.total_cmp(other),
            (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
            (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
        }
    }
}

/// The filter of a query for a type of resources.
fn filter_of(query: &Query, source: Source) -> Result<Option<Filter>> {
    query.filter.as_deref().map(|text| Filter::parse(text, source.resource_type())).transpose()
}
