//! `/events`: the log, by time and by resource.

use super::access::ByKeyOrSession;
use super::answer::{Many, One};
use super::error::invalid;
use super::event_types::EventType;
use super::route::*;
use crate::api::input::*;
use crate::domain::event::{Event, EventFilter};
use crate::domain::id::{CredentialId, DeviceId, EventId, UserIdentityId};
use crate::domain::scope::Scope;
use crate::error::{Error, ResourceKind, Result};
use crate::store::Prefetch;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/events/get", &[GET, POST], get).key("event").summary("Get an event").not_found(ResourceKind::Event),
        prefetching("/events/list", &[GET, POST], list, List::prefetch)
            .key("events")
            .summary("List events, oldest first"),
    ]
}

input! {
    /// Selector of an event.
    pub struct Get {
        /// The event.
        event_id: Option<EventId> = id().optional(),
        /// An event of this type.
        event_type: Option<String> = text().min(1).optional(),
        /// An event of this device.
        device_id: Option<DeviceId> = id().optional(),
    }
}

async fn get(call: Call<ByKeyOrSession>, input: Get) -> Result<One<Event>> {
    if input.event_id.is_none() && input.event_type.is_none() && input.device_id.is_none() {
        return Err(invalid("Must specify at least one of event_id, event_type, device_id"));
    }
    let filter = EventFilter {
        scope: call.grant.scope,
        event_ids: input.event_id.map(|id| vec![id]),
        event_types: input.event_type.map(|name| vec![name]),
        // An id selects one event of any type.
        include_opt_in: input.event_id.is_some(),
        device_ids: input.device_id.map(|id| vec![id]),
        limit: Some(1),
        ..EventFilter::default()
    };
    let found = call.grant.workspace.events(&filter).await?.pop();
    let asked = input.event_id.map_or_else(String::new, |id| id.to_string());
    found.map(One).ok_or(Error::NotFound(ResourceKind::Event, asked))
}

input! {
    /// Filter of events.
    pub struct List {
        /// Only events after this time. Either this or `between` is required.
        pub since: Option<DateTime<Utc>> = lenient_date().optional(),
        /// Only events after the first of these times and before the second.
        pub between: Option<Vec<DateTime<Utc>>> = array(lenient_date())
            .exactly(2)
            .refine(|times| times[0] < times[1], "second value must be greater than first value")
            .optional(),
        /// Only events of this type.
        event_type: Option<EventType> = choice().named("EventType").optional(),
        /// Only events of these types.
        event_types: Option<Vec<EventType>> = array(choice().named("EventType")).optional(),
        /// Only these events.
        event_ids: Option<Vec<EventId>> = array(id()).optional(),
        /// Only events of this device.
        device_id: Option<DeviceId> = id().optional(),
        /// Only events of these devices.
        device_ids: Option<Vec<DeviceId>> = array(id()).optional(),
        /// Only events of this user identity.
        user_identity_id: Option<UserIdentityId> = id().optional(),
        /// Only events of this credential.
        acs_credential_id: Option<CredentialId> = id().optional(),
        /// Only events of this access system.
        acs_system_id: Option<Uuid> = uuid().optional(),
        /// Only events of these access systems.
        acs_system_ids: Option<Vec<Uuid>> = array(uuid()).optional(),
        /// Handset has no resources of this kind, so the result is empty; the same applies to the parameters below.
        acs_user_id: Option<Uuid> = uuid().optional(),
        acs_entrance_id: Option<Uuid> = uuid().optional(),
        acs_encoder_id: Option<Uuid> = uuid().optional(),
        acs_access_group_id: Option<Uuid> = uuid().optional(),
        access_code_id: Option<Uuid> = uuid().optional(),
        access_code_ids: Option<Vec<Uuid>> = array(uuid()).optional(),
        access_grant_id: Option<Uuid> = uuid().optional(),
        access_grant_ids: Option<Vec<Uuid>> = array(uuid()).max(100).optional(),
        access_method_id: Option<Uuid> = uuid().optional(),
        access_method_ids: Option<Vec<Uuid>> = array(uuid()).max(100).optional(),
        space_id: Option<Uuid> = uuid().optional(),
        space_ids: Option<Vec<Uuid>> = array(uuid()).max(100).optional(),
        connected_account_id: Option<Uuid> = uuid().optional(),
        connect_webview_id: Option<Uuid> = uuid().optional(),
        customer_key: Option<String> = text().min(1).optional(),
        /// The maximum number of results.
        limit: u32 = integer().above(0).or(500),
        /// The number of results to skip.
        unstable_offset: u32 = integer().at_least(0).or(0),
    }
}

async fn list(call: Call<ByKeyOrSession>, input: List) -> Result<Many<Event>> {
    match (input.since, &input.between) {
        (None, None) => return Err(invalid("Must specify either since or between")),
        (Some(_), Some(_)) => return Err(invalid("Cannot specify both since and between")),
        _ => {}
    }
    let Some(filter) = input.page(call.grant.scope) else { return Ok(Many(Vec::new())) };
    Ok(Many(call.grant.workspace.events_with(call.prefetched, &filter).await?))
}

impl List {
    fn prefetch(&self) -> Prefetch {
        self.clone().page(Scope::Workspace).map_or(Prefetch::None, |filter| Prefetch::events(&filter))
    }

    /// The filter; None if it can never match.
    fn page(self, scope: Scope) -> Option<EventFilter> {
        let between = self.between.as_deref().and_then(|times| Some((*times.first()?, *times.get(1)?)));
        let (after, before) = between.map_or((self.since, None), |(first, second)| (Some(first), Some(second)));
        let (limit, offset) = (Some(i64::from(self.limit)), i64::from(self.unstable_offset));
        Some(EventFilter { after, before, limit, offset, ..self.filter(scope)? })
    }

    /// The filter without its times; None if it can never match.
    pub fn filter(self, scope: Scope) -> Option<EventFilter> {
        if self.asks_for_what_is_not_here() {
            return None;
        }
        Some(EventFilter {
            scope,
            event_ids: self.event_ids,
            event_types: one_of(self.event_type, self.event_types)
                .map(|types| types.into_iter().map(|EventType(name)| name.to_owned()).collect()),
            device_ids: one_of(self.device_id, self.device_ids),
            user_identity_id: self.user_identity_id,
            acs_credential_id: self.acs_credential_id,
            acs_system_ids: one_of(self.acs_system_id, self.acs_system_ids),
            ..EventFilter::default()
        })
    }

    /// Whether it names a kind of resource that Handset does not have.
    fn asks_for_what_is_not_here(&self) -> bool {
        let ids = [
            self.acs_user_id,
            self.acs_entrance_id,
            self.acs_encoder_id,
            self.acs_access_group_id,
            self.access_code_id,
            self.access_grant_id,
            self.access_method_id,
            self.space_id,
            self.connected_account_id,
            self.connect_webview_id,
        ];
        let lists = [&self.access_code_ids, &self.access_grant_ids, &self.access_method_ids, &self.space_ids];
        ids.iter().any(Option::is_some) || lists.iter().any(|list| list.is_some()) || self.customer_key.is_some()
    }
}
