//! The page that the link of an instant key opens.

use super::*;
use crate::support::html::{attributes, visible};
use crate::support::world::World;
use chrono::TimeDelta;

/// Texts that a page must show as they are.
const TEXTS: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "\u{202e}drawkcab\u{202c} \u{2067}שלום\u{2069}",
    "</title></main></style><svg onload=alert(1)>",
];

#[tokio::test]
async fn the_page_tells_whose_key_it_is_until_when_and_how_often_it_can_be_used() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 2 })).await;
    let page = async || {
        let page = world.anonymous().get(&path(&key)).await;
        assert_eq!(page.status, 200, "{page:?}");
        visible(&page.text)
    };
    let shown = page().await;
    for part in ["Person jane", "First", "2026-01-31 12:00", "2 phones", &short_code(&key)] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
    exchange(&world, &key).await.ok();
    let shown = page().await;
    assert!(shown.contains("1 phone") && !shown.contains("1 phones"), "{shown}");
    exchange(&world, &key).await.ok();
    assert_eq!(world.anonymous().get(&path(&key)).await.status, 404);
}

#[tokio::test]
async fn the_page_is_complete_without_a_script_and_is_kept_nowhere() {
    let world = World::new().await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    for path in [path(&key), "/ik/unknown".to_owned()] {
        let page = world.anonymous().get(&path).await;
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        for part in ["script", "unsafe", "http", "*", "'self'"] {
            assert!(!policy.contains(part), "{part} in {policy}");
        }
        for part in ["form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name} of {path}");
        }
        assert_eq!(page.header("access-control-allow-origin"), None);
        assert_eq!(page.header("set-cookie"), None);
        assert!(!page.text.contains("<script") && !page.text.contains("javascript:"), "{}", page.text);
        assert!(attributes(&page.text, "src").is_empty());
        assert_eq!(attributes(&page.text, "href"), ["data:,"]);
        assert!(page.text.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", page.text);
        for part in ["<main", "<h1", "name=\"viewport\"", "content=\"noindex, nofollow\""] {
            assert!(page.text.contains(part), "no {part} in {}", page.text);
        }
    }
}

#[tokio::test]
async fn the_style_of_the_page_is_the_one_that_its_policy_allows() {
    use base64::prelude::*;
    use sha2::{Digest, Sha256};
    let world = World::new().await;
    let page = world.anonymous().get("/ik/unknown").await;
    let style = page.text.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    let hash = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(style)));
    assert!(page.header("content-security-policy").unwrap_or_default().contains(&hash));
    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
}

#[tokio::test]
async fn stored_texts_are_shown_as_they_are() {
    let world = World::new().await;
    for (index, hostile) in TEXTS.iter().map(|text| (*text).to_owned()).chain(["a".repeat(500)]).enumerate() {
        let tenant = world.sandbox(&hostile).await;
        let fields = json!({ "full_name": hostile, "user_identity_key": format!("key {index}") });
        let made = tenant.key().post("/user_identities/create", fields).await.ok();
        let key = generate(&tenant, &text(&made["user_identity"]["user_identity_id"]), json!({})).await;
        let page = world.anonymous().get(&path(&key)).await;
        assert_eq!(page.status, 200);
        for sign in ["<script", "<img", "<svg", "<b>"] {
            assert!(!page.text.contains(sign), "{sign} in {}", page.text);
        }
        let shown = visible(&page.text);
        assert_eq!(
            shown.matches(hostile.as_str()).count(),
            2,
            "{hostile:?}, of the workspace and the person, in {shown}"
        );
        assert!(page.text.contains("<bdi dir=\"auto\">"), "{}", page.text);
        assert!(page.text.len() < 8_000, "{} bytes", page.text.len());
    }
}

#[tokio::test]
async fn all_links_that_are_of_no_use_open_the_same_page() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let used = generate(&world, &jane, json!({})).await;
    exchange(&world, &used).await.ok();
    let expired = generate(&world, &jane, json!({ "expires_at": "2026-01-01T12:01:00Z" })).await;
    let deleted = generate(&world, &jane, json!({})).await;
    world.key().post("/instant_keys/delete", json!({ "instant_key_id": deleted["instant_key_id"] })).await.ok();
    let ended = generate(&world, &jane, json!({})).await;
    world.key().post("/client_sessions/revoke", json!({ "client_session_id": ended["client_session_id"] })).await.ok();
    let of_nobody = generate(&world, &world.person("joe").await, json!({})).await;
    world
        .key()
        .post("/user_identities/delete", json!({ "user_identity_id": of_nobody["user_identity_id"] }))
        .await
        .ok();
    world.advance(TimeDelta::minutes(1));

    let mut paths = [&used, &expired, &deleted, &ended, &of_nobody].map(path).to_vec();
    paths.extend(["/ik/unknown", "/ik", "/ik/", "/ik/a/b", "/ik/%00", "/ik/%ff", "/ik/../ik/x"].map(str::to_owned));
    paths.push(format!("/ik/{}", "a".repeat(3_000)));
    let page = async |path: &str| {
        let page = world.anonymous().get(path).await;
        let mut headers: Vec<_> = page.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|header| !header.starts_with("date:") && !header.starts_with("x-request-id:"));
        (page.status, headers, page.text)
    };
    let first = page(&paths[0]).await;
    assert_eq!(first.0, 404);
    for tells in ["jane", "First", "used up", "expired at"] {
        assert!(!first.2.contains(tells), "{}", first.2);
    }
    for path in &paths {
        assert_eq!(page(path).await, first, "{path}");
    }
}

#[tokio::test]
async fn the_page_is_for_reading_only() {
    let world = World::new().await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let refused = world.anonymous().call(method, &path(&key)).await;
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    let head = world.anonymous().call("HEAD", &path(&key)).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(world.anonymous().call("HEAD", "/ik/unknown").await.status, 404);
    let queried = world.anonymous().get(&format!("{}?utm_source=mail", path(&key))).await;
    assert_eq!(queried.status, 200, "programs that send mail add parameters");
    exchange(&world, &key).await.ok();
}
