//! The messages of each rule, compared with zod 3.25.

use super::{ID, System};
use chrono::{DateTime, Utc};
use handset::api::input::*;
use handset::dialect::seam::message::message;
use handset::domain::metadata::MetadataValue;
use handset::error::Step;
use serde_json::{Map, Value, json};

/// The messages for a value, each after its path; none if it is valid.
fn messages<R: Rule>(rule: &R, value: Option<Value>) -> Vec<String> {
    let mut at = Reader::default();
    let sound = rule.read(value, &mut at).is_some();
    let issues = at.into_issues();
    assert_eq!(sound, issues.is_empty(), "a read fails exactly when there are issues");
    issues.into_iter().map(|issue| format!("{}{}", path(&issue.path), message(&issue.problem))).collect()
}

fn path(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Key(key) => format!("{path}{key}: "),
        Step::Index(index) => format!("{path}{index}: "),
    })
}

fn says<R: Rule>(rule: &R, table: &[(Value, &[&str])]) {
    for (value, expected) in table {
        assert_eq!(messages(rule, Some(value.clone())), *expected, "{value}");
    }
}

fn output<R: Rule>(rule: &R, value: Value) -> Option<R::Output> {
    rule.read(Some(value), &mut Reader::default())
}

#[test]
fn an_absent_value_is_required_unless_optional() {
    assert_eq!(messages(&text(), None), ["Required"]);
    assert_eq!(messages(&number(), None), ["Required"]);
    assert_eq!(messages(&choice::<System>(), None), ["Required"]);
    assert_eq!(messages(&metadata(), None), ["Required"]);
    assert_eq!(messages(&array(text()), None), ["Required"]);
    assert_eq!(messages(&object::<super::Phone>(), None), ["Required"]);
    assert_eq!(messages(&text().nullable(), None), ["Required"]);
    assert!(messages(&text().optional(), None).is_empty());
    assert!(messages(&text().nullish(), None).is_empty());
    assert!(messages(&text().or("x"), None).is_empty());
}

#[test]
fn null_differs_from_absence() {
    let refusal: &[&str] = &["Expected string, received null"];
    says(&text().optional(), &[(json!(null), refusal)]);
    says(&text().or("x"), &[(json!(null), refusal)]);
    says(&text().nullable(), &[(json!(null), &[])]);
    says(&text().nullish(), &[(json!(null), &[])]);
}

#[test]
fn text_has_a_type_and_a_length_in_utf_16_units() {
    says(
        &text().min(3).max(4),
        &[
            (json!(1), &["Expected string, received number"]),
            (json!([]), &["Expected string, received array"]),
            (json!({}), &["Expected string, received object"]),
            (json!(true), &["Expected string, received boolean"]),
            (json!("ab"), &["String must contain at least 3 character(s)"]),
            (json!("😀"), &["String must contain at least 3 character(s)"]),
            (json!("😀😀"), &[]),
            (json!("😀😀a"), &["String must contain at most 4 character(s)"]),
            (json!("abc\0"), &["String must not contain the character U+0000"]),
        ],
    );
}

#[test]
fn a_uuid_is_canonical() {
    let refusal: &[&str] = &["Invalid uuid"];
    says(
        &uuid(),
        &[
            (json!("x"), refusal),
            (json!(""), refusal),
            (json!("00000000-0000-0000-0000-000000000000"), &[]),
            (json!("ABCDEF00-0000-0000-0000-00000000000f"), &[]),
            (json!("{abcdef00-0000-0000-0000-00000000000f}"), refusal),
            (json!("urn:uuid:abcdef00-0000-0000-0000-00000000000f"), refusal),
            (json!("abcdef00000000000000000000000000"), refusal),
            (json!("abcdef00000000000000000000000000----"), refusal),
            (json!("abcdef00-0000-0000-0000-00000000000f\n"), refusal),
            (json!("abcdef000-000-0000-0000-00000000000f"), refusal),
            (json!(format!("{ID}\0")), &["String must not contain the character U+0000"]),
        ],
    );
}

#[test]
fn an_e_mail_address_is_valid_as_in_zod() {
    let sound =
        ["a@b.co", "o'x+1_@b-c.d.co", "A@B.CO", "a@b-.co", "'a@b.co", "-a@b.co", "a-@b.co", "a+@b.co", "_@b.co"];
    for address in sound {
        assert!(messages(&email(), Some(json!(address))).is_empty(), "{address}");
    }
    let unsound = [
        "",
        "@",
        "a@b",
        "a..b@c.de",
        ".a@b.co",
        "a.@b.co",
        "a'@b.co",
        "a@-b.co",
        "a@b.c",
        "a@b.c1",
        "ü@b.co",
        "a@b.co ",
        "a@1.2.3.4",
        "a@b..co",
        "a@_b.co",
        "a@b.co-m",
        "a@b@c.co",
        "a@.co",
        "@b.co",
        "a@b.co\n",
    ];
    for address in unsound {
        assert_eq!(messages(&email(), Some(json!(address))), ["Invalid email"], "{address}");
    }
}

