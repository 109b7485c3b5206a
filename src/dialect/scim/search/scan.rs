//! One type of resources, looked through in order of creation: those that an index finds, or all.

use super::{Source, filter_of};
use crate::dialect::scim::filter::Filter;
use crate::dialect::scim::input::Query;
use crate::dialect::scim::route::{Context, Shown};
use crate::dialect::scim::schema::{GROUPS, ResourceType};
use crate::dialect::scim::{groups, users};
use crate::domain::id::{ScimGroupId, UserIdentityId};
use crate::domain::page::Position;
use crate::domain::scim::{ScimGroup, ScimGroupProbe, ScimUserProbe, ScimWindow};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Resources that one statement reads, and groups with their members.
const BATCH: usize = 200;
const BATCH_WITH_MEMBERS: usize = 20;

/// Maximum number of resources that a filter looks at.
const MAX_SCANNED: usize = 50_000;

/// A type of resources, with what a query asks of them.
pub struct Scan<'q> {
    context: &'q Context,
    pub source: Source,
    filter: Option<Filter>,
    users: ScimUserProbe,
    groups: ScimGroupProbe,
    /// Whether members are read with each group that is looked at.
    with_members: bool,
    shows_members: bool,
}

/// A part of a type's resources, in order of creation.
pub struct Part {
    /// Only what follows this position.
    pub after: Option<Position>,
    pub offset: usize,
    /// Maximum number of resources to look at.
    pub most: usize,
}

impl Part {
    pub const ALL: Part = Part { after: None, offset: 0, most: usize::MAX };
}

impl<'q> Scan<'q> {
    pub fn new(context: &'q Context, source: Source, query: &Query) -> Result<Scan<'q>> {
        let filter = filter_of(query, source)?;
        let names_members = filter.as_ref().is_some_and(|filter| filter.names("members"))
            || query.sort_by.as_deref().is_some_and(|name| name.to_ascii_lowercase().starts_with("members"));
        let shows_members = query.projection.includes("members", &GROUPS);
        let is_plain = query.filter.is_none() && query.sort_by.is_none();
        let conditions = filter.as_ref().map_or(&[][..], Filter::conditions);
        Ok(Scan {
            context,
            source,
            users: conditions.iter().find_map(user_probe).unwrap_or(ScimUserProbe::Any),
            groups: conditions.iter().find_map(group_probe).unwrap_or(ScimGroupProbe::Any),
            with_members: names_members || (shows_members && is_plain),
            shows_members,
            filter,
        })
    }

    fn resource_type(&self) -> &'static ResourceType {
        self.source.resource_type()
    }

    /// Number of all resources.
    pub async fn count(&self) -> Result<usize> {
        let count = match self.source {
            Source::Users => self.context.workspace.count_scim_users().await?,
            Source::Groups => self.context.workspace.count_scim_groups().await?,
        };
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Whether a resource is read with all that a page shows of it.
    pub fn is_whole(&self) -> bool {
        self.source == Source::Users || self.with_members || !self.shows_members
    }

    /// A group as a page shows it, if it is there.
    pub async fn group(&self, id: Uuid) -> Result<Option<Shown>> {
        match self.context.workspace.scim_group(ScimGroupId(id), self.shows_members).await {
            Ok(group) => Ok(Some(groups::shown(&group, self.shows_members, &self.context.base))),
            Err(Error::NotFound(..)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Users by their ids.
    pub async fn users(&self, ids: &[UserIdentityId]) -> Result<BTreeMap<Uuid, Shown>> {
        let context = self.context;
        let found = context.workspace.scim_users_by_ids(ids, context.now).await?;
        Ok(found.iter().map(|user| (user.position().id, users::shown(user, context))).collect())
    }

    /// Some resources behind a position, each made as it is taken.
    async fn window(&self, after: Option<Position>, offset: usize, limit: usize) -> Result<Window<'_>> {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let window = ScimWindow { after, offset: number(offset), limit: number(limit) };
        let context = self.context;
        Ok(match self.source {
            Source::Users => {
                let found = context.workspace.scim_users(&self.users, window, context.now).await?;
                Box::new(found.into_iter().map(|user| (user.position(), users::shown(&user, context))))
            }
            Source::Groups => {
                let found = context.workspace.scim_groups(&self.groups, self.with_members, window).await?;
                let shown = |group: &ScimGroup| groups::shown(group, self.with_members, &context.base);
                Box::new(found.into_iter().map(move |group| (group.position(), shown(&group))))
            }
        })
    }

    /// Calls a function with each resource of a part that passes the filter, until it returns false. Returns the position of
    /// the last resource if the limit has ended it.
    pub async fn each(
        &self,
        Part { mut after, mut offset, most }: Part,
        mut visit: impl FnMut(Position, Shown) -> Result<bool>,
    ) -> Result<Option<Position>> {
        let is_large = self.source == Source::Groups && self.with_members;
        let batch = if is_large { BATCH_WITH_MEMBERS } else { BATCH };
        let mut scanned = 0;
        while scanned < most {
            let limit = batch.min(most - scanned);
            let found = self.window(after, offset, limit).await?;
            let count = found.len();
            for (position, shown) in found {
                after = Some(position);
                let passes = |filter: &Filter| filter.matches(&shown.resource, self.resource_type());
                if self.filter.as_ref().is_none_or(passes) && !visit(position, shown)? {
                    return Ok(None);
                }
            }
            if count < limit {
                break;
            }
            (offset, scanned) = (0, scanned + count);
            if scanned >= MAX_SCANNED {
                return Ok(after);
            }
        }
        Ok(None)
    }
}

/// Resources that one statement has read.
type Window<'s> = Box<dyn ExactSizeIterator<Item = (Position, Shown)> + Send + 's>;

/// Users that an index finds for a condition.
fn user_probe(condition: &Filter) -> Option<ScimUserProbe> {
    let text = |name: &str| condition.equals(name).map(str::to_owned);
    if let Some(id) = condition.equals("id") {
        return Some(ScimUserProbe::Id(UserIdentityId(Uuid::try_parse(id).unwrap_or_default())));
    }
    if let Some(time) = condition.modified_since().and_then(|text| DateTime::parse_from_rfc3339(text).ok()) {
        return Some(ScimUserProbe::ModifiedSince(time.with_timezone(&Utc)));
    }
    text("userName")
        .map(ScimUserProbe::UserName)
        .or_else(|| text("externalId").map(ScimUserProbe::ExternalId))
        .or_else(|| condition.equals_value("emails").map(|address| ScimUserProbe::Email(address.to_owned())))
}

/// Groups that an index finds for a condition.
fn group_probe(condition: &Filter) -> Option<ScimGroupProbe> {
    let text = |name: &str| condition.equals(name).map(str::to_owned);
    if let Some(id) = condition.equals("id") {
        return Some(ScimGroupProbe::Id(ScimGroupId(Uuid::try_parse(id).unwrap_or_default())));
    }
    if let Some(id) = condition.equals_value("members") {
        return Some(ScimGroupProbe::Member(UserIdentityId(Uuid::try_parse(id).unwrap_or_default())));
    }
    text("displayName").map(ScimGroupProbe::DisplayName).or_else(|| text("externalId").map(ScimGroupProbe::ExternalId))
}
