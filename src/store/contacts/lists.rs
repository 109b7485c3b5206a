//! Columns by which lists of contacts are filtered and sorted, and the most frequent lists.

use super::group;
use crate::domain::contact::{Contact, ContactDocument, ContactField};
use crate::domain::id::{ContactGroupId, ContactId, UserIdentityId};
use crate::domain::listing::{Listed, Listing, Order};
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::{Lookup, MAX_LIST_BATCH};
use crate::store::sql::listing::{Column, Field};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Start of the condition on a contact's numbers, up to the test of their columns.
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

/// Maximum distance from an end of the list for a batched page. Further in takes time.
const NEAR: i64 = 1_000;

/// Maximum size of a batched page. Longer ones run alone and delay no other lookup.
const SHORT: i64 = 100;

/// A page of all contacts of a user identity, in order of creation: the most frequent list.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Page {
    pub person: UserIdentityId,
    pub limit: i64,
    pub offset: i64,
}

impl Page {
    /// The page of a listing, if it is a short one.
    pub fn of(person: UserIdentityId, listing: &Listing<ContactField>) -> Option<Page> {
        let is_in_order = matches!(listing.order.as_slice(), [Order { field: ContactField::Id, is_ascending: true }]);
        let is_all = listing.conditions.is_empty() && is_in_order;
        let Listing { limit, offset, .. } = *listing;
        (is_all && limit <= SHORT).then_some(Page { person, limit, offset })
    }
}

/// An entry of a requested page, or the only row of an empty one.
struct Entry {
    /// Index of the requested page, from one.
    place: i64,
    /// Number of the user identity's contacts.
    total: i64,
    contact_id: Option<ContactId>,
    said: Option<ContactDocument>,
    contact_group_id: Option<ContactGroupId>,
    group_name: Option<String>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

impl Entry {
    fn contact(self) -> Option<Contact> {
        Some(Contact {
            contact_id: self.contact_id?,
            said: self.said?,
            group: group(self.contact_group_id, self.group_name),
            created_at: self.created_at?,
            updated_at: self.updated_at?,
        })
    }
}

/// A page near an end of the list, or beyond it.
impl Lookup for Listed<Contact> {
    type Key = Page;

    const MAX_BATCH: usize = MAX_LIST_BATCH;

    async fn all(pages: Vec<Page>, workspace: &Workspace) -> Result<Vec<Option<Listed<Contact>>>> {
        let persons: Vec<Uuid> = pages.iter().map(|page| page.person.0).collect();
        let limits: Vec<i64> = pages.iter().map(|page| page.limit).collect();
        let offsets: Vec<i64> = pages.iter().map(|page| page.offset).collect();
        let entries = sqlx::query_as!(
            Entry,
            r#"
            select place as "place!", contact_count as "total!", contact_id as "contact_id?: ContactId",
                said as "said?: ContactDocument", contact_group_id as "contact_group_id?: ContactGroupId",
                contact_group.name as "group_name?", created_at as "created_at?", updated_at as "updated_at?"
            from unnest($2::uuid[], $3::bigint[], $4::bigint[]) with ordinality
                as requested (person, page_limit, page_offset, place)
            cross join lateral (
                select workspace_id, user_identity_id, contact_count from user_identity
                where workspace_id = $1 and user_identity_id = person
            ) as owner
            left join lateral (
                select contact_id, said, contact_group_id, created_at, updated_at from contact
                where workspace_id = $1 and user_identity_id = person and deleted_at is null and contact_id >= case
                    when page_offset <= contact_count / 2 and page_offset <= $5 then (
                        select contact_id from contact
                        where workspace_id = $1 and user_identity_id = person and deleted_at is null
                        order by contact_id
                        limit 1 offset page_offset)
                    when page_offset < contact_count and contact_count - page_offset <= $5 then (
                        select contact_id from contact
                        where workspace_id = $1 and user_identity_id = person and deleted_at is null
                        order by contact_id desc
                        limit 1 offset contact_count - page_offset - 1)
                    end
                order by contact_id
                limit page_limit
            ) as contact on true
            left join contact_group using (workspace_id, user_identity_id, contact_group_id)
            "#,
            workspace.workspace_id(),
            &persons,
            &limits,
            &offsets,
            NEAR,
        );
        let entries = workspace.store.read_short(entries).await?;
        let mut listed: Vec<Option<Listed<Contact>>> = std::iter::repeat_with(|| None).take(pages.len()).collect();
        for entry in entries {
            let place = usize::try_from(entry.place - 1).ok().and_then(|place| listed.get_mut(place));
            if let Some(place) = place {
                let page = place.get_or_insert_with(|| Listed { items: Vec::new(), total: entry.total });
                page.items.extend(entry.contact());
            }
        }
        for (place, page) in listed.iter_mut().zip(pages) {
            // Usually in order already, but a join guarantees none.
            place.iter_mut().for_each(|listed| listed.items.sort_by_key(|contact| contact.contact_id.0));
            place.take_if(|listed| listed.items.is_empty() && page.offset < listed.total);
        }
        Ok(listed)
    }
}
