//! HTTP caching and compression of the served document.

use crate::support::document::committed;
use crate::support::world::World;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

#[tokio::test]
async fn the_document_has_an_entity_tag_and_is_sent_once() {
    let world = World::new().await;
    let seam = world.anonymous().with("seam-sdk-name", "tests");
    let mut tags = Vec::new();
    for client in [world.anonymous(), seam] {
        let first = client.get("/openapi.json").await;
        let tag = first.header("etag").expect("an entity tag").to_owned();
        assert_eq!(first.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(first.header("x-content-type-options"), Some("nosniff"));
        for known in [tag.clone(), format!("\"other\", {tag}"), tag.replace("W/", ""), "*".to_owned()] {
            let again = client.with("if-none-match", &known).get("/openapi.json").await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
            assert_eq!(again.header("cache-control"), Some("public, max-age=300"));
        }
        let other = client.with("if-none-match", "W/\"other\"").get("/openapi.json").await;
        assert!(other.status == 200 && other.body == first.body, "another version is known to the client");
        tags.push(tag);
    }
    assert_ne!(tags[0], tags[1], "two documents have one entity tag");
}

#[tokio::test]
async fn clients_that_accept_gzip_get_the_document_compressed() {
    let world = World::new().await;
    for encoding in ["gzip", "deflate, GZIP;q=0.8"] {
        let request = world.anonymous().request("GET", "/openapi.json").header("accept-encoding", encoding);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-encoding"], "gzip", "{encoding}");
        let varying = response.headers().get_all("vary").iter().filter_map(|it| it.to_str().ok());
        let varying: Vec<String> = varying.flat_map(|names| names.split(", ").map(str::to_owned)).collect();
        assert!(["accept-encoding", "seam-sdk-name"].iter().all(|name| varying.iter().any(|it| it == name)));
        let bytes = response.bytes().await.expect("a body");
        assert!(bytes.len() < 60_000, "{} bytes", bytes.len());
        let mut text = String::new();
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert!(document == *committed(), "what is compressed is not the committed document");
    }
    for encoding in ["gzip;q=0", "deflate, br", ""] {
        let actual_response = world.anonymous().with("accept-encoding", encoding).get("/openapi.json").await;
        assert_eq!(actual_response.header("content-encoding"), None, "{encoding}");
        assert!(actual_response.body == *committed(), "{encoding}");
    }
}
