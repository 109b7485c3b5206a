//! A page of a list: JSON of limited size, written as it is read, so that no more than one large group is held otherwise.

use super::Source;
use super::scan::Scan;
use crate::dialect::scim::input::Query;
use crate::dialect::scim::route::Shown;
use crate::domain::id::UserIdentityId;
use crate::domain::page::Position;
use crate::error::{Error, Result};
use crate::http::in_flight::MAX_RESPONSE;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Room for the members of a list beside its resources, in bytes.
const HEAD: usize = 1024;

pub struct Page<'q> {
    query: &'q Query,
    items: Vec<Item>,
    /// Bytes that the resources may still have.
    left: usize,
}

enum Item {
    Written(String),
    /// The index of the source, and the id.
    Unread(usize, Uuid),
}

impl<'q> Page<'q> {
    pub fn new(query: &'q Query) -> Page<'q> {
        Page { query, items: Vec::new(), left: MAX_RESPONSE - HEAD }
    }

    /// A page of resources that are to be read, by the index of the source and the id.
    pub fn unread(query: &'q Query, items: impl Iterator<Item = (usize, Uuid)>) -> Page<'q> {
        Page { items: items.map(|(index, id)| Item::Unread(index, id)).collect(), ..Page::new(query) }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds a resource.
    pub fn push(&mut self, (index, scan): (usize, &Scan<'_>), position: Position, shown: Shown) -> Result<()> {
        let item = match scan.is_whole() {
            true => Item::Written(self.write(scan.source, shown)?),
            false => Item::Unread(index, position.id),
        };
        self.items.push(item);
        Ok(())
    }

    fn write(&mut self, source: Source, shown: Shown) -> Result<String> {
        let text = Value::from(self.query.projection.apply(shown.resource, source.resource_type())).to_string();
        self.left = self.left.checked_sub(text.len() + 1).ok_or(Error::ListTooLarge)?;
        Ok(text)
    }

    /// The list as JSON, with these further members. What has been deleted since is left out.
    pub async fn json(mut self, scans: &[Scan<'_>], mut head: Value) -> Result<String> {
        let mut users = self.unread_users(scans).await?;
        let mut resources = Vec::with_capacity(self.items.len());
        for item in std::mem::take(&mut self.items) {
            match item {
                Item::Written(text) => resources.push(text),
                Item::Unread(index, id) => {
                    let scan = &scans[index];
                    let shown = match scan.source {
                        Source::Users => users.remove(&id),
                        Source::Groups => scan.group(id).await?,
                    };
                    if let Some(shown) = shown {
                        resources.push(self.write(scan.source, shown)?);
                    }
                }
            }
        }
        head["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]);
        head["itemsPerPage"] = resources.len().into();
        let head = head.to_string();
        let size: usize = resources.iter().map(|resource| resource.len() + 1).sum();
        let mut text = String::with_capacity(size + head.len() + "{\"Resources\":[],".len());
        text.push_str("{\"Resources\":[");
        for (index, resource) in resources.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&resource);
        }
        text.push_str("],");
        text.push_str(&head[1..]);
        Ok(text)
    }

    async fn unread_users(&self, scans: &[Scan<'_>]) -> Result<BTreeMap<Uuid, Shown>> {
        let unread = self.items.iter().filter_map(|item| match item {
            Item::Unread(index, id) if scans[*index].source == Source::Users => Some((*index, UserIdentityId(*id))),
            _ => None,
        });
        let (sources, ids): (Vec<usize>, Vec<UserIdentityId>) = unread.unzip();
        match sources.first() {
            Some(index) => scans[*index].users(&ids).await,
            None => Ok(BTreeMap::new()),
        }
    }
}
