//! Compression of large responses.

use crate::support::client::Client;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use serde_json::json;
use std::io::Read;

/// The headers and the bytes of a response to a client that accepts these codings.
async fn bytes(client: &Client, path: &str, codings: &str) -> (HeaderMap, Vec<u8>) {
    let request = client.request("GET", path).header("accept-encoding", codings);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{path}");
    (response.headers().clone(), response.bytes().await.expect("a body").to_vec())
}

fn varies(headers: &HeaderMap) -> bool {
    let names = headers.get_all("vary").iter().filter_map(|value| value.to_str().ok());
    names.collect::<Vec<_>>().join(",").to_ascii_lowercase().contains("accept-encoding")
}

#[tokio::test]
async fn large_lists_are_compressed_for_clients_that_accept_it() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for number in 0..60 {
        let name = format!("{number:03}{}", "Ada Lovelace ".repeat(10));
        extension
            .add_contact(json!({ "first_name": name.trim(), "last_name": name.trim(), "middle_name": name.trim() }))
            .await;
        world.person(&format!("person-{number}")).await;
    }
    let lists = [
        format!("{}?limit=2", extension.contacts()),
        format!("{}?limit=100", extension.contacts()),
        "/user_identities/list".to_owned(),
    ];
    for path in &lists {
        let (headers, plain) = bytes(world.key(), path, "identity").await;
        assert!(!headers.contains_key("content-encoding") && varies(&headers), "{path}: {headers:?}");
        let (headers, gzip) = bytes(world.key(), path, "br, GZIP;q=0.5").await;
        assert_eq!(headers["content-encoding"], "gzip", "{path}");
        assert_eq!(headers["content-length"], gzip.len().to_string().as_str(), "{path}");
        assert!(varies(&headers) && gzip.len() * 2 < plain.len(), "{path}: {} of {} bytes", gzip.len(), plain.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(gzip.as_slice()).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain, "{path}");
        for codings in ["gzip;q=0", "br, deflate", ""] {
            assert!(!bytes(world.key(), path, codings).await.0.contains_key("content-encoding"), "{codings}");
        }
    }
    assert!(bytes(world.key(), &lists[1], "").await.1.len() > 32 * 1024, "it is compressed in a thread of its own");
}

#[tokio::test]
async fn the_entity_tag_of_a_compressed_response_is_its_own_and_both_are_known() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for _ in 0..10 {
        extension.add_contact(json!({ "first_name": "Ada ".repeat(30).trim() })).await;
    }
    let path = extension.contacts();
    let tag = async |codings| bytes(world.key(), &path, codings).await.0["etag"].to_str().expect("text").to_owned();
    let (plain, gzip) = (tag("identity").await, tag("gzip").await);
    assert!(plain != gzip && [&plain, &gzip].iter().all(|tag| tag.starts_with('"')), "{plain}, {gzip}");
    for tag in [&plain, &gzip] {
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let known = world.key().with("if-none-match", &tags).with("accept-encoding", "gzip").get(&path).await;
            assert_eq!((known.status, known.header("etag")), (304, Some(tag.as_str())), "{tags}");
        }
    }
    let unknown = world.key().with("if-none-match", "\"other-gzip\"").get(&path).await;
    assert_eq!(unknown.status, 200);
}

#[tokio::test]
async fn the_entity_tag_of_a_compressed_contact_guards_its_change() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let long = "Ada ".repeat(60);
    let names = ["first_name", "middle_name", "last_name", "nickname", "company", "job_title"];
    let contact = extension.add_contact(names.iter().map(|name| (*name, json!(long.trim()))).collect()).await;
    let path = format!("{}/{}", extension.contacts(), contact["id"]);
    let (headers, _) = bytes(world.key(), &path, "gzip").await;
    assert_eq!(headers["content-encoding"], "gzip");
    let tag = headers["etag"].to_str().expect("text");
    let guarded = world.key().with("if-match", tag);
    guarded.patch(&path, json!({ "first_name": "Grace" })).await.of_phone_com(200);
    guarded.patch(&path, json!({ "first_name": "Ada" })).await.is_error(412);
}

#[tokio::test]
async fn small_responses_errors_and_event_streams_are_not_compressed() {
    let world = World::new().await;
    let client = world.key().with("accept-encoding", "gzip");
    let long = format!("/phones/get?device_id={}", "x".repeat(4_000));
    for path in ["/phones/list", "/health", "/v1/phone/", "/v4/accounts", "/nowhere", "/events/stream", &long] {
        assert_eq!(client.get(path).await.header("content-encoding"), None, "{path}");
    }
}
