//! The errors of operations, as the server renders them.

use super::super::error::{ErrorBody, said};
use crate::error::{BodyFault, Denial, Error, Issue, Problem, Reason, ResourceKind};

pub fn anonymous() -> ErrorBody {
    said(&Error::Forbidden(Denial::Anonymous))
}

pub fn no_voice() -> ErrorBody {
    said(&Error::Forbidden(Denial::NoEnterpriseVoice))
}

pub fn no_messaging() -> ErrorBody {
    said(&Error::Forbidden(Denial::NoMessaging))
}

pub fn no_application() -> ErrorBody {
    said(&Error::NotFound(ResourceKind::Application, String::new()))
}

pub fn not_found() -> ErrorBody {
    said(&Error::NotFound(ResourceKind::UserIdentity, String::new()))
}

pub fn no_version() -> ErrorBody {
    ErrorBody::version_not_supported()
}

pub fn unreadable() -> ErrorBody {
    said(&Error::Unreadable(BodyFault::Syntax("EOF while parsing an object at line 1 column 1".to_owned())))
}

pub fn foreign_type() -> ErrorBody {
    said(&Error::Unreadable(BodyFault::ContentType))
}

pub fn invalid() -> ErrorBody {
    said(&Error::Invalid(vec![Issue::field("number", Problem::Length, "At most 80 characters")]))
}

pub fn no_number() -> ErrorBody {
    said(&Error::Invalid(vec![Issue::field("number", Problem::Format, "It is no telephone number")]))
}

pub fn managed() -> ErrorBody {
    said(&Error::Conflict(Reason::ManagedNumber))
}

pub fn filled() -> ErrorBody {
    said(&Error::Conflict(Reason::SlotFilled))
}

pub fn available() -> ErrorBody {
    said(&Error::Conflict(Reason::AlreadyAvailable))
}
