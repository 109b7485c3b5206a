//! The names in one workspace's responses, numbered by first occurrence, so that the same responses about different
//! resources are the same text.

use super::random::LABELS;
use crate::support::client::Response;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A number with fewer digits is a count; with as many it is a name, except for the seconds of a time.
const DIGITS: usize = 7;
const DIGITS_OF_A_TIME: usize = 10;

#[derive(Default)]
pub struct Names {
    order: BTreeMap<String, usize>,
    requested: BTreeSet<String>,
    received: BTreeSet<String>,
}

impl Names {
    /// Records the names in a request, which responses may repeat.
    pub fn record_request(&mut self, text: &str) {
        for name in pieces(text).into_iter().filter_map(Result::ok) {
            self.requested.insert(name.to_owned());
        }
    }

    /// A response without its request id and date, with the index of every name in its place.
    pub fn normalize(&mut self, response: &Response) -> String {
        let headers = response.headers.iter();
        let headers = headers.filter(|(name, _)| *name != "date" && !name.as_str().ends_with("request-id"));
        // A long entity tag is a digest of the body, which is compared itself.
        let headers = headers.filter(|(name, value)| *name != "etag" || value.len() < 20);
        let mut lines: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect();
        lines.sort();
        let number = response.headers.iter().find(|(name, _)| name.as_str().ends_with("request-id"));
        let number = number.map_or("", |(_, value)| value.to_str().expect("a number is text"));
        let body = if number.is_empty() { response.text.clone() } else { response.text.replace(number, "(request)") };
        self.plain(&format!("{}\n{}\n\n{}", response.status, lines.join("\n"), without_versions(&body)))
    }

    /// All names from responses that no request contained.
    pub fn received(&self) -> &BTreeSet<String> {
        &self.received
    }

    fn plain(&mut self, text: &str) -> String {
        let mut plain = String::new();
        for piece in pieces(text) {
            match piece {
                Ok(name) => {
                    if !self.requested.contains(name) {
                        self.received.insert(name.to_owned());
                    }
                    let next = self.order.len();
                    let place = self.order.entry(name.to_owned()).or_insert(next);
                    plain.push_str(&format!("(name {place})"));
                }
                Err(other) => plain.push_str(other),
            }
        }
        plain
    }
}

/// A body without the versions of SCIM's resources, which are the entity tags of each.
pub fn without_versions(body: &str) -> String {
    let mut parts = body.split(r#""version":"W/\""#);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (_, rest) = part.split_once(r#"\"""#).expect("an entity tag ends with a quotation mark");
        text + r#""version":"""# + rest
    })
}

/// The parts of a text: names (ids, tokens and long numbers), and the texts between them.
fn pieces(text: &str) -> Vec<Result<&str, &str>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, is_name) = word(rest).unwrap_or((first.len_utf8(), false));
        let (word, others) = rest.split_at(length);
        pieces.push(if is_name { Ok(word) } else { Err(word) });
        rest = others;
    }
    pieces
}

/// Length of the first word, and whether it is a name.
fn word(rest: &str) -> Option<(usize, bool)> {
    if rest.get(..36).is_some_and(|text| Uuid::try_parse(text).is_ok()) {
        return Some((36, true));
    }
    let until = |is_part: fn(char) -> bool| rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    let digits = until(|letter| letter.is_ascii_digit());
    if digits > 0 {
        return Some((digits, digits >= DIGITS && digits != DIGITS_OF_A_TIME));
    }
    if ["seam_", "whsec_"].iter().any(|identifying_text| rest.starts_with(identifying_text)) {
        return Some((until(|letter| letter.is_ascii_alphanumeric() || "_-+/=".contains(letter)), true));
    }
    LABELS.iter().find(|label| rest.starts_with(**label)).map(|label| (label.len(), true))
}
