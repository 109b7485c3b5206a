//! Wire types: a phone number with its ten keys, always in this order, and a page of them.

use crate::model::number::{PhoneNumber, PhoneNumberPage};
use chrono::{DateTime, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A phone number. Absent values are null; no key is omitted.
#[derive(Debug, Serialize)]
pub struct Phone {
    id: Uuid,
    nickname: Option<String>,
    number: String,
    telephony_provider: &'static str,
    status: &'static str,
    released_at: Option<Time>,
    scheduled_release_at: Option<Time>,
    assigned_at: Option<Time>,
    inbound_agent_id: Option<Uuid>,
    outbound_agent_id: Option<Uuid>,
}

impl From<PhoneNumber> for Phone {
    fn from(register: PhoneNumber) -> Phone {
        Phone {
            id: register.register_id.0,
            nickname: register.nickname,
            number: register.number,
            telephony_provider: register.telephony_provider.as_str(),
            status: register.status.as_str(),
            released_at: register.released_at.map(Time),
            scheduled_release_at: register.scheduled_release_at.map(Time),
            assigned_at: register.assigned_at.map(Time),
            inbound_agent_id: register.inbound_agent_id,
            outbound_agent_id: register.outbound_agent_id,
        }
    }
}

/// A page of the list. `current_page` and `total_pages` are null unless pages were requested by number.
#[derive(Debug, Serialize)]
pub struct Page {
    data: Vec<Phone>,
    has_more: bool,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    current_page: Option<i64>,
    total_pages: Option<i64>,
}

impl Page {
    /// Converts a page; `current_page` is the requested page number, if any.
    pub fn of(list: PhoneNumberPage, current_page: Option<i64>) -> Page {
        let data: Vec<Phone> = list.items.into_iter().map(Phone::from).collect();
        Page {
            has_more: list.has_more,
            first_id: data.first().map(|phone| phone.id),
            last_id: data.last().map(|phone| phone.id),
            current_page,
            total_pages: list.pages,
            data,
        }
    }
}

/// Serializes a time as pydantic does: without a fraction, or with six digits.
#[derive(Debug)]
struct Time(DateTime<Utc>);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_whole = self.0.nanosecond() == 0;
        let form = if is_whole { SecondsFormat::Secs } else { SecondsFormat::Micros };
        serializer.serialize_str(&self.0.to_rfc3339_opts(form, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_serialize_without_a_fraction_or_with_six_digits() {
        for (text, written) in [
            ("2023-11-07T05:31:56Z", "\"2023-11-07T05:31:56Z\""),
            ("2023-11-07T05:31:56.123Z", "\"2023-11-07T05:31:56.123000Z\""),
        ] {
            let time = Time(text.parse().expect("a time"));
            assert_eq!(serde_json::to_string(&time).expect("text"), written);
        }
    }
}
