//! Inputs in each of their forms: query, JSON and XML, in each spelling, with and without a matching content type.

use crate::support::client::Response;
use crate::support::ucwa::{NAMESPACE, Person, jane};
use serde_json::json;

/// One form of an input: query, content type if any, and body.
type InputForm = (String, Option<&'static str>, String);

const HOME: &str = "/me/phones/home";

async fn send_request(person: &Person, verb: &str, (query, kind, body): &InputForm) -> Response {
    person.client.bytes(&format!("{HOME}/{verb}{query}"), *kind, body.clone()).await
}

fn in_query(query: &str) -> InputForm {
    (query.to_owned(), None, String::new())
}

fn in_json(body: &str) -> InputForm {
    (String::new(), Some("application/json"), body.to_owned())
}

fn in_xml(body: &str) -> InputForm {
    (String::new(), Some("application/xml"), body.to_owned())
}

fn both(query: &str, body: &str) -> InputForm {
    (query.to_owned(), Some("application/json"), body.to_owned())
}

/// Applies each form to the same initial slot and asserts the result.
async fn expect(verb: &str, number: &str, is_shared: bool, forms: &[InputForm]) {
    let (_world, jane) = jane().await;
    for form in forms {
        jane.put("home", "+14255550100", false).await;
        send_request(&jane, verb, form).await.is_no_content();
        assert_eq!(jane.number_and_visibility("home").await, (number.to_owned(), is_shared), "{form:?}");
    }
}

#[tokio::test]
async fn change_number_accepts_a_number_in_the_query() {
    // Clients append it unescaped, which makes a plus a space.
    let forms = [
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
    expect("changeNumber", "tel:+14255550199", false, &forms.map(in_query)).await;
    // Outside of the default region, a number without its plus would be another one.
    let forms = ["?number=+34675897654", "?number=tel:+34675897654", "?number=TEL:+34-675-897-654"];
    expect("changeNumber", "tel:+34675897654", false, &forms.map(in_query)).await;
}

#[tokio::test]
async fn an_empty_body_may_have_any_content_type() {
    let query = "?number=%2B14255550199&includeInContactCard=TRUE".to_owned();
    let forms =
        [None, Some(""), Some("text/html"), Some("application/json"), Some("application/xml"), Some("nonsense")]
            .map(|kind| (query.clone(), kind, String::new()));
    expect("changeNumber", "tel:+14255550199", true, &forms).await;
    let (_world, jane) = jane().await;
    let bare = jane.client.request("POST", &format!("{HOME}/changeNumber{query}")).header("content-length", "0");
    jane.client.send(bare).await.is_no_content();
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550199".to_owned(), true));
}

#[tokio::test]
async fn change_number_accepts_json() {
    let forms = [
        r#"{"number":"+14255550199","includeInContactCard":true}"#,
        r#" { "Number" : "tel:+14255550199" , "INCLUDEINCONTACTCARD" : true } "#,
        r#"{"number":"1","number":"+14255550199","includeInContactCard":false,"includeInContactCard":true}"#,
        r#"{"number":"+1 (425) 555-0199","includeInContactCard":true,"_links":{"self":{"href":"/"}},"_embedded":{},"rel":"x"}"#,
        r#"{"unknown":[{"number":"1"}],"number":"\u002b14255550199","includeInContactCard":true}"#,
    ];
    expect("changeNumber", "tel:+14255550199", true, &forms.map(in_json)).await;
    let kinds = [
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/vnd.microsoft.com.ucwa+json",
        "application/vnd.microsoft.com.ucwa+json; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain",
    ];
    let forms = kinds.map(|kind| (String::new(), Some(kind), forms[0].to_owned()));
    expect("changeNumber", "tel:+14255550199", true, &forms).await;
}

#[tokio::test]
async fn change_number_accepts_xml_with_either_root() {
    let properties = concat!(
        r#"<property name="number">+14255550199</property>"#,
        r#"<property name="includeInContactCard">True</property>"#,
    );
    let mut forms = Vec::new();
    for root in ["input", "resource"] {
        for namespace in [String::new(), format!(" xmlns=\"{NAMESPACE}\""), format!(" rel=\"x\" xmlns='{NAMESPACE}'")] {
            forms.push(in_xml(&format!("<{root}{namespace}>{properties}</{root}>")));
        }
    }
    let input = |inner: &str| format!("<input xmlns=\"{NAMESPACE}\">{inner}</input>");
    forms.push(in_xml(&format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- so -->\n{}\n", input(properties))));
    forms.push(in_xml(&format!(
        "<u:input xmlns:u=\"{NAMESPACE}\">{}</u:input>",
        properties.replace("property", "u:property")
    )));
    forms.push(in_xml(&input(concat!(
        r#"<property name="other">x</property><propertyList name="number"><item>1</item></propertyList>"#,
        r#"<link rel="self" href="/"/><property name="Number"> &#43;1425555<![CDATA[0199]]> </property>"#,
        r#"<property name="includeincontactcard">TRUE</property>"#,
    ))));
    forms.push(in_xml(&input(&format!(r#"<property name="number">1</property>{properties}"#))));
    expect("changeNumber", "tel:+14255550199", true, &forms).await;
    let kinds = ["application/vnd.microsoft.com.ucwa+xml", "application/xml; charset=utf-8", "APPLICATION/XML"];
    let forms = kinds.map(|kind| (String::new(), Some(kind), input(properties)));
    expect("changeNumber", "tel:+14255550199", true, &forms).await;
}

#[tokio::test]
async fn the_body_takes_precedence_over_the_query() {
    let forms = [
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
    expect("changeNumber", "tel:+14255550199", true, &forms).await;
}

#[tokio::test]
async fn change_number_without_a_number_clears_and_hides_the_slot() {
    let mut forms: Vec<InputForm> = ["", "?", "?number=", "?number", "?other=1", "?number=%20"].map(in_query).into();
    forms.extend(
        ["{}", r#"{"number":null}"#, r#"{"number":""}"#, r#"{"number":"","includeInContactCard":null}"#].map(in_json),
    );
    forms.extend(
        [
            "<input/>",
            r#"<input><property name="number"/></input>"#,
            r#"<input><property name="number"></property></input>"#,
        ]
        .map(in_xml),
    );
    expect("changeNumber", "", false, &forms).await;
    let forms = [
        in_query("?includeInContactCard=true"),
        in_json(r#"{"includeInContactCard":true}"#),
        in_xml(r#"<input><property name="includeInContactCard">True</property></input>"#),
    ];
    expect("changeNumber", "", true, &forms).await;
}

#[tokio::test]
async fn change_number_keeps_visibility_unless_it_clears_the_number() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    for form in
        [in_query("?number=%2B14255550199"), in_json(r#"{"number":"+14255550100","includeInContactCard":null}"#)]
    {
        send_request(&jane, "changeNumber", &form).await.is_no_content();
        assert!(jane.number_and_visibility("home").await.1, "{form:?}");
    }
    send_request(&jane, "changeNumber", &in_query("")).await.is_no_content();
    assert_eq!(jane.number_and_visibility("home").await, (String::new(), false));
}

#[tokio::test]
async fn change_visibility_accepts_each_form_and_keeps_the_number() {
    let mut visibility_forms: Vec<InputForm> = [
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
    visibility_forms.push(in_json(r#"{"includeInContactCard":true,"number":"+14255550111"}"#));
    visibility_forms.push(in_xml(r#"<input><property name="includeInContactCard">tRUE</property></input>"#));
    visibility_forms.push(both("?includeInContactCard=false", r#"{"IncludeInContactCard":true}"#));
    expect("changeVisibility", "tel:+14255550100", true, &visibility_forms).await;

    let mut hidden: Vec<InputForm> =
        ["?includeInContactCard=false", "?includeInContactCard=FALSE", "", "?other"].map(in_query).into();
    hidden.extend([r#"{"includeInContactCard":false}"#, r#"{"includeInContactCard":null}"#, "{}"].map(in_json));
    hidden.push(in_xml(r#"<input><property name="includeInContactCard">False</property></input>"#));
    hidden.push(both("?includeInContactCard=true", r#"{"includeInContactCard":false}"#));
    let (_world, jane) = jane().await;
    for form in &hidden {
        jane.put("home", "+14255550100", true).await;
        send_request(&jane, "changeVisibility", form).await.is_no_content();
        assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), false), "{form:?}");
    }
}

#[tokio::test]
async fn an_invalid_boolean_is_refused_by_name_and_changes_nothing() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    for verb in ["changeNumber", "changeVisibility"] {
        for form in [
            in_query("?number=%2B14255550199&includeInContactCard=yes"),
            in_query("?includeInContactCard=1"),
            in_json(r#"{"includeInContactCard":"perhaps"}"#),
            in_json(r#"{"includeInContactCard":1}"#),
            in_xml(r#"<input><property name="includeInContactCard">on</property></input>"#),
        ] {
            send_request(&jane, verb, &form).await.is_invalid(&["includeInContactCard"]);
        }
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true));
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
        let response = jane.client.bytes(&format!("/me/phones{query}"), kind, body.clone()).await;
        assert_eq!(response.of_ucwa(201).body, jane.slot("home").await, "{query} {body}");
        assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550199".to_owned(), true), "{query} {body}");
        jane.client.delete(HOME).await.is_no_content();
    }
}
