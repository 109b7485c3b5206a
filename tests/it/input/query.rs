//! Parsing of query strings by the shapes of fields, in strict and lenient mode.

use handset::api::input::*;
use handset::dialect::seam::query;
use handset::error::{Error, RequestPart};
use proptest::prelude::*;
use serde_json::{Map, Value};

input! {
    struct Everything {
        text: Option<String> = text().optional(),
        maybe: Option<Option<String>> = text().nullable().optional(),
        count: Option<f64> = number().optional(),
        flag: Option<bool> = boolean().optional(),
        kind: Option<System> = choice().optional(),
        names: Option<Vec<String>> = array(text()).optional(),
        counts: Option<Vec<f64>> = array(number()).optional(),
        has: Option<handset::domain::metadata::MetadataFilter> = metadata_filter().optional(),
        device: Option<Device> = object().optional(),
        since: Option<chrono::DateTime<chrono::Utc>> = lenient_date().optional(),
    }
}

input! {
    struct Device {
        model: Option<String> = text().optional(),
        deep: Option<Deep> = object().optional(),
    }
}

input! {
    struct Deep {
        count: f64 = number(),
    }
}

#[derive(Debug, Clone, Copy)]
struct System;

impl Choice for System {
    fn all() -> impl Iterator<Item = (&'static str, System)> {
        ["android", "ios"].map(|name| (name, System)).into_iter()
    }
}

fn parsed(raw: &str) -> String {
    match query::parse(raw, &Everything::fields()) {
        Ok(map) => Value::Object(map).to_string(),
        Err(Error::AmbiguousQuery { name, reason }) => format!("! '{name}' {reason}"),
        Err(other) => panic!("{other}"),
    }
}

