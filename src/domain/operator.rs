//! Operators: the people who use the console, their roles, and what lets them in.

use super::id::{OperatorId, OperatorSessionId, WorkspaceId};
use super::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr};

/// Maximum length of an e-mail address, in characters (RFC 5321, section 4.5.3.1: local part, at sign, domain).
pub const MAX_EMAIL: usize = 320;

/// Lifetime of a link that signs in.
pub const SIGN_IN_LINK: TimeDelta = TimeDelta::minutes(15);

/// Lifetime of an invitation.
pub const INVITATION: TimeDelta = TimeDelta::days(3);

/// Time without a request after which a session ends.
pub const IDLE: TimeDelta = TimeDelta::hours(12);

/// Maximum lifetime of a session.
pub const SESSION: TimeDelta = TimeDelta::days(7);

/// Maximum lifetime of a session that was opened by single sign-on, after which the provider is asked again.
pub const SSO_SESSION: TimeDelta = TimeDelta::hours(12);

/// What an operator may do. Each role may do what the ones before it may. The names are those that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Does what the day brings: deactivates phones, lets installations in again, assigns numbers.
    Operator,
    /// Issues and revokes what lets others in: keys, tokens, webhooks.
    Admin,
}

impl Role {
    /// The name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        self.into_str()
    }
}

/// An operator, as pages and the log name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub operator_id: OperatorId,
    pub email: String,
}

/// An operator as listed.
#[derive(Debug, Clone)]
pub struct OperatorRecord {
    pub operator_id: OperatorId,
    pub email: String,
    /// The role in all workspaces: the stronger one of that given on the command line and that of single sign-on.
    pub role: Option<Role>,
    /// Roles in single workspaces, in order of the workspaces' names.
    pub roles: Vec<(WorkspaceId, String, Role)>,
    pub has_password: bool,
    pub created_at: DateTime<Utc>,
}

/// What a link lets its holder do, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum LinkPurpose {
    SignIn,
    /// Choose a password, and sign in.
    Invitation,
}

/// How a session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SignInMethod {
    Link,
    Invitation,
    Password,
    Sso,
}

impl SignInMethod {
    /// Maximum lifetime of a session that was opened so.
    pub fn lifetime(self) -> TimeDelta {
        match self {
            SignInMethod::Sso => SSO_SESSION,
            SignInMethod::Link | SignInMethod::Invitation | SignInMethod::Password => SESSION,
        }
    }
}

/// Who a provider of single sign-on says a user is, and the role that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoIdentity {
    /// Issuer and subject, which identify the user for good.
    pub subject: String,
    pub email: String,
    pub is_email_verified: bool,
    /// In all workspaces.
    pub role: Option<Role>,
}

/// A session that was just opened.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    pub operator: Operator,
    pub token: Token,
    pub expires_at: DateTime<Utc>,
}

/// A session as listed, without its token.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    pub operator_session_id: OperatorSessionId,
    pub method: SignInMethod,
    pub address: Option<String>,
    pub created_at: DateTime<Utc>,
    pub used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Whether a text looks like an e-mail address; whether it is one, only mail can tell.
pub fn is_email(text: &str) -> bool {
    let is_short = text.chars().count() <= MAX_EMAIL;
    let is_plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    is_short && is_plain && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_by_strength() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        assert_eq!(None.max(Some(Role::Viewer)), Some(Role::Viewer));
    }

    #[test]
    fn email_addresses_have_a_name_and_a_host_and_no_spaces() {
        assert!(is_email("jane@example.com") && is_email("admin@localhost"));
        for text in ["", "jane", "@example.com", "jane@", "ja ne@example.com", "jane@example.com\n"] {
            assert!(!is_email(text), "{text:?}");
        }
        assert!(!is_email(&format!("{}@example.com", "x".repeat(310))));
    }
}
