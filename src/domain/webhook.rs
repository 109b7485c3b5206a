//! Webhooks, which receive a workspace's events, and the state of each delivery.

use super::event::Event;
use super::id::{EventId, WebhookId, WorkspaceId};
use super::page::Paging;
use super::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

/// A webhook with its signing secret.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub workspace_id: WorkspaceId,
    pub webhook_id: WebhookId,
    pub url: String,
    /// Names of event types; `*` stands for all of Seam's.
    pub event_types: Vec<String>,
    pub secret: Token,
    /// When it was disabled because it failed for too long, or because the receiver is gone.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// A webhook as an operator sees it, without its secret.
#[derive(Debug, Clone)]
pub struct WebhookOverview {
    pub webhook_id: WebhookId,
    pub url: String,
    pub event_types: Vec<String>,
    /// Changes with the secret, and tells nothing about it.
    pub secret_version: String,
    /// Until when the former secret also signs.
    pub former_secret_until: Option<DateTime<Utc>>,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Number of its deliveries that are pending; at most [`MAX_COUNTED`].
    pub pending: i64,
    /// Number of its deliveries that have failed; at most [`MAX_COUNTED`].
    pub failed: i64,
}

/// Largest number of deliveries that is counted for an overview.
pub const MAX_COUNTED: i64 = 1_000;

/// Time for which a former secret signs.
pub const FORMER_SECRET_SIGNS: TimeDelta = TimeDelta::hours(24);

/// An endpoint whose deliveries all fail for so long is disabled.
pub const FAILING_TOO_LONG: TimeDelta = TimeDelta::days(5);

/// Retry delays after the first failure, the second and so on; after the last one the delivery fails (docs.seam.co,
/// "Webhooks").
const PAUSES: [TimeDelta; 7] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(10),
];

/// Maximum delay that a receiver can ask for: the last of the schedule.
const LONGEST_PAUSE: TimeDelta = PAUSES[PAUSES.len() - 1];

/// Maximum number of webhooks per workspace. Each event of a workspace may become a delivery to each of them.
pub const MAX_WEBHOOKS: i64 = 100;

/// Delay of the next attempt, if there is one. `spread`, of 0 to 255, adds up to a tenth as jitter, so that deliveries
/// that failed together are not retried together. A receiver may ask for a longer delay.
pub fn pause_after(failures: usize, spread: u8, asked: Option<TimeDelta>) -> Option<TimeDelta> {
    let pause = PAUSES.get(failures.checked_sub(1)?)?.num_milliseconds();
    let pause = TimeDelta::milliseconds(pause + pause * i64::from(spread) / 2_550);
    Some(asked.map_or(pause, |asked| pause.max(asked.min(LONGEST_PAUSE))))
}

/// A webhook as the worker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub workspace_id: WorkspaceId,
    pub webhook_id: WebhookId,
    /// The URL's host, with its port unless it is the scheme's own.
    pub host: String,
    /// Whether the last attempt failed.
    pub is_failing: bool,
}

/// A delivery attempt, claimed by one worker for a while.
#[derive(Debug, Clone)]
pub struct Claim {
    pub endpoint: Endpoint,
    pub delivery_id: Uuid,
    /// The attempt's number: its outcome is recorded only while it is the newest.
    pub attempt: i32,
    /// Number of failed attempts so far.
    pub failures: i32,
    pub url: String,
    /// Each one signs.
    pub secrets: Vec<Token>,
    /// Whether it is the demo workspace's.
    pub is_demo: bool,
    pub event: Event,
}

/// Outcome of an attempt.
#[derive(Debug, Clone)]
pub struct Attempted {
    pub at: DateTime<Utc>,
    pub response_status: Option<u16>,
    pub latency_ms: i32,
    /// Reason of the failure; None if it succeeded.
    pub fault: Option<String>,
    /// The beginning of the response's body, if it may be shown.
    pub answer: Option<String>,
}

impl Attempted {
    /// Whether the receiver wants no more messages (410 Gone).
    pub fn is_gone(&self) -> bool {
        self.response_status == Some(410)
    }
}

/// The delivery of one event to one webhook.
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

/// A webhook as what an event is delivered to.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub webhook_id: WebhookId,
    /// The URL's host; the rest of a URL may hold secrets.
    pub host: String,
}

/// The delivery of a known event.
#[derive(Debug, Clone)]
pub struct EventDelivery {
    pub event_id: EventId,
    pub delivery_id: Uuid,
    pub webhook_id: WebhookId,
    pub host: String,
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub response_status: Option<i32>,
    pub latency_ms: Option<i32>,
    pub fault: Option<String>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// Meaningful while it is pending.
    pub next_attempt_at: DateTime<Utc>,
}

/// An attempt of a delivery, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Counted from one, over all redeliveries.
    pub attempt: i32,
    pub at: DateTime<Utc>,
    pub response_status: Option<u16>,
    pub latency_ms: i32,
    pub fault: Option<String>,
    pub answer: Option<String>,
}

/// A delivery with its last attempts, oldest first, and the event that it sends.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    pub delivery: Delivery,
    /// Attempts of former versions of the server are missing.
    pub attempts: Vec<AttemptRecord>,
    pub event: Event,
}

/// Deliveries to restart: those of events between two times.
#[derive(Debug, Clone, Copy)]
pub struct RedeliveryRange {
    /// Inclusive.
    pub from: DateTime<Utc>,
    /// Exclusive.
    pub until: DateTime<Utc>,
    /// Whether delivered ones are sent again, too, and not only failed ones.
    pub includes_delivered: bool,
    /// Only deliveries without an attempt since this time, so that the same request restarts none twice.
    pub unattempted_since: DateTime<Utc>,
}

/// Outcome of a redelivery of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeRedelivered {
    /// Number of restarted deliveries.
    pub count: u64,
    /// Start of the rest of the range, if the limit of one request was reached before its end.
    pub rest_from: Option<DateTime<Utc>>,
}

/// Status of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DeliveryStatus {
    Pending,
    Delivered,
    Failed,
}

/// Filter of deliveries, newest first.
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
    fn retry_delays_grow_end_and_have_at_most_a_tenth_of_jitter() {
        assert_eq!(pause_after(0, 0, None), None);
        assert_eq!(pause_after(1, 0, None), Some(TimeDelta::seconds(5)));
        assert_eq!(pause_after(1, 255, None), Some(TimeDelta::milliseconds(5_500)));
        assert_eq!(pause_after(7, 255, None), Some(TimeDelta::hours(11)));
        assert_eq!(pause_after(8, 0, None), None);
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_delay_within_the_schedule() {
        let asked = |failures, seconds| pause_after(failures, 0, Some(TimeDelta::seconds(seconds)));
        assert_eq!(asked(1, 4), Some(TimeDelta::seconds(5)));
        assert_eq!(asked(1, 120), Some(TimeDelta::seconds(120)));
        assert_eq!(asked(1, i64::from(i32::MAX)), Some(TimeDelta::hours(10)));
        assert_eq!(asked(8, 120), None, "it gets no further attempt");
    }
}
