//! Content negotiation: JSON or XML, the media type, and compression.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use mediatype::{MediaTypeList, Name, ReadParams};

/// Negotiated format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub syntax: Syntax,
    /// Media type as requested, without parameters. Some clients compare the whole value.
    pub media_type: &'static str,
    pub is_gzip: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Json,
    Xml,
}

/// Media types (UCWA reference, "Media types"; the one without `.com` is in its page on versions).
const NAMES: [(&str, Syntax); 5] = [
    ("application/json", Syntax::Json),
    ("application/vnd.microsoft.com.ucwa+json", Syntax::Json),
    ("application/xml", Syntax::Xml),
    ("application/vnd.microsoft.com.ucwa+xml", Syntax::Xml),
    ("application/vnd.microsoft.ucwa+xml", Syntax::Xml),
];

/// The media type of this name in lowercase, and its syntax.
pub fn known(essence: &str) -> Option<(&'static str, Syntax)> {
    NAMES.into_iter().find(|(name, _)| *name == essence)
}

const Q: Name<'_> = Name::new_unchecked("q");

impl Form {
    /// Negotiates the format. JSON if `Accept` is absent or has no supported media type.
    pub fn of(headers: &HeaderMap) -> Form {
        let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(f32, (&'static str, Syntax))> = None;
        for media_type in accept.flat_map(MediaTypeList::new).filter_map(Result::ok) {
            let essence = media_type.essence().to_string().to_ascii_lowercase();
            let known = known(&essence);
            let is_any = matches!(essence.as_str(), "*/*" | "application/*");
            let weight = media_type.get_param(Q).and_then(|q| q.as_str().parse().ok()).unwrap_or(1.0_f32);
            let Some(name) = known.or(is_any.then_some(NAMES[0])).filter(|_| weight > 0.0) else { continue };
            if best.is_none_or(|(heaviest, _)| weight > heaviest) {
                best = Some((weight, name));
            }
        }
        let (media_type, syntax) = best.map_or(NAMES[0], |(_, name)| name);
        Form { syntax, media_type, is_gzip: takes_gzip(headers) }
    }
}

/// Whether the request accepts gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|offers| offers.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0_f32);
        is_gzip && weight > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn form(accept: &str) -> (Syntax, &'static str) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        let form = Form::of(&headers);
        (form.syntax, form.media_type)
    }

    #[test]
    fn accept_header_selects_json_or_xml_and_defaults_to_json() {
        let plain = Form { syntax: Syntax::Json, media_type: "application/json", is_gzip: false };
        assert_eq!(Form::of(&HeaderMap::new()), plain);
        for (accept, name) in [
            ("*/*", "application/json"),
            ("application/hal+json", "application/json"),
            ("image/jpeg, text/plain", "application/json"),
            ("", "application/json"),
            ("application/vnd.microsoft.com.ucwa+json; charset=utf-8", "application/vnd.microsoft.com.ucwa+json"),
        ] {
            assert_eq!(form(accept), (Syntax::Json, name), "{accept}");
        }
        for (accept, name) in [
            ("Application/XML", "application/xml"),
            ("application/vnd.microsoft.com.ucwa+xml", "application/vnd.microsoft.com.ucwa+xml"),
            ("application/json;q=0.5, application/xml", "application/xml"),
            ("application/json;q=0, application/vnd.microsoft.ucwa+xml;q=0.1", "application/vnd.microsoft.ucwa+xml"),
            ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ] {
            assert_eq!(form(accept), (Syntax::Xml, name), "{accept}");
        }
    }

    #[test]
    fn accept_encoding_header_enables_gzip() {
        let takes = |offer: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(offer))]))
        };
        assert!(takes("gzip") && takes("deflate, GZIP;q=0.5"));
        assert!(!takes("deflate, br") && !takes("gzip;q=0"));
    }
}
