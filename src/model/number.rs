//! A phone number in the registry and the life-cycle of its register: held, assigned, released, finished. Which step
//! may follow which is decided here, without a database; what time does by itself, the sweeper does.

use super::e164::E164;
use super::id::{PhoneNumberId, UserIdentityId};
use super::page::Place;
use crate::error::Reason;
use chrono::{DateTime, Months, TimeDelta, Utc};
use uuid::Uuid;

/// How long a number that was given up rests before anybody may have it again.
pub const QUARANTINE: TimeDelta = TimeDelta::days(30);

/// One life of a number with a workspace.
#[derive(Debug, Clone)]
pub struct PhoneNumber {
    pub register_id: PhoneNumberId,
    /// In E.164.
    pub number: String,
    pub nickname: Option<String>,
    pub telephony_provider: Provider,
    pub status: Status,
    /// While it is reserved: until when.
    pub reserved_until: Option<DateTime<Utc>>,
    pub assigned_at: Option<DateTime<Utc>>,
    pub scheduled_release_at: Option<DateTime<Utc>>,
    pub released_at: Option<DateTime<Utc>>,
    pub inbound_agent_id: Option<Uuid>,
    pub outbound_agent_id: Option<Uuid>,
    /// Whose number it is, if it was given to a person.
    pub user_identity_id: Option<UserIdentityId>,
    pub created_at: DateTime<Utc>,
}

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Bought here, paid by the month.
    Netelip,
    /// The workspace's own, imported.
    Custom,
}

impl Provider {
    pub const ALL: [Provider; 2] = [Provider::Netelip, Provider::Custom];

    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Netelip => "netelip",
            Provider::Custom => "custom",
        }
    }
}

/// How far a register has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Held for a limited time.
    Reserved,
    /// The workspace's, to be used.
    Assigned,
    /// Given up, in quarantine.
    Released,
    /// Over; nothing leads out of here.
    Finished,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Reserved, Status::Assigned, Status::Released, Status::Finished];

    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Reserved => "reserved",
            Status::Assigned => "assigned",
            Status::Released => "released",
            Status::Finished => "finished",
        }
    }
}

/// What comes of the wish to give a number up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// It ends with the month that is paid for.
    At(DateTime<Utc>),
    /// It is ordered already; the first order stands.
    Ordered,
    /// An imported number goes at once.
    Now,
}

impl PhoneNumber {
    /// Its place in the order of lists.
    pub fn place(&self) -> Place {
        Place { created_at: self.created_at, id: self.register_id.0 }
    }

    /// Whether it may be assigned, or given to another person. A reservation whose time is over is finished, even if no
    /// sweeper has come by yet.
    pub fn assign(&self, now: DateTime<Utc>) -> Result<(), Reason> {
        match self.status {
            Status::Reserved if self.reserved_until.is_some_and(|until| until <= now) => {
                Err(Reason::NumberNotAssignable(Status::Finished.as_str()))
            }
            Status::Reserved | Status::Assigned => Ok(()),
            Status::Released | Status::Finished => Err(Reason::NumberNotAssignable(self.status.as_str())),
        }
    }

    /// Whether agents may work with it.
    pub fn check_can_have_agent(&self) -> Result<(), Reason> {
        if self.status == Status::Assigned { Ok(()) } else { Err(Reason::NumberNotAssigned(self.status.as_str())) }
    }

    /// What giving it up means now.
    pub fn release(&self, now: DateTime<Utc>) -> Result<Release, Reason> {
        match (self.status, self.telephony_provider, self.assigned_at) {
            (Status::Assigned, Provider::Custom, _) => Ok(Release::Now),
            (Status::Assigned, Provider::Netelip, _) if self.scheduled_release_at.is_some() => Ok(Release::Ordered),
            (Status::Assigned, Provider::Netelip, Some(assigned_at)) => Ok(Release::At(month_end(assigned_at, now))),
            _ => Err(Reason::NumberNotReleasable(self.status.as_str())),
        }
    }

