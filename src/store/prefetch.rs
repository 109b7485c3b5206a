//! Prefetch hints: rows that a request will read, known before authentication, so that an API key and the rows of its
//! workspace share one statement.

use crate::model::extension::Extension;
use crate::model::id::{DeviceId, ExtensionId, UserIdentityId};
use crate::model::page::Paging;
use crate::model::phone::{Phone, PhoneFilter};
use crate::model::scope::Scope;

/// Maximum length of a prefetched list. Longer ones run alone and delay no other lookup.
pub(super) const LONGEST: u32 = 100;

/// Rows to prefetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefetch {
    /// Nothing to prefetch.
    None,
    /// An active phone.
    Phone(DeviceId),
    /// Active phones in order of registration: of one user identity, or all.
    Phones(Option<UserIdentityId>, Paging),
    /// The extension that the request is about.
    Extension(ExtensionId),
}

impl Prefetch {
    /// The phones that match a filter, unless they are too many or need the general query.
    pub fn phones(filter: &PhoneFilter) -> Prefetch {
        let Some(whose) = Whose::of(filter, Scope::Workspace) else { return Prefetch::None };
        let is_short = filter.paging.limit.is_some_and(|limit| limit < LONGEST);
        match whose {
            Whose::Everybodys if is_short => Prefetch::Phones(None, filter.paging),
            // Most user identities have few phones.
            Whose::OfPerson(person) if is_short || filter.paging.limit.is_none() => {
                Prefetch::Phones(Some(person), filter.paging)
            }
            _ => Prefetch::None,
        }
    }
}

/// Rows prefetched for this prefetch.
#[derive(Debug)]
pub(super) struct Prefetched {
    pub prefetch: Prefetch,
    /// A list has one row more than the page if there are more.
    pub phones: Vec<Phone>,
    pub extension: Option<Extension>,
}

/// The most frequent lists. Each has its own statement, which Postgres plans once; the general one is planned anew for
/// each combination of filters.
pub(super) enum Whose {
    Everybodys,
    OfPerson(UserIdentityId),
}

impl Whose {
    /// The list that a filter asks for, if it has no other condition.
    pub fn of(filter: &PhoneFilter, scope: Scope) -> Option<Whose> {
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
            (None, Scope::Workspace) => Some(Whose::Everybodys),
            (Some([person]), Scope::Workspace) => Some(Whose::OfPerson(*person)),
            (None, Scope::Person(person)) => Some(Whose::OfPerson(person)),
            _ => None,
        }
    }
}
