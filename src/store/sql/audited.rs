//! Audit rows: part of the statement that makes the change, as events are. [`audited!`] adds the part that all such
//! statements share, and an [`Actor`] is the author: each [`crate::store::Workspace`] holds the one it was opened for, so that
//! no caller has to pass it along.

use crate::domain::event::EventType;
use crate::store::{Principal, client_network, sql::emit_events};
use serde_json::{Value, json};
use std::net::IpAddr;
use uuid::Uuid;

/// Origin of a change: request id and client address. Without both the change comes from this process itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    pub request_id: Option<Uuid>,
    pub address: Option<IpAddr>,
}

impl Origin {
    /// The network that counts as the client.
    pub fn client_network(&self) -> Option<IpAddr> {
        self.address.map(client_network)
    }
}

/// Author of a change: credential and origin.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Actor {
    credential_kind: &'static str,
    credential_id: Option<Uuid>,
    /// Whether the credential is a key: it creates client sessions, and they end with it.
    is_key: bool,
    origin: Origin,
}

impl Actor {
    /// Changes that the sweeper makes.
    pub const SWEEPER: Actor = Actor::of_this_process("sweeper");

    /// Changes that the operator makes on the command line.
    pub const OPERATOR: Actor = Actor::of_this_process("operator");

    const fn of_this_process(credential_kind: &'static str) -> Actor {
        let origin = Origin { request_id: None, address: None };
        Actor { credential_kind, credential_id: None, is_key: false, origin }
    }

    pub fn new(credential: Principal, origin: Origin) -> Actor {
        let (credential_kind, credential_id) = credential.kind_and_id();
        let is_key = match credential {
            Principal::ApiKey(_) | Principal::AccessToken(_) | Principal::ConsoleSession(_) => true,
            Principal::ClientSession(..)
            | Principal::PublishableKey(_)
            | Principal::Password(_)
            | Principal::Operator(_)
            | Principal::ScimToken(_)
            | Principal::InstantKey(_) => false,
        };
        Actor { credential_kind, credential_id, is_key, origin }
    }

    /// Id of the key, if the credential is one.
    pub fn key_id(&self) -> Option<Uuid> {
        self.credential_id.filter(|_| self.is_key)
    }

    /// The network that counts as the client.
    pub fn client_network(&self) -> Option<IpAddr> {
        self.origin.client_network()
    }

    /// Context of a statement: the author of its changes, and what the events of these types need.
    pub fn context(&self, event_types: &[EventType]) -> Value {
        let author = json!({
            "credential_kind": self.credential_kind,
            "credential_id": self.credential_id,
            "request_id": self.origin.request_id,
            "address": self.origin.address,
        });
        emit_events::with_opt_in_types(author, event_types)
    }
}

/// Completes and runs a statement that changes phones, credentials, numbers or slots.
///
/// `audited!(query_scalar, "with … , changes as (select …)", "select …", arguments…)`: the first literal has a CTE
/// `changes` of the columns `action, subject_id, before, after`; documents are rows as JSON, which the SQL function
/// `redacted` strips of secrets and counters, and `changed` of what is the same before and after. **`$1` is the workspace,
/// `$2` is now, and `$3` is the context.** Rows that did not change are not recorded. `audited!(emit_events,
/// query_scalar, …)` is for statements that also cause events: its first literal ends with `new_events`.
///
/// `audited!(each, emit_events, query_as, …)`, or without `emit_events`, is for statements that several requests share:
/// `changes` has the columns `at` and `context` of the request too, and its documents are recorded as they are.
macro_rules! audited {
    (@each $audited:tt, emit_events, query_as, $record:ident, $causes:tt $(+ $more:tt)*, $result:tt
        $($arguments:tt)*
    ) => {
        emit_events!(each, query_as, $record, $causes $(+ $more)*, $audited + $result $($arguments)*)
    };
    (@each $audited:tt, query_as, $record:ident, $causes:tt $(+ $more:tt)*, $result:tt $($arguments:tt)*) => {
        sqlx::query_as!($record, $causes $(+ $more)* + $audited + $result $($arguments)*)
    };
    (each, $($rest:tt)*) => {
        audited!(@each
            r#"
            , audited as (
                insert into audit (workspace_id, at, audit_id, request_id, credential_kind, credential_id, address, action,
                    subject_id, before, after)
                select $1, at, uuid_at(at, concat(action, subject_id, context ->> 'request_id', before, after)),
                    (context ->> 'request_id')::uuid, context ->> 'credential_kind', (context ->> 'credential_id')::uuid,
                    (context ->> 'address')::inet, action, subject_id, before, after
                from changes
            )
            "#,
            $($rest)*)
    };
    (@ $audited:tt, emit_events, query_as, $record:ident, $causes:tt $(+ $more:tt)*, $result:tt
        $($arguments:tt)*
    ) => {
        emit_events!(query_as, $record, $causes $(+ $more)*, $audited + $result $($arguments)*)
    };
    (@ $audited:tt, emit_events, query_scalar, $causes:tt $(+ $more:tt)*, $result:tt $($arguments:tt)*) => {
        emit_events!(query_scalar, $causes $(+ $more)*, $audited + $result $($arguments)*)
    };
    (@ $audited:tt, query_scalar, $causes:tt $(+ $more:tt)*, $result:tt $($arguments:tt)*) => {
        sqlx::query_scalar!($causes $(+ $more)* + $audited + $result $($arguments)*)
    };
    (@ $audited:tt, query_as, $record:ident, $causes:tt, $result:tt $($arguments:tt)*) => {
        sqlx::query_as!($record, $causes + $audited + $result $($arguments)*)
    };
    ($how:ident, $($rest:tt)*) => {
        audited!(@
            r#"
            , audited as (
                insert into audit (workspace_id, at, audit_id, request_id, credential_kind, credential_id, address, action,
                    subject_id, before, after)
                select $1, $2::timestamptz, uuid_at($2::timestamptz, change::text), (context ->> 'request_id')::uuid,
                    context ->> 'credential_kind', (context ->> 'credential_id')::uuid, (context ->> 'address')::inet,
                    action, subject_id, changed(before, after), changed(after, before)
                from (
                    select $3::jsonb as context, action, subject_id, redacted(before) as before, redacted(after) as after
                    from changes
                ) as change
                where before is distinct from after
            )
            "#,
            $how, $($rest)*)
    };
}
