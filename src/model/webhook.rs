//! A webhook, where a workspace wants to hear of its events, and what each event's delivery to it has come to.

use super::event::Event;
use super::id::{EventId, WebhookId, WorkspaceId};
use super::page::Paging;
use super::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A webhook with its signing secret.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub workspace_id: WorkspaceId,
    pub webhook_id: WebhookId,
    pub url: String,
    /// Names of event types; the star stands for all that clients know of old.
    pub event_types: Vec<String>,
    pub secret: Token,
    /// Since when it hears of nothing, because it failed for too long.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// How long a secret goes on signing after its rotation.
pub const FORMER_SECRET_SIGNS: TimeDelta = TimeDelta::hours(24);

/// An endpoint that has failed everything for so long is disabled.
pub const FAILING_TOO_LONG: TimeDelta = TimeDelta::days(5);

/// The pauses after the first failure, the second and so on; after the last one the delivery has failed for good
/// (docs.seam.co, "Webhooks").
const PAUSES: [TimeDelta; 7] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(10),
];

/// How long to wait after so many failures, if there is another attempt. `spread`, of 0 to 255, adds up to a tenth, so
/// that what failed together does not come back together.
pub fn pause_after(failures: usize, spread: u8) -> Option<TimeDelta> {
    let pause = PAUSES.get(failures.checked_sub(1)?)?.num_milliseconds();
    Some(TimeDelta::milliseconds(pause + pause * i64::from(spread) / 2_550))
}

/// An attempt at a delivery, claimed by one worker for a while.
#[derive(Debug, Clone)]
pub struct Claim {
    pub webhook_id: WebhookId,
    pub delivery_id: Uuid,
    /// The attempt's number: what came of it is recorded only while it is the newest.
    pub attempt: i32,
    /// How many attempts have come to nothing so far.
    pub failures: i32,
    pub url: String,
    /// All that sign.
    pub secrets: Vec<Token>,
    pub is_sandbox: bool,
    pub event: Event,
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub struct Attempted {
    pub at: DateTime<Utc>,
    pub response_status: Option<u16>,
    pub latency_ms: i32,
    /// Why there was no good answer; None if there was.
    pub fault: Option<String>,
}

/// One event owed to one webhook, as the log shows it.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub delivery_id: Uuid,
    pub webhook_id: WebhookId,
    pub event_id: EventId,
    pub event_type: String,
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub response_status: Option<i32>,
    pub latency_ms: Option<i32>,
    pub fault: Option<String>,
    /// When the event happened.
    pub created_at: DateTime<Utc>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// Meaningful while it is pending.
    pub next_attempt_at: DateTime<Utc>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    Pending,
    Delivered,
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [DeliveryStatus; 3] = [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "failed",
        }
    }
}

/// Which deliveries a list shows, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub webhook_id: Option<WebhookId>,
    pub delivery_id: Option<Uuid>,
    pub status: Option<DeliveryStatus>,
    pub paging: Paging,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_end_and_spread_by_a_tenth_at_most() {
        assert_eq!(pause_after(0, 0), None);
        assert_eq!(pause_after(1, 0), Some(TimeDelta::seconds(5)));
        assert_eq!(pause_after(1, 255), Some(TimeDelta::milliseconds(5_500)));
        assert_eq!(pause_after(7, 255), Some(TimeDelta::hours(11)));
        assert_eq!(pause_after(8, 0), None);
    }
}
