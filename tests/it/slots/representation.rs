//! Exact form of resources: in JSON and in XML, at each of their paths.

use crate::support::client::Response;
use crate::support::ucwa::{NAMESPACE, Person, SLOTS, href, hrefs, jane, links};
use crate::support::world::text;
use serde_json::{Value, json};

/// A changeable slot in JSON.
fn slot(base: &str, kind: &str, number: &str, is_shared: bool, etag: &Value) -> Value {
    let itself = format!("{base}/me/phones/{kind}");
    json!({
        "rel": "phone", "type": kind, "number": number, "includeInContactCard": is_shared, "etag": etag,
        "_links": {
            "self": { "href": itself },
            "changeNumber": { "href": format!("{itself}/changeNumber") },
            "changeVisibility": { "href": format!("{itself}/changeVisibility") },
        },
    })
}

/// ETag of each slot, a decimal number.
fn etags(phones: &Value) -> Vec<Value> {
    let phones = phones["_embedded"]["phone"].as_array().expect("a list");
    let etags: Vec<Value> = phones.iter().map(|phone| phone["etag"].clone()).collect();
    for etag in &etags {
        text(etag).parse::<u32>().expect("an etag is a number");
    }
    etags
}

#[tokio::test]
async fn a_new_user_identity_has_four_empty_slots_in_order_under_every_path() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        let response = jane.client.get(&format!("{base}/me/phones")).await;
        let phones = &response.of_ucwa(200).body;
        let slots: Vec<Value> =
            SLOTS.iter().zip(etags(phones)).map(|(kind, etag)| slot(&base, kind, "", false, &etag)).collect();
        let expected = json!({
            "rel": "phones",
            "_links": { "self": { "href": format!("{base}/me/phones") } },
            "_embedded": { "phone": slots },
        });
        assert_eq!(*phones, expected);
        assert_eq!(response.header("etag"), None, "the list has no ETag");
        for (kind, expected) in SLOTS.iter().zip(&slots) {
            let response = jane.client.get(&format!("{base}/me/phones/{kind}")).await;
            assert_eq!(response.of_ucwa(200).body, *expected);
            assert_eq!(response.header("etag"), Some(format!("\"{}\"", text(&expected["etag"])).as_str()));
        }
    }
}

#[tokio::test]
async fn slots_return_their_numbers() {
    let (_world, jane) = jane().await;
    jane.put("mobile", "+1 425 555 0199", true).await;
    jane.put("other", "+34 675 89 76 54", false).await;
    let phones = jane.client.get("/me/phones").await.of_ucwa(200).body.clone();
    let numbers = [("", false), ("tel:+14255550199", true), ("", false), ("tel:+34675897654", false)];
    let expected: Vec<Value> = SLOTS
        .iter()
        .zip(numbers)
        .zip(etags(&phones))
        .map(|((kind, (number, is_shared)), etag)| slot("", kind, number, is_shared, &etag))
        .collect();
    assert_eq!(phones["_embedded"]["phone"], json!(expected));
}

#[tokio::test]
async fn slot_types_are_case_insensitive_and_returned_in_lower_case() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    for spelling in ["Mobile", "MOBILE", "mOBILE"] {
        let body = json!({ "number": "+14255550199" });
        jane.client.post(&format!("{base}/me/phones/{spelling}/changeNumber"), body).await.is_no_content();
        jane.client.post(&format!("{base}/me/phones/{spelling}/changeVisibility"), json!({})).await.is_no_content();
        let returned = jane.client.get(&format!("{base}/me/phones/{spelling}")).await.of_ucwa(200).body.clone();
        assert_eq!(returned, slot(&base, "mobile", "tel:+14255550199", false, &returned["etag"]));
        assert_eq!(jane.client.delete(&format!("/me/phones/{spelling}")).await.status, 204);
    }
    for unknown in ["fax", "custom1", "phone", "work%20", "%20Other", "4"] {
        jane.client.get(&format!("{base}/me/phones/{unknown}")).await.is_ucwa_error(404, "NotFound", "");
    }
}

#[tokio::test]
async fn links_keep_the_prefix_of_the_request_and_self_is_its_path() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        let mut pages = vec![format!("{base}/me"), format!("{base}/me/phones"), format!("{base}/me/phones/home")];
        if !base.is_empty() {
            pages.extend([base.clone(), format!("{base}/events?ack=1&timeout=0")]);
        }
        for page in pages {
            let returned = jane.client.get(&page).await.of_ucwa(200).body.clone();
            let all = hrefs(&returned);
            assert!(!all.is_empty(), "{page}");
            for href in all {
                assert!(href.starts_with(&format!("{base}/")) || href == base, "{page} leads to {href}");
                assert!(href.starts_with('/') && !href.starts_with("//"), "{href}");
            }
            if !page.contains('?') {
                assert_eq!(href(&returned, "self"), page);
            }
        }
    }
}

