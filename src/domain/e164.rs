//! Telephone numbers in E.164, the one form in which they are stored and compared. There are two parsers: a managed
//! number must be valid in a numbering plan, a contact's or user's own number only needs a possible length.

use super::text::is_invisible;
use rlibphonenumber::NumberLengthType;
use rlibphonenumber::{PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, ValidationError};
use std::fmt;
use std::str::FromStr;

/// A number in E.164: a plus, the country code, the national number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(String);

/// Maximum length of a text to parse, in bytes; no notation of a number is longer.
const LONGEST: usize = 80;

/// The zeros of Unicode's decimal digits, each of which nine further ones follow.
const ZEROS: [u32; 37] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0,
];

/// A number as all parsers read it: digits, plus signs, dashes and spaces of any script are those of ASCII, and characters
/// that are not shown, which address books copy with a number, are removed.
pub fn plain(text: &str) -> String {
    text.chars().filter_map(plain_character).collect()
}

fn plain_character(character: char) -> Option<char> {
    let code = u32::from(character);
    let digit = ZEROS.iter().filter_map(|zero| code.checked_sub(*zero)).find(|digit| *digit < 10);
    match character {
        _ if character.is_ascii() => Some(character),
        _ if character.is_whitespace() => Some(' '),
        _ if is_invisible(character) => None,
        _ if digit.is_some() => digit.and_then(|digit| char::from_digit(digit, 10)),
        // The full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(code - 0xfee0),
        '\u{207a}' | '\u{fe62}' => Some('+'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => Some('-'),
        _ => Some(character),
    }
}

/// The plain text, unless it is too long.
fn bounded(text: &str) -> Option<String> {
    // Each character that stays has one byte, and had at most four.
    let short = (text.len() <= 8 * LONGEST).then(|| plain(text));
    short.filter(|text| text.len() <= LONGEST)
}

impl E164 {
    /// Parses a number with a leading plus and any punctuation. None if the text is no valid number: without a plus,
    /// the country is unknown.
    pub fn parse(text: &str) -> Option<E164> {
        let text = bounded(text)?;
        let text = text.trim();
        // Letters stand for digits on some keypads and for extensions elsewhere; here they are most likely a mistake.
        let is_of_signs = !text.chars().any(char::is_alphabetic);
        if !text.starts_with('+') || !is_of_signs {
            return None;
        }
        let number = PHONE_NUMBER_UTIL.parse(text, None).ok()?;
        // An extension is not part of a managed number.
        let is_plain = number.extension.is_none();
        (is_plain && PHONE_NUMBER_UTIL.is_valid_number(&number)).then(|| E164::of(&number))
    }

    fn of(number: &PhoneNumber) -> E164 {
        E164(PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164).into_owned())
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A country or a territory that dials like one. The default for numbers without a country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// The United States of America.
    pub const US: Region = Region(rlibphonenumber::Region::US);
}

/// Error of an unknown region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no region that has telephones; name one by its two letters, as US or ES")]
pub struct UnknownRegion(String);

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Region, UnknownRegion> {
        let known = text.to_ascii_uppercase().parse().map(Region);
        known
            .ok()
            .filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region.0).is_some())
            .ok_or_else(|| UnknownRegion(text.to_owned()))
    }
}

/// A number as written for dialling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialled {
    pub number: E164,
    /// Dialled once the call is answered.
    pub extension: Option<String>,
}

/// Reason why a text cannot be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undialled {
    #[error("it is no telephone number")]
    NoNumber,
    #[error("it is too short for a telephone number")]
    TooShort,
    #[error("it is too long for a telephone number")]
    TooLong,
}

impl Dialled {
    /// Parses a number as dialled in `region`, with any punctuation, keypad letters and an extension. It need not be in
    /// service, nor in any numbering plan: a possible length is enough.
    pub fn parse(text: &str, region: Region) -> Result<Dialled, Undialled> {
        let text = bounded(text).ok_or(Undialled::TooLong)?;
        let number = PHONE_NUMBER_UTIL.parse(&text, Some(region.0)).map_err(|fault| match fault {
            ParseError::TooShortAfterIdd | ParseError::TooShortNsn => Undialled::TooShort,
            ParseError::TooLongNsn => Undialled::TooLong,
            ParseError::InvalidCountryCode | ParseError::NotANumber(_) => Undialled::NoNumber,
        })?;
        match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
            Ok(NumberLengthType::IsPossible | NumberLengthType::IsPossibleLocalOnly) => {}
            Err(ValidationError::TooShort) => return Err(Undialled::TooShort),
            Err(ValidationError::TooLong) => return Err(Undialled::TooLong),
            Err(ValidationError::InvalidCountryCode | ValidationError::InvalidLength) => {
                return Err(Undialled::NoNumber);
            }
        }
        let extension = number.extension.clone().filter(|extension| !extension.is_empty());
        Ok(Dialled { number: E164::of(&number), extension })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dialled_numbers_are_parsed_with_punctuation_letters_and_extensions() {
        for (text, number, extension) in [
            ("(999) 999-9999", "+19999999999", None),
            ("2530000", "+12530000", None),
            ("1-800-FLOWERS", "+18003569377", None),
            ("4255552222", "+14255552222", None),
            ("+54 11 2345-6789", "+541123456789", None),
            ("+55 11 98765-4321", "+5511987654321", None),
            ("+1 425 555 0100 x100", "+14255550100", Some("100")),
            ("425 555 0100 ext. 7", "+14255550100", Some("7")),
            ("+14255550100;ext=100", "+14255550100", Some("100")),
            ("011 34 675 89 76 54", "+34675897654", None),
            ("\u{ff0b}34\u{ff16}75897654", "+34675897654", None),
        ] {
            let expected = Dialled { number: E164(number.to_owned()), extension: extension.map(str::to_owned) };
            assert_eq!(Dialled::parse(text, Region::US), Ok(expected), "{text}");
        }
        let spain = "es".parse().expect("a region");
        assert_eq!(Dialled::parse("675 897 654", spain).expect("a number").number.as_str(), "+34675897654");
    }

