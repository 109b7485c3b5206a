//! Mapping of database errors: a violated constraint by its name, an unavailable database and a statement timeout by its
//! code; all others are internal errors.

use crate::error::{Error, Reason, ResourceKind};
use crate::store::pool::Crowded;
use crate::store::pool::rows::RowsRefused;
use sqlx::postgres::PgDatabaseError;
use std::fmt::Display;

/// SQLSTATE of a statement that was cancelled, by the statement timeout unless an operator did.
const QUERY_CANCELED: &str = "57014";

/// SQLSTATE of a write that Postgres refuses, as on a standby.
const READ_ONLY: &str = "25006";

/// SQLSTATE of a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

/// SQLSTATE of a lock that is refused instead of awaited, as by Citus while a shard is moved.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Words of Citus for a node that was lost or a shard that was moved during the statement, most of which have the code of an
/// internal error. Also those with the code of a lost connection are of another one than ours.
const OF_CLUSTER: [&str; 11] = [
    // Of a statement in a transaction whose shard was moved after the one before it.
    "cannot execute a distributed query from a query on a shard",
    "connection to the remote node",
    "could not establish any connections to the node",
    "could not find the intermediate result file",
    // Four of libpq, which Citus passes on.
    "could not receive data from server",
    "could not send data to server",
    "failure on connection marked as essential",
    "found no worker with all shard placements",
    "lost connection to the remote node",
    "no connection to the server",
    "server closed the connection unexpectedly",
];

/// Words of Citus in a session whose own Postgres has ended, with the code of an internal error.
const OF_ENDED_POSTGRES: &str = "postmaster was shut down";

/// Fewest digits of the number that Citus appends to the names of a shard's table, constraints and indexes. It counts from
/// 102008.
const SHARD_DIGITS: usize = 6;

/// What Postgres reported of a failed statement.
#[derive(Debug, Clone, Copy)]
struct Reported<'e> {
    code: &'e str,
    message: &'e str,
    constraint: Option<&'e str>,
}

impl<'e> Reported<'e> {
    fn of(fault: &'e PgDatabaseError) -> Reported<'e> {
        Reported { code: fault.code(), message: fault.message(), constraint: fault.constraint() }
    }

    /// Possible names of the violated constraint. Citus passes on no more than the message of another node's error, in the
    /// language of that node, so each word of it may be the name; and it appends the number of the shard.
    fn constraints(self) -> impl Iterator<Item = &'e str> {
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let is_violation = self.constraint.is_none() && self.code.starts_with("23");
        let message = if is_violation { self.message } else { "" };
        let words = message.split(move |character| !is_of_name(character)).filter(|word| !word.is_empty());
        self.constraint.into_iter().chain(words).flat_map(|name| [Some(name), without_shard(name)]).flatten()
    }

    fn is_of_cluster(self) -> bool {
        OF_CLUSTER.iter().any(|words| self.message.contains(words)) || self.is_of_moved_shard()
    }

    fn is_of_ended_postgres(self) -> bool {
        self.message.contains(OF_ENDED_POSTGRES)
    }

    /// True if the table of a shard was moved to another node before the statement came to it.
    fn is_of_moved_shard(self) -> bool {
        let mut words = self.message.split(['"', '.', ' ']);
        self.code == UNDEFINED_TABLE && words.any(|word| without_shard(word).is_some())
    }

    /// The error that it means, unless it is internal.
    fn error(self) -> Option<Error> {
        if let Some(reason) = self.constraints().find_map(of_constraint) {
            return Some(Error::Conflict(reason));
        }
        if self.code == QUERY_CANCELED {
            return Some(Error::StatementTimeout);
        }
        // Classes of the manual's appendix "PostgreSQL Error Codes": connection exceptions, transaction rollbacks (retry),
        // no resources, operator intervention (shutdown, starting up), system errors.
        let is_later = ["08", "40", "53", "57", "58"].iter().any(|class| self.code.starts_with(class))
            || self.code == READ_ONLY
            || self.code == LOCK_NOT_AVAILABLE
            || self.is_of_cluster()
            || self.is_of_ended_postgres();
        is_later.then(|| Error::Unavailable(format!("the database refuses: {}", self.message)))
    }
}

