//! Emission of events: part of the statement that causes them, so that none is forgotten or half done. [`emit_events!`]
//! adds the part that all such statements share.
//!
//! **Order.** Transactions commit in another order than they begin in. If `created_at` were the time of the request, a
//! slow transaction could put an event behind one that a reader has already seen, and the reader would miss it. So each
//! workspace has its own clock, a row of `event_clock` that every event-writing statement advances and thereby locks
//! until it commits. Within a workspace, the order of `created_at` is therefore the order of commits, no two events
//! share a time, and a reader that asks for events after the last time it saw gets each exactly once. Workspaces do not
//! block each other. Statements lock the clock after all other locks and once per transaction, so that they cannot
//! deadlock.

use crate::domain::event::EventType;
use serde_json::{Value, json};

/// Adds to the context of a statement, a JSON object, which of its event types are opt-in. Without any, nothing is added:
/// each byte of a context is sent and parsed with each write.
pub(in crate::store) fn with_opt_in_types(mut context: Value, event_types: &[EventType]) -> Value {
    let opt_in: Vec<&str> = event_types
        .iter()
        .filter(|event_type| event_type.is_opt_in())
        .map(|event_type| event_type.into_str())
        .collect();
    if !opt_in.is_empty() {
        context["opt_in_types"] = json!(opt_in);
    }
    context
}

/// Completes and runs a statement that causes events.
///
/// `emit_events!(query_as, Row, "with … , new_events as (select …)", "select …", arguments…)`: the first literal ends
/// with a CTE `new_events` of the columns `event_id, event_type, user_identity_id, details`; the last one is the
/// statement's own result, after further CTEs if there are any. Types are parameters, made of an
/// [`EventType`](crate::domain::event::EventType). **`$1` is the workspace, `$2` is now, and `$3` is the context.** Between
/// the literals the macro adds the clock's new time, the events in their order, and their deliveries. Webhook rows are
/// share-locked until commit: a webhook deleted concurrently is awaited and gets no delivery, which would violate its
/// foreign key.
///
/// `emit_events!(each, query_as, …)` is for statements that several requests share: `new_events` has the columns `at` and
/// `context` of the request too, and `$2` is the latest of their times.
macro_rules! emit_events {
    (each, query_as, $record:ident, $($rest:tt)*) => {
        emit_events!(@ "coalesce(context -> 'opt_in_types' ? event_type, false)", "at", query_as [$record,] $($rest)*)
    };
    (query_as, $record:ident, $($rest:tt)*) => { emit_events!(@one query_as [$record,] $($rest)*) };
    (query_scalar, $($rest:tt)*) => { emit_events!(@one query_scalar [] $($rest)*) };
    (@one $($rest:tt)*) => {
        emit_events!(@ "coalesce($3::jsonb -> 'opt_in_types' ? event_type, false)", "$2::timestamptz", $($rest)*)
    };
    (@ $is_opt_in:tt, $occurred_at:tt,
        $query:ident [$($record:tt)*] $causes:tt $(+ $more:tt)*, $result:tt $(+ $rest:tt)? $(, $argument:expr)* $(,)?
    ) => {
        sqlx::$query!(
            $($record)*
            $causes $(+ $more)* + r#"
            , tick as (
                insert into event_clock as clock (workspace_id, last_at)
                select $1, $2::timestamptz + (count(*) - 1) * interval '1 microsecond' from new_events having count(*) > 0
                on conflict (workspace_id) do update
                set last_at = clock_after(clock.last_at, excluded.last_at, $2::timestamptz)
                returning last_at
            ), inserted as (
                insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at,
                    user_identity_id, details)
                select $1, event_id, event_type, "# + $is_opt_in + r#",
                    last_at - (count(*) over () - row_number() over ()) * interval '1 microsecond', "# + $occurred_at + r#",
                    user_identity_id, details
                from new_events cross join tick
                returning event_id, event_type, is_opt_in
            ), deliveries as (
                insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
                select $1, event_id, webhook_id, $2::timestamptz
                from inserted cross join webhook
                where webhook.workspace_id = $1 and disabled_at is null
                    and webhook_wants(event_types, event_type, is_opt_in)
                for key share of webhook
            )
            "# + $result $(+ $rest)?
            $(, $argument)*
        )
    };
}