    #[test]
    fn texts_that_cannot_be_dialled_are_refused_with_the_reason() {
        for (text, fault) in [
            ("911", Undialled::TooShort),
            ("+1-212", Undialled::TooShort),
            ("abc", Undialled::NoNumber),
            ("+12", Undialled::NoNumber),
            ("", Undialled::NoNumber),
            ("+999123456789", Undialled::NoNumber),
            ("425555010042555501004255550100", Undialled::TooLong),
        ] {
            assert_eq!(Dialled::parse(text, Region::US), Err(fault), "{text}");
        }
        assert_eq!(Dialled::parse(&"1".repeat(100_000), Region::US), Err(Undialled::TooLong));
    }

    #[test]
    fn a_region_is_parsed_from_its_two_letter_code() {
        assert_eq!("us".parse(), Ok(Region::US));
        for text in ["", "USA", "XX", "1", "001", "ZZ"] {
            assert_eq!(text.parse::<Region>(), Err(UnknownRegion(text.to_owned())));
        }
    }

    #[test]
    fn e164_is_parsed_from_every_notation_of_a_number() {
        for text in ["+34675897654", "+34 675 89 76 54", " +34-675-897-654 ", "+34 (675) 89.76.54"] {
            assert_eq!(E164::parse(text).expect(text).as_str(), "+34675897654", "{text}");
        }
        assert_eq!(E164::parse("+1 415 555 2671").expect("a number of San Francisco").as_str(), "+14155552671");
    }

    #[test]
    fn digits_of_any_script_and_invisible_marks_are_those_of_one_number() {
        for text in [
            "\u{202a}+34 675 89 76 54\u{202c}",
            "\u{feff}+34\u{a0}675\u{2011}897\u{2011}654\u{200e}",
            "\u{2068}+34\u{ad}675\u{200b}897654\u{2069}",
            "＋３４　６７５　８９７　６５４",
            "+٣٤٦٧٥٨٩٧٦٥٤",
            "+۳۴ ۶۷۵ ۸۹۷ ۶۵۴",
            "+३४६७५८९७६५४",
        ] {
            assert_eq!(E164::parse(text).expect(text).as_str(), "+34675897654", "{text:?}");
            assert_eq!(Dialled::parse(text, Region::US).expect(text).number.as_str(), "+34675897654", "{text:?}");
        }
    }

    #[test]
    fn a_leading_00_is_that_of_the_region() {
        let spain = "ES".parse().expect("a region");
        for text in ["0034 675 89 76 54", "００３４６７５８９７６５４", "٠٠٣٤٦٧٥٨٩٧٦٥٤"] {
            assert_eq!(Dialled::parse(text, spain).expect(text).number.as_str(), "+34675897654", "{text}");
            assert_eq!(Dialled::parse(text, Region::US), Err(Undialled::TooLong), "the USA dial 011");
        }
    }

    #[test]
    fn numbers_outside_every_numbering_plan_are_not_e164() {
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
            "+34675897654;100",
            "+34675897654;ext=100",
            "+34675897654,100",
            "+34675897654,,100",
            "+34675897654 x100",
            "+34675897654/100",
            "+34675897654 / 100",
            "+34675897654*100",
            "+34675897654;isub=100",
            "+34675897654;phone-context=+34",
            "+34675897654\\100",
            "+34675897654 & 100",
            "+34675897654;;100",
            "+34675897654,100,200",
            "+34675897654:100",
            "+34675897654=100",
            "+34675897654|100",
        ] {
            assert_eq!(E164::parse(text), None, "{text}");
        }
        assert_eq!(E164::parse(&format!("+34{}", " ".repeat(100_000))), None);
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_number_returns_the_same_number(text in "[+0-9() .x-]{0,24}|\\PC{0,90}") {
            if let Some(number) = E164::parse(&text) {
                prop_assert_eq!(E164::parse(number.as_str()), Some(number.clone()), "{}", text);
            }
            if let Ok(dialled) = Dialled::parse(&text, Region::US) {
                let again = Dialled::parse(dialled.number.as_str(), Region::US).map(|dialled| dialled.number);
                prop_assert_eq!(again, Ok(dialled.number.clone()), "{}", text);
            }
        }
    }
}
