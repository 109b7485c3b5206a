//! Prefetch: rows that a request will read, known before authentication. With an API key both share one statement: the key,
//! and beside it the rows in the workspace of that key.

mod events;
mod extension;
mod key;
mod number;
mod phone;
mod phones;
mod subscriber;

pub(super) use events::EventPage;
pub(super) use extension::OneExtension;
pub(super) use key::KeyOnly;
pub(super) use number::OneNumber;
pub(super) use phone::OnePhone;
pub(super) use phones::PhonePage;

use crate::domain::event::{Event, EventFilter};
use crate::domain::extension::Extension;
use crate::domain::id::{DeviceId, ExtensionId, PhoneNumberId, UserIdentityId};
use crate::domain::number::PhoneNumber;
use crate::domain::page::Paging;
use crate::domain::phone::{Phone, PhoneFilter};
use crate::domain::scope::Scope;
use crate::domain::subscriber::Subscriber;
use crate::error::{AuthFailure, Error, Result, Scheme};
use crate::store::batch::keys::ApiKey;
use crate::store::principal::rejected;
use crate::store::user_identities::SubscriberKey;
use crate::store::{Authenticated, Origin, Principal, Store};

/// The longest list that is prefetched. A longer one has a statement of its own, so that it delays no other request.
pub(in crate::store) const LONGEST: u32 = 100;

/// The rows that a request will read, as its route declares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefetch {
    None,
    /// An active phone.
    Phone(DeviceId),
    /// Active phones in order of registration: of one user identity, or of the workspace.
    Phones(Option<UserIdentityId>, Paging),
    /// Events between two times.
    Events(EventPage),
    /// An extension by its number.
    Extension(ExtensionId),
    /// A phone number by its id.
    Number(PhoneNumberId),
    Subscriber(SubscriberKey),
}

impl Prefetch {
    /// The events that match a filter, unless they are too many or need the general query.
    pub fn events(filter: &EventFilter) -> Prefetch {
        match filter.limit {
            Some(limit) if filter.is_plain() && filter.offset == 0 && limit <= i64::from(LONGEST) => {
                Prefetch::Events(EventPage { after: filter.after(), before: filter.before(), limit })
            }
            _ => Prefetch::None,
        }
    }

    /// The phones that match a filter, unless they are too many or need the general query.
    pub fn phones(filter: &PhoneFilter) -> Prefetch {
        let Some(query) = PlainPhoneList::of(filter, Scope::Workspace) else { return Prefetch::None };
        let is_short = filter.paging.limit.is_some_and(|limit| limit < LONGEST);
        match query {
            PlainPhoneList::All if is_short => Prefetch::Phones(None, filter.paging),
            // Most user identities have few phones.
            PlainPhoneList::OfPerson(person) if is_short || filter.paging.limit.is_none() => {
                Prefetch::Phones(Some(person), filter.paging)
            }
            _ => Prefetch::None,
        }
    }
}

/// The rows that authentication has read. A handler takes them, or reads them itself if there is [`Prefetched::Nothing`]:
/// other credentials than API keys prefetch nothing.
#[derive(Debug, Default)]
pub enum Prefetched {
    #[default]
    Nothing,
    Phone(Option<Phone>),
    /// One more than the page holds if there are more.
    Phones(Vec<Phone>),
    /// In order of time.
    Events(Vec<Event>),
    Extension(Option<Extension>),
    Number(Option<PhoneNumber>),
    Subscriber(Option<Box<Subscriber>>),
}

