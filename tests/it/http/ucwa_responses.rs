//! Form of a UCWA response: media type by `Accept`, compression, length, and the requested resource version.

use crate::support::ucwa::{Person, href, jane};
use crate::support::world::text;
use flate2::read::GzDecoder;
use serde_json::json;
use std::io::Read;

/// Values of `Accept`, and the content type of the response.
const FORMS: [(&str, &str); 18] = [
    ("", "application/json"),
    ("*/*", "application/json"),
    ("application/*", "application/json"),
    ("application/json", "application/json"),
    ("Application/JSON; charset=utf-8", "application/json"),
    ("application/vnd.microsoft.com.ucwa+json", "application/vnd.microsoft.com.ucwa+json"),
    ("application/xml", "application/xml"),
    ("APPLICATION/XML", "application/xml"),
    ("application/xml;charset=utf-8", "application/xml"),
    ("application/vnd.microsoft.com.ucwa+xml", "application/vnd.microsoft.com.ucwa+xml"),
    ("text/html, application/xml;q=0.9", "application/xml"),
    ("application/xml;q=0.5, application/json", "application/json"),
    ("application/json;q=0.5, application/xml", "application/xml"),
    // Unknown types get JSON, not an error.
    ("application/hal+json", "application/json"),
    ("text/plain", "application/json"),
    ("image/jpeg", "application/json"),
    ("application/x-www-form-urlencoded", "application/json"),
    (";;;", "application/json"),
];

fn is_xml(kind: &str) -> bool {
    kind.ends_with("xml")
}

#[tokio::test]
async fn a_response_has_the_accepted_type_or_json() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    let pages = [format!("{base}/me/phones"), format!("{base}/me/phones/work"), base.clone(), format!("{base}/me")];
    for (accept, kind) in FORMS {
        for page in pages.iter().map(String::as_str).chain(["/me/phones"]) {
            let actual_response = jane.client.with("accept", accept).get(page).await;
            assert_eq!(
                (actual_response.status, actual_response.header("content-type")),
                (200, Some(kind)),
                "{accept}: {actual_response:?}"
            );
            assert_eq!(actual_response.text.starts_with("<?xml "), is_xml(kind), "{accept}: {actual_response:?}");
            assert_eq!(actual_response.body.is_object(), !is_xml(kind), "{accept}: {actual_response:?}");
        }
    }
}

#[tokio::test]
async fn a_media_type_misspelt_in_the_reference_is_accepted() {
    let (_world, jane) = jane().await;
    let actual_response = jane.client.with("accept", "application/vnd.microsoft.ucwa+xml").get("/me/phones").await;
    assert_eq!(actual_response.status, 200);
    assert!(actual_response.text.starts_with("<?xml "), "{actual_response:?}");
    assert!(is_xml(actual_response.header("content-type").expect("a type")), "{actual_response:?}");
}

#[tokio::test]
async fn an_error_response_has_the_accepted_type_or_json() {
    let (_world, jane) = jane().await;
    for (accept, kind) in FORMS {
        let client = jane.client.with("accept", accept);
        for (actual_response, status, code) in [
            (client.get("/me/phones/fax").await, 404, "NotFound"),
            (client.put("/me/phones", json!({})).await, 405, "MethodNotAllowed"),
            (client.bytes("/me/phones/work/changeNumber", Some("image/png"), "x").await, 415, "UnsupportedMediaType"),
        ] {
            assert_eq!(
                (actual_response.status, actual_response.header("content-type")),
                (status, Some(kind)),
                "{accept}: {actual_response:?}"
            );
            if is_xml(kind) {
                let begin = format!(
                    concat!(
                        r#"<?xml version="1.0" encoding="utf-8"?>"#,
                        r#"<reason xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><code>{}</code>"#,
                    ),
                    code
                );
                assert!(
                    actual_response.text.starts_with(&begin) && actual_response.text.ends_with("</reason>"),
                    "{actual_response:?}"
                );
            } else {
                assert_eq!(actual_response.body["code"], code, "{accept}: {actual_response:?}");
            }
        }
    }
}

#[tokio::test]
async fn invalid_inputs_are_a_list_in_json_and_in_xml() {
    let (_world, jane) = jane().await;
    let path = format!("/me/phones/home/changeNumber?number={}", "1".repeat(81));
    let reason = jane.client.call("POST", &path).await.is_invalid(&["number"]).remove(0);
    let actual_response = jane.client.with("accept", "application/xml").call("POST", &path).await;
    assert_eq!(actual_response.status, 400);
    let parameter = format!("<parameter><name>number</name><reason>{reason}</reason></parameter>");
    let parts = ["<subcode>ParameterValidationFailure</subcode>", &format!("<parameters>{parameter}</parameters>")];
    assert!(parts.iter().all(|part| actual_response.text.contains(part)), "{actual_response:?}");
}

#[tokio::test]
async fn request_values_are_escaped_in_xml_errors() {
    let (_world, jane) = jane().await;
    let path = "/me/phones/home/changeVisibility?includeInContactCard=%3Cb%3E%26%22";
    let actual_response = jane.client.with("accept", "application/xml").call("POST", path).await;
    assert_eq!(actual_response.status, 400);
    assert!(!actual_response.text.contains("<b>") && !actual_response.text.contains("&\""), "{actual_response:?}");
}

