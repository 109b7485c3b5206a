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
                Some(postgres) => of_postgres(postgres).unwrap_or_else(|| Error::Internal(Box::new(fault))),
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
    let is_missing = fault.as_database_error().and_then(|database| database.constraint()) == Some(constraint);
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
    let code = fault.as_database_error().and_then(|database| database.code());
    is_lost(fault) || code.is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == READ_ONLY)
}

/// The error for one that Postgres reported, unless it is internal.
fn of_postgres(fault: &PgDatabaseError) -> Option<Error> {
    if let Some(reason) = fault.constraint().and_then(of_constraint) {
        return Some(Error::Conflict(reason));
    }
    if fault.code() == QUERY_CANCELED {
        return Some(Error::StatementTimeout);
    }
    // Classes of the manual's appendix "PostgreSQL Error Codes": connection exceptions, transaction rollbacks (retry),
    // no resources, operator intervention (shutdown, starting up), system errors.
    let away =
        ["08", "40", "53", "57", "58"].iter().any(|class| fault.code().starts_with(class)) || fault.code() == READ_ONLY;
    away.then(|| Error::Unavailable(format!("the database refuses: {}", fault.message())))
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