#[test]
fn a_web_url_has_the_scheme_http_or_https() {
    for address in ["http://a", "https://a.b/c?d=e#f", "HTTP://a", "http:a"] {
        assert!(messages(&web_url(), Some(json!(address))).is_empty(), "{address}");
    }
    for address in ["x", "", "https://a b", "ftp://x", "javascript:1", "http:", "http://", "//a", "file:///etc"] {
        assert_eq!(messages(&web_url(), Some(json!(address))), ["Invalid url"], "{address}");
    }
}

#[test]
fn a_date_time_requires_an_offset() {
    let instant = |text: &str| text.parse::<DateTime<Utc>>().expect("RFC 3339");
    for (text, expected) in [
        ("2026-11-21T20:34:03.805951Z", "2026-11-21T20:34:03.805951Z"),
        ("2026-11-21T20:34:03+0000", "2026-11-21T20:34:03Z"),
        ("2026-11-21T20:34:03+01:30", "2026-11-21T19:04:03Z"),
        ("2026-11-21T20:34:03-0130", "2026-11-21T22:04:03Z"),
        ("2026-11-21T20:34Z", "2026-11-21T20:34:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2026-11-21T20:34:03.805951123456789Z", "2026-11-21T20:34:03.805951123Z"),
        ("2026-11-21T20:34:03.5Z", "2026-11-21T20:34:03.500Z"),
        ("2026-11-21T20:34:03+24:00", "2026-11-20T20:34:03Z"),
    ] {
        assert_eq!(output(&date_time(), json!(text)), Some(instant(expected)), "{text}");
    }
    for text in [
        "",
        "2026-11-21T20:34:03",
        "2020-01-01",
        "2026-02-30T00:00:00Z",
        "2026-11-21t20:34:03Z",
        "2026-11-21T20:34:03z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T23:59:60Z",
        "2026-11-21T20:34:03.Z",
        "2026-11-21T20:34:03+00",
        "2026-11-21 20:34:03Z",
        "2026-11-21T20:34:03,8Z",
        "+002026-11-21T20:34:03Z",
        "2026-11-21T20:34:03Z ",
        "é",
        "2026-11-21T20:34:03.é",
        "-026-11-21T20:34:03Z",
        "2026-+1-21T20:34:03Z",
    ] {
        assert_eq!(messages(&date_time(), Some(json!(text))), ["Invalid datetime"], "{text}");
    }
}

#[test]
fn a_time_filter_accepts_the_usual_formats_of_a_javascript_date() {
    let zero = "2020-01-02T03:04:05Z".parse::<DateTime<Utc>>().expect("RFC 3339");
    for text in [
        "2020-01-02T03:04:05",
        "2020-01-02 03:04:05",
        "2020-01-02T03:04:05.000000Z",
        "2020-01-02t03:04:05z",
        "2020-01-02T05:04:05+0200",
        "2020-01-02 05:04:05 +02:00",
        "Thu, 02 Jan 2020 03:04:05 GMT",
        "Thu, 02 Jan 2020 05:04:05 +0200",
        " 2020-01-02T03:04:05Z ",
    ] {
        assert_eq!(output(&lenient_date(), json!(text)), Some(zero), "{text}");
    }
    for (text, day) in [("2020", "2020-01-01"), ("2020-03", "2020-03-01"), ("2020-03-04", "2020-03-04")] {
        let time = output(&lenient_date(), json!(text)).expect("a date");
        assert_eq!(time.format("%F %T").to_string(), format!("{day} 00:00:00"));
    }
    for text in
        ["", "yesterday", "2020-13-01", "2020-02-32", "1577836800000", "2020-01-02T03", "2020-01-02T03:04:60Z", "2020-"]
    {
        let expected = ["Must be parsable date string if defined"];
        assert_eq!(messages(&lenient_date(), Some(json!(text))), expected, "{text}");
    }
    says(&lenient_date(), &[(json!(1), &["Expected string, received number"])]);
}

#[test]
fn numbers_are_checked_for_limits_and_type() {
    says(
        &integer::<i64>().at_least(0).at_most(10),
        &[
            (json!("1"), &["Expected number, received string"]),
            (json!(null), &["Expected number, received null"]),
            (json!(-1.5), &["Expected integer, received float", "Number must be greater than or equal to 0"]),
            (json!(-1), &["Number must be greater than or equal to 0"]),
            (json!(11), &["Number must be less than or equal to 10"]),
            (json!(1.0), &[]),
        ],
    );
    says(
        &integer::<u32>().above(0),
        &[
            (json!(0), &["Number must be greater than 0"]),
            (json!(-1), &["Number must be greater than 0"]),
            (json!(1e300), &["Number must be less than or equal to 4294967295"]),
            (json!(4_294_967_295_u32), &[]),
        ],
    );
    says(&integer::<u32>(), &[(json!(-1), &["Number must be greater than or equal to 0"])]);
    says(&number().at_least(1.5), &[(json!(1), &["Number must be greater than or equal to 1.5"]), (json!(1e21), &[])]);
    says(&boolean(), &[(json!("x"), &["Expected boolean, received string"]), (json!(true), &[])]);
    assert_eq!(output(&integer::<u32>(), json!(7.0)), Some(7));
}

