//! Conditional requests (RFC 9110, section 13): entity tags in `If-Match` and `If-None-Match`.

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName};

/// Entity tags of a header: opaque, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tags(Vec<Tag>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tag {
    Any,
    Strong(String),
    Weak(String),
}

impl Tags {
    /// The tags of a header; None if it is absent. Some clients send tags without quotes.
    fn of(headers: &HeaderMap, name: &HeaderName) -> Option<Tags> {
        if !headers.contains_key(name) {
            return None;
        }
        let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
        let tags = lists.flat_map(|list| list.split(',')).map(str::trim).filter(|tag| !tag.is_empty());
        let opaque = |tag: &str| tag.trim_matches('"').to_owned();
        let tag = |tag: &str| match tag.strip_prefix("W/") {
            Some(weak) => Tag::Weak(opaque(weak)),
            None if tag == "*" => Tag::Any,
            None => Tag::Strong(opaque(tag)),
        };
        Some(Tags(tags.map(tag).collect()))
    }

    /// Whether one of them is this strong tag.
    fn has_strong(&self, current: &str) -> bool {
        self.0.iter().any(|tag| match tag {
            Tag::Any => true,
            Tag::Strong(tag) => tag == current,
            Tag::Weak(_) => false,
        })
    }

    /// Whether one of them is this tag, by weak comparison.
    fn has(&self, current: &str) -> bool {
        self.0.iter().any(|tag| match tag {
            Tag::Any => true,
            Tag::Strong(tag) | Tag::Weak(tag) => tag == current,
        })
    }

    fn has_any(&self) -> bool {
        self.0.contains(&Tag::Any)
    }
}

/// Whether the client of a GET has the representation with this tag, so that the answer is 304.
pub fn is_known(headers: &HeaderMap, current: &str) -> bool {
    Tags::of(headers, &IF_NONE_MATCH).is_some_and(|tags| tags.has(current))
}

/// Whether a request that creates something requires that there is nothing.
pub fn must_be_new(headers: &HeaderMap) -> bool {
    Tags::of(headers, &IF_NONE_MATCH).is_some_and(|tags| tags.has_any())
}

/// The preconditions of a request that changes an existing resource. Of `If-None-Match` only `*` is one; a tag there is
/// of a client's cache.
#[derive(Debug, Clone)]
pub struct Preconditions {
    if_match: Option<Tags>,
    must_be_new: bool,
}

impl Preconditions {
    /// None if the request has none.
    pub fn of(headers: &HeaderMap) -> Option<Preconditions> {
        let (if_match, must_be_new) = (Tags::of(headers, &IF_MATCH), must_be_new(headers));
        (if_match.is_some() || must_be_new).then_some(Preconditions { if_match, must_be_new })
    }

    /// Whether they hold for a resource with this tag.
    pub fn hold(&self, current: &str) -> bool {
        !self.must_be_new && self.if_match.as_ref().is_none_or(|tags| tags.has_strong(current))
    }

    /// As [`Preconditions::hold`], in a protocol whose entity tags are weak and stand in `If-Match`, too (RFC 7644, 3.14).
    pub fn hold_weakly(&self, current: &str) -> bool {
        !self.must_be_new && self.if_match.as_ref().is_none_or(|tags| tags.has(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn headers(name: &HeaderName, tags: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(tags).expect("a header value"));
        headers
    }

    #[test]
    fn preconditions_hold_by_the_rules_of_http() {
        let hold =
            |tags: &str| Preconditions::of(&headers(&IF_MATCH, tags.as_bytes())).expect("there are some").hold("7");
        for tags in ["\"7\"", "7", "*", "\"6\", \"7\""] {
            assert!(hold(tags), "{tags}");
        }
        // Comparison is strong.
        for tags in ["\"6\"", "", "\"\"", "\"77\"", "x", "W/\"7\""] {
            assert!(!hold(tags), "{tags}");
        }
        let weak = Preconditions::of(&headers(&IF_MATCH, b"W/\"7\"")).expect("there is one");
        assert!(weak.hold_weakly("7") && !weak.hold_weakly("8") && !weak.hold("7"));
        assert!(Preconditions::of(&HeaderMap::new()).is_none());
        assert!(Preconditions::of(&headers(&IF_NONE_MATCH, b"\"7\"")).is_none());
        assert!(!Preconditions::of(&headers(&IF_NONE_MATCH, b"*")).expect("there is one").hold("7"));
    }

    proptest! {
        #[test]
        fn if_none_match_finds_the_version_among_quoted_bare_and_weak_tags(
            version in 0_u32..1_000,
            others in proptest::collection::vec(1_000_u32..2_000, 0..5),
            mark in prop::sample::select(vec!["W/\"_\"", "\"_\"", "_"]),
        ) {
            let mut tags: Vec<String> = others.iter().map(|other| mark.replace('_', &other.to_string())).collect();
            prop_assert!(!is_known(&headers(&IF_NONE_MATCH, tags.join(",").as_bytes()), &version.to_string()));
            tags.push(mark.replace('_', &version.to_string()));
            prop_assert!(is_known(&headers(&IF_NONE_MATCH, tags.join(", ").as_bytes()), &version.to_string()));
        }

        #[test]
        fn if_none_match_accepts_any_visible_ascii(tags in proptest::collection::vec(0x20_u8..0x7f, 0..60)) {
            let is_known = is_known(&headers(&IF_NONE_MATCH, &tags), "7");
            prop_assert!(!is_known || tags.iter().any(|sign| b"*7".contains(sign)));
        }
    }
}
