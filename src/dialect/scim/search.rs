//! Lists (RFC 7644, section 3.4): filters, sorting, and pages by index or cursor. A filter with a condition that an index finds
//! looks at few resources; any other one looks at all, a page at a time, up to a limit.

mod page;
mod scan;

use super::answer::Answer;
use super::cursor::{self, Start};
use super::filter::Filter;
use super::input::{Query, Searched};
use super::openapi::{body, examples, list, list_errors};
use super::path::{AttributePath, member};
use super::route::{Call, Context, Operation, Shown};
use super::schema::{GROUPS, ResourceType, USERS};
use crate::domain::page::Position;
use crate::domain::text::{caseless, normalized};
use crate::error::{Error, Result};
use page::Page;
use scan::{Part, Scan};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use uuid::Uuid;

/// Resources of a page by default, and at most.
pub const DEFAULT_COUNT: i64 = 100;
pub const MAX_COUNT: i64 = 200;

/// Maximum number of resources that are sorted, by their keys.
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
            .succeeds("200", list("UserList", examples::user()))
            .fails(list_errors()),
    ]
}

async fn search_all(call: Call, Searched(query): Searched) -> Result<Answer> {
    find(&Context::of(&call), &[Source::Users, Source::Groups], query).await
}

/// The response to a query.
pub async fn find(context: &Context, sources: &[Source], query: Query) -> Result<Answer> {
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
    /// The size of a page. A negative count is zero (RFC 7644, section 3.4.2.4; RFC 9865, section 2).
    fn size(&self) -> usize {
        usize::try_from(self.query.count.unwrap_or(DEFAULT_COUNT).clamp(0, MAX_COUNT)).unwrap_or(0)
    }

    /// A page by index. An index below one is one (RFC 7644, section 3.4.2.4).
    async fn by_index(&self) -> Result<Answer> {
        let start = self.query.start_index.unwrap_or(1).max(1);
        let (skipped, size) = (usize::try_from(start - 1).unwrap_or(usize::MAX), self.size());
        let (total, page) = if self.query.sort_by.is_some() {
            let sorted = self.sorted().await?;
            (sorted.len(), Page::unread(self.query, sorted.into_iter().skip(skipped).take(size)))
        } else if self.query.filter.is_some() {
            self.filtered(skipped, size).await?
        } else {
            self.plain(skipped, size).await?
        };
        self.answer(page, json!({ "totalResults": total, "startIndex": start })).await
    }

    /// A page by cursor. Of a size of zero it is only the number of resources.
    async fn by_cursor(&self, cursor: &str) -> Result<Answer> {
        let size = self.size();
        let start = cursor::decode(cursor, self.query, self.sources)?;
        let (total, page, next) = if size == 0 {
            let (total, page) =
                if self.query.filter.is_some() { self.filtered(0, 0).await? } else { self.plain(0, 0).await? };
            (Some(total), page, None)
        } else if self.query.sort_by.is_some() {
            let skipped = if let Some(Start::At(index)) = start { index } else { 0 };
            let sorted = self.sorted().await?;
            let next = (sorted.len() > skipped.saturating_add(size)).then(|| Start::At(skipped + size));
            let total = sorted.len();
            (Some(total), Page::unread(self.query, sorted.into_iter().skip(skipped).take(size)), next)
        } else {
            // What passes a filter is not counted.
            let total = if self.query.filter.is_some() { None } else { Some(self.plain(0, 0).await?.0) };
            let (page, next) = self.behind(start, size).await?;
            (total, page, next)
        };
        let mut head = json!({});
        if let Some(total) = total {
            head["totalResults"] = total.into();
        }
        if let Some(next) = next {
            head["nextCursor"] = cursor::encode(next, self.query, self.sources).into();
        }
        self.answer(page, head).await
    }

    async fn answer(&self, page: Page<'_>, head: Value) -> Result<Answer> {
        page.json(&self.scans, head).await.map(Answer::json)
    }

    /// A page of all resources, which are counted and not read.
    async fn plain(&self, skipped: usize, size: usize) -> Result<(usize, Page<'_>)> {
        let (mut total, mut page) = (0, Page::new(self.query));
        for (index, scan) in self.scans.iter().enumerate() {
            let count = scan.count().await?;
            let offset = skipped.saturating_sub(total);
            if offset < count && page.len() < size {
                let part = Part { after: None, offset, most: size - page.len() };
                scan.each(part, |position, shown| page.push((index, scan), position, shown).map(|()| true)).await?;
            }
            total += count;
        }
        Ok((total, page))
    }

    /// A page of what passes the filter, all of which is counted.
    async fn filtered(&self, skipped: usize, size: usize) -> Result<(usize, Page<'_>)> {
        let (mut total, mut page) = (0, Page::new(self.query));
        for (index, scan) in self.scans.iter().enumerate() {
            let visit = |position, shown| {
                if total >= skipped && page.len() < size {
                    page.push((index, scan), position, shown)?;
                }
                total += 1;
                Ok(true)
            };
            if scan.each(Part::ALL, visit).await?.is_some() {
                return Err(Error::ListTooLarge);
            }
        }
        Ok((total, page))
    }

    /// What passes the filter behind a resource, and where the next page begins.
    async fn behind(&self, start: Option<Start>, size: usize) -> Result<(Page<'_>, Option<Start>)> {
        let (first, mut after) = match start {
            Some(Start::Behind(index, position)) => (index, Some(position)),
            _ => (0, None),
        };
        let (mut page, mut next, mut last) = (Page::new(self.query), None, None::<(usize, Position)>);
        for (index, scan) in self.scans.iter().enumerate().skip(first) {
            // One more shows whether there is a next page.
            let most = if self.query.filter.is_some() { usize::MAX } else { size - page.len() + 1 };
            let visit = |position, shown| {
                if page.len() == size {
                    next = last.map(|(index, position)| Start::Behind(index, position));
                    return Ok(false);
                }
                last = Some((index, position));
                page.push((index, scan), position, shown)?;
                Ok(true)
            };
            // The next request goes on where the limit has ended this one.
            if let Some(position) = scan.each(Part { after: after.take(), offset: 0, most }, visit).await? {
                next = Some(Start::Behind(index, position));
            }
            if next.is_some() {
                break;
            }
        }
        Ok((page, next))
    }

    /// The index of the source and the id of all that passes the filter, sorted.
    async fn sorted(&self) -> Result<Vec<(usize, Uuid)>> {
        let mut found = Vec::new();
        for (index, scan) in self.scans.iter().enumerate() {
            let of = scan.source.resource_type();
            let path = self.query.sort_by.as_deref().and_then(|text| AttributePath::parse(text, of));
            let visit = |position: Position, shown: Shown| {
                let key = path.as_ref().and_then(|path| SortKey::of(path, &shown.resource, of));
                found.push((key, index, position.id));
                Ok(found.len() <= MAX_SORTED)
            };
            let is_cut = scan.each(Part::ALL, visit).await?.is_some();
            if is_cut || found.len() > MAX_SORTED {
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
        Ok(found.into_iter().map(|(_, index, id)| (index, id)).collect())
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
