//! Search of user identities by name, e-mail address, key, phone number and id.

use super::select_user_identities;
use crate::domain::search::Search;
use crate::domain::user_identity::UserIdentity;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::search::{MAX_CANDIDATES, NEWEST};

impl Workspace {
    /// The first user identities that match, best first.
    pub(in crate::store) async fn search_user_identities(
        &self,
        search: &Search,
        limit: i64,
    ) -> Result<Vec<UserIdentity>> {
        let (first, last) = search.ids().unzip();
        Ok(select_user_identities!(
            "where workspace_id = $1 and user_identity_id = any (array(
                with newest as materialized (
                    select user_identity_id, search_text, phone_number_folded from user_identity
                    where workspace_id = $1
                    order by created_at desc, user_identity_id desc
                    limit $4
                ), among_newest as materialized (
                    select user_identity_id from newest
                    where strpos(search_text, (select caseless($2))) > 0
                        or strpos(phone_number_folded, (select caseless($2))) > 0
                    limit $3
                ), by_word as materialized (
                    select user_identity_id from user_identity
                    where workspace_id = $1
                        and (select count(*) from among_newest) < $3
                        and search_words(workspace_id, search_text, phone_number_folded)
                            @@ search_query($1, (select caseless($2)), $8)
                    limit $5
                ), by_id as materialized (
                    select user_identity_id from user_identity
                    where workspace_id = $1 and user_identity_id between $6 and $7
                    limit $3
                )
                select user_identity_id from among_newest
                union
                select user_identity_id from by_word
                union
                select user_identity_id from by_id))
            order by nullif(strpos(search_text, (select caseless($2))), 0), created_at desc, user_identity_id
            limit $3",
            self.workspace_id(),
            search.text(),
            limit,
            NEWEST,
            MAX_CANDIDATES,
            first,
            last,
            search.digits(),
        )
        .fetch_all(&self.store.pool)
        .await?)
    }
}
