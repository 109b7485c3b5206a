//! Splits a raw query string, decoded as by `URLSearchParams`, except broken escapes: it guesses at those.

use percent_encoding::percent_decode_str;

use super::Pairs;

/// Splits and decodes. A pair with a broken half keeps its name and loses its value, so that it is refused if a field
/// has its name, and ignored like any unknown name otherwise.
pub(super) fn split(raw: &str) -> Pairs {
    let mut pairs = Pairs::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(name).and(decode(value));
        pairs.entry(decode_anyhow(name)).or_default().push(value);
    }
    pairs
}

fn decode(text: &str) -> Option<String> {
    let escapes = text.split('%').skip(1);
    let whole = |escape: &str| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !escapes.into_iter().all(whole) {
        return None;
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

fn decode_anyhow(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
