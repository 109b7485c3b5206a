//! Inputs in each of their forms: query, JSON and XML, in each spelling, with and without a matching content type.

use crate::support::client::Answer;
use crate::support::ucwa::{NAMESPACE, Person, jane};
use serde_json::json;

/// One form of an input: query, content type if any, and body.
type Way = (String, Option<&'static str>, String);

const HOME: &str = "/me/phones/home";

async fn say(person: &Person, verb: &str, (query, kind, body): &Way) -> Answer {
    person.client.bytes(&format!("{HOME}/{verb}{query}"), *kind, body.clone()).await
}

fn in_query(query: &str) -> Way {
    (query.to_owned(), None, String::new())
}

fn in_json(body: &str) -> Way {
    (String::new(), Some("application/json"), body.to_owned())
}

fn in_xml(body: &str) -> Way {
    (String::new(), Some("application/xml"), body.to_owned())
}

fn both(query: &str, body: &str) -> Way {
    (query.to_owned(), Some("application/json"), body.to_owned())
}

/// Applies each form to the same initial slot and asserts the result.
async fn expect(verb: &str, number: &str, is_shared: bool, ways: &[Way]) {
    let (_world, jane) = jane().await;
    for way in ways {
        jane.put("home", "+14255550100", false).await;
        say(&jane, verb, way).await.is_done();
        assert_eq!(jane.holds("home").await, (number.to_owned(), is_shared), "{way:?}");
    }
}

#[tokio::test]
async fn change_number_accepts_a_number_in_the_query() {
    // Clients append it unescaped, which makes a plus a space.
    let ways = [
        "?number=%2B14255550199",
        "?number=+14255550199",
        "?number=%2014255550199",
        "?number=tel:+14255550199",
        "?number=tel%3A%2B14255550199",
        "?NUMBER=4255550199",
        "?number=1&number=%2B14255550199",
        "?unknown=1&number=%2B14255550199&&=",
        "?number=%2B14255550199&includeInContactCard=False",
    ];
    expect("changeNumber", "tel:+14255550199", false, &ways.map(in_query)).await;
    // Outside of the default region, a number without its plus would be another one.
    let ways = ["?number=+34675897654", "?number=tel:+34675897654", "?number=TEL:+34-675-897-654"];
    expect("changeNumber", "tel:+34675897654", false, &ways.map(in_query)).await;
}

#[tokio::test]
async fn an_empty_body_may_have_any_content_type() {
    let query = "?number=%2B14255550199&includeInContactCard=TRUE".to_owned();
    let ways = [None, Some(""), Some("text/html"), Some("application/json"), Some("application/xml"), Some("nonsense")]
        .map(|kind| (query.clone(), kind, String::new()));
    expect("changeNumber", "tel:+14255550199", true, &ways).await;
    let (_world, jane) = jane().await;
    let bare = jane.client.request("POST", &format!("{HOME}/changeNumber{query}")).header("content-length", "0");
    jane.client.send(bare).await.is_done();
    assert_eq!(jane.holds("home").await, ("tel:+14255550199".to_owned(), true));
}

#[tokio::test]
async fn change_number_accepts_json() {
    let ways = [
        r#"{"number":"+14255550199","includeInContactCard":true}"#,
        r#" { "Number" : "tel:+14255550199" , "INCLUDEINCONTACTCARD" : true } "#,
        r#"{"number":"1","number":"+14255550199","includeInContactCard":false,"includeInContactCard":true}"#,
        r#"{"number":"+1 (425) 555-0199","includeInContactCard":true,"_links":{"self":{"href":"/"}},"_embedded":{},"rel":"x"}"#,
        r#"{"unknown":[{"number":"1"}],"number":"\u002b14255550199","includeInContactCard":true}"#,
    ];
    expect("changeNumber", "tel:+14255550199", true, &ways.map(in_json)).await;
    let kinds = [
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/vnd.microsoft.com.ucwa+json",
        "application/vnd.microsoft.com.ucwa+json; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain",
    ];
    let ways = kinds.map(|kind| (String::new(), Some(kind), ways[0].to_owned()));
    expect("changeNumber", "tel:+14255550199", true, &ways).await;
}

#[tokio::test]
async fn change_number_accepts_xml_with_either_root() {
    let properties = concat!(
        r#"<property name="number">+14255550199</property>"#,
        r#"<property name="includeInContactCard">True</property>"#,
    );
    let mut ways = Vec::new();
    for root in ["input", "resource"] {
        for namespace in [String::new(), format!(" xmlns=\"{NAMESPACE}\""), format!(" rel=\"x\" xmlns='{NAMESPACE}'")] {
            ways.push(in_xml(&format!("<{root}{namespace}>{properties}</{root}>")));
        }
    }
    let input = |inner: &str| format!("<input xmlns=\"{NAMESPACE}\">{inner}</input>");
    ways.push(in_xml(&format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- so -->\n{}\n", input(properties))));
    ways.push(in_xml(&format!(
        "<u:input xmlns:u=\"{NAMESPACE}\">{}</u:input>",
        properties.replace("property", "u:property")
    )));
    ways.push(in_xml(&input(concat!(
        r#"<property name="other">x</property><propertyList name="number"><item>1</item></propertyList>"#,
        r#"<link rel="self" href="/"/><property name="Number"> &#43;1425555<![CDATA[0199]]> </property>"#,
        r#"<property name="includeincontactcard">TRUE</property>"#,
    ))));
    ways.push(in_xml(&input(&format!(r#"<property name="number">1</property>{properties}"#))));
    expect("changeNumber", "tel:+14255550199", true, &ways).await;
    let kinds = ["application/vnd.microsoft.com.ucwa+xml", "application/xml; charset=utf-8", "APPLICATION/XML"];
    let ways = kinds.map(|kind| (String::new(), Some(kind), input(properties)));
    expect("changeNumber", "tel:+14255550199", true, &ways).await;
}

#[tokio::test]
async fn the_body_takes_precedence_over_the_query() {
    let ways = [
        both("?number=1", r#"{"number":"+14255550199","includeInContactCard":true}"#),
        both("?number=%2B14255550199&includeInContactCard=false", r#"{"includeInContactCard":true}"#),
        both("?includeInContactCard=true&number=letters", r#"{"Number":"+14255550199"}"#),
        both(
            "?number=%2B14255550199&includeInContactCard=true",
            r#"{"number":"+14255550199","includeInContactCard":true}"#,
        ),
        both("?number=%2B14255550199&includeInContactCard=true", "{}"),
        (
            "?number=2&includeInContactCard=False".to_owned(),
            Some("application/xml"),
            concat!(
                r#"<input><property name="number">+14255550199</property>"#,
                r#"<property name="includeInContactCard">true</property></input>"#,
            )
            .to_owned(),
        ),
    ];
    expect("changeNumber", "tel:+14255550199", true, &ways).await;
}

#[tokio::test]
async fn change_number_without_a_number_clears_and_hides_the_slot() {
    let mut ways: Vec<Way> = ["", "?", "?number=", "?number", "?other=1", "?number=%20"].map(in_query).into();
    ways.extend(
        ["{}", r#"{"number":null}"#, r#"{"number":""}"#, r#"{"number":"","includeInContactCard":null}"#].map(in_json),
    );
    ways.extend(
        [
            "<input/>",
            r#"<input><property name="number"/></input>"#,
            r#"<input><property name="number"></property></input>"#,
        ]
        .map(in_xml),
    );
    expect("changeNumber", "", false, &ways).await;
    let ways = [
        in_query("?includeInContactCard=true"),
        in_json(r#"{"includeInContactCard":true}"#),
        in_xml(r#"<input><property name="includeInContactCard">True</property></input>"#),
    ];
    expect("changeNumber", "", true, &ways).await;
}

#[tokio::test]
async fn change_number_keeps_visibility_unless_it_clears_the_number() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    for way in [in_query("?number=%2B14255550199"), in_json(r#"{"number":"+14255550100","includeInContactCard":null}"#)]
    {
        say(&jane, "changeNumber", &way).await.is_done();
        assert!(jane.holds("home").await.1, "{way:?}");
    }
    say(&jane, "changeNumber", &in_query("")).await.is_done();
    assert_eq!(jane.holds("home").await, (String::new(), false));
}

#[tokio::test]
async fn change_visibility_accepts_each_form_and_keeps_the_number() {
    let mut shown: Vec<Way> = [
        "?includeInContactCard=true",
        "?includeInContactCard=TRUE",
        "?IncludeInContactCard=True",
        // A client shares a number by a parameter name without a value.
        "?includeInContactCard",
        "?includeInContactCard=",
        "?includeInContactCard=false&includeInContactCard=true",
        "?includeInContactCard=true&number=%2B14255550111",
    ]
    .map(in_query)
    .into();
    shown.push(in_json(r#"{"includeInContactCard":true,"number":"+14255550111"}"#));
    shown.push(in_xml(r#"<input><property name="includeInContactCard">tRUE</property></input>"#));
    shown.push(both("?includeInContactCard=false", r#"{"IncludeInContactCard":true}"#));
    expect("changeVisibility", "tel:+14255550100", true, &shown).await;

    let mut hidden: Vec<Way> =
        ["?includeInContactCard=false", "?includeInContactCard=FALSE", "", "?other"].map(in_query).into();
    hidden.extend([r#"{"includeInContactCard":false}"#, r#"{"includeInContactCard":null}"#, "{}"].map(in_json));
    hidden.push(in_xml(r#"<input><property name="includeInContactCard">False</property></input>"#));
    hidden.push(both("?includeInContactCard=true", r#"{"includeInContactCard":false}"#));
    let (_world, jane) = jane().await;
    for way in &hidden {
        jane.put("home", "+14255550100", true).await;
        say(&jane, "changeVisibility", way).await.is_done();
        assert_eq!(jane.holds("home").await, ("tel:+14255550100".to_owned(), false), "{way:?}");
    }
}

#[tokio::test]
async fn an_invalid_boolean_is_refused_by_name_and_changes_nothing() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    for verb in ["changeNumber", "changeVisibility"] {
        for way in [
            in_query("?number=%2B14255550199&includeInContactCard=yes"),
            in_query("?includeInContactCard=1"),
            in_json(r#"{"includeInContactCard":"perhaps"}"#),
            in_json(r#"{"includeInContactCard":1}"#),
            in_xml(r#"<input><property name="includeInContactCard">on</property></input>"#),
        ] {
            say(&jane, verb, &way).await.is_invalid(&["includeInContactCard"]);
        }
    }
    assert_eq!(jane.holds("home").await, ("tel:+14255550100".to_owned(), true));
}

#[tokio::test]
async fn create_phone_accepts_each_form() {
    let (_world, jane) = jane().await;
    let xml = concat!(
        r#"<input><property name="type">HOME</property><property name="number">+14255550199</property>"#,
        r#"<property name="includeInContactCard">True</property></input>"#,
    );
    for (query, kind, body) in [
        ("?type=home&number=+14255550199&includeInContactCard=true", None, String::new()),
        (
            "",
            Some("application/json"),
            json!({ "Type": "Home", "number": "425 555 0199", "includeInContactCard": true }).to_string(),
        ),
        (
            "",
            Some("text/plain"),
            json!({ "type": "home", "number": "tel:+14255550199", "includeInContactCard": true }).to_string(),
        ),
        ("", Some("application/xml"), xml.to_owned()),
    ] {
        let answer = jane.client.bytes(&format!("/me/phones{query}"), kind, body.clone()).await;
        assert_eq!(answer.of_ucwa(201).body, jane.slot("home").await, "{query} {body}");
        assert_eq!(jane.holds("home").await, ("tel:+14255550199".to_owned(), true), "{query} {body}");
        jane.client.delete(HOME).await.is_done();
    }
}
