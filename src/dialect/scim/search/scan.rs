//! One type of resources, looked through in order of creation: those that an index finds, or all.

use super::{Source, filter_of};
use crate::dialect::scim::filter::Filter;
use crate::dialect::scim::input::Query;
use crate::dialect::scim::route::{Context, Shown};
use crate::dialect::scim::schema::{GROUPS, ResourceType};
use crate::dialect::scim::{groups, users};
use crate::domain::id::{ScimGroupId, UserIdentityId};
use crate::domain::page::Position;
use crate::domain::scim::{ScimGroupProbe, ScimUserProbe, ScimWindow};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Resources that one statement reads.
const BATCH: usize = 200;

/// Maximum number of resources that a filter looks at.
const MAX_SCANNED: usize = 50_000;

/// A type of resources, with what a query asks of them.
pub struct Scan<'q> {
    context: &'q Context,
    pub source: Source,
    filter: Option<Filter>,
    users: ScimUserProbe,
    groups: ScimGroupProbe,
    with_members: bool,
}

impl<'q> Scan<'q> {
    pub fn new(context: &'q Context, source: Source, query: &Query) -> Result<Scan<'q>> {
        let filter = filter_of(query, source)?;
        let names_members = filter.as_ref().is_some_and(|filter| filter.names("members"))
            || query.sort_by.as_deref().is_some_and(|name| name.to_ascii_lowercase().starts_with("members"));
        let conditions = filter.as_ref().map_or(&[][..], Filter::conditions);
        Ok(Scan {
            context,
            source,
            users: conditions.iter().find_map(user_probe).unwrap_or(ScimUserProbe::Any),
            groups: conditions.iter().find_map(group_probe).unwrap_or(ScimGroupProbe::Any),
            with_members: names_members || query.projection.includes("members", &GROUPS),
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

    /// Some resources behind a position.
    pub async fn window(&self, after: Option<Position>, offset: usize, limit: usize) -> Result<Vec<(Position, Shown)>> {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let window = ScimWindow { after, offset: number(offset), limit: number(limit) };
        let context = self.context;
        Ok(match self.source {
            Source::Users => {
                let found = context.workspace.scim_users(&self.users, window, context.now).await?;
                found.iter().map(|user| (user.position(), users::shown(user, context))).collect()
            }
            Source::Groups => {
                let found = context.workspace.scim_groups(&self.groups, self.with_members, window).await?;
                let shown = |group| groups::shown(group, self.with_members, &context.base);
                found.iter().map(|group| (group.position(), shown(group))).collect()
            }
        })
    }

    /// Calls a function with each resource that passes the filter, until it returns false.
    pub async fn each(
        &self,
        mut after: Option<Position>,
        mut visit: impl FnMut(Position, Shown) -> bool,
    ) -> Result<()> {
        let mut scanned = 0;
        loop {
            let found = self.window(after, 0, BATCH).await?;
            let count = found.len();
            for (position, shown) in found {
                after = Some(position);
                let passes = |filter: &Filter| filter.matches(&shown.resource, self.resource_type());
                if self.filter.as_ref().is_none_or(passes) && !visit(position, shown) {
                    return Ok(());
                }
            }
            if count < BATCH {
                return Ok(());
            }
            scanned += count;
            if scanned >= MAX_SCANNED {
                return Err(Error::ListTooLarge);
            }
        }
    }
}

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
