//! What lists of contacts are filtered and sorted by, and which are asked for most.

use crate::model::contact::ContactField;
use crate::model::id::UserIdentityId;
use crate::model::listing::{Listing, Order};
use crate::store::selection::{Column, Field};

/// The condition on the numbers of a contact, up to what is asked of them.
const NUMBERS: &str =
    "contact_id in (select contact_id from contact_number where workspace_id = $1 and user_identity_id = $2 and ";

impl Field for ContactField {
    fn column(self) -> Column {
        match self {
            ContactField::Id => Column::Number("contact_id"),
            ContactField::GroupId => Column::Number("contact_group_id"),
            ContactField::UpdatedAt => Column::Seconds("updated_at"),
            ContactField::Name => Column::Text(&["name_folded"]),
            ContactField::Phone => Column::TextOf(NUMBERS, &["normalized", "entered_folded"]),
        }
    }
}

/// How far behind its beginning a list is read from there. Further on it may be nearer to read it from its end.
const NEAR: i64 = 1_000;

/// The longest page that is looked up together with others. Whoever wants more asks for it alone, and holds up nobody.
const SHORT: i64 = 100;

/// A part of all contacts of a person, in the order in which they came: the list that is asked for most.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Page {
    pub person: UserIdentityId,
    pub limit: i64,
    pub offset: i64,
}

impl Page {
    /// The page that is asked for, if it is a short one near the beginning.
    pub fn of(person: UserIdentityId, listing: &Listing<ContactField>) -> Option<Page> {
        let is_in_order = matches!(listing.order.as_slice(), [Order { field: ContactField::Id, is_ascending: true }]);
        let is_all = listing.conditions.is_empty() && is_in_order;
        let Listing { limit, offset, .. } = *listing;
        (is_all && limit <= SHORT && offset <= NEAR).then_some(Page { person, limit, offset })
    }
}
