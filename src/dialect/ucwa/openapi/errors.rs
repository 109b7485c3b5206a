//! The errors of operations, as the server renders them.

use super::super::error::{Said, said};
use crate::error::{BodyFault, Denial, Error, Issue, Noun, Problem, Reason};

pub fn anonymous() -> Said {
    said(&Error::Forbidden(Denial::Anonymous))
}

pub fn no_voice() -> Said {
    said(&Error::Forbidden(Denial::NoEnterpriseVoice))
}

pub fn no_messaging() -> Said {
    said(&Error::Forbidden(Denial::NoMessaging))
}

pub fn no_application() -> Said {
    said(&Error::NotFound(Noun::Application, String::new()))
}

pub fn not_found() -> Said {
    said(&Error::NotFound(Noun::UserIdentity, String::new()))
}

pub fn no_version() -> Said {
    Said::version_not_supported()
}

pub fn unreadable() -> Said {
    said(&Error::Unreadable(BodyFault::Syntax("EOF while parsing an object at line 1 column 1".to_owned())))
}

pub fn foreign_type() -> Said {
    said(&Error::Unreadable(BodyFault::ContentType))
}

pub fn invalid() -> Said {
    said(&Error::Invalid(vec![Issue::field("number", Problem::Length, "At most 80 characters")]))
}

pub fn no_number() -> Said {
    said(&Error::Invalid(vec![Issue::field("number", Problem::Format, "It is no telephone number")]))
}

pub fn managed() -> Said {
    said(&Error::Conflict(Reason::ManagedNumber))
}

pub fn filled() -> Said {
    said(&Error::Conflict(Reason::SlotFilled))
}

pub fn available() -> Said {
    said(&Error::Conflict(Reason::AlreadyAvailable))
}
