//! Parses a rate: a count per period, as `120/60s`.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// Maximum count.
const MOST: u32 = 1_000_000;

/// Maximum period.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A burst of `count` requests; each is available again after its share of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub period: Duration,
}

impl Rate {
    /// A tenth of the count, at least one.
    pub fn tenth(self) -> Rate {
        Rate { count: NonZeroU32::new(self.count.get() / 10).unwrap_or(NonZeroU32::MIN), ..self }
    }

    /// The time after which one more request is allowed.
    pub fn interval(self) -> Duration {
        self.period / self.count.get()
    }
}

/// Error of an invalid rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a count from 1 to 1000000, a slash and a time of at most a day, as 120/60s, 1000/15m or 5000/1h")]
pub struct NoRate;

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Rate, NoRate> {
        let (count, period) = text.split_once('/').ok_or(NoRate)?;
        let count: NonZeroU32 = count.parse().map_err(|_| NoRate)?;
        let unit = match period.bytes().next_back() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 60 * 60,
            _ => return Err(NoRate),
        };
        let number: u32 = period[..period.len() - 1].parse().map_err(|_| NoRate)?;
        let period = Duration::from_secs(u64::from(number) * unit);
        let is_within = count.get() <= MOST && !period.is_zero() && period <= LONGEST;
        is_within.then_some(Rate { count, period }).ok_or(NoRate)
    }
}

/// A rate, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateOrOff(pub Option<Rate>);

impl FromStr for RateOrOff {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<RateOrOff, NoRate> {
        if text == "off" { Ok(RateOrOff(None)) } else { text.parse().map(|rate| RateOrOff(Some(rate))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_can_be_off() {
        assert_eq!("off".parse(), Ok(RateOrOff(None)));
        assert_eq!("5/60s".parse(), Ok(RateOrOff("5/60s".parse().ok())));
        assert_eq!("of".parse::<RateOrOff>(), Err(NoRate));
    }

    #[test]
    fn a_rate_is_a_count_and_a_time() {
        let rate = |text: &str| text.parse::<Rate>().map(|rate| (rate.count.get(), rate.period.as_secs()));
        assert_eq!(rate("120/60s"), Ok((120, 60)));
        assert_eq!(rate("1/1m"), Ok((1, 60)));
        assert_eq!(rate("1000000/24h"), Ok((1_000_000, 86_400)));
        for wrong in
            ["", "120", "120/", "120/60", "/60s", "0/60s", "120/0s", "1000001/1s", "1/25h", "-1/1s", "1/1d", "1/s"]
        {
            assert_eq!(rate(wrong), Err(NoRate), "{wrong}");
        }
    }
}
