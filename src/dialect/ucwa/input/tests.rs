//! Any XML is parsed or refused: no panic, no entity, and work linear in the bytes.

use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn read(xml: &str) -> Result<Input> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, "application/xml".parse().expect("a header value"))]);
    Input::read(None, &headers, xml.as_bytes())
}

/// Fragments of valid and invalid documents.
fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<input>",
        "</input>",
        "<resource xmlns='u'>",
        "</resource>",
        "<property name=\"number\">",
        "</property>",
        "<property name='a' name='b'/>",
        "<propertyList name='c'>",
        "</propertyList>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0'?>",
        "&lt;",
        "&#0;",
        "&#x110000;",
        "&own;",
        "<",
        ">",
        "\u{feff}",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

proptest! {
    #[test]
    fn any_xml_body_is_parsed_or_unreadable(pieces in prop::collection::vec(pieces(), 0..12)) {
        let answer = read(&pieces.concat());
        prop_assert!(matches!(answer, Ok(_) | Err(Error::Unreadable(_))), "{:?}", answer.err());
    }

    #[test]
    fn xml_document_type_is_refused(name in "[a-z]{1,6}", pieces in prop::collection::vec(pieces(), 0..6)) {
        let own = format!("<!DOCTYPE {name} [<!ENTITY own SYSTEM \"file:///etc/passwd\">]><input>{}", pieces.concat());
        prop_assert!(read(&own).is_err());
    }

    #[test]
    fn xml_text_is_unescaped(text in "[^\\pC]{1,40}") {
        let escaped = quick_xml::escape::escape(text.as_str()).into_owned();
        for written in [escaped, format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))] {
            let input = read(&format!("<input><property name=\"Number\">{written}</property></input>"));
            let input = input.expect("the document is well formed");
            prop_assert_eq!(input.text("number", 40).expect("the value is text"), Some(text.as_str()));
        }
    }
}

/// Maximum bytes of a body.
const MOST: usize = 1 << 20;

#[test]
fn xml_body_is_parsed_in_linear_time() {
    let many = |piece: &dyn Fn(usize) -> String| -> String {
        let mut text = String::with_capacity(MOST);
        for at in 0.. {
            let next = piece(at);
            if text.len() + next.len() > MOST - 64 {
                break;
            }
            text.push_str(&next);
        }
        text
    };
    let attributes = many(&|at| format!(" a{at}=''"));
    for (shape, xml) in [
        ("attributes", format!("<input><property{attributes} name='a'/></input>")),
        ("elements in elements", format!("<input>{}", many(&|_| "<a>".to_owned()))),
        ("names", format!("<input>{}</input>", many(&|at| format!("<property name='{at}'/>")))),
        ("references", format!("<input><property name='a'>{}</property></input>", many(&|_| "&#65;".to_owned()))),
        ("a tag without an end", format!("<input><{}", many(&|_| "a".to_owned()))),
        ("comments", format!("<input>{}</input>", many(&|_| "<!---->".to_owned()))),
        ("blanks", format!("<input>{}</input>", many(&|_| " ".to_owned()))),
    ] {
        let begun = Instant::now();
        _ = read(&xml);
        let took = begun.elapsed();
        // 100 times what it takes; quadratic time would be 100 times more than that.
        assert!(took < Duration::from_secs(3), "{shape}: {took:?}");
    }
}
