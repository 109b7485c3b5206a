//! `Retry-After` of overloaded receivers (RFC 9110, section 10.2.3): whole seconds or a date.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

/// The longest pause that is read as given; the schedule allows less.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// The pause that a response asks for, if its status means overload.
pub fn of_response(response: &Response, now: DateTime<Utc>) -> Option<TimeDelta> {
    let is_overloaded = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status());
    let value = response.headers().get(RETRY_AFTER).filter(|_| is_overloaded)?;
    parse(value.to_str().ok()?.trim(), now)
}

/// Parses a value; None if it is neither form, or no time in the future.
fn parse(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let pause = if is_number {
        // A number that is too long to parse is a long time, too.
        text.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(LONGEST)
    } else {
        // The date of HTTP is one of e-mail's.
        DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now
    };
    (pause > TimeDelta::zero()).then(|| pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_anything_else_is_ignored() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T12:00:00Z").expect("a time").to_utc();
        for (text, seconds) in [
            ("120", Some(120)),
            ("999999999", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Thu, 01 Jan 2026 12:10:00 GMT", Some(600)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("Thu, 01 Jan 2026 11:50:00 GMT", None),
            ("0", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse(text, now), seconds.map(TimeDelta::seconds), "{text}");
        }
    }
}
