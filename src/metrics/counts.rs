//! What is counted in the database, over all workspaces.

use chrono::{DateTime, TimeDelta, Utc};

/// Counts of the registry.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    pub workspaces: PerEnvironment,
    pub user_identities: PerEnvironment,
    pub active_phones: PerEnvironment,
    pub deactivated_phones: PerEnvironment,
    /// Deactivated phones whose installations may not register again.
    pub barred_installations: i64,
    pub numbers: NumberCounts,
    pub webhooks: WebhookCounts,
    /// Time of the oldest entry of the audit trail, if it has any.
    pub oldest_audit_entry: Option<DateTime<Utc>>,
    /// Age from which on the sweeper deletes entries of the audit trail.
    pub audit_retention: TimeDelta,
}

/// A count in sandbox workspaces, and one in the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerEnvironment {
    pub sandbox: i64,
    pub production: i64,
}

/// Phone numbers by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberCounts {
    pub reserved: i64,
    pub assigned: i64,
    pub released: i64,
    pub finished: i64,
}

/// Webhooks by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// The last attempt succeeded, or there was none.
    pub enabled: i64,
    /// Enabled, and each attempt has failed for a time.
    pub failing: i64,
    pub disabled: i64,
}
