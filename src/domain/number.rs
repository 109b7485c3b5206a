//! Managed phone numbers and their lifecycle: reserved, assigned, released, finished. The transitions are defined here,
//! without a database; the sweeper makes those that become due.

use super::e164::E164;
use super::id::{PhoneNumberId, UserIdentityId};
use super::page::Position;
use crate::error::Reason;
use chrono::{DateTime, Months, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

/// Quarantine of a released number before it is free again.
pub const QUARANTINE: TimeDelta = TimeDelta::days(30);

/// One lifecycle of a number in a workspace.
#[derive(Debug, Clone)]
pub struct PhoneNumber {
    pub register_id: PhoneNumberId,
    /// In E.164.
    pub number: String,
    pub nickname: Option<String>,
    pub telephony_provider: Provider,
    pub status: Status,
    /// End of the reservation.
    pub reserved_until: Option<DateTime<Utc>>,
    pub assigned_at: Option<DateTime<Utc>>,
    pub scheduled_release_at: Option<DateTime<Utc>>,
    pub released_at: Option<DateTime<Utc>>,
    pub inbound_agent_id: Option<Uuid>,
    pub outbound_agent_id: Option<Uuid>,
    /// The user identity that holds it, if any.
    pub user_identity_id: Option<UserIdentityId>,
    pub created_at: DateTime<Utc>,
}

/// Origin of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Provider {
    /// Bought here, paid by the month.
    Netelip,
    /// Imported by the workspace.
    Custom,
}

/// Status in the lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Status {
    /// Held for a limited time.
    Reserved,
    /// Used by the workspace.
    Assigned,
    /// In quarantine.
    Released,
    /// Over; a final status.
    Finished,
}

/// Result of a release request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// At the end of the paid month.
    At(DateTime<Utc>),
    /// Scheduled already, and unchanged.
    Ordered,
    /// At once: the number is imported.
    Now,
}

impl PhoneNumber {
    /// Position in lists.
    pub fn place(&self) -> Position {
        Position { created_at: self.created_at, id: self.register_id.0 }
    }

    /// Checks that it may be assigned, or given to another user identity. An expired reservation counts as finished,
    /// even before the sweeper runs.
    pub fn assign(&self, now: DateTime<Utc>) -> Result<(), Reason> {
        match self.status {
            Status::Reserved if self.reserved_until.is_some_and(|until| until <= now) => {
                Err(Reason::NumberNotAssignable(Status::Finished.into_str()))
            }
            Status::Reserved | Status::Assigned => Ok(()),
            Status::Released | Status::Finished => Err(Reason::NumberNotAssignable(self.status.into_str())),
        }
    }

    /// Checks that it may have agents.
    pub fn check_can_have_agent(&self) -> Result<(), Reason> {
        if self.status == Status::Assigned { Ok(()) } else { Err(Reason::NumberNotAssigned(self.status.into_str())) }
    }

    /// Decides when a release takes effect.
    pub fn release(&self, now: DateTime<Utc>) -> Result<Release, Reason> {
        match (self.status, self.telephony_provider, self.assigned_at) {
            (Status::Assigned, Provider::Custom, _) => Ok(Release::Now),
            (Status::Assigned, Provider::Netelip, _) if self.scheduled_release_at.is_some() => Ok(Release::Ordered),
            (Status::Assigned, Provider::Netelip, Some(assigned_at)) => Ok(Release::At(month_end(assigned_at, now))),
            _ => Err(Reason::NumberNotReleasable(self.status.into_str())),
        }
    }

    /// Checks for a release to cancel: one that is scheduled and not due yet.
    pub fn cancel_release(&self, now: DateTime<Utc>) -> Result<(), Reason> {
        let is_ahead = self.scheduled_release_at.is_some_and(|at| at > now);
        if is_ahead { Ok(()) } else { Err(Reason::ReleaseNotScheduled) }
    }
}

/// End of the paid month that contains `now`: the first monthly anniversary after it. In a month without that day it is
/// the last day; each is counted from the start, so that a short month does not shorten the next.
pub fn month_end(assigned_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    (1..).map_while(|months| assigned_at.checked_add_months(Months::new(months))).find(|end| *end > now).unwrap_or(now)
}

