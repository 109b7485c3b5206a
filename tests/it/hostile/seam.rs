//! Hostile input. Whatever the request, the Seam dialect responds in its envelope, without a server error, and keeps
//! serving.

use crate::support::client::Response;
use crate::support::world::{Tenant, World};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Values that are invalid in almost every field.
fn hostile_texts() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(-1e308),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("x"),
        json!("\0"),
        json!("a\0b"),
        json!("%s'\";--\\"),
        json!("\u{ffff}\u{10ffff}\u{202e}"),
        json!("x".repeat(100_000)),
        json!("9999-12-31T23:59:59.999999999-23:59"),
        json!("0000-01-01T00:00:00+23:59"),
        json!([]),
        json!({}),
        json!([null]),
        json!(["\0"]),
        json!([[[]]]),
        json!({ "": "" }),
        json!({ "\0": "\0" }),
        json!({ "_errors": 1, "__proto__": 1, "constructor": {} }),
        json!({ "a": { "b": { "c": [] } } }),
    ]
}

/// Texts that are invalid in almost every parameter, percent-encoded.
const NASTY: [&str; 18] = [
    "",
    "%00",
    "%ff",
    "%",
    "%zz",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "a,b",
    ",",
    "[]",
    "NaN",
    "-Infinity",
    "1e999",
    "0x",
    "%2B%2B",
    "9999-12-31T23:59:59.9Z",
    "-1",
    "00000000-0000-0000-0000-000000000000",
];

/// Asserts a well-formed success or client error.
#[track_caller]
fn proper(response: &Response, what: &str) {
    assert!(response.status < 500, "{what}: {response:?}");
    if response.status == 200 { _ = response.ok() } else { _ = response.error() }
}

/// Input properties of every route, from the OpenAPI document.
async fn inputs(world: &World) -> Vec<(String, Map<String, Value>)> {
    let document = world.anonymous().with("seam-sdk-name", "tests").get("/openapi.json").await.body;
    let paths = document["paths"].as_object().expect("a document has paths").clone();
    let properties = |path: &Value| {
        let schema = &path["post"]["requestBody"]["content"]["application/json"]["schema"];
        schema["properties"].as_object().cloned().unwrap_or_default()
    };
    paths.iter().map(|(path, methods)| (path.clone(), properties(methods))).collect()
}

/// Valid values for the other fields: real ids, so that a request passes as many checks as possible.
async fn valid_fields(tenant: &Tenant, person: &str) -> Map<String, Value> {
    let body = json!({
        "user_identity_id": person,
        "device_id": tenant.phone(person).await,
        "client_session_id": tenant.client_session(json!({})).await["client_session_id"],
        "acs_credential_id": tenant.sync_credential(person).await,
        "access_method": "mobile_key",
        "since": "2020-01-01",
        "url": "https://example.com/",
        "name": "sound",
        "custom_sdk_installation_id": "sound",
        "phone_os": "ios",
    });
    body.as_object().cloned().expect("it is an object")
}

#[tokio::test]
async fn no_value_in_any_field_of_any_route_causes_a_server_error() {
    let world = World::new().await;
    let inputs = inputs(&world).await;
    let fields: usize = inputs.iter().map(|(_, fields)| fields.len()).sum();
    assert!(inputs.len() > 40 && fields > 100, "{} routes, {fields} fields", inputs.len());
    for (path, fields) in inputs {
        // Objects of earlier routes only cost time here.
        world.key().post("/workspaces/reset_sandbox", json!({})).await.ok();
        let person = world.person("jane").await;
        let app = world.session(&person).await;
        let caller = if path.starts_with("/seam/") { &app } else { world.key() };
        let valid_fields = valid_fields(&world, &person).await;
        for (field, schema) in fields {
            let inner = schema["properties"].as_object().cloned().unwrap_or_default();
            for value in hostile_texts() {
                let inside = inner.keys().map(|name| json!({ name: value }));
                for value in inside.chain([value.clone()]) {
                    let mut body = valid_fields.clone();
                    body.insert(field.clone(), value.clone());
                    let what = format!("{path} {field} {value}");
                    proper(&caller.post(&path, body.into()).await, &what);
                }
            }
        }
    }
    world.key().get("/phones/list").await.ok();
}

