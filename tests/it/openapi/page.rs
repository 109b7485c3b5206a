//! `/docs`: the document as a page of this server alone.

use crate::support::world::{World, list, text};
use handset::dialect;
use serde_json::Value;
use std::collections::BTreeSet;

const FILES: [(&str, &str); 5] = [
    ("openapi.json", "application/json; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("start.js", "text/javascript; charset=utf-8"),
    ("page.css", "text/css; charset=utf-8"),
];

#[tokio::test]
async fn docs_is_a_page_whose_policy_allows_this_server_alone() {
    let world = World::new().await;
    for path in ["/docs", "/docs/"] {
        let page = world.anonymous().get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        let policy = page.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|it| it == part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        // All that it loads is beside it, and nothing is inline.
        let loaded: Vec<&str> = ["src=\"", "href=\"", "data-document=\""]
            .iter()
            .flat_map(|attribute| page.text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
            .collect();
        assert!(loaded.len() >= 6, "{loaded:?}");
        for place in loaded.iter().filter(|place| !place.starts_with("data:,")) {
            let found = world.anonymous().get(place).await;
            assert_eq!(found.status, 200, "{place}");
        }
        assert!(!page.text.contains("<style") && !page.text.contains("<script>") && !page.text.contains(" style="));
    }
    world.anonymous().get("/docs/nothing").await.refused(404, "not_found");
    let refused = world.anonymous().post("/docs", serde_json::json!({})).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET")));
}

#[tokio::test]
async fn the_files_of_the_page_are_cached_and_compressed() {
    let world = World::new().await;
    for (name, content_type) in FILES {
        let path = format!("/docs/{name}");
        let plain = world.anonymous().with("accept-encoding", "identity").get(&path).await;
        assert_eq!((plain.status, plain.header("content-type")), (200, Some(content_type)), "{name}");
        let tag = plain.header("etag").expect("an entity tag").to_owned();
        let again = world.anonymous().with("if-none-match", &tag).get(&path).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{name}");
        let request = world.anonymous().request("GET", &path).header("accept-encoding", "gzip");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-encoding"], "gzip", "{name}");
        let bytes = response.bytes().await.expect("a body");
        let mut expanded = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut expanded).expect("gzip");
        assert_eq!(expanded, plain.text, "{name}");
    }
}

#[tokio::test]
async fn the_page_groups_each_operation_by_its_dialect() {
    let world = World::new().await;
    let whole = world.anonymous().get("/openapi.json").await.body;
    let grouped = world.anonymous().get("/docs/openapi.json").await.body;
    let tags = list(&grouped["tags"]);
    let names: BTreeSet<String> = tags.iter().map(|tag| text(&tag["name"])).collect();
    assert_eq!(names.len(), dialect::ALL.len());
    assert!(tags.iter().all(|tag| text(&tag["description"]).contains("Authorize")), "{tags:?}");
    let operations = |document: &Value| -> BTreeSet<(String, String)> {
        let paths = document["paths"].as_object().expect("paths").iter();
        let of_path = |(path, methods): (&String, &Value)| -> Vec<(String, String)> {
            let methods = methods.as_object().expect("methods").iter().filter(|(_, it)| it.get("responses").is_some());
            methods.map(|(method, _)| (path.clone(), method.clone())).collect()
        };
        paths.flat_map(of_path).collect()
    };
    assert_eq!(operations(&whole), operations(&grouped));
    for (path, method) in operations(&grouped) {
        let tags = list(&grouped["paths"][&path][&method]["tags"]);
        assert!(tags.len() == 1 && names.contains(&text(&tags[0])), "{path}: {tags:?}");
    }
    assert_eq!(grouped["components"], whole["components"]);
}

#[tokio::test]
async fn below_a_path_of_a_proxy_the_page_finds_its_files() {
    let world =
        World::with(|app| handset::http::App { public_url: Some("https://example.com/api".into()), ..app }).await;
    let page = world.anonymous().get("/docs").await;
    assert!(page.text.contains("src=\"/api/docs/start.js\""), "{}", page.text);
}
