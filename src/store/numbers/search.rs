//! Search of phone numbers by their first or last digits and by id, and the number of a user identity.

use super::select_numbers;
use crate::domain::id::{PhoneNumberId, UserIdentityId};
use crate::domain::number::{PhoneNumber, Provider, Status};
use crate::domain::search::Search;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::search::{MAX_CANDIDATES, NEWEST};

impl Workspace {
    /// The first numbers that match: those in use before others, then the newest. In the newest ones the digits may be
    /// anywhere.
    pub(in crate::store) async fn search_numbers(&self, search: &Search, limit: i64) -> Result<Vec<PhoneNumber>> {
        let (first, last) = search.ids().unzip();
        if search.digits().is_none() && first.is_none() {
            return Ok(Vec::new());
        }
        Ok(select_numbers!(
            r#"where workspace_id = $1 and register_id = any (array(
                with newest as materialized (
                    select register_id, number from number_register
                    where workspace_id = $1 and $2::text is not null
                    order by created_at desc, register_id desc
                    limit $4
                ), among_newest as materialized (
                    select register_id from newest where strpos(number, $2) > 0 limit $3
                ), by_first_digits as materialized (
                    select register_id from number_register
                    where workspace_id = $1 and number collate "C" >= '+' || $2 and number collate "C" < '+' || $2 || ':'
                    limit $5
                ), by_last_digits as materialized (
                    select register_id from number_register
                    where workspace_id = $1 and reverse(number) collate "C" >= reverse($2)
                        and reverse(number) collate "C" < reverse($2) || ':'
                    limit $5
                ), by_id as materialized (
                    select register_id from number_register
                    where workspace_id = $1 and register_id between $6 and $7
                    limit $3
                )
                select register_id from among_newest
                union
                select register_id from by_first_digits
                union
                select register_id from by_last_digits
                union
                select register_id from by_id))
            order by status <> 'assigned', status = 'finished', created_at desc, register_id
            limit $3"#,
            self.workspace_id(),
            search.digits(),
            limit,
            NEWEST,
            MAX_CANDIDATES,
            first,
            last,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// The number that is assigned to a user identity, if there is one.
    pub async fn number_of(&self, person: UserIdentityId) -> Result<Option<PhoneNumber>> {
        Ok(select_numbers!(
            "where workspace_id = $1 and user_identity_id = $2 and status = 'assigned' limit 1",
            self.workspace_id(),
            person.0,
        )
        .fetch_optional(&self.store.pool)
        .await?)
    }
}