#[tokio::test]
async fn no_text_in_any_query_of_any_route_causes_a_server_error() {
    let world = World::new().await;
    for (path, fields) in inputs(&world).await {
        world.key().post("/workspaces/reset_sandbox", json!({})).await.ok();
        for field in fields.keys() {
            for hostile_texts in NASTY {
                for query in [
                    format!("{field}={hostile_texts}&_strict=true"),
                    format!("{field}={hostile_texts}&_strict=%ff&%ff=1&since=2020-01-01"),
                    format!("{field}[]={hostile_texts}&{field}[]={hostile_texts}"),
                    format!("{field}.a={hostile_texts}&{field}._errors={hostile_texts}"),
                ] {
                    let path = format!("{path}?{query}");
                    proper(&world.key().call("POST", &path).await, &path);
                }
            }
        }
    }
    world.key().get("/phones/list").await.ok();
}

#[tokio::test]
async fn a_metadata_key_named_errors_does_not_break_validation_errors() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    for metadata in [json!({ "_errors": 1 }), json!({ "_errors": 1, "x": 1 }), json!({ "__proto__": 1 })] {
        let body = json!({ "device_id": phone, "custom_metadata": metadata });
        let error = world.key().patch("/devices/update", body).await.refused(400, "invalid_input");
        let node = &error["validation_errors"]["custom_metadata"];
        assert!(node["_errors"].is_array(), "{error}");
    }
    let fine = json!({ "device_id": phone, "custom_metadata": { "_errors": "fine" } });
    world.key().patch("/devices/update", fine).await.ok();
}

const GET_PHONE: &str = "/phones/get";

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() {
    let world = World::new().await;
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000)).into_bytes();
    for body in [
        utf16("{\"device_id\":\"x\"}"),
        [vec![0xff, 0xfe], utf16("{}")].concat(),
        b"{\"device_id\":\"\xff\xfe\"}".to_vec(),
        b"{\"device_id\":\"\xed\xa0\x80\"}".to_vec(),
        br#"{"device_id":"\ud800"}"#.to_vec(),
        br#"{"device_id":"\udc00\ud800"}"#.to_vec(),
        b"{\"device_id\":\"\0\"}".to_vec(),
        b"\0".to_vec(),
        br#"{"device_id":1e999}"#.to_vec(),
        br#"{"device_id":NaN}"#.to_vec(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("[", ""),
        vec![b'1'; 100_000],
    ] {
        let response = world.key().bytes(GET_PHONE, Some("application/json"), body.clone()).await;
        let actual = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(response.status, 400, "{actual}: {response:?}");
        response.error();
    }
}

#[tokio::test]
async fn the_last_of_duplicate_json_keys_wins() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (one, other) = (world.phone(&jane).await, world.phone(&jane).await);
    let body = format!("{{\"device_id\":\"{one}\",\"device_id\":\"{other}\"}}");
    let response = world.key().bytes(GET_PHONE, Some("application/json"), body).await.ok();
    assert_eq!(response["phone"]["device_id"], other);
}

#[tokio::test]
async fn invalid_percent_encoding_is_refused_in_known_parameters_and_ignored_in_others() {
    let world = World::new().await;
    for query in ["device_id=%ff", "device_id=%", "device_id=%zz", "device_id=%ED%A0%80"] {
        let error = world.key().get(&format!("{GET_PHONE}?{query}")).await.refused(400, "invalid_query_params");
        let message = "Could not parse parameter: 'device_id' is not valid percent-encoded UTF-8";
        assert_eq!(error["message"], message, "{query}");
    }
    world.key().get("/phones/list?%ff=%zz&unknown=%&&&=&==&a=b=c").await.ok();
    // Bytes beyond ASCII, which no HTTP library sends.
    let authorization = format!("authorization: Bearer {}", world.api_key.reveal());
    let path = b"POST /phones/get?device_id=\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
    let request = [path, authorization.into_bytes(), b"\r\ncontent-length: 0\r\n\r\n".to_vec()].concat();
    let response = world.raw(request).await;
    assert!((400..500).contains(&response.status), "{response:?}");
}