impl Store {
    pub(in crate::store) async fn api_key(
        &self,
        key: &str,
        prefetch: Prefetch,
        origin: Origin,
    ) -> Result<(Authenticated, Prefetched)> {
        // What lies on several nodes is not joined with the keys of several workspaces.
        let prefetch = if self.is_distributed { Prefetch::None } else { prefetch };
        let found = match prefetch {
            Prefetch::None => self.key_alone(key).await?,
            Prefetch::Phone(id) => {
                let found = self.look_up_key(key, OnePhone(Some(id))).await?;
                found.map(|(key, mut phones)| (key, Prefetched::Phone(phones.pop())))
            }
            Prefetch::Phones(person, paging) => {
                match self.look_up_key(key, PhonePage { person, paging }).await {
                    // The handler reads it within the limits of one request.
                    Err(Error::ListTooLarge) => self.key_alone(key).await?,
                    found => found?.map(|(key, phones)| (key, Prefetched::list(phones, paging))),
                }
            }
            Prefetch::Events(page) => match self.look_up_key(key, page).await {
                // The handler reads them within the limits of one request.
                Err(Error::ListTooLarge) => self.key_alone(key).await?,
                found => found?.map(|(key, mut events)| {
                    // A join promises no order.
                    events.sort_by_key(|event| event.created_at);
                    (key, Prefetched::Events(events))
                }),
            },
            Prefetch::Extension(id) => {
                let found = self.look_up_key(key, OneExtension(id)).await?;
                found.map(|(key, mut extensions)| (key, Prefetched::Extension(extensions.pop())))
            }
            Prefetch::Number(id) => {
                let found = self.look_up_key(key, OneNumber(id)).await?;
                found.map(|(key, mut numbers)| (key, Prefetched::Number(numbers.pop())))
            }
            Prefetch::Subscriber(subscriber) => {
                let found = self.look_up_key(key, subscriber).await?;
                found.map(|(key, rows)| (key, Prefetched::Subscriber(Subscriber::of(rows).map(Box::new))))
            }
        };
        let (key, prefetched) = found.ok_or_else(|| rejected(Scheme::ApiKey, AuthFailure::Unknown))?;
        if key.is_revoked {
            return Err(rejected(Scheme::ApiKey, AuthFailure::Revoked));
        }
        Ok((self.caller(key.tenant, Principal::ApiKey(key.api_key_id), origin), prefetched))
    }

    async fn key_alone(&self, key: &str) -> Result<Option<(ApiKey, Prefetched)>> {
        if self.is_distributed {
            return Ok(self.look_up_key(key, KeyOnly).await?.map(|(key, _)| (key, Prefetched::Nothing)));
        }
        Ok(self.look_up_key(key, OnePhone(None)).await?.map(|(key, _)| (key, Prefetched::Nothing)))
    }
}

impl Prefetched {
    /// Nothing if there are more phones than were read.
    fn list(mut phones: Vec<Phone>, paging: Paging) -> Prefetched {
        if paging.limit.is_none() && phones.len() > LONGEST as usize {
            return Prefetched::Nothing;
        }
        // A join promises no order.
        phones.sort_by_key(|phone| (phone.created_at, phone.device_id.0));
        Prefetched::Phones(phones)
    }
}

/// The most frequent lists. Each has its own statement, which Postgres plans once; the general one is planned anew for
/// each combination of filters.
pub(in crate::store) enum PlainPhoneList {
    All,
    OfPerson(UserIdentityId),
}

impl PlainPhoneList {
    /// The list that a filter asks for; `None` if it has another condition and takes the general statement.
    pub fn of(filter: &PhoneFilter, scope: Scope) -> Option<PlainPhoneList> {
        let PhoneFilter {
            device_ids: None,
            user_identity_ids,
            acs_credential_id: None,
            operating_systems: None,
            manufacturer: None,
            search: None,
            custom_metadata_has,
            created_before: None,
            include_deactivated: false,
            paging: _,
        } = filter
        else {
            return None;
        };
        match (user_identity_ids.as_deref(), scope) {
            _ if !custom_metadata_has.is_empty() => None,
            (None, Scope::Workspace) => Some(PlainPhoneList::All),
            (Some([person]), Scope::Workspace) => Some(PlainPhoneList::OfPerson(*person)),
            (None, Scope::Person(person)) => Some(PlainPhoneList::OfPerson(person)),
            _ => None,
        }
    }
}
