//! Unreadable bodies in the UCWA dialect: malformed, hostile, of another media type, too large. None of them changes
//! anything.

use crate::support::client::Response;
use crate::support::ucwa::{COLLECTIONS, jane, new_application};
use serde_json::json;

const PATH: &str = "/me/phones/home/changeNumber";

#[tokio::test]
async fn malformed_json_is_a_deserialization_failure() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    let deep = "[".repeat(100_000);
    for kind in ["application/json", "application/vnd.microsoft.com.ucwa+json", "text/plain"] {
        for body in
            ["{", "x", "[]", "\"text\"", "1", "null", "{\"number\":\"1\"} x", "{'number':'1'}", "<input/>", &deep]
        {
            jane.client.bytes(PATH, Some(kind), body.to_owned()).await.is_ucwa_error(
                400,
                "BadRequest",
                "DeserializationFailure",
            );
        }
    }
    let bytes = b"{\"number\":\"+1425\xff\"}".to_vec();
    jane.client.bytes(PATH, Some("application/json"), bytes).await.is_ucwa_error(
        400,
        "BadRequest",
        "DeserializationFailure",
    );
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true));
}

#[tokio::test]
async fn malformed_xml_is_a_deserialization_failure() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    let deep = "<input>".repeat(100_000);
    for kind in ["application/xml", "application/vnd.microsoft.com.ucwa+xml"] {
        for body in [
            "<input>",
            "<input></resource>",
            "<input><property name=\"number\">1</input>",
            "<other/>",
            "<input/><input/>",
            "<input/>x",
            "{}",
            "x",
            "<input><property>1</property></input",
            "<input><property name=\"number\">&nbsp;</property></input>",
            "<input><property name=\"number\" name=\"number\">1</property></input>",
            &deep,
        ] {
            let response = jane.client.bytes(PATH, Some(kind), body.to_owned()).await;
            assert_eq!(response.status, 400, "{:.60}: {response:?}", body);
            response.is_ucwa_error(400, "BadRequest", "DeserializationFailure");
        }
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true));
}

#[tokio::test]
async fn xml_document_types_and_entities_are_refused() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    let input = |number: &str| format!("<input><property name=\"number\">{number}</property></input>");
    for body in [
        format!("<!DOCTYPE input>{}", input("+14255550199")),
        format!("<?xml version=\"1.0\"?><!DOCTYPE input [<!ENTITY n \"+14255550199\">]>{}", input("&n;")),
        format!("<!DOCTYPE input [<!ENTITY n SYSTEM \"file:///etc/hostname\">]>{}", input("&n;")),
        format!("<!DOCTYPE input SYSTEM \"http://127.0.0.1:1/x.dtd\">{}", input("1")),
        format!("<!doctype input>{}", input("1")),
        input("&n;"),
    ] {
        let response = jane.client.bytes(PATH, Some("application/xml"), body.clone()).await;
        response.is_ucwa_error(400, "BadRequest", "DeserializationFailure");
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true));
}

#[tokio::test]
async fn a_body_of_another_media_type_is_415() {
    let (_world, jane) = jane().await;
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "image/png",
        "application/hal+json",
        "nonsense",
    ] {
        for path in [PATH, "/me/phones/home/changeVisibility", "/me/phones"] {
            let response = jane.client.bytes(path, Some(kind), r#"{"type":"home","number":"+14255550199"}"#).await;
            unsupported(&response);
        }
    }
    assert_eq!(jane.number_and_visibility("home").await, (String::new(), false));
}

/// The subcode is optional here.
#[track_caller]
fn unsupported(response: &Response) {
    let body = &response.of_ucwa(415).body;
    assert_eq!(body["code"], "UnsupportedMediaType", "{response:?}");
    assert!(body.get("subcode").is_none_or(|subcode| subcode == "UnsupportedMediaType"), "{response:?}");
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_read_and_a_larger_one_is_413() {
    let (_world, jane) = jane().await;
    let limit = 1024 * 1024;
    let padded = |size: usize| {
        let body = json!({ "number": "+14255550199" }).to_string();
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    jane.client.bytes(PATH, Some("application/json"), padded(limit)).await.is_no_content();
    assert_eq!(jane.number_and_visibility("home").await.0, "tel:+14255550199");
    jane.client.delete("/me/phones/home").await.is_no_content();
    for kind in ["application/json", "application/xml"] {
        let response = jane.client.bytes(PATH, Some(kind), padded(limit + 1)).await;
        response.is_ucwa_error(413, "EntityTooLarge", "");
    }
    assert_eq!(jane.number_and_visibility("home").await.0, "");
}

#[tokio::test]
async fn nul_characters_and_invalid_utf8_cause_no_server_error() {
    let (world, jane) = jane().await;
    for name in ["culture", "endpointId", "userAgent", "instanceId", "type"] {
        let mut body = new_application("here");
        body[name] = json!("a\u{0}b");
        jane.client.post(COLLECTIONS[0], body).await.is_invalid(&[name]);
    }
    let nul = json!({ "number": "+1425\u{0}5550199" });
    jane.client.post(PATH, nul).await.is_invalid(&["number"]);
    jane.client.call("POST", &format!("{PATH}?number=%00")).await.is_invalid(&["number"]);
    let odd = jane.client.call("POST", &format!("{PATH}?number=%ff%fe1")).await;
    odd.is_ucwa_error(400, "BadRequest", "NormalizationFailed");
    for form in ["grant_type=password&username=a%00b&password=x", "grant_type=password&username=%ff&password=%00"] {
        let response = world.anonymous().bytes("/webticket/oauthtoken", None, form).await;
        assert_eq!(response.of_ucwa(400).body["error"], "invalid_grant", "{response:?}");
    }
    jane.client.get("/me/phones/%00").await.is_ucwa_error(404, "NotFound", "");
    jane.client.get("/me/phones/%ff").await.is_ucwa_error(404, "NotFound", "");
    jane.client.get(&format!("{}/%ff/me", COLLECTIONS[0])).await.is_ucwa_error(404, "NotFound", "");
}