#[tokio::test]
async fn a_uri_that_is_too_long_is_refused() {
    let world = World::new().await;
    let fits = format!("/phones/list?x={}", "x".repeat(32 * 1024 - 15));
    world.key().get(&fits).await.ok();
    world.key().get(&format!("{fits}x")).await.refused(414, "uri_too_long");
    for length in [60 * 1024, 66 * 1024, 300 * 1024] {
        let path = format!("/phones/list?x={}", "x".repeat(length));
        let response = world.raw(post_as(&world, &path, &[], b"")).await;
        assert!((400..500).contains(&response.status), "{length}: {response:?}");
    }
    let thousand_parameters: String = (0..2_000).map(|number| format!("&p{number}=x")).collect();
    world.key().get(&format!("/phones/list?{thousand_parameters}")).await.ok();
}

#[tokio::test]
async fn chunked_bodies_are_read_and_must_be_complete() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let body = json!({ "device_id": phone }).to_string();
    let headers = ["content-type: application/json", "transfer-encoding: chunked"];
    let chunked = |body: &str| {
        let chunks = body
            .as_bytes()
            .chunks(7)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
        chunks.chain(["0\r\n\r\n".to_owned()]).collect::<String>()
    };
    let sent = post_as(&world, GET_PHONE, &headers, chunked(&body).as_bytes());
    assert_eq!(world.raw(sent).await.ok()["phone"]["device_id"], phone);

    let endless = format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let response = world.raw(post_as(&world, GET_PHONE, &headers, chunked(&endless).as_bytes())).await;
    assert_eq!(response.status, 413, "{response:?}");
    for broken in ["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n", "fffffffffffffffff\r\n{}", "2\r\n{}garbage\r\n0\r\n\r\n"] {
        let response = world.raw(post_as(&world, GET_PHONE, &headers, broken.as_bytes())).await;
        assert!((400..500).contains(&response.status), "{broken}: {response:?}");
    }
}

#[tokio::test]
async fn malformed_http_requests_get_a_4xx() {
    let world = World::new().await;
    let json = "content-type: application/json";
    for request in [
        b"GET /phones/list\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /phones/list HTTP/1.1\r\nbad header\r\n\r\n".to_vec(),
        b"G\xffT / HTTP/1.1\r\n\r\n".to_vec(),
        post_as(&world, GET_PHONE, &[json, "content-length: x"], b"{}"),
        post_as(&world, GET_PHONE, &[json, "content-length: -1"], b"{}"),
        post_as(&world, GET_PHONE, &[json, "content-length: 2", "content-length: 3"], b"{}"),
        post_as(&world, GET_PHONE, &[json, "transfer-encoding: gzip"], b"{}"),
        post_as(&world, GET_PHONE, &[&format!("x: {}", "x".repeat(600 * 1024))], b""),
        post_as(&world, "//", &[], b""),
        post_as(&world, "*", &[], b""),
        post_as(&world, "/phones/../../etc/passwd", &[], b""),
        post_as(&world, "/phones%2Fget", &[], b""),
        post_as(&world, "http://example.com/nowhere", &[], b""),
    ] {
        let actual = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let response = world.raw(request).await;
        assert!((400..500).contains(&response.status), "{actual}: {response:?}");
    }
    world.key().get("/phones/list").await.ok();
}

/// A hand-written request with the first workspace's API key.
fn post_as(world: &World, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let authorization = format!("authorization: Bearer {}", world.api_key.reveal());
    let headers: Vec<&str> = headers.iter().copied().chain([authorization.as_str()]).collect();
    post(path, &headers, body)
}

fn post(path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    headers.iter().for_each(|header| request.push_str(&format!("{header}\r\n")));
    if !headers.iter().any(|header| header.contains("content-length") || header.contains("transfer-encoding")) {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    [request.as_bytes(), b"\r\n", body].concat()
}

#[tokio::test]
async fn a_long_body_is_not_read_before_the_caller_is_known() {
    let world = World::new().await;
    // The head of a request whose body never comes. Its rows would be prefetched if the body were short.
    let head = "POST /phones/get HTTP/1.1\r\nhost: x\r\nauthorization: Bearer seam_unknown_key\r\n\
                content-type: application/json\r\ncontent-length: 20000\r\nconnection: close\r\n\r\n";
    let response = tokio::time::timeout(Duration::from_secs(10), world.raw(head)).await;
    response.expect("it is refused at once").refused(401, "unauthorized");
}
