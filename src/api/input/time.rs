//! Rules for points in time: a strict one for stored values, and a lenient one for time filters, which accepts what
//! JavaScript's `Date` reasonably accepts. Text without an offset is in UTC.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::text::Parsed;
use crate::error::Format;

/// A date and time with an offset, as in zod 3's `datetime({ offset: true })`.
pub fn date_time() -> Parsed<DateTime<Utc>> {
    Parsed::new("date-time", |text| strict(text).filter(has_four_digit_year).ok_or(Format::DateTime))
}

/// A point in time, as lenient as JavaScript's `Date`: a date is enough.
pub fn lenient_date() -> Parsed<DateTime<Utc>> {
    Parsed::new("date-time", |text| lenient(text).filter(has_four_digit_year).ok_or(Format::Date(String::new())))
}

/// Whether the year is one of RFC 3339 in UTC, in which times are returned. An offset may move a time beyond it.
fn has_four_digit_year(time: &DateTime<Utc>) -> bool {
    (0..=9999).contains(&time.year())
}

fn strict(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = date(text)?;
    let (time, rest) = time(rest.strip_prefix('T')?)?;
    date.and_time(time).and_utc().checked_sub_signed(offset(rest)?)
}

fn lenient(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    local(text).or_else(|| DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc()))
}

fn local(text: &str) -> Option<DateTime<Utc>> {
    let Some((date, rest)) = date(text) else { return month_or_year(text) };
    if rest.is_empty() {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    let (time, rest) = time(rest.strip_prefix(['T', 't', ' '])?.trim_start())?;
    let offset = match rest.trim_start() {
        "" | "z" => TimeDelta::zero(),
        rest => offset(rest)?,
    };
    date.and_time(time).and_utc().checked_sub_signed(offset)
}

fn month_or_year(text: &str) -> Option<DateTime<Utc>> {
    let (year, rest) = digits(text, 4)?;
    let month = match rest {
        "" => 1,
        rest => digits(rest.strip_prefix('-')?, 2).filter(|(_, rest)| rest.is_empty())?.0,
    };
    Some(NaiveDate::from_ymd_opt(year.cast_signed(), month, 1)?.and_time(NaiveTime::MIN).and_utc())
}

fn date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?, rest))
}

/// Hours and minutes, then optional seconds and a fraction.
fn time(text: &str) -> Option<(NaiveTime, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => return Some((NaiveTime::from_hms_opt(hour, minute, 0)?, rest)),
    };
    let (nanos, rest) = match rest.strip_prefix('.') {
        Some(rest) => nanos(rest)?,
        None => (0, rest),
    };
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?, rest))
}

/// A fraction of any length, truncated to nanoseconds.
fn nanos(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (fraction, rest) = text.split_at(end);
    let fine = &fraction[..end.min(9)];
    let (value, _) = digits(fine, fine.len()).filter(|_| !fine.is_empty())?;
    Some((value * 10_u32.pow(9 - u32::try_from(fine.len()).ok()?), rest))
}

/// `Z`, `+01:30` or `+0130`. Any two digits are valid hours and minutes, as in zod 3.
fn offset(text: &str) -> Option<TimeDelta> {
    if text == "Z" {
        return Some(TimeDelta::zero());
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    rest.is_empty().then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
}

fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    // `parse` alone accepts a sign.
    let plain = head.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| head.parse().ok()).flatten().map(|value| (value, rest))
}