/// The name of a table, a constraint or an index without the number of the shard, if it has one.
fn without_shard(name: &str) -> Option<&str> {
    let (name, number) = name.rsplit_once('_')?;
    let is_shard = number.len() >= SHARD_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_shard && !name.is_empty()).then_some(name)
}

impl From<sqlx::Error> for Error {
    fn from(fault: sqlx::Error) -> Error {
        match &fault {
            sqlx::Error::Configuration(cause) if cause.is::<Crowded>() => Error::Unavailable(cause.to_string()),
            sqlx::Error::Configuration(cause) if let Some(refused) = cause.downcast_ref() => match refused {
                RowsRefused::TooLarge => Error::ListTooLarge,
                RowsRefused::Busy | RowsRefused::TimedOut => Error::Unavailable(refused.to_string()),
                RowsRefused::TooSlow => Error::StatementTimeout,
            },
            fault if is_lost(fault) => Error::Unavailable(format!("the database is away: {fault}")),
            sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
                Some(postgres) => Reported::of(postgres).error().unwrap_or_else(|| Error::Internal(Box::new(fault))),
                None => Error::Internal(Box::new(fault)),
            },
            _ => Error::Internal(Box::new(fault)),
        }
    }
}

/// Maps a violation of the foreign key `constraint` to `NotFound` of what it refers to.
pub(in crate::store) fn missing(
    fault: sqlx::Error,
    constraint: &str,
    kind: ResourceKind,
    id: Option<impl Display>,
) -> Error {
    let reported = reported(&fault);
    let is_missing = reported.is_some_and(|reported| reported.constraints().any(|name| name == constraint));
    match id.filter(|_| is_missing) {
        Some(id) => Error::NotFound(kind, id.to_string()),
        None => fault.into(),
    }
}

/// True if Postgres sent no response, or an invalid one.
fn is_lost(fault: &sqlx::Error) -> bool {
    use sqlx::Error::*;
    matches!(fault, PoolTimedOut | PoolClosed | Io(_) | Tls(_) | Protocol(_) | WorkerCrashed)
}

/// True if a fault puts other connections in doubt: this one was lost, or ended by Postgres (class 57P), or leads to a
/// Postgres that refuses writes (25006).
pub(in crate::store) fn is_of_connection(fault: &sqlx::Error) -> bool {
    let is_of_ours = |reported: Reported<'_>| {
        let code = reported.code;
        let is_of_class = code.starts_with("08") || code.starts_with("57P") || code == READ_ONLY;
        (is_of_class || reported.is_of_ended_postgres()) && !reported.is_of_cluster()
    };
    is_lost(fault) || reported(fault).is_some_and(is_of_ours)
}

fn reported(fault: &sqlx::Error) -> Option<Reported<'_>> {
    let postgres = fault.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    Some(Reported::of(postgres))
}

