//! Instant keys: links by which phones of a person get client sessions, a limited number of times.

use super::id::{ClientSessionId, InstantKeyId, UserIdentityId, WorkspaceId};
use super::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use strum::{IntoStaticStr, VariantArray};

/// The path below which the links are. Seam's are at `https://ik.seam.co/<code>`.
pub const PATH: &str = "/ik";

/// Maximum number of uses.
pub const MAX_USES: u32 = 100;

/// Default lifetime. That of Seam is not public.
pub const LIFETIME: TimeDelta = TimeDelta::days(30);

/// Maximum lifetime.
pub const MAX_LIFETIME: TimeDelta = TimeDelta::days(365);

/// How long an expired instant key is kept.
pub const KEPT_EXPIRED: TimeDelta = TimeDelta::days(30);

/// Number of instant keys that are used up or have expired which a workspace keeps, the last ones.
pub const MAX_FINISHED: i64 = 1_000;

/// Maximum number of usable instant keys of a user identity.
pub const MAX_OF_USER_IDENTITY: i64 = 100;

/// An instant key with its short code, which the protocol shows on every read.
#[derive(Debug, Clone)]
pub struct InstantKey {
    pub workspace_id: WorkspaceId,
    pub instant_key_id: InstantKeyId,
    pub code: Token,
    /// The client session of the first use.
    pub client_session_id: ClientSessionId,
    pub user_identity_id: UserIdentityId,
    pub uses: InstantKeyUses,
    pub created_at: DateTime<Utc>,
}

/// How often and until when an instant key can be used.
#[derive(Debug, Clone, Copy)]
pub struct InstantKeyUses {
    pub max_use_count: i64,
    pub use_count: i64,
    /// When it was last used.
    pub used_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
}

/// An instant key to create, with the client session of its first use.
#[derive(Debug, Clone)]
pub struct NewInstantKey {
    pub instant_key_id: InstantKeyId,
    pub code: Token,
    pub client_session_id: ClientSessionId,
    pub token: Token,
    pub user_identity_id: UserIdentityId,
    pub max_use_count: i64,
    pub expires_at: DateTime<Utc>,
}

/// An instant key without its code.
#[derive(Debug, Clone)]
pub struct InstantKeySummary {
    pub instant_key_id: InstantKeyId,
    pub uses: InstantKeyUses,
    pub created_at: DateTime<Utc>,
}

/// What its link tells of an instant key.
#[derive(Debug, Clone)]
pub struct InstantKeyPreview {
    pub workspace_name: String,
    /// Name of the person, or else the e-mail address, the phone number or the key.
    pub display_name: String,
    pub email_address: Option<String>,
    pub uses: InstantKeyUses,
    pub created_at: DateTime<Utc>,
}

/// Whether an instant key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum InstantKeyStatus {
    Ready,
    Expired,
    /// Used as often as it may be.
    Used,
}

impl InstantKeyUses {
    pub fn status(&self, now: DateTime<Utc>) -> InstantKeyStatus {
        if self.use_count >= self.max_use_count {
            InstantKeyStatus::Used
        } else if self.expires_at <= now {
            InstantKeyStatus::Expired
        } else {
            InstantKeyStatus::Ready
        }
    }

    /// Number of uses that are left.
    pub fn left(&self) -> i64 {
        self.max_use_count - self.use_count
    }
}
