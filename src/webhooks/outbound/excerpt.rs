//! The beginning of a response's body, as text that can be stored and shown.

/// Maximum number of its bytes.
const MAX_BYTES: usize = 1_024;

/// Bytes from the beginning of a body.
#[derive(Debug, Default)]
pub struct Excerpt {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Excerpt {
    /// Adds the next bytes of the body, as far as they fit.
    pub fn extend(&mut self, chunk: &[u8]) {
        let room = MAX_BYTES - self.bytes.len();
        self.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        self.is_cut |= chunk.len() > room;
    }

    /// The text, with an ellipsis if there was more; None if the body was empty. What is no text, and control characters
    /// other than line feeds and tabs, become replacement characters.
    pub fn into_text(self) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n");
        let shown = |sign: char| match sign {
            '\n' | '\t' => sign,
            sign if sign.is_control() => char::REPLACEMENT_CHARACTER,
            sign => sign,
        };
        let ellipsis = if self.is_cut { "…" } else { "" };
        Some(text.chars().map(shown).chain(ellipsis.chars()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(chunks: &[&[u8]]) -> Option<String> {
        let mut excerpt = Excerpt::default();
        chunks.iter().for_each(|chunk| excerpt.extend(chunk));
        excerpt.into_text()
    }

    #[test]
    fn an_excerpt_is_the_beginning_of_a_body_as_text() {
        assert_eq!(excerpt(&[]), None);
        assert_eq!(excerpt(&[b"", b"a\r\n\tb", "\u{e9}".as_bytes()]).as_deref(), Some("a\n\tb\u{e9}"));
        assert_eq!(excerpt(&[b"a\0b\x1b[31m\xff"]).as_deref(), Some("a\u{fffd}b\u{fffd}[31m\u{fffd}"));
    }

    #[test]
    fn an_excerpt_has_a_maximum_length() {
        let exact = vec![b'x'; MAX_BYTES];
        assert_eq!(excerpt(&[&exact]).map(|text| text.len()), Some(MAX_BYTES));
        let text = excerpt(&[&exact, b"y", &exact]).expect("a text");
        assert_eq!((text.chars().count(), text.ends_with('…')), (MAX_BYTES + 1, true));
    }
}
