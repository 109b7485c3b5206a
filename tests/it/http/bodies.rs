//! Bodies as the originals' stacks read them: with a byte-order mark, and not compressed.

use crate::support::client::Response;
use crate::support::phone_com::Extension;
use crate::support::ucwa::jane;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::Write;

const JSON: Option<&str> = Some("application/json");

fn marked(text: &str) -> Vec<u8> {
    ["\u{feff}", text].concat().into_bytes()
}

#[tokio::test]
async fn a_byte_order_mark_before_a_body_is_skipped_in_every_dialect() {
    let (world, jane) = jane().await;
    let phone = world.phone(&jane.id).await;
    let body = marked(&json!({ "device_id": phone }).to_string());
    world.key().bytes("/phones/get", JSON, body).await.ok();
    world.key().bytes("/phones/list", JSON, marked("")).await.ok();
    let import = json!({ "phone_number": "+34675897654", "sip_config": { "termination_uri": "sip.example.com" } });
    let imported = world.key().bytes("/v1/phone/import", JSON, marked(&import.to_string())).await;
    assert!((200..300).contains(&imported.status), "{imported:?}");
    let extension = Extension::of_person(world.key(), &jane.id).await;
    let created = extension.client.bytes(&extension.contacts(), JSON, marked(r#"{"first_name":"Ada"}"#)).await;
    assert_eq!(created.created()["first_name"], "Ada");
    for (kind, body) in [
        ("application/json", r#"{"number":"+14255550100"}"#),
        ("application/xml", r#"<input><property name="number">+14255550101</property></input>"#),
    ] {
        jane.client.bytes("/me/phones/home/changeNumber", Some(kind), marked(body)).await.is_no_content();
    }
    assert_eq!(jane.number_and_visibility("home").await.0, "tel:+14255550101");
    // A longer body arrives in several parts.
    let long = json!({ "device_id": phone, "x": "x".repeat(200_000) });
    world.key().bytes("/phones/get", JSON, marked(&long.to_string())).await.ok();
    world.key().bytes("/phones/get", JSON, [marked(""), marked("{}")].concat()).await.refused(400, "invalid_json");
}

#[tokio::test]
async fn a_compressed_body_is_refused_with_the_accepted_encodings_in_every_dialect() {
    let (world, jane) = jane().await;
    let extension = Extension::of_person(world.key(), &jane.id).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(br#"{"first_name":"Ada"}"#).expect("in memory");
    let body = encoder.finish().expect("in memory");
    let refused = async |client: &crate::support::client::Client, path: &str, coding: &str| -> Response {
        let response = client.with("content-encoding", coding).bytes(path, JSON, body.clone()).await;
        assert_eq!(
            (response.status, response.header("accept-encoding")),
            (415, Some("identity")),
            "{path}: {response:?}"
        );
        response
    };
    for coding in ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x"] {
        refused(world.key(), "/phones/get", coding).await.refused(415, "unsupported_content_encoding");
        refused(world.key(), "/phones/deactivate", coding).await;
        let diga = refused(world.key(), "/v1/phone/import", coding).await;
        assert_eq!(diga.body["error_code"], "UNSUPPORTED_CONTENT_ENCODING");
        refused(world.key(), &extension.contacts(), coding).await.is_error(415);
        let ucwa = refused(&jane.client, "/me/phones/home/changeNumber", coding).await;
        ucwa.is_ucwa_error(415, "UnsupportedMediaType", "UnsupportedMediaType");
        refused(&world.anonymous(), "/v4/oauth/access-token", coding).await;
    }
    world
        .anonymous()
        .with("content-encoding", "gzip")
        .bytes("/phones/get", JSON, body.clone())
        .await
        .refused(401, "unauthorized");
    world.key().with("content-encoding", "identity").post("/phones/list", json!({})).await.ok();
    world.key().with("content-encoding", "gzip").get("/phones/list").await.ok();
}
