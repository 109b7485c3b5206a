//! One search over the user identities, phones and phone numbers of a workspace.

use super::number::PhoneNumber;
use super::phone::Phone;
use super::text::is_invisible;
use super::user_identity::UserIdentity;
use uuid::Uuid;

/// Longest text that is searched for, in characters. More are ignored.
pub const MAX_SEARCH: usize = 100;

/// Fewest visible characters of a search. With fewer, almost everything matches.
const MIN_SEARCH: usize = 2;

/// Fewest digits of a search for numbers.
const MIN_DIGITS: usize = 3;

/// Fewest hexadecimal digits of the start of an id, and those of a whole one.
const MIN_ID: usize = 4;
const ID: usize = 32;

/// What is searched for: a part of a text, the digits of a number, or the start of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    text: String,
    digits: Option<String>,
    ids: Option<(Uuid, Uuid)>,
}

impl Search {
    /// None if the text is too short to search for.
    pub fn parse(text: &str) -> Option<Search> {
        let text: String = text.trim_matches(is_invisible).chars().take(MAX_SEARCH).collect();
        let visible = text.chars().filter(|character| !is_invisible(*character)).count();
        (visible >= MIN_SEARCH).then(|| Search { digits: digits_of(&text), ids: ids_of(&text), text })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digits of a telephone number, without a prefix of zeros for trunk or international calls.
    pub fn digits(&self) -> Option<&str> {
        self.digits.as_deref()
    }

    /// The first and the last id that begin with the text.
    pub fn ids(&self) -> Option<(Uuid, Uuid)> {
        self.ids
    }
}

fn digits_of(text: &str) -> Option<String> {
    let is_of_number = |character: char| character.is_ascii_digit() || " +-()./\u{a0}".contains(character);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (text.chars().all(is_of_number) && digits.len() >= MIN_DIGITS).then(|| digits.to_owned())
}

fn ids_of(text: &str) -> Option<(Uuid, Uuid)> {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    if !(MIN_ID..=ID).contains(&digits.len()) || !digits.chars().all(|character| character.is_ascii_hexdigit()) {
        return None;
    }
    let id = |padding: &str| u128::from_str_radix(&format!("{digits}{}", padding.repeat(ID - digits.len())), 16).ok();
    Some((Uuid::from_u128(id("0")?), Uuid::from_u128(id("f")?)))
}

/// A thing with the name of the user identity that has it.
#[derive(Debug, Clone)]
pub struct Owned<T> {
    pub item: T,
    pub owner: Option<String>,
}

/// The first matches of a kind, best first.
#[derive(Debug, Clone)]
pub struct Matches<T> {
    pub items: Vec<T>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl<T> Matches<T> {
    /// Cuts rows to `limit`, of which one more was fetched.
    pub fn of(mut items: Vec<T>, limit: usize) -> Matches<T> {
        let is_cut = items.len() > limit;
        items.truncate(limit);
        Matches { items, is_cut }
    }
}

/// What a search has found.
#[derive(Debug, Clone)]
pub struct Found {
    pub people: Matches<UserIdentity>,
    pub phones: Matches<Owned<Phone>>,
    pub numbers: Matches<Owned<PhoneNumber>>,
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.people.items.is_empty() && self.phones.items.is_empty() && self.numbers.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_invisible_texts_are_no_search_and_long_ones_are_cut() {
        for text in ["", " ", "a", " \u{200b}a\u{feff} ", "\u{200e}\u{200f}"] {
            assert_eq!(Search::parse(text), None, "{text:?}");
        }
        let search = |text: &str| Search::parse(text).map(|search| search.text).unwrap_or_default();
        assert_eq!(search("  Jane Doe\t"), "Jane Doe");
        assert_eq!(search(&"é".repeat(10_000)), "é".repeat(MAX_SEARCH));
    }

    #[test]
    fn numbers_are_searched_by_their_digits() {
        let digits = |text: &str| Search::parse(text).and_then(|search| search.digits);
        for (text, expected) in [
            ("+1 (212) 555-0123", Some("12125550123")),
            ("0664 123456", Some("664123456")),
            ("0043 664", Some("43664")),
            ("555", Some("555")),
            ("55", None),
            ("000", None),
            ("room 123", None),
            ("iPhone 15", None),
        ] {
            assert_eq!(digits(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ids_are_searched_by_their_start() {
        let ids = |text: &str| Search::parse(text).and_then(|search| search.ids);
        let id = |text: &str| Uuid::parse_str(text).expect("a UUID");
        let whole = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";
        assert_eq!(ids(whole), Some((id(whole), id(whole))));
        let (first, last) = (id("0199a5c6-7d50-0000-0000-000000000000"), id("0199a5c6-7d5f-ffff-ffff-ffffffffffff"));
        assert_eq!(ids("0199A5C6-7d5"), Some((first, last)));
        for text in ["019", "0199x", &format!("{whole}0"), "jane"] {
            assert_eq!(ids(text), None, "{text}");
        }
    }
}
