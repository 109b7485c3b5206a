//! Search of phones by name, metadata and id.

use super::select_phones;
use crate::domain::id::UserIdentityId;
use crate::domain::metadata::Metadata;
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::domain::search::Search;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::search::{MAX_CANDIDATES, NEWEST};
use crate::store::sql::types::Document;

impl Workspace {
    /// The first phones that match, best first. A deactivated phone matches by its id only.
    pub(in crate::store) async fn search_phones(&self, search: &Search, limit: i64) -> Result<Vec<Phone>> {
        let (first, last) = search.ids().unzip();
        Ok(select_phones!(
            "where workspace_id = $1 and device_id = any (array(
                with newest as materialized (
                    select device_id, search_text from phone
                    where workspace_id = $1 and deactivated_at is null
                    order by created_at desc, device_id desc
                    limit $4
                ), among_newest as materialized (
                    select device_id from newest where strpos(search_text, (select caseless($2))) > 0 limit $3
                ), by_word as materialized (
                    select device_id from phone
                    where workspace_id = $1 and deactivated_at is null
                        and (select count(*) from among_newest) < $3
                        and search_words(workspace_id, search_text, null) @@ search_query($1, (select caseless($2)), null)
                    limit $5
                ), by_id as materialized (
                    select device_id from phone where workspace_id = $1 and device_id between $6 and $7 limit $3
                )
                select device_id from among_newest
                union
                select device_id from by_word
                union
                select device_id from by_id))
            order by deactivated_at is not null, nullif(strpos(search_text, (select caseless($2))), 0), created_at desc,
                device_id
            limit $3",
            self.workspace_id(),
            search.text(),
            limit,
            NEWEST,
            MAX_CANDIDATES,
            first,
            last,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }
}