/// A number to add.
#[derive(Debug, Clone)]
pub struct NewPhoneNumber {
    pub register_id: PhoneNumberId,
    pub number: E164,
    pub nickname: Option<String>,
}

/// A change of a number's settings. Outer None keeps a value, inner None clears it.
#[derive(Debug, Clone, Default)]
pub struct PhoneNumberChange {
    pub nickname: Option<Option<String>>,
    pub inbound_agent_id: Option<Option<Uuid>>,
    pub outbound_agent_id: Option<Option<Uuid>>,
}

impl PhoneNumberChange {
    /// Whether it sets an agent.
    pub fn assigns_agent(&self) -> bool {
        [self.inbound_agent_id, self.outbound_agent_id].iter().any(|agent| agent.flatten().is_some())
    }
}

/// Filter of numbers. Conditions are optional and combine with AND; times are inclusive.
#[derive(Debug, Clone, Default)]
pub struct PhoneNumberFilter {
    pub inbound_agent_id: Option<Uuid>,
    pub outbound_agent_id: Option<Uuid>,
    pub status: Option<Status>,
    pub assigned_from: Option<DateTime<Utc>>,
    pub assigned_until: Option<DateTime<Utc>>,
}

/// The requested part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Oldest first.
    pub ascending: bool,
    pub limit: i64,
    pub start: Start,
}

/// Start of a part of a list.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// A page, counted from 1.
    Page(i64),
    /// After an entry.
    After(PhoneNumberId),
    /// The part ends before an entry.
    Before(PhoneNumberId),
}

/// A part of a list, in the order of the list.
#[derive(Debug, Clone)]
pub struct PhoneNumberPage {
    pub items: Vec<PhoneNumber>,
    /// Whether more follow in the direction of the query.
    pub has_more: bool,
    /// Number of pages, if a page was requested.
    pub pages: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_paid_month_ends_at_its_anniversary_or_on_the_last_day_of_a_short_month() {
        let assigned = at("2026-01-31T10:00:00Z");
        for (now, end) in [
            ("2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T09:59:59Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
            ("2026-04-01T00:00:00Z", "2026-04-30T10:00:00Z"),
            ("2028-02-10T00:00:00Z", "2028-02-29T10:00:00Z"),
        ] {
            assert_eq!(month_end(assigned, at(now)), at(end), "{now}");
        }
    }

    fn number(status: Status, telephony_provider: Provider) -> PhoneNumber {
        let then = at("2026-01-01T00:00:00Z");
        PhoneNumber {
            register_id: PhoneNumberId(Uuid::nil()),
            number: "+34675897654".to_owned(),
            nickname: None,
            telephony_provider,
            status,
            reserved_until: (status == Status::Reserved).then_some(at("2026-01-11T00:00:00Z")),
            assigned_at: (status != Status::Reserved).then_some(then),
            scheduled_release_at: None,
            released_at: None,
            inbound_agent_id: None,
            outbound_agent_id: None,
            user_identity_id: None,
            created_at: then,
        }
    }

    #[test]
    fn phone_number_status_moves_forward_only() {
        let now = at("2026-01-10T00:00:00Z");
        let bought = |status| number(status, Provider::Netelip);
        assert_eq!(bought(Status::Assigned).release(now), Ok(Release::At(at("2026-02-01T00:00:00Z"))));
        assert_eq!(number(Status::Assigned, Provider::Custom).release(now), Ok(Release::Now));
        let ordered = PhoneNumber { scheduled_release_at: Some(now), ..bought(Status::Assigned) };
        assert_eq!(ordered.release(now), Ok(Release::Ordered));
        let before = now - TimeDelta::microseconds(1);
        assert!(ordered.cancel_release(before).is_ok() && ordered.cancel_release(now).is_err());
        assert!(bought(Status::Assigned).cancel_release(now).is_err());
        for status in [Status::Reserved, Status::Released, Status::Finished] {
            assert!(bought(status).release(now).is_err() && bought(status).check_can_have_agent().is_err());
        }
        for &status in Status::VARIANTS {
            let goes = matches!(status, Status::Reserved | Status::Assigned);
            assert_eq!(bought(status).assign(now).is_ok(), goes, "{status:?}");
        }
        let over = at("2026-01-11T00:00:00Z");
        assert_eq!(bought(Status::Reserved).assign(over), Err(Reason::NumberNotAssignable("finished")));
    }
}