/// Compares JSON as JSON, so that the order of keys does not matter.
fn same(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Means "as in strict mode".
const SAME: &str = "";

/// Results of the published parser 1.0.0: query, strict mode, lenient mode.
#[rustfmt::skip]
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("", "{}", SAME),
    ("text=a", r#"{"text":"a"}"#, SAME),
    ("text=", r#"{"text":null}"#, r#"{"text":""}"#),
    ("maybe=", r#"{"maybe":null}"#, SAME),
    ("count=", r#"{"count":null}"#, SAME),
    ("flag=", r#"{"flag":null}"#, SAME),
    ("kind=ios", r#"{"kind":"ios"}"#, SAME),
    ("kind=", r#"{"kind":null}"#, r#"{"kind":""}"#),
    ("names=", r#"{"names":[]}"#, SAME),
    ("has=", r#"{"has":null}"#, SAME),
    ("device=", r#"{"device":null}"#, SAME),
    ("text= a ", r#"{"text":" a "}"#, SAME),
    ("text=%20a%20", r#"{"text":" a "}"#, SAME),
    ("text=a+b%2Bc", r#"{"text":"a b+c"}"#, SAME),
    ("count=1", r#"{"count":1}"#, SAME),
    ("count=1.5", r#"{"count":1.5}"#, SAME),
    ("count=0x1F", r#"{"count":31}"#, SAME),
    ("count=1e3", r#"{"count":1000}"#, SAME),
    ("count=-5", r#"{"count":-5}"#, SAME),
    ("count=%2B5", r#"{"count":5}"#, SAME),
    ("count=.5", r#"{"count":0.5}"#, SAME),
    ("count=5.", r#"{"count":5}"#, SAME),
    ("count=1_0", r#"{"count":"1_0"}"#, SAME),
    ("count=inf", r#"{"count":"inf"}"#, SAME),
    ("count=Infinity", r#"{"count":"Infinity"}"#, SAME),
    ("count=NaN", r#"{"count":"NaN"}"#, SAME),
    ("count=nan", r#"{"count":"nan"}"#, SAME),
    ("count=1e999", r#"{"count":"1e999"}"#, SAME),
    ("count=x", r#"{"count":"x"}"#, SAME),
    ("count=%20 7 ", r#"{"count":"  7 "}"#, r#"{"count":7}"#),
    ("count=+", r#"{"count":" "}"#, r#"{"count":null}"#),
    ("count=0b101", r#"{"count":5}"#, SAME),
    ("count=0o17", r#"{"count":15}"#, SAME),
    ("count=0x", r#"{"count":"0x"}"#, SAME),
    ("count=-0x1", r#"{"count":"-0x1"}"#, SAME),
    ("flag=true", r#"{"flag":true}"#, SAME),
    ("flag=TRUE", r#"{"flag":"TRUE"}"#, r#"{"flag":true}"#),
    ("flag=yes", r#"{"flag":"yes"}"#, r#"{"flag":true}"#),
    ("flag=1", r#"{"flag":"1"}"#, r#"{"flag":true}"#),
    ("flag=0", r#"{"flag":"0"}"#, r#"{"flag":false}"#),
    ("flag=No", r#"{"flag":"No"}"#, r#"{"flag":false}"#),
    ("flag=off", r#"{"flag":"off"}"#, SAME),
    ("flag=%20true", r#"{"flag":" true"}"#, r#"{"flag":true}"#),
    ("names=a", r#"{"names":["a"]}"#, SAME),
    ("names=a&names=b", r#"{"names":["a","b"]}"#, SAME),
    ("names=a,b", r#"{"names":["a,b"]}"#, r#"{"names":["a","b"]}"#),
    ("names[]=a&names[]=b", "{}", r#"{"names":["a","b"]}"#),
    ("names[]=", "{}", r#"{"names":[]}"#),
    ("names[]=a,b", "{}", r#"! 'names[]' uses the bracket array format with a value containing a comma ",""#),
    ("names=a&names[]=b", r#"{"names":["a"]}"#, "! 'names' mixes the repeated and bracket array formats"),
    ("names=a,b&names=c", r#"{"names":["a,b","c"]}"#, r#"! 'names' mixes the comma and repeated array formats, or repeats a value containing a comma ",""#),
    ("names=a,,b", r#"{"names":["a,,b"]}"#, "! 'names' uses the comma array format with one or more empty values"),
    ("names=&names=a", "! 'names' mixes empty values with other values", SAME),
    ("names=&names=", "! 'names' mixes empty values with other values", SAME),
    ("names=%20", r#"{"names":[" "]}"#, r#"{"names":[]}"#),
    ("counts=1&counts=x", r#"{"counts":[1,"x"]}"#, SAME),
    ("counts=1,2", r#"{"counts":["1,2"]}"#, r#"{"counts":[1,2]}"#),
    ("has.c=z", r#"{"has":{"c":"z"}}"#, SAME),
    ("has.c=", r#"{"has":{"c":null}}"#, SAME),
    ("has.c=z&has.d=true", r#"{"has":{"c":"z","d":"true"}}"#, SAME),
    ("has.c.d=z", "! 'has.c.d' is nested inside a record parameter, but a record value type may not be an object, array, or record", SAME),
    ("has.c[]=z", r#"{"has":{"c[]":"z"}}"#, "! 'has.c[]' is nested inside a record parameter, but a record value type may not be an object, array, or record"),
    ("has.c=1&has.c=2", "! 'has.c' has repeated values but is not an array parameter", SAME),
    ("has=x", r#"{"has":"x"}"#, SAME),
    ("has=&has.c=1", "! 'has' conflicts with the nested parameter 'has.c'", SAME),
    ("has=%20", r#"{"has":" "}"#, r#"{"has":null}"#),
    ("has.=x", r#"{"has":{"":"x"}}"#, SAME),
    ("text=a&text=b", "! 'text' has repeated values but is not an array parameter", SAME),
    ("count=1&count=2", "! 'count' has repeated values but is not an array parameter", SAME),
    ("device.model=x", r#"{"device":{"model":"x"}}"#, SAME),
    ("device.model=", r#"{"device":{"model":null}}"#, r#"{"device":{"model":""}}"#),
    ("device.deep.count=3", r#"{"device":{"deep":{"count":3}}}"#, SAME),
    ("device.deep=", r#"{"device":{"deep":null}}"#, SAME),
    ("device=x", r#"{"device":"x"}"#, SAME),
    ("device=&device.model=x", "! 'device' conflicts with the nested parameter 'device.model'", SAME),
    ("device.deep=&device.deep.count=1", "! 'device.deep' conflicts with the nested parameter 'device.deep.count'", SAME),
    ("device=&device=", "! 'device' has repeated values but is not an array parameter", SAME),
    ("other=1&other=2", "{}", SAME),
    ("=x", "{}", SAME),
    ("&&&", "{}", SAME),
    ("text", r#"{"text":null}"#, r#"{"text":""}"#),
    ("a[b]=", "{}", SAME),
    ("_strict", "{}", SAME),
    ("text[]=a", "{}", SAME),
    ("text=%E2%82%AC", r#"{"text":"€"}"#, SAME),
    ("device.model=a&device.model=b", "! 'device.model' has repeated values but is not an array parameter", SAME),
    ("text.x=1", "{}", SAME),
    ("has.%C3%BC=1", r#"{"has":{"ü":"1"}}"#, SAME),
];

#[test]
fn strict_and_lenient_mode_match_the_published_parser() {
    for (raw, strict, generous) in PUBLISHED {
        let generous = if generous.is_empty() { strict } else { generous };
        let flagged = parsed(&format!("{raw}&_strict=true"));
        assert!(same(&flagged, strict), "{raw} in strict mode: {flagged}, expected {strict}");
        let plain = parsed(raw);
        assert!(same(&plain, generous), "{raw} in lenient mode: {plain}, expected {generous}");
    }
}

#[test]
fn only_the_exact_flag_sets_strict_mode_and_every_flag_is_removed() {
    for flag in ["_strict", "_strict=", "_strict=TRUE", "_strict=1", "_strict=false", "_strict=true&_strict=true"] {
        assert_eq!(parsed(&format!("flag=yes&{flag}")), r#"{"flag":true}"#, "{flag}");
    }
    assert_eq!(parsed("_strict=true"), "{}");
    assert_eq!(parsed("flag=yes&%5Fstrict=true"), r#"{"flag":"yes"}"#);
}

#[test]
fn space_around_a_point_in_time_is_ignored_in_lenient_mode() {
    assert_eq!(parsed("since=+2020-01-01+"), r#"{"since":"2020-01-01"}"#);
    assert_eq!(parsed("since=+2020-01-01&_strict=true"), r#"{"since":" 2020-01-01"}"#);
}

#[test]
fn broken_escapes_are_refused_in_known_parameters_and_ignored_elsewhere() {
    for broken in ["%", "%z", "%zz", "%f", "%ff", "a%", "%e2%82", "%+1", "%u0041", "%\u{e9}"] {
        let refusal = "is not valid percent-encoded UTF-8";
        assert_eq!(parsed(&format!("text={broken}")), format!("! 'text' {refusal}"), "{broken}");
        assert_eq!(parsed(&format!("names=a&names={broken}")), format!("! 'names' {refusal}"), "{broken}");
        assert_eq!(parsed(&format!("has.c={broken}")), format!("! 'has.c' {refusal}"), "{broken}");
        assert_eq!(parsed(&format!("other={broken}&{broken}=text&{broken}")), "{}", "{broken}");
        assert!(parsed(&format!("has.{broken}=x")).ends_with(refusal), "{broken}");
    }
}

#[test]
fn nul_is_decoded_and_refused_by_the_rules() {
    assert_eq!(parsed("text=%00"), r#"{"text":"\u0000"}"#);
    let query = query::parse("text=%00&has.%00=x", &Everything::fields()).expect("an unambiguous query");
    let Err(Error::Invalid(issues)) = read::<Everything>(query, Map::new()) else { panic!("NUL was accepted") };
    assert_eq!(issues.len(), 2);
    assert!(issues.iter().all(|issue| issue.place == RequestPart::Query));
}

#[test]
fn hostile_queries_are_parsed_in_bounded_time() {
    let start = std::time::Instant::now();
    let many = |pair: &dyn Fn(usize) -> String| (0..60_000).map(pair).collect::<Vec<_>>().join("&");
    parsed(&many(&|index| format!("has.key{index}=value")));
    parsed(&many(&|index| format!("other{index}.a.b.c=value")));
    parsed(&many(&|index| format!("has{index}=value")));
    parsed(&many(&|_| "names=value".to_owned()));
    parsed(&many(&|_| "text=value".to_owned()));
    parsed(&format!("names={}", "a,".repeat(500_000)));
    parsed(&format!("text={}", "%41".repeat(350_000)));
    parsed(&format!("text={}", "%".repeat(1_000_000)));
    parsed(&format!("count={}", "9".repeat(1_000_000)));
    parsed(&format!("count=0x{}", "f".repeat(1_000_000)));
    parsed(&"&".repeat(1_000_000));
    parsed(&"=".repeat(1_000_000));
    parsed(&format!("device.{}=1", "deep.".repeat(200_000)));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_query_is_parsed_or_ambiguous(
        raw in "((text|names|counts|has|has\\.a|device|device\\.model|_strict|\\PC{0,6})(\\[\\])?[=&,%+.]{0,2}\\PC{0,6}&?){0,8}",
    ) {
        let read = query::parse(&raw, &Everything::fields());
        prop_assert!(matches!(read, Ok(_) | Err(Error::AmbiguousQuery { .. })), "{:?}", read.err());
    }

    #[test]
    fn a_serialized_query_parses_to_its_values(text in "\\PC{1,20}", names in prop::collection::vec("[^,\\pC]{1,9}", 2..6)) {
        let mut raw = url::form_urlencoded::Serializer::new(String::new());
        raw.append_pair("text", &text);
        names.iter().for_each(|name| _ = raw.append_pair("names", name));
        let raw = raw.append_pair("_strict", "true").finish();
        let read = query::parse(&raw, &Everything::fields()).expect("an unambiguous query");
        prop_assert_eq!(Value::Object(read), serde_json::json!({ "text": text, "names": names }));
    }
}