    /// Whether there is a release to take back: one that is ordered and not due yet.
    pub fn cancel_release(&self, now: DateTime<Utc>) -> Result<(), Reason> {
        let is_ahead = self.scheduled_release_at.is_some_and(|at| at > now);
        if is_ahead { Ok(()) } else { Err(Reason::ReleaseNotScheduled) }
    }
}

/// When the paid month ends that `now` lies in: the first monthly anniversary after it. In a month that lacks the day it
/// is that month's last one; each is counted from the beginning, so that a short month does not shorten the next.
pub fn month_end(assigned_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    (1..).map_while(|months| assigned_at.checked_add_months(Months::new(months))).find(|end| *end > now).unwrap_or(now)
}

/// A number that is about to begin a life here.
#[derive(Debug, Clone)]
pub struct NewPhoneNumber {
    pub register_id: PhoneNumberId,
    pub number: E164,
    pub nickname: Option<String>,
}

/// A change of what a workspace says about a number. Outer None leaves it, inner None clears it.
#[derive(Debug, Clone, Default)]
pub struct PhoneNumberChange {
    pub nickname: Option<Option<String>>,
    pub inbound_agent_id: Option<Option<Uuid>>,
    pub outbound_agent_id: Option<Option<Uuid>>,
}

impl PhoneNumberChange {
    /// Whether it puts an agent to work.
    pub fn assigns_agent(&self) -> bool {
        [self.inbound_agent_id, self.outbound_agent_id].iter().any(|agent| agent.flatten().is_some())
    }
}

/// Which registers a list shows. Everything is optional, conditions add up; times include their bounds.
#[derive(Debug, Clone, Default)]
pub struct PhoneNumberFilter {
    pub inbound_agent_id: Option<Uuid>,
    pub outbound_agent_id: Option<Uuid>,
    pub status: Option<Status>,
    pub assigned_from: Option<DateTime<Utc>>,
    pub assigned_until: Option<DateTime<Utc>>,
}

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Oldest first.
    pub ascending: bool,
    pub limit: i64,
    pub start: Start,
}

/// Where a part of a list begins.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// At a page, counted from 1.
    Page(i64),
    /// Behind an entry.
    After(PhoneNumberId),
    /// So that it ends before an entry.
    Before(PhoneNumberId),
}

/// A part of a list, in the order of the list.
#[derive(Debug, Clone)]
pub struct PhoneNumberPage {
    pub items: Vec<PhoneNumber>,
    /// Whether more follow in the direction in which the list was walked.
    pub has_more: bool,
    /// How many pages there are, if pages were asked for.
    pub pages: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_month_ends_at_its_anniversary_or_on_the_last_day_of_a_short_one() {
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

    fn register(status: Status, telephony_provider: Provider) -> PhoneNumber {
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
    fn a_register_goes_forward_only() {
        let now = at("2026-01-10T00:00:00Z");
        let bought = |status| register(status, Provider::Netelip);
        assert_eq!(bought(Status::Assigned).release(now), Ok(Release::At(at("2026-02-01T00:00:00Z"))));
        assert_eq!(register(Status::Assigned, Provider::Custom).release(now), Ok(Release::Now));
        let ordered = PhoneNumber { scheduled_release_at: Some(now), ..bought(Status::Assigned) };
        assert_eq!(ordered.release(now), Ok(Release::Ordered));
        let before = now - TimeDelta::microseconds(1);
        assert!(ordered.cancel_release(before).is_ok() && ordered.cancel_release(now).is_err());
        assert!(bought(Status::Assigned).cancel_release(now).is_err());
        for status in [Status::Reserved, Status::Released, Status::Finished] {
            assert!(bought(status).release(now).is_err() && bought(status).check_can_have_agent().is_err());
        }
        for status in Status::ALL {
            let goes = matches!(status, Status::Reserved | Status::Assigned);
            assert_eq!(bought(status).assign(now).is_ok(), goes, "{status:?}");
        }
        let over = at("2026-01-11T00:00:00Z");
        assert_eq!(bought(Status::Reserved).assign(over), Err(Reason::NumberNotAssignable("finished")));
    }
}
