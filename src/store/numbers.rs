//! Phone numbers: read and listed. Their changes are in the modules below.

pub(super) mod claims;
mod create;
mod lifecycle;
mod search;
mod sweep;

pub(in crate::store) use create::NewNumber;
pub(in crate::store) use lifecycle::NumberChange;

use crate::domain::id::{PhoneNumberId, UserIdentityId};
use crate::domain::number::*;
use crate::domain::page::Position;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::{Lookup, Prefetched, each};
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use uuid::Uuid;

/// Selects numbers; the literal is the rest of the statement.
macro_rules! select_numbers {
    ($rest:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            PhoneNumber,
            r#"
            select register_id as "register_id: PhoneNumberId", number, nickname,
                telephony_provider as "telephony_provider: Provider", status as "status: Status", reserved_until, assigned_at,
                scheduled_release_at, released_at, inbound_agent_id, outbound_agent_id,
                user_identity_id as "user_identity_id: UserIdentityId", created_at
            from number_register
            "# + $rest $(+ $more)*
            $(, $argument)*
        )
    };
}
use select_numbers;

/// Counts numbers; the literal is the rest of the statement.
macro_rules! count_numbers {
    ($rest:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_scalar!(r#"select count(*) as "count!" from number_register "# + $rest $(+ $more)* $(, $argument)*)
    };
}

/// Completes one of the above with the conditions of a filter, `$2` to `$6`, and the literal after them.
macro_rules! matching {
    ($numbers:ident, $workspace:expr, $filter:expr, $rest:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        $numbers!(
            "where workspace_id = $1
                and ($2::uuid is null or inbound_agent_id = $2)
                and ($3::uuid is null or outbound_agent_id = $3)
                and ($4::text is null or status = $4)
                and ($5::timestamptz is null or assigned_at >= $5)
                and ($6::timestamptz is null or assigned_at <= $6)
            " + $rest $(+ $more)*,
            $workspace.workspace_id(),
            $filter.inbound_agent_id,
            $filter.outbound_agent_id,
            $filter.status.map(|status| status.into_str()),
            $filter.assigned_from,
            $filter.assigned_until
            $(, $argument)*
        )
    };
}

/// Reads numbers from or to a place; the literal is the condition and the order.
macro_rules! page_of_numbers {
    (($workspace:expr, $filter:expr, $page:expr), $rest:tt) => {{
        let (place, limit, offset) = $page;
        let (created_at, id) = place.map(|place| (place.created_at, place.id)).unzip();
        let numbers = matching!(
            select_numbers,
            $workspace,
            $filter,
            $rest + " limit $9 offset $10",
            created_at,
            id,
            limit,
            offset
        );
        numbers.fetch_all(&$workspace.store.pool).await?
    }};
}

impl Lookup for PhoneNumber {
    type Key = PhoneNumberId;

    async fn all(ids: Vec<PhoneNumberId>, workspace: &Workspace) -> Result<Vec<Option<PhoneNumber>>> {
        let keys: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows =
            select_numbers!("where workspace_id = $1 and register_id = any ($2)", workspace.workspace_id(), &keys);
        let numbers = workspace.store.read_short(rows).await?;
        Ok(each(&ids, &numbers, |number| number.register_id))
    }
}

impl Workspace {
    /// The number with this id.
    pub async fn number(&self, id: PhoneNumberId) -> Result<PhoneNumber> {
        self.number_with(Prefetched::Nothing, id).await
    }

    /// As [`Workspace::number`], from what was prefetched for this id.
    pub async fn number_with(&self, prefetched: Prefetched, id: PhoneNumberId) -> Result<PhoneNumber> {
        let number = match prefetched {
            Prefetched::Number(number) => number,
            _ => self.look_up(id).await?,
        };
        found(number, ResourceKind::Number, id)
    }

    /// Locks numbers until the transaction ends, and returns those that are locked. `waits`: for all of them, and an unknown
    /// one is `NotFound`.
    async fn lock_numbers(
        &self,
        connection: &mut UnitConnection<'_>,
        ids: &[PhoneNumberId],
        waits: bool,
    ) -> Result<Vec<PhoneNumber>> {
        let keys: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        if !waits {
            let unlocked = select_numbers!(
                "where workspace_id = $1 and register_id = any ($2) for no key update skip locked",
                self.workspace_id(),
                &keys,
            );
            return Ok(unlocked.fetch_all(connection).await?);
        }
        let numbers = select_numbers!(
            "where workspace_id = $1 and register_id = any ($2) order by register_id for no key update",
            self.workspace_id(),
            &keys,
        );
        let numbers = numbers.fetch_all(connection).await?;
        match ids.iter().find(|id| !numbers.iter().any(|number| number.register_id == **id)) {
            Some(id) => Err(Error::NotFound(ResourceKind::Number, id.to_string())),
            None => Ok(numbers),
        }
    }

    /// A page of numbers, in order of creation. A cursor that names no number of this workspace is a conflict.
    pub async fn numbers(&self, filter: &PhoneNumberFilter, window: Window) -> Result<PhoneNumberPage> {
        let (is_ascending, cursor) = match window.start {
            Start::Page(_) => (window.ascending, None),
            Start::After(id) => (window.ascending, Some(id)),
            Start::Before(id) => (!window.ascending, Some(id)),
        };
        let place = match cursor {
            Some(id) => Some(self.place_of(id).await?),
            None => None,
        };
        let pool = &self.store.pool;
        let (offset, pages) = match window.start {
            Start::Page(page) => {
                let count = matching!(count_numbers, self, filter, "").fetch_one(pool).await?;
                ((page - 1).saturating_mul(window.limit), Some((count + window.limit - 1) / window.limit))
            }
            Start::After(_) | Start::Before(_) => (0, None),
        };
        let page = (place, window.limit + 1, offset);
        let mut items = match is_ascending {
            true => {
                page_of_numbers!(
                    (self, filter, page),
                    "and ($7::timestamptz is null or (created_at, register_id) > ($7, $8))
                    order by created_at, register_id"
                )
            }
            false => {
                page_of_numbers!(
                    (self, filter, page),
                    "and ($7::timestamptz is null or (created_at, register_id) < ($7, $8))
                    order by created_at desc, register_id desc"
                )
            }
        };
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        if is_ascending != window.ascending {
            items.reverse();
        }
        Ok(PhoneNumberPage { items, has_more, pages })
    }

    async fn place_of(&self, id: PhoneNumberId) -> Result<Position> {
        match self.number(id).await {
            Ok(number) => Ok(number.place()),
            Err(Error::NotFound(..)) => Err(Error::Conflict(Reason::UnknownCursor)),
            Err(error) => Err(error),
        }
    }
}
