//! When API keys, access tokens and tokens of directories were last used. A request costs no statement for it: uses are collected in memory and
//! written in batches, by the sweeper and when the server stops. What is collected is bounded; more uses are dropped until
//! the next write.

use crate::error::Result;
use crate::store::{Principal, Store};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Maximum number of credentials of a kind whose uses are collected.
const MAX_COLLECTED: usize = 10_000;

/// Uses that one statement writes.
const BATCH: usize = 1_000;

/// Uses of this process that are not written yet.
#[derive(Debug, Default)]
pub(super) struct LastUsed {
    api_keys: Uses,
    access_tokens: Uses,
    scim_tokens: Uses,
}

/// Last uses by the id of the credential.
#[derive(Debug, Default)]
struct Uses(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl LastUsed {
    /// Collects the use of a credential, unless it is of a kind that shows none.
    pub fn record(&self, principal: Principal, now: DateTime<Utc>) {
        match principal {
            Principal::ApiKey(id) => self.api_keys.record(id.0, now),
            Principal::AccessToken(id) => self.access_tokens.record(id.0, now),
            Principal::ScimToken(id) => self.scim_tokens.record(id.0, now),
            Principal::ConsoleSession(_)
            | Principal::ClientSession(..)
            | Principal::PublishableKey(_)
            | Principal::Password(_)
            | Principal::Operator(_)
            | Principal::InstantKey(_) => {}
        }
    }

    /// The later of a stored use of an API key and the collected one.
    pub fn of_api_key(&self, id: Uuid, stored: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        stored.max(self.api_keys.get(id))
    }

    /// The later of a stored use of an access token and the collected one.
    pub fn of_access_token(&self, id: Uuid, stored: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        stored.max(self.access_tokens.get(id))
    }

    /// The later of a stored use of a directory's token and the collected one.
    pub fn of_scim_token(&self, id: Uuid, stored: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        stored.max(self.scim_tokens.get(id))
    }
}

impl Uses {
    fn map(&self) -> MutexGuard<'_, HashMap<Uuid, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, id: Uuid, at: DateTime<Utc>) {
        let mut uses = self.map();
        let has_room = uses.len() < MAX_COLLECTED;
        match uses.get_mut(&id) {
            Some(last) => *last = at.max(*last),
            None if has_room => drop(uses.insert(id, at)),
            None => {}
        }
    }

    fn get(&self, id: Uuid) -> Option<DateTime<Utc>> {
        self.map().get(&id).copied()
    }

    /// Writes what is collected, in batches. A use stays collected until it is written, unless there is a later one.
    async fn write<F: Future<Output = Result<()>>>(
        &self,
        batch: impl Fn(Vec<Uuid>, Vec<DateTime<Utc>>) -> F,
    ) -> Result<()> {
        let mut uses: Vec<_> = self.map().iter().map(|(id, at)| (*id, *at)).collect();
        // Servers lock the rows in the same order.
        uses.sort_unstable();
        for some in uses.chunks(BATCH) {
            let (ids, times) = some.iter().copied().unzip();
            batch(ids, times).await?;
            let mut uses = self.map();
            some.iter().for_each(|(id, at)| {
                if uses.get(id) == Some(at) {
                    uses.remove(id);
                }
            });
        }
        Ok(())
    }
}

impl Store {
    /// Writes the uses of credentials since the last time. What could not be written is written next time.
    pub async fn write_last_used(&self) -> Result<()> {
        self.last_used.api_keys.write(|ids, times| self.write_api_key_uses(ids, times)).await?;
        self.last_used.access_tokens.write(|ids, times| self.write_access_token_uses(ids, times)).await?;
        self.last_used.scim_tokens.write(|ids, times| self.write_scim_token_uses(ids, times)).await
    }

    async fn write_api_key_uses(&self, ids: Vec<Uuid>, times: Vec<DateTime<Utc>>) -> Result<()> {
        sqlx::query!(
            r#"
            insert into api_key_use as stored (api_key_id, last_used_at)
            select api_key_id, used.last_used_at
            from unnest($1::uuid[], $2::timestamptz[]) as used (api_key_id, last_used_at)
            join api_key using (api_key_id)
            order by api_key_id
            on conflict (api_key_id) do update set last_used_at = excluded.last_used_at
            where stored.last_used_at < excluded.last_used_at
            "#,
            &ids,
            &times,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    async fn write_access_token_uses(&self, ids: Vec<Uuid>, times: Vec<DateTime<Utc>>) -> Result<()> {
        sqlx::query!(
            r#"
            insert into access_token_use as stored (access_token_id, last_used_at)
            select access_token_id, used.last_used_at
            from unnest($1::uuid[], $2::timestamptz[]) as used (access_token_id, last_used_at)
            join access_token using (access_token_id)
            order by access_token_id
            on conflict (access_token_id) do update set last_used_at = excluded.last_used_at
            where stored.last_used_at < excluded.last_used_at
            "#,
            &ids,
            &times,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }
}

impl Store {
    async fn write_scim_token_uses(&self, ids: Vec<Uuid>, times: Vec<DateTime<Utc>>) -> Result<()> {
        sqlx::query!(
            r#"
            update scim_token set last_used_at = used.last_used_at
            from unnest($1::uuid[], $2::timestamptz[]) as used (scim_token_id, last_used_at)
            where scim_token.scim_token_id = used.scim_token_id
                and (scim_token.last_used_at is null or scim_token.last_used_at < used.last_used_at)
            "#,
            &ids,
            &times,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ApiKeyId;
    use chrono::TimeDelta;

    fn id(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    #[test]
    fn the_number_of_collected_uses_is_bounded() {
        let (uses, now) = (LastUsed::default(), DateTime::UNIX_EPOCH);
        for number in 0..MAX_COLLECTED + 10 {
            uses.record(Principal::ApiKey(ApiKeyId(id(number))), now);
        }
        assert_eq!(uses.api_keys.map().len(), MAX_COLLECTED);
        assert_eq!(uses.of_api_key(id(MAX_COLLECTED), None), None, "it is dropped");
        // One that is known goes on.
        uses.record(Principal::ApiKey(ApiKeyId(id(0))), now + TimeDelta::seconds(1));
        assert_eq!(uses.of_api_key(id(0), Some(now)), Some(now + TimeDelta::seconds(1)));
    }

    #[tokio::test]
    async fn a_use_stays_collected_until_it_is_written() {
        let (uses, now) = (Uses::default(), DateTime::UNIX_EPOCH);
        let later = now + TimeDelta::seconds(1);
        uses.record(id(1), now);
        uses.record(id(2), now);
        uses.record(id(2), now - TimeDelta::seconds(1));
        let failed = uses.write(|_, _| async { Err(crate::error::Error::StatementTimeout) }).await;
        assert!(failed.is_err());
        assert_eq!((uses.get(id(1)), uses.get(id(2))), (Some(now), Some(now)));
        // One is used while the statement runs.
        let written = uses.write(|ids, _| async move {
            assert_eq!(ids, [id(1), id(2)]);
            Ok(())
        });
        written.await.expect("it is written");
        assert!(uses.map().is_empty());
        uses.record(id(1), now);
        let written = uses.write(|_, _| {
            uses.record(id(1), later);
            async { Ok(()) }
        });
        written.await.expect("it is written");
        assert_eq!(uses.get(id(1)), Some(later), "the later use is not written yet");
    }
}