#[tokio::test]
async fn a_list_in_xml_has_its_links_properties_and_members() {
    let (_world, jane) = jane().await;
    jane.put("mobile", "+1 425 555 0199", true).await;
    let plain = jane.client.get("/me/phones").await.of_ucwa(200).body.clone();
    let members: String = SLOTS
        .iter()
        .zip(etags(&plain))
        .map(|(kind, etag)| match *kind {
            "mobile" => member("", kind, "", "True", r#"<property name="number">tel:+14255550199</property>"#, &etag),
            kind => member("", kind, "", "False", r#"<property name="number"/>"#, &etag),
        })
        .collect();
    let expected = format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?><resource rel="phones" href="/me/phones" xmlns="{}">"#,
            r#"<property name="rel">phones</property>{}</resource>"#,
        ),
        NAMESPACE, members
    );
    assert_eq!(in_xml(&jane, "/me/phones").await.text, expected);
}

#[tokio::test]
async fn a_slot_in_xml_has_its_properties_in_order_and_the_namespace_on_the_root() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/v1/applications", "here").await;
    let etag = jane.slot("home").await["etag"].clone();
    let namespace = format!(r#" xmlns="{NAMESPACE}""#);
    let slot = member(&base, "home", &namespace, "False", r#"<property name="number"/>"#, &etag);
    let response = in_xml(&jane, &format!("{base}/me/phones/home")).await;
    assert_eq!(response.text, format!(r#"<?xml version="1.0" encoding="utf-8"?>{slot}"#));
    assert_eq!(response.header("etag"), Some(format!("\"{}\"", text(&etag)).as_str()));
}

#[tokio::test]
async fn me_has_a_name_a_sip_uri_and_a_link_to_phones() {
    let (world, jane) = jane().await;
    let me = jane.client.get("/me").await.of_ucwa(200).body.clone();
    assert_eq!((&me["rel"], &me["name"]), (&json!("me"), &json!("Person jane")));
    assert_eq!((&me["uri"], &me["emailAddresses"]), (&json!("sip:jane@example.com"), &json!(["jane@example.com"])));
    assert_eq!(href(&me, "phones"), "/me/phones");
    let in_xml = in_xml(&jane, "/me").await.text;
    for part in [
        r#"<link rel="phones" href="/me/phones"/>"#,
        r#"<property name="name">Person jane</property>"#,
        r#"<property name="uri">sip:jane@example.com</property>"#,
        r#"<propertyList name="emailAddresses"><item>jane@example.com</item></propertyList>"#,
    ] {
        assert!(in_xml.contains(part), "no {part} in {in_xml}");
    }
    // Without a name, a user identity still has a display name and a URI.
    let created = world.key().post("/user_identities/create", json!({})).await.ok();
    let session = world.session(&text(&created["user_identity"]["user_identity_id"])).await;
    let nameless = session.get("/me").await.of_ucwa(200).body.clone();
    assert!(!text(&nameless["name"]).is_empty(), "{nameless}");
    assert!(text(&nameless["uri"]).len() > "sip:".len() && text(&nameless["uri"]).starts_with("sip:"), "{nameless}");
}

#[tokio::test]
async fn names_of_user_identities_are_escaped_in_xml() {
    let (world, jane) = jane().await;
    let odd = "<Jane> & \"Söns\" ]]>";
    let change = json!({ "user_identity_id": jane.id, "full_name": odd });
    world.key().post("/user_identities/update", change).await.ok();
    let response = in_xml(&jane, "/me").await;
    assert!(!response.text.contains("<Jane>") && response.text.contains("&lt;Jane&gt; &amp; "), "{response:?}");
    assert_eq!(jane.client.get("/me").await.of_ucwa(200).body["name"], odd);
}

#[tokio::test]
async fn an_application_in_xml_has_the_contents_of_the_json_form() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    let returned = in_xml(&jane, &base).await.text;
    let begin = format!(
        r#"<?xml version="1.0" encoding="utf-8"?><resource rel="application" href="{base}" xmlns="{NAMESPACE}"><link "#
    );
    assert!(returned.starts_with(&begin), "{returned}");
    for rel in ["me", "people", "onlineMeetings", "communication"] {
        assert!(returned.contains(&format!(r#"<resource rel="{rel}" href="{base}/{rel}">"#)), "no {rel} in {returned}");
    }
    assert!(returned.contains(r#"<property name="culture">en-US</property>"#), "{returned}");
    let plain = jane.client.get(&base).await.of_ucwa(200).body.clone();
    for rel in links(&plain).into_iter().filter(|rel| *rel != "self") {
        let link = format!(r#"<link rel="{rel}" href="{}"/>"#, href(&plain, rel).replace('&', "&amp;"));
        assert!(returned.contains(&link), "no {link} in {returned}");
    }
}

/// A changeable slot in XML.
fn member(base: &str, kind: &str, namespace: &str, is_shared: &str, number: &str, etag: &Value) -> String {
    let itself = format!("{base}/me/phones/{kind}");
    format!(
        concat!(
            r#"<resource rel="phone" href="{itself}"{namespace}><link rel="changeNumber" href="{itself}/changeNumber"/>"#,
            r#"<link rel="changeVisibility" href="{itself}/changeVisibility"/><property name="rel">phone</property>"#,
            r#"<property name="includeInContactCard">{is_shared}</property>{number}"#,
            r#"<property name="type">{kind}</property><property name="etag">{etag}</property></resource>"#,
        ),
        itself = itself,
        namespace = namespace,
        is_shared = is_shared,
        number = number,
        kind = kind,
        etag = text(etag),
    )
}

async fn in_xml(person: &Person, path: &str) -> Response {
    let response = person.client.with("accept", "application/xml").get(path).await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/xml")), "{response:?}");
    response
}