#[test]
fn a_choice_lists_its_names() {
    says(
        &choice::<System>(),
        &[
            (json!("win"), &["Invalid enum value. Expected 'android' | 'ios', received 'win'"]),
            (json!(""), &["Invalid enum value. Expected 'android' | 'ios', received ''"]),
            (json!(1), &["Expected 'android' | 'ios', received number"]),
            (json!(null), &["Expected 'android' | 'ios', received null"]),
        ],
    );
    assert_eq!(output(&choice(), json!("ios")), Some(System::Ios));
}

#[test]
fn lists_check_their_length_and_each_item() {
    says(
        &array(text()),
        &[
            (json!([]), &[]),
            (json!("x"), &["Expected array, received string"]),
            (json!({}), &["Expected array, received object"]),
            (json!([1, "a", null]), &["0: Expected string, received number", "2: Expected string, received null"]),
        ],
    );
    let exactly = "Array must contain exactly 2 element(s)";
    says(
        &array(text()).exactly(2),
        &[
            (json!(["a"]), &[exactly]),
            (json!(["a", "b", "c"]), &[exactly]),
            (json!(["a", 1, "c"]), &[exactly, "1: Expected string, received number"]),
        ],
    );
    says(
        &array(text()).max(1),
        &[(json!(["a", 1]), &["Array must contain at most 1 element(s)", "1: Expected string, received number"])],
    );
}

#[test]
fn metadata_has_the_limits_of_seam() {
    let long = "x".repeat(41);
    let dotted = "x.".repeat(41);
    let key_length = "String must contain at most 40 character(s)";
    let period = "Custom metadata key names cannot contain a period (.)";
    says(
        &metadata(),
        &[
            (json!(null), &["Expected object, received null"]),
            (json!([]), &["Expected object, received array"]),
            (json!({ "a.b": "x" }), &[&format!("a.b: {period}")]),
            (json!({ &long: "x" }), &[&format!("{long}: {key_length}")]),
            (json!({ &dotted: "x" }), &[&format!("{dotted}: {key_length}"), &format!("{dotted}: {period}")]),
            (json!({ "a": "x".repeat(501) }), &["a: String must contain at most 500 character(s)"]),
            (
                json!({ "a": 1 }),
                &[
                    "a: Expected string, received number",
                    "a: Expected boolean, received number",
                    "a: Expected null, received number",
                ],
            ),
            (json!({ "a\0": true }), &["a\0: String must not contain the character U+0000"]),
            (json!({ "a": "\0" }), &["a: String must not contain the character U+0000"]),
        ],
    );
    let keys = |count: usize| (0..count).map(|key| (key.to_string(), json!(true))).collect::<Map<_, _>>();
    assert!(messages(&metadata(), Some(keys(50).into())).is_empty());
    let refusal = ["Custom metadata is limited to a maximum of 50 keys"];
    assert_eq!(messages(&metadata(), Some(keys(51).into())), refusal);
}

#[test]
fn null_and_empty_text_delete_metadata_and_differ_in_a_filter() {
    let value = json!({ "a": "x", "b": true, "c": null, "d": "" });
    let (text, flag) = (MetadataValue::Text("x".to_owned()), MetadataValue::Flag(true));
    let names = ["a", "b", "c", "d"].map(str::to_owned).into_iter();
    let change = names.clone().zip([Some(text), Some(flag), None, None]).collect();
    let filter = names.zip([Some("x".to_owned()), Some("true".to_owned()), None]).collect();
    assert_eq!(output(&metadata(), value.clone()), Some(change));
    assert_eq!(output(&metadata_filter(), value), Some(filter));
    says(&metadata_filter(), &[(json!({ "x".repeat(41): "x".repeat(501) }), &[])]);
    says(
        &metadata_filter(),
        &[(json!({ "a.b": "x" }), &["a.b: Custom metadata key names cannot contain a period (.)"])],
    );
}

#[test]
fn a_refinement_is_checked_once_the_rest_is_valid() {
    let rule = array(lenient_date())
        .exactly(2)
        .refine(|times| times[0] < times[1], "second value must be greater than first value");
    says(
        &rule,
        &[
            (json!(["2020", "2021"]), &[]),
            (json!(["2021", "2020"]), &["second value must be greater than first value"]),
            (json!(["2021"]), &["Array must contain exactly 2 element(s)"]),
        ],
    );
}
