//! Prefetch: rows that a request will read, known before authentication. With an API key both share one statement: the key,
//! and beside it the rows in the workspace of that key.

use crate::model::extension::Extension;
use crate::model::id::{DeviceId, ExtensionId, UserIdentityId};
use crate::model::page::Paging;
use crate::model::phone::{Phone, PhoneFilter};
use crate::model::scope::Scope;

/// The longest list that is prefetched. A longer one has a statement of its own, so that it delays no other request.
pub(super) const LONGEST: u32 = 100;

/// The rows that a request will read, as its route declares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefetch {
    None,
    /// An active phone.
    Phone(DeviceId),
    /// Living phones in order of registration: of one person, or of the workspace.
    Phones(Option<UserIdentityId>, Paging),
    /// An extension by its number.
    Extension(ExtensionId),
}

impl Prefetch {
    /// The phones that match a filter, unless they are too many or need the general query.
    pub fn phones(filter: &PhoneFilter) -> Prefetch {
        let Some(query) = PhoneListQuery::of(filter, Scope::Workspace) else { return Prefetch::None };
        let is_short = filter.paging.limit.is_some_and(|limit| limit < LONGEST);
        match query {
            PhoneListQuery::All if is_short => Prefetch::Phones(None, filter.paging),
            // Most user identities have few phones.
            PhoneListQuery::OfPerson(person) if is_short || filter.paging.limit.is_none() => {
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
    Extension(Option<Extension>),
}

/// The most frequent lists. Each has its own statement, which Postgres plans once; the general one is planned anew for
/// each combination of filters.
pub(super) enum PhoneListQuery {
    All,
    OfPerson(UserIdentityId),
}

impl PhoneListQuery {
    /// The list that a filter asks for, if it has no other condition.
    pub fn of(filter: &PhoneFilter, scope: Scope) -> Option<PhoneListQuery> {
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
            (None, Scope::Workspace) => Some(PhoneListQuery::All),
            (Some([person]), Scope::Workspace) => Some(PhoneListQuery::OfPerson(*person)),
            (None, Scope::Person(person)) => Some(PhoneListQuery::OfPerson(person)),
            _ => None,
        }
    }
}