/// The conflict that a violated constraint means.
fn of_constraint(name: &str) -> Option<Reason> {
    Some(match name {
        "user_identity_key_unique" | "user_identity_normalized_key_unique" => {
            Reason::UserIdentityExists("user_identity_key")
        }
        "user_identity_email_address_unique" | "user_identity_email_address_folded_unique" => {
            Reason::UserIdentityExists("email_address")
        }
        "user_identity_phone_number_unique" | "user_identity_phone_number_folded_unique" => {
            Reason::UserIdentityExists("phone_number")
        }
        "scim_user_name_unique" => Reason::UserIdentityExists("userName"),
        "phone_custom_metadata_small" => Reason::TooMuchMetadata,
        "client_session_grants_few" => Reason::TooManyGrants,
        "client_session_user_identifier_key_unique" | "client_session_normalized_key_unique" => {
            Reason::ClientSessionExists
        }
        "claimed_number_pkey" => Reason::NumberInUse,
        "number_register_of_person_unique" => Reason::UserHasNumber,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported<'e>(code: &'e str, message: &'e str, constraint: Option<&'e str>) -> Reported<'e> {
        Reported { code, message, constraint }
    }

    #[test]
    fn a_violated_constraint_is_known_by_its_name_on_a_shard_and_in_a_message() {
        let (name, on_shard) = ("user_identity_key_unique", "user_identity_key_unique_102168");
        let english = format!("duplicate key value violates unique constraint \"{on_shard}\"");
        let german = format!("doppelter Schlüsselwert verletzt Unique-Constraint »{on_shard}«");
        for fault in [
            reported("23505", "", Some(name)),
            reported("23505", "", Some(on_shard)),
            reported("23505", &english, None),
            reported("23505", &german, None),
        ] {
            let error = fault.error();
            assert!(matches!(error, Some(Error::Conflict(Reason::UserIdentityExists(_)))), "{fault:?} {error:?}");
        }
        let check = "new row for relation \"phone_102040\" violates check constraint \"phone_custom_metadata_small\"";
        assert!(matches!(reported("23514", check, None).error(), Some(Error::Conflict(Reason::TooMuchMetadata))));
        let reference = "insert or update on table \"slot_102240\" violates foreign key constraint \
                         \"slot_user_identity_fkey_102240\"";
        assert!(reported("23503", reference, None).constraints().any(|name| name == "slot_user_identity_fkey"));
        // The field is the name, and other codes have none.
        assert!(reported("23505", &english, Some("another")).error().is_none());
        assert!(reported("42601", &english, None).error().is_none());
    }

    #[test]
    fn a_name_that_ends_in_digits_stays_whole() {
        for (name, without) in [
            ("phone_pkey_102040", Some("phone_pkey")),
            ("phone_pkey_1020408", Some("phone_pkey")),
            ("phone_pkey_2", None),
            ("sha_256", None),
            ("phone_pkey102040", None),
            ("phone_pkey", None),
            ("_102040", None),
        ] {
            assert_eq!(without_shard(name), without, "{name}");
        }
        let names: Vec<_> = reported("23505", "", Some("address_102040")).constraints().collect();
        assert_eq!(names, ["address_102040", "address"], "the whole name is tried first");
    }

    #[test]
    fn what_a_cluster_cannot_do_now_is_unavailable_and_no_fault_of_our_connection() {
        for (code, message) in [
            ("08006", "connection to the remote node postgres@10.0.0.2:5432 failed with the following error: …"),
            ("XX000", "failure on connection marked as essential: 10.0.0.2:5432"),
            ("XX000", "Query could not find the intermediate result file \"12_1\", it was mostly likely deleted"),
            (
                "XX000",
                "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally",
            ),
            ("XX000", "could not receive data from server: Connection reset by peer"),
            ("0A000", "cannot execute a distributed query from a query on a shard"),
            ("42P01", "relation \"public.phone_102040\" does not exist"),
            ("55P03", "could not acquire the lock required to modify public.phone"),
        ] {
            let fault = reported(code, message, None);
            assert!(matches!(fault.error(), Some(Error::Unavailable(_))), "{message}");
            assert!(fault.is_of_cluster() || code == "55P03", "{message}");
        }
        for (code, message) in [
            ("42P01", "relation \"phones\" does not exist"),
            ("XX000", "cache lookup failed for relation 102040"),
            ("0A000", "could not run distributed query with FOR UPDATE/SHARE commands"),
        ] {
            assert!(reported(code, message, None).error().is_none(), "{message}");
        }
        assert!(!reported("08006", "server login failed", None).is_of_cluster());
        let ended = reported("XX000", "postmaster was shut down, exiting", None);
        assert!(matches!(ended.error(), Some(Error::Unavailable(_))) && !ended.is_of_cluster());
    }
}
