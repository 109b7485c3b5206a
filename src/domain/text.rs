//! Comparison of texts. Canonically equivalent texts are equal (Unicode, chapter 3.11), in searches and names of accounts
//! without regard to case. What is stored stays as it was given.

use unicode_normalization::UnicodeNormalization;

/// Normalization form C, in which canonically equivalent texts are the same. In SQL: `normalize(text, nfc)`.
pub fn normalized(text: &str) -> String {
    text.nfc().collect()
}

/// Key of comparisons without regard to case. Like `caseless` in SQL, which compares what is stored.
pub fn caseless(text: &str) -> String {
    // The lower case of a capital sigma depends on its place in a word.
    let lower = normalized(text).to_lowercase().replace('ς', "σ");
    normalized(&lower)
}

/// Whether a text has a character that is shown. Without one, it names nothing: a key is absent, an installation id is
/// invalid. `installation_key` of the database, which compares installation ids, removes the same characters.
pub fn is_visible(text: &str) -> bool {
    !text.chars().all(is_invisible)
}

/// Whether a character is a space, a control character, or one that is not shown.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{0}'..='\u{20}' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonically_equivalent_texts_are_equal_without_regard_to_case() {
        for (one, other) in [
            ("Café", "cafe\u{301}"),
            ("ЖЁЛТЫЙ", "же\u{308}лтый"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("J\u{30c}", "\u{1f0}"),
            ("İ", "i\u{307}"),
            ("\u{212b}", "å"),
            ("ẤP", "â\u{301}p"),
        ] {
            assert_eq!(caseless(one), caseless(other), "{one} {other}");
        }
        assert_ne!(caseless("cafe"), caseless("café"));
        assert_eq!(normalized("Cafe\u{301}"), "Café");
        assert_ne!(normalized("Café"), normalized("café"));
    }

    #[test]
    fn blank_texts_and_invisible_characters_are_not_visible() {
        for text in ["", " ", "\t\n", "\u{a0}", "\u{200b}\u{feff}", "\u{3000}"] {
            assert!(!is_visible(text), "{text:?}");
        }
        assert!(is_visible(" x\u{200b}"));
    }
}
