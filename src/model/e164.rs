//! Telephone numbers in E.164, the one form in which they are kept and compared. A text becomes one if the world's
//! numbering plans know such a number.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use std::fmt;

/// A number that some numbering plan has: a plus, the country's code, the number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(String);

/// The longest text that is looked at; no way of writing a number is longer.
const LONGEST: usize = 64;

impl E164 {
    /// The number that a text means, written with a leading plus and with whatever between the digits. None if it is none:
    /// without a plus nobody can tell which country is meant.
    pub fn parse(text: &str) -> Option<E164> {
        let text = text.trim();
        // Letters stand for digits on some keypads and for extensions elsewhere; here they are most likely a mistake.
        let is_of_signs = !text.chars().any(char::is_alphabetic);
        if !text.starts_with('+') || text.len() > LONGEST || !is_of_signs {
            return None;
        }
        let number = PHONE_NUMBER_UTIL.parse(text, None).ok()?;
        // An extension is no part of the number, and there is none to call in a register.
        let is_plain = number.extension.is_none();
        (is_plain && PHONE_NUMBER_UTIL.is_valid_number(&number))
            .then(|| E164(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned()))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_in_each_of_its_spellings() {
        for text in ["+34675897654", "+34 675 89 76 54", " +34-675-897-654 ", "+34 (675) 89.76.54"] {
            assert_eq!(E164::parse(text).expect(text).as_str(), "+34675897654", "{text}");
        }
        assert_eq!(E164::parse("+1 415 555 2671").expect("a number of San Francisco").as_str(), "+14155552671");
    }

    #[test]
    fn what_is_no_number_of_any_plan_is_none() {
        for text in [
            "",
            "+",
            "675897654",
            "0034675897654",
            "+34675",
            "+349999999999999999",
            "+999123456789",
            "tel",
            "+34675897654 ext. 3",
            "+34675897654x",
            "+34675897654#3",
        ] {
            assert_eq!(E164::parse(text), None, "{text}");
        }
        assert_eq!(E164::parse(&format!("+34{}", " ".repeat(100_000))), None);
    }
}
