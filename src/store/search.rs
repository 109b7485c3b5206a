//! One search over user identities, phones and phone numbers. Each kind is searched in two ways: a part of a text is looked
//! for in the newest rows, and the beginnings of words, the ends of numbers and the start of an id in all rows, by index. So
//! a small workspace is searched as its lists are, and a large one in about the same time.

use crate::domain::id::UserIdentityId;
use crate::domain::search::{Found, Matches, Owned, Search};
use crate::error::Result;
use crate::store::Workspace;
use std::collections::BTreeMap;

/// Number of the newest rows of a kind that are searched for a part of a text.
pub(in crate::store) const NEWEST: i64 = 1_000;

/// Most rows that an index finds and that are compared by how well they match.
pub(in crate::store) const MAX_CANDIDATES: i64 = 1_000;

impl Workspace {
    /// The first matches of each kind, at most `limit`, best first. Deactivated phones are found by their ids only.
    pub async fn search(&self, search: &Search, limit: usize) -> Result<Found> {
        let count = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let people = Matches::of(self.search_user_identities(search, count).await?, limit);
        let phones = Matches::of(self.search_phones(search, count).await?, limit);
        let numbers = Matches::of(self.search_numbers(search, count).await?, limit);
        let of_phones = phones.items.iter().filter_map(|phone| phone.user_identity_id);
        let owners: Vec<_> =
            of_phones.chain(numbers.items.iter().filter_map(|number| number.user_identity_id)).collect();
        let names = self.user_identity_names(&owners).await?;
        Ok(Found {
            people,
            phones: owned(phones, &names, |phone| phone.user_identity_id),
            numbers: owned(numbers, &names, |number| number.user_identity_id),
        })
    }
}

fn owned<T>(
    matches: Matches<T>,
    names: &BTreeMap<UserIdentityId, String>,
    owner: impl Fn(&T) -> Option<UserIdentityId>,
) -> Matches<Owned<T>> {
    let with_owner = |item: T| Owned { owner: owner(&item).and_then(|id| names.get(&id).cloned()), item };
    Matches { items: matches.items.into_iter().map(with_owner).collect(), is_cut: matches.is_cut }
}
