//! The phones of the wire: ten members, always in this order, and pages of them.

use crate::api::openapi::enum_schema;
use crate::domain::number::{PhoneNumber, PhoneNumberPage, Provider, Status};
use chrono::{DateTime, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

/// A phone number of a workspace, from its reservation or import to its end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaPhone)]
pub struct Phone {
    /// The id of the phone.
    id: Uuid,
    /// A free label.
    #[schema(example = "Front desk")]
    nickname: Option<String>,
    /// The number in E.164.
    #[schema(format = "phone", min_length = 1, example = "+34675897654")]
    number: String,
    #[schema(value_type = Provider)]
    telephony_provider: &'static str,
    #[schema(value_type = Status)]
    status: &'static str,
    /// When it was released.
    #[schema(value_type = Option<DateTime<Utc>>)]
    released_at: Option<Time>,
    /// When its scheduled release is due.
    #[schema(value_type = Option<DateTime<Utc>>)]
    scheduled_release_at: Option<Time>,
    /// When it was assigned.
    #[schema(value_type = Option<DateTime<Utc>>)]
    assigned_at: Option<Time>,
    /// The agent that answers calls to this number.
    inbound_agent_id: Option<Uuid>,
    /// The agent that places calls from this number.
    outbound_agent_id: Option<Uuid>,
}

enum_schema!(
    Provider,
    "DigaTelephonyProvider",
    "The provider of a number: `netelip` for purchased ones, `custom` for imported ones.",
);
enum_schema!(
    Status,
    "DigaPhoneStatus",
    "The status of a phone: reserved for a while, assigned, released into quarantine, or finished.",
);

impl From<PhoneNumber> for Phone {
    fn from(number: PhoneNumber) -> Phone {
        Phone {
            id: number.register_id.0,
            nickname: number.nickname,
            number: number.number,
            telephony_provider: number.telephony_provider.into_str(),
            status: number.status.into_str(),
            released_at: number.released_at.map(Time),
            scheduled_release_at: number.scheduled_release_at.map(Time),
            assigned_at: number.assigned_at.map(Time),
            inbound_agent_id: number.inbound_agent_id,
            outbound_agent_id: number.outbound_agent_id,
        }
    }
}

/// A page of phones. The number of the page and that of all pages are known only without a cursor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaPhonePage)]
pub struct Page {
    data: Vec<Phone>,
    /// Whether more phones follow in the direction of travel.
    has_more: bool,
    /// The id of the first phone; null if there is none.
    first_id: Option<Uuid>,
    /// The id of the last phone; null if there is none.
    last_id: Option<Uuid>,
    /// The number of this page; null with a cursor.
    current_page: Option<i64>,
    /// The number of pages; null with a cursor.
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
