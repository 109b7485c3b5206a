//! Answers and refusals as examples show them, in JSON and in XML.

use serde_json::{Value, json};

/// The number of the application in examples.
pub const APPLICATION: &str = "103753940963";
/// A person.
pub const PERSON: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// Properties that come first in XML, in their order.
const FIRST: [&str; 5] = ["rel", "includeInContactCard", "number", "type", "etag"];

/// A slot that its person may change.
pub fn phone(me: &str, kind: &str, number: &str, is_shared: bool, etag: &str) -> Value {
    let itself = format!("{me}/phones/{kind}");
    json!({
        "rel": "phone",
        "type": kind,
        "number": number,
        "includeInContactCard": is_shared,
        "etag": etag,
        "_links": {
            "self": { "href": itself },
            "changeNumber": { "href": format!("{itself}/changeNumber") },
            "changeVisibility": { "href": format!("{itself}/changeVisibility") },
        },
    })
}

/// All four slots; the workspace has given the number for work.
pub fn phones(me: &str) -> Value {
    let mut work = phone(me, "work", "tel:+14255550100", true, "3");
    work["_links"] = json!({ "self": { "href": format!("{me}/phones/work") } });
    let slots = [
        work,
        phone(me, "mobile", "tel:+14255550199", true, "2"),
        phone(me, "home", "", false, "1"),
        phone(me, "other", "", false, "1"),
    ];
    json!({ "rel": "phones", "_links": { "self": { "href": format!("{me}/phones") } }, "_embedded": { "phone": slots } })
}

/// A person who may use voice; before they were made available by this application, if it is one.
pub fn me(application: &str) -> Value {
    let me = format!("{application}/me");
    let mut example = json!({
        "rel": "me",
        "name": "Jane Doe",
        "uri": "sip:jane@example.com",
        "emailAddresses": ["jane@example.com"],
        "_links": { "self": { "href": me }, "phones": { "href": format!("{me}/phones") } },
    });
    if !application.is_empty() {
        for rel in ["makeMeAvailable", "callForwardingSettings"] {
            example["_links"][rel] = json!({ "href": format!("{me}/{rel}") });
        }
    }
    example
}

/// An application just begun.
pub fn application(base: &str) -> Value {
    let part = |rel: &str| json!({ "rel": rel, "_links": { "self": { "href": format!("{base}/{rel}") } } });
    let mut communication = part("communication");
    communication["_links"]["startMessaging"] = json!({ "href": format!("{base}/communication/startMessaging") });
    json!({
        "rel": "application",
        "culture": "en-US",
        "userAgent": "curl",
        "_links": {
            "self": { "href": base },
            "policies": { "href": format!("{base}/policies") },
            "events": { "href": format!("{base}/events?ack=1") },
        },
        "_embedded": {
            "me": me(base),
            "people": part("people"),
            "onlineMeetings": part("onlineMeetings"),
            "communication": communication,
        },
    })
}

/// A resource without anything in it.
pub fn empty(rel: &str, href: &str) -> Value {
    json!({ "rel": rel, "_links": { "self": { "href": href } } })
}

/// A resource in XML: links, properties, members.
pub fn xml(resource: &Value) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>{}"#,
        element(resource, r#" xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa""#)
    )
}

fn element(resource: &Value, namespace: &str) -> String {
    let (rel, itself) = (plain(&resource["rel"]), plain(&resource["_links"]["self"]["href"]));
    let mut text = format!(r#"<resource rel="{rel}" href="{itself}"{namespace}>"#);
    for (rel, link) in resource["_links"].as_object().into_iter().flatten().filter(|(rel, _)| *rel != "self") {
        text.push_str(&format!(r#"<link rel="{rel}" href="{}"/>"#, plain(&link["href"])));
    }
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut properties: Vec<_> = resource.as_object().into_iter().flatten().collect();
    properties.retain(|(name, _)| !name.starts_with('_'));
    properties.sort_by_key(|(name, _)| rank(name));
    for (name, value) in properties {
        text.push_str(&property(name, value));
    }
    for member in resource["_embedded"].as_object().into_iter().flat_map(|members| members.values()) {
        let several = member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice);
        text.extend(several.iter().map(|one| element(one, "")));
    }
    text + "</resource>"
}

fn property(name: &str, value: &Value) -> String {
    match value.as_array() {
        Some(items) => {
            let items: String = items.iter().map(|item| format!("<item>{}</item>", plain(item))).collect();
            format!(r#"<propertyList name="{name}">{items}</propertyList>"#)
        }
        None if *value == "" => format!(r#"<property name="{name}"/>"#),
        None => format!(r#"<property name="{name}">{}</property>"#, plain(value)),
    }
}

/// A value as XML writes it. Examples have nothing in them that would have to be escaped.
fn plain(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// A refusal in XML.
pub fn reason(error: &Value) -> String {
    let mut text =
        r#"<?xml version="1.0" encoding="utf-8"?><reason xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa">"#
            .to_owned();
    for name in ["code", "subcode", "message"] {
        if let Some(value) = error.get(name) {
            text.push_str(&format!("<{name}>{}</{name}>", plain(value)));
        }
    }
    if let Some(parameters) = error["parameters"].as_array() {
        let parameters = parameters.iter().map(|one| {
            format!(
                "<parameter><name>{}</name><reason>{}</reason></parameter>",
                plain(&one["name"]),
                plain(&one["reason"])
            )
        });
        text.push_str(&format!("<parameters>{}</parameters>", parameters.collect::<String>()));
    }
    text + "</reason>"
}
