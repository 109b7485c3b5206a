//! What a fault of the database means: a broken constraint is told by its name, a database that is away by its code,
//! and whatever is left is a fault of ours.

use crate::error::{Error, Reason};
use sqlx::postgres::PgDatabaseError;

impl From<sqlx::Error> for Error {
    fn from(fault: sqlx::Error) -> Error {
        match &fault {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Error::Unavailable(format!("the database is away: {fault}")),
            sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
                Some(postgres) => of_postgres(postgres).unwrap_or_else(|| Error::Internal(Box::new(fault))),
                None => Error::Internal(Box::new(fault)),
            },
            _ => Error::Internal(Box::new(fault)),
        }
    }
}

/// The meaning of an error that Postgres itself reported, if it is not a fault of ours.
fn of_postgres(fault: &PgDatabaseError) -> Option<Error> {
    if let Some(reason) = fault.constraint().and_then(of_constraint) {
        return Some(Error::Conflict(reason));
    }
    // Classes of the manual's appendix "PostgreSQL Error Codes": connection exceptions, transaction rollbacks (retry),
    // no resources, operator intervention (shutdown, starting up), system errors.
    let away = ["08", "40", "53", "57", "58"].iter().any(|class| fault.code().starts_with(class));
    away.then(|| Error::Unavailable(format!("the database refuses: {}", fault.message())))
}

/// What it means for a request that this constraint was broken.
fn of_constraint(name: &str) -> Option<Reason> {
    Some(match name {
        "user_identity_key_unique" => Reason::UserIdentityExists("user_identity_key"),
        "user_identity_email_address_unique" => Reason::UserIdentityExists("email_address"),
        "user_identity_phone_number_unique" => Reason::UserIdentityExists("phone_number"),
        "phone_custom_metadata_small" => Reason::TooMuchMetadata,
        "client_session_user_identifier_key_unique" => Reason::ClientSessionExists,
        "claimed_number_pkey" => Reason::NumberInUse,
        "number_register_of_person_unique" => Reason::UserHasNumber,
        _ => return None,
    })
}
