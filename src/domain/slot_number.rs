//! Phone numbers as people and clients write them: bare, as tel URIs, with separators, with an extension. They are
//! stored as tel URIs in E.164 where the country is known (UCWA reference, "changeNumber").

use super::e164::{Dialled, Region, plain};
use std::borrow::Cow;

/// Maximum characters of a number in a request.
pub const LONGEST: usize = 80;

/// Restores the plus of a number in a query, in plain form: clients do not encode tel URIs, and decoding turns it into a space.
pub fn with_plus(text: &str) -> Cow<'_, str> {
    let (scheme, rest) = split_scheme(text);
    match rest.strip_prefix(' ') {
        Some(rest) => Cow::Owned(format!("{scheme}+{}", rest.trim_start())),
        None => Cow::Borrowed(text),
    }
}

/// Normalized number; `None` if invalid, or if it has a suffix that would be lost. A number without a known country keeps
/// its digits.
pub fn normalized(text: &str, region: Region) -> Option<String> {
    let text = plain(text);
    let (_, text) = split_scheme(text.trim());
    let mut parameters = text.split(';');
    let (main, mut extension) = split_extension(parameters.next()?.trim())?;
    let mut context = "";
    for parameter in parameters.map(str::trim).filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or(("ext", parameter));
        match (name.trim().to_ascii_lowercase().as_str(), value.trim()) {
            ("ext", value) if extension.is_none() => extension = Some(digits(value).filter(|ext| !ext.is_empty())?),
            // RFC 3966: a context that begins with a plus is a prefix of the number, any other names a numbering plan.
            ("phone-context", value) if value.starts_with('+') => context = value,
            ("phone-context", _) => {}
            _ => return None,
        }
    }
    let main = if main.starts_with('+') { main.to_owned() } else { format!("{context}{main}") };
    let digits_only = digits(main.trim_start_matches('+')).filter(|digits| !digits.is_empty())?;
    let suffix = extension.map(|extension| format!(";ext={extension}")).unwrap_or_default();
    match Dialled::parse(&main, region) {
        Ok(dialled) => Some(format!("tel:{}{suffix}", dialled.number)),
        Err(_) if main.starts_with('+') => None,
        Err(_) => Some(format!("{digits_only}{suffix}")),
    }
}

/// Splits off the scheme of a tel URI, in any case.
fn split_scheme(text: &str) -> (&str, &str) {
    match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => (scheme, rest),
        _ => ("", text),
    }
}

/// Splits off an extension such as `x123`, `ext. 123` or `,123`, where a comma is a pause. `None` if it is not a number.
fn split_extension(text: &str) -> Option<(&str, Option<String>)> {
    let Some(at) = text.find(|letter: char| letter == ',' || letter.is_ascii_alphabetic()) else {
        return Some((text, None));
    };
    let (main, behind) = text.split_at(at);
    let pauses = behind.trim_start_matches(|letter: char| letter == ',' || letter.is_whitespace());
    let lower = pauses.to_ascii_lowercase();
    let marked = ["extension", "ext", "x"].iter().find_map(|mark| lower.strip_prefix(mark));
    let extension = if behind.starts_with(',') { marked.unwrap_or(&lower) } else { marked? };
    let extension = digits(extension.trim_start_matches(['.', ':']))?;
    (!extension.is_empty()).then(|| (main.trim_end(), Some(extension)))
}

/// Digits of a text; `None` if it has more than digits and separators.
pub fn digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '-' | '.' | '(' | ')' | '/' => {}
            letter if letter.is_whitespace() => {}
            _ => return None,
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn phone_numbers_are_normalized_from_every_spelling() {
        for (text, kept) in [
            ("4255552222", "tel:+14255552222"),
            ("tel:+14255551234", "tel:+14255551234"),
            (" TEL:+1 (425) 555-1234 ", "tel:+14255551234"),
            ("+1.425.555.0100;ext=100", "tel:+14255550100;ext=100"),
            ("425 555 0100 x123", "tel:+14255550100;ext=123"),
            ("425 555 0100 Ext. 123", "tel:+14255550100;ext=123"),
            ("+1 (425) 555-0100;100", "tel:+14255550100;ext=100"),
            ("425 555 0100,,100", "tel:+14255550100;ext=100"),
            ("tel:4255551212;phone-context=defaultprofile", "tel:+14255551212"),
            ("tel:555-1212;phone-context=+1-425", "tel:+14255551212"),
            ("+34 675 89 76 54", "tel:+34675897654"),
            ("911", "911"),
            ("tel:100;ext=7", "100;ext=7"),
            ("(999) 999-9999", "tel:+19999999999"),
            ("\u{ff0b}\u{ff13}4675897654", "tel:+34675897654"),
        ] {
            assert_eq!(normalized(text, Region::US).as_deref(), Some(kept), "{text}");
        }
    }

    #[test]
    fn invalid_phone_numbers_are_not_normalized() {
        for text in
            ["abc", "tel:", "+", "1-800-FLOWERS", "+12", "+999123456789", "425x", "425 555 0100 xabc", "4;ext=", "#31#"]
        {
            assert_eq!(normalized(text, Region::US), None, "{text}");
        }
    }

    #[test]
    fn space_in_a_query_becomes_a_plus() {
        for (text, expected) in
            [(" 14255551234", "+14255551234"), ("tel: 1425", "tel:+1425"), ("425 5551234", "425 5551234")]
        {
            assert_eq!(with_plus(text), expected);
        }
    }

    proptest! {
        #[test]
        fn phone_number_normalization_is_idempotent(text in "[telTEL:+0-9() .,x;=\u{ff10}-\u{ff19}-]{0,30}|\\PC{0,90}") {
            if let Some(kept) = normalized(&text, Region::US) {
                prop_assert_eq!(normalized(&kept, Region::US), Some(kept.clone()), "{} is normalized to {}", text, kept);
            }
        }

        #[test]
        fn phone_number_normalization_ignores_separators(
            digits in "[2-9][0-9]{2}[2-9][0-9]{6}",
            between in "[ ().-]{0,3}",
        ) {
            let spread: String = digits.chars().flat_map(|digit| [digit.to_string(), between.clone()]).collect();
            prop_assert_eq!(normalized(&spread, Region::US), Some(format!("tel:+1{digits}")));
        }

        #[test]
        fn restoring_the_plus_is_idempotent(text in "\\PC{0,40}") {
            let once = with_plus(&text).into_owned();
            prop_assert_eq!(with_plus(&once), once.clone());
        }
    }
}
