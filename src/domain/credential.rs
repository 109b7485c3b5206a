//! ACS credentials of user identities and phones. No access system is connected: Handset stores the holders.

use super::id::{CredentialId, DeviceId, UserIdentityId, WorkspaceId};
use super::page::Paging;
use super::token::Token;
use crate::error::{Error, Issue, Reason, Result};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

/// A credential: a multi-phone parent or a phone's child.
#[derive(Debug, Clone)]
pub struct Credential {
    pub workspace_id: WorkspaceId,
    pub acs_credential_id: CredentialId,
    pub parent_acs_credential_id: Option<CredentialId>,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    /// The phone that holds it, if any.
    pub device_id: Option<DeviceId>,
    pub acs_system_id: Uuid,
    pub access_method: AccessMethod,
    pub is_multi_phone_sync_credential: bool,
    pub allowed_acs_entrance_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    /// The PIN, of a code.
    pub code: Option<Token>,
    /// When its holder got it; None while it waits for a phone.
    pub issued_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Access method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AccessMethod {
    Code,
    Card,
    MobileKey,
    CloudKey,
}

impl AccessMethod {
    /// Whether the holder has it as soon as it is created; a mobile key needs a phone, and a card an encoder.
    pub fn is_issued_at_once(self) -> bool {
        matches!(self, AccessMethod::Code | AccessMethod::CloudKey)
    }
}

/// A credential to create.
#[derive(Debug, Clone)]
pub struct NewCredential {
    pub acs_credential_id: CredentialId,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    pub acs_system_id: Uuid,
    pub access_method: AccessMethod,
    pub is_multi_phone_sync_credential: bool,
    pub allowed_acs_entrance_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub code: Option<Token>,
}

/// A change of a credential. None keeps a value.
#[derive(Debug, Clone, Default)]
pub struct CredentialChange {
    pub ends_at: Option<DateTime<Utc>>,
    pub code: Option<Token>,
}

/// To which user a credential belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    UserIdentity(UserIdentityId),
    AcsUser(Uuid),
}

impl Holder {
    pub fn user_identity_id(self) -> Option<UserIdentityId> {
        match self {
            Holder::UserIdentity(id) => Some(id),
            Holder::AcsUser(_) => None,
        }
    }

    pub fn acs_user_id(self) -> Option<Uuid> {
        match self {
            Holder::UserIdentity(_) => None,
            Holder::AcsUser(id) => Some(id),
        }
    }
}

/// Filter of credentials.
#[derive(Debug, Clone, Default)]
pub struct CredentialFilter {
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    pub acs_system_id: Option<Uuid>,
    pub is_multi_phone_sync_credential: Option<bool>,
    /// Part of the display name, or a prefix of an id.
    pub search: Option<String>,
    pub created_before: Option<DateTime<Utc>>,
    pub paging: Paging,
}

impl Credential {
    /// Name.
    pub fn display_name(&self) -> &'static str {
        match self.access_method {
            AccessMethod::Code => "Code",
            AccessMethod::Card => "Card",
            AccessMethod::MobileKey => "Mobile key",
            AccessMethod::CloudKey => "Cloud key",
        }
    }

    /// Whether the holder has it at once; else it waits for a phone or a card.
    pub fn is_issued_at_once(&self) -> bool {
        self.is_multi_phone_sync_credential || self.access_method.is_issued_at_once()
    }

    /// Whether it is one phone's part of a multi-phone sync credential, which changes with that one only.
    fn is_child(&self) -> bool {
        self.parent_acs_credential_id.is_some()
    }

    pub fn holder(&self) -> Option<Holder> {
        let of_person = self.user_identity_id.map(Holder::UserIdentity);
        of_person.or(self.acs_user_id.map(Holder::AcsUser))
    }

    /// Judges a change.
    pub fn judge_change(&self, change: &CredentialChange, now: DateTime<Utc>) -> Result<()> {
        let mut faults = Vec::new();
        if self.is_child() && (change.ends_at.is_some() || change.code.is_some()) {
            faults.push(Issue::root("The credential of a phone follows its parent_acs_credential_id. Update that one"));
        }
        if change.code.is_some() && self.access_method != AccessMethod::Code {
            faults.push(Issue::root(CODE_OF_ANOTHER_METHOD));
        }
        if change.ends_at.is_some_and(|ends_at| ends_at <= now) {
            faults.push(Issue::root("ends_at must be in the future"));
        }
        if self.starts_at.zip(change.ends_at).is_some_and(|(starts_at, ends_at)| ends_at <= starts_at) {
            faults.push(Issue::root("ends_at must be after starts_at"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }

    /// Judges whether it can be given to a user. False if it belongs to that one already.
    pub fn judge_assignment(&self, holder: Holder) -> Result<bool> {
        self.judge_holder(holder)?;
        match self.holder() {
            None => Ok(true),
            Some(current) if current == holder => Ok(false),
            Some(_) => Err(Error::Conflict(Reason::CredentialAssigned)),
        }
    }

    /// Judges whether it can be taken from a user. False if it belongs to none.
    pub fn judge_removal(&self, holder: Holder) -> Result<bool> {
        self.judge_holder(holder)?;
        match self.holder() {
            None => Ok(false),
            Some(current) if current == holder => Ok(true),
            Some(_) => Err(Error::Conflict(Reason::CredentialNotAssigned)),
        }
    }

    fn judge_holder(&self, holder: Holder) -> Result<()> {
        if self.is_child() {
            let fault = "The credential of a phone follows its parent_acs_credential_id. Assign or unassign that one";
            return Err(Error::Invalid(vec![Issue::root(fault)]));
        }
        if self.is_multi_phone_sync_credential && holder.user_identity_id().is_none() {
            return Err(Error::Invalid(vec![Issue::root(SYNC_WITHOUT_USER_IDENTITY)]));
        }
        Ok(())
    }
}

/// Fault of a code for another access method.
pub const CODE_OF_ANOTHER_METHOD: &str = "Only a credential with the access_method code has a code";

/// Fault of a multi-phone sync credential for an ACS user.
pub const SYNC_WITHOUT_USER_IDENTITY: &str = "A multi-phone sync credential must have a user_identity_id";
