//! What somebody comes for. Where that is known before it is known who they are, and they show an API key, both are asked
//! in one statement: the key, and beside it what they came for in the workspace of that key.

use super::Workspace;
use crate::model::id::{DeviceId, UserIdentityId};
use crate::model::page::Paging;
use crate::model::phone::{Phone, PhoneFilter};
use crate::model::reach::Reach;

/// The longest list that is fetched on the way in. Whoever wants more asks for it alone, and holds up nobody.
pub(super) const LONGEST: u32 = 100;

/// What somebody is about to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Nothing that can be done on the way in.
    None,
    /// A living phone.
    Phone(DeviceId),
    /// Living phones in order of registration: one person's, or everybody's.
    Phones(Option<UserIdentityId>, Paging),
}

impl Errand {
    /// The phones that a filter lets through, unless they are too many or need a closer look.
    pub fn phones(filter: &PhoneFilter) -> Errand {
        let Some(whose) = Whose::of(filter, Reach::Workspace) else { return Errand::None };
        let is_short = filter.paging.limit.is_some_and(|limit| limit < LONGEST);
        match whose {
            Whose::Everybodys if is_short => Errand::Phones(None, filter.paging),
            // Most persons have few phones.
            Whose::OfPerson(person) if is_short || filter.paging.limit.is_none() => {
                Errand::Phones(Some(person), filter.paging)
            }
            _ => Errand::None,
        }
    }
}

/// What was fetched on the way in.
#[derive(Debug)]
pub(super) enum Brought {
    /// This phone, if it lives.
    Phone(DeviceId, Option<Phone>),
    /// Phones from some place on: one more than the page holds if there are more.
    Phones(Option<UserIdentityId>, Paging, Vec<Phone>),
}

impl Workspace {
    /// A living phone that was fetched on the way in, if it is the one that was; then None in it says that there is none.
    pub(super) fn brought_phone(&self, device_id: DeviceId) -> Option<Option<Phone>> {
        match self.brought(|brought| matches!(brought, Brought::Phone(id, _) if *id == device_id))? {
            Brought::Phone(_, phone) => Some(phone),
            Brought::Phones(..) => None,
        }
    }

    /// Living phones that were fetched on the way in, if they are those that were.
    pub(super) fn brought_phones(&self, person: Option<UserIdentityId>, paging: &Paging) -> Option<Vec<Phone>> {
        let are_these =
            |brought: &Brought| matches!(brought, Brought::Phones(of, at, _) if *of == person && at == paging);
        match self.brought(are_these)? {
            Brought::Phones(.., phones) => Some(phones),
            Brought::Phone(..) => None,
        }
    }
}

/// The lists that are asked for most. Each has a statement of its own, which Postgres plans once, where the one for all
/// filters is planned anew for each choice of them.
pub(super) enum Whose {
    Everybodys,
    OfPerson(UserIdentityId),
}

impl Whose {
    /// Whose phones a filter asks for, if it asks for no more than that.
    pub fn of(filter: &PhoneFilter, reach: Reach) -> Option<Whose> {
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
        match (user_identity_ids.as_deref(), reach) {
            _ if !custom_metadata_has.is_empty() => None,
            (None, Reach::Workspace) => Some(Whose::Everybodys),
            (Some([person]), Reach::Workspace) => Some(Whose::OfPerson(*person)),
            (None, Reach::Person(person)) => Some(Whose::OfPerson(person)),
            _ => None,
        }
    }
}