#[tokio::test]
async fn a_response_has_a_content_length_and_is_not_chunked() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    for page in [
        base.as_str(),
        "/me",
        "/me/phones",
        "/me/phones/work",
        "/me/phones/fax",
        "/autodiscover/autodiscoverservice.svc/root",
    ] {
        for accept in ["application/json", "application/xml"] {
            let actual_response = jane.client.with("accept", accept).get(page).await;
            assert_eq!(
                actual_response.header("content-length"),
                Some(actual_response.text.len().to_string().as_str()),
                "{actual_response:?}"
            );
            assert_eq!(actual_response.header("transfer-encoding"), None, "{actual_response:?}");
            assert_eq!(actual_response.header("content-encoding"), None, "{actual_response:?}");
        }
    }
}

/// Body of a response with this `Accept-Encoding`, and whether it is compressed.
async fn encoded(person: &Person, page: &str, encoding: &str) -> (Vec<u8>, bool) {
    let request = person.client.with("accept-encoding", encoding).request("GET", page);
    let response = request.send().await.expect("the server answers");
    let headers = response.headers().clone();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    let bytes = response.bytes().await.expect("the answer arrives whole").to_vec();
    assert_eq!(header("content-length"), Some(bytes.len().to_string()), "{page}: {headers:?}");
    assert_eq!(header("transfer-encoding"), None, "{page}: {headers:?}");
    let is_compressed = header("content-encoding").map(|encoding| assert_eq!(encoding, "gzip")).is_some();
    (bytes, is_compressed)
}

#[tokio::test]
async fn accept_encoding_gzip_gets_gzip_with_its_length() {
    // Some clients send the header and decompress without checking `Content-Encoding`.
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    for page in [
        "/autodiscover/autodiscoverservice.svc/root",
        "/autodiscover/autodiscoverservice.svc/root/oauth/user",
        "/me/phones",
        "/me/phones/work",
        base.as_str(),
    ] {
        let (plain, is_compressed) = encoded(&jane, page, "identity").await;
        assert!(!is_compressed, "{page}");
        for encoding in ["gzip", "gzip, deflate", "deflate, GZIP;q=0.8"] {
            let (bytes, is_compressed) = encoded(&jane, page, encoding).await;
            assert!(is_compressed, "{page} with {encoding}");
            let mut unpacked = Vec::new();
            GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).expect("gzip");
            assert_eq!(unpacked, plain, "{page} with {encoding}");
        }
        for encoding in ["gzip;q=0", "deflate, br", ""] {
            assert!(!encoded(&jane, page, encoding).await.1, "{page} with {encoding}");
        }
    }
}

#[tokio::test]
async fn resource_versions_up_to_2_are_served_and_later_ones_are_404() {
    let (_world, jane) = jane().await;
    let base = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    let send_request = |version: &str| jane.client.with("x-ms-requiresminresourceversion", version);
    for version in ["1", "1.0", "2", "2.0", "2.00", "0", "-1", "rubbish", "", "1.2.3"] {
        send_request(version).get(&format!("{base}/me/phones")).await.of_ucwa(200);
        send_request(version).call("POST", "/me/phones/home/changeNumber").await.is_no_content();
    }
    for version in ["2.1", "2.0001", "3", "4.0", "40"] {
        for page in ["/me/phones", "/me/phones/work", "/me", base.as_str()] {
            send_request(version).get(page).await.is_ucwa_error(404, "NotFound", "APIVersionNotSupported");
        }
        let refused = send_request(version).call("POST", "/me/phones/home/changeNumber").await;
        refused.is_ucwa_error(404, "NotFound", "APIVersionNotSupported");
    }
}

#[tokio::test]
async fn double_slashes_in_paths_are_collapsed() {
    let (_world, jane) = jane().await;
    let base = jane.begin("//ucwa/oauth//v1/applications", "here").await;
    assert!(!base.contains("//"), "{base}");
    let phones = jane.client.get(&format!("/{base}//me///phones")).await.of_ucwa(200).body.clone();
    assert_eq!(href(&phones, "self"), format!("{base}/me/phones"));
    let body = json!({ "number": "+14255550199" });
    jane.client.post("//me//phones//home//changeNumber?number=x//y", body).await.is_no_content();
    assert_eq!(jane.number_and_visibility("home").await.0, "tel:+14255550199");
    assert_eq!(text(&jane.client.get("//me/phones/home").await.of_ucwa(200).body["number"]), "tel:+14255550199");
}

#[tokio::test]
async fn additional_headers_of_clients_are_ignored() {
    let (_world, jane) = jane().await;
    let mut client = jane.client.clone();
    for (name, value) in [
        ("x-ms-origin", "https://example.com"),
        ("x-ms-namespace", "internal"),
        ("x-ms-correlation-id", "1"),
        ("client-request-id", "WebSDK/1"),
        ("x-ms-sdk-instance", "x"),
        ("x-requested-with", "XMLHttpRequest"),
        ("referer", "https://example.com/"),
        ("content-type", "text/plain"),
    ] {
        client = client.with(name, value);
    }
    client.get("/me/phones").await.of_ucwa(200);
}
