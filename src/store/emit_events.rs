//! How an event gets into the log: as a part of the statement that causes it, so that it can be neither forgotten nor
//! half done. [`tell!`] writes the part that all such statements share.
//!
//! **Order.** Transactions commit in another order than they begin in. Were `created_at` the time at which a request
//! came, a slow transaction could put an event behind one that a reader has already seen, and the reader would never
//! know. So each workspace has a clock of its own, a row of `event_clock` that every event-writing statement moves on and
//! thereby locks until it commits. Within a workspace, then, times are handed out one commit after the other: the order
//! of `created_at` is the order of commits, no two events share a time, and whoever asks for what came after the last
//! time that they saw misses nothing and sees nothing twice. Workspaces do not wait for each other. Statements take the
//! clock after all other locks and once in a transaction, so that they cannot wait for each other in a circle.

/// Completes and runs a statement that causes events.
///
/// `tell!(query_as, Row, "with … , news as (select …)", "select …", arguments…)`: the first text ends with a part named
/// `news` of the columns `event_id, event_type, is_opt_in, user_identity_id, details`; the last one is the statement's
/// own result, after further parts if there are any. **`$1` is the workspace and `$2` is now.** Between them come the clock's new time, the events in their
/// order, and what each webhook is owed. The webhooks are held till commit: one that is just being deleted is waited for
/// and owed nothing, where a delivery to it would break the statement.
macro_rules! emit_events {
    (query_as, $record:ident, $($rest:tt)*) => { emit_events!(@ query_as [$record,] $($rest)*) };
    (query_scalar, $($rest:tt)*) => { emit_events!(@ query_scalar [] $($rest)*) };
    (@ $query:ident [$($record:tt)*] $causes:tt, $result:tt $(+ $rest:tt)? $(, $argument:expr)* $(,)?) => {
        sqlx::$query!(
            $($record)*
            $causes + r#"
            , tick as (
                insert into event_clock as clock (workspace_id, last_at)
                select $1, $2::timestamptz + (count(*) - 1) * interval '1 microsecond' from new_events having count(*) > 0
                on conflict (workspace_id) do update
                set last_at = greatest(excluded.last_at,
                    clock.last_at + (excluded.last_at - $2::timestamptz) + interval '1 microsecond')
                returning last_at
            ), inserted as (
                insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at,
                    user_identity_id, details)
                select $1, event_id, event_type, is_opt_in,
                    last_at - (count(*) over () - row_number() over ()) * interval '1 microsecond', $2::timestamptz,
                    user_identity_id, details
                from new_events cross join tick
                returning workspace_id, event_id, event_type, is_opt_in
            ), deliveries as (
                insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
                select workspace_id, event_id, webhook_id, $2::timestamptz
                from inserted join webhook using (workspace_id)
                where disabled_at is null and webhook_wants(event_types, event_type, is_opt_in)
                for key share of webhook
            )
            "# + $result $(+ $rest)?
            $(, $argument)*
        )
    };
}
