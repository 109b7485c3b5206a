//! What every page has: its security headers, its frame, and few bytes; and nothing at all with `--no-console`.

use crate::support::client::Response;
use crate::support::console::Browser;
use crate::support::world::World;
use axum::http::Method;
use handset::console::{Access, actions};
use handset::domain::operator::Role;
use handset::http::App;
use sqlx::AssertSqlSafe;

/// Largest weight of a page with its stylesheet and script, in bytes.
const HEAVIEST: usize = 150 * 1024;

/// Every page that opens without ids of its own, and what errors look like.
async fn pages(world: &World) -> Vec<(String, Response)> {
    let browser = world.operator_everywhere(Role::Admin).await;
    let mut found = Vec::new();
    for action in actions().into_iter().filter(|action| action.method == Method::GET) {
        let path = action.path.replace("{workspace_id}", &world.id);
        if path.contains('{') || path == "/" {
            continue;
        }
        let visitor = if action.access == Access::Public { browser.without_cookies() } else { browser.clone() };
        found.push((path.clone(), visitor.get(&path).await));
    }
    for path in ["/console/nowhere", "/console/w/nonsense", "/console/assets/nothing.css"] {
        found.push((path.to_owned(), browser.get(path).await));
    }
    found
}

#[tokio::test]
async fn every_page_has_security_headers_and_is_not_stored() {
    let world = World::new().await;
    for (path, response) in pages(&world).await {
        let policy = response.header("content-security-policy").unwrap_or_else(|| panic!("{path}: {response:?}"));
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(response.header(name).unwrap_or_default(), value, "{name} of {path}");
        }
        assert!(response.header("x-request-id").is_some(), "{path}: {response:?}");
    }
}

#[tokio::test]
async fn every_page_is_a_whole_document_without_inline_script_or_style() {
    let world = World::new().await;
    let mut count = 0;
    for (path, response) in pages(&world).await {
        let is_stream = response.header("content-type") == Some("text/event-stream");
        if response.status == 303 || is_stream {
            continue;
        }
        count += 1;
        let page = &response.text;
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{path}: {page}");
        for part in ["<title>", "<main", "<h1>", "href=\"#main\"", "name=\"viewport\""] {
            assert_eq!(page.matches(part).count(), 1, "{part} of {path}: {page}");
        }
        assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/console/assets/").count(), "{path}");
        for wrong in [" style=", "<style", " onclick=", " onload=", "javascript:", "=\"http://", "=\"https://"] {
            assert!(!page.contains(wrong), "{wrong} in {path}: {page}");
        }
    }
    assert!(count >= 4, "only {count} pages");
}

#[tokio::test]
async fn a_page_with_its_stylesheet_and_script_is_light_and_the_latter_are_kept() {
    let world = World::new().await;
    let browser = Browser::new(&world.url);
    let page = browser.get("/console/sign-in").await;
    let addresses: Vec<&str> = page.text.split('"').filter(|part| part.starts_with("/console/assets/")).collect();
    assert_eq!(addresses.len(), 2, "{page:?}");
    let mut weight = 0;
    for address in addresses {
        let asset = browser.get(address).await;
        assert_eq!(asset.status, 200, "{asset:?}");
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let content_type = asset.header("content-type").unwrap_or_default();
        assert!(
            ["text/css; charset=utf-8", "text/javascript; charset=utf-8"].contains(&content_type),
            "{content_type}"
        );
        weight += asset.text.len();
    }
    for (path, response) in pages(&world).await {
        assert!(weight + response.text.len() < HEAVIEST, "{path}: {} bytes", weight + response.text.len());
    }
}

#[tokio::test]
async fn stored_texts_are_escaped_on_every_page() {
    let world = World::new().await;
    let hostile = "<script>alert(1)</script>\"'&\u{202e}";
    let mut database = world.database().await;
    let renamed = format!("update workspace set name = '{}'", hostile.replace('\'', "''"));
    sqlx::query(AssertSqlSafe(renamed)).execute(&mut database).await.expect("it is renamed");
    for (path, response) in pages(&world).await {
        assert!(!response.text.contains("<script>"), "{path}: {}", response.text);
    }
    let page = world.operator(Role::Viewer).await.get(&world.page("")).await;
    assert!(page.text.contains("<bdi dir=\"auto\">&lt;script&gt;"), "{page:?}");
}

#[tokio::test]
async fn a_notice_is_shown_once_and_escaped() {
    let world = World::new().await;
    let mut browser = world.operator(Role::Viewer).await;
    let ended = browser.post("/console/account/sessions/01a20068-eae5-738a-b167-000000000000/end", &[]).await;
    browser.keep(&ended);
    let page = browser.get("/console/account").await;
    assert!(page.text.contains("role=\"status\">The session has ended."), "{page:?}");
    browser.keep(&page);
    assert!(!browser.get("/console/account").await.text.contains("role=\"status\""));
    let planted = browser.with("cookie", "handset-notice=%3Cscript%3E");
    assert!(!planted.get("/console/account").await.text.contains("<script>"));
}

#[tokio::test]
async fn an_operator_of_one_workspace_is_sent_there_and_one_of_several_chooses() {
    let world = World::new().await;
    let other = world.production("Other").await;
    let of_none = world.operator_in(&[]).await;
    let page = of_none.get("/console").await;
    assert!(page.status == 200 && page.text.contains("You have no role in a workspace"), "{page:?}");
    assert_eq!(world.operator(Role::Viewer).await.get("/console").await.location(), world.page(""));
    let of_both = world.operator_in(&[(&world, Role::Viewer), (&other, Role::Admin)]).await;
    let page = of_both.get("/console").await;
    let places = [&world.id, &other.id].map(|id| page.text.find(&format!("/console/w/{id}")));
    assert!(places.iter().all(Option::is_some) && places[0] < places[1], "in order of the names: {page:?}");
    assert!(page.text.contains("production") && page.text.contains("sandbox"), "{page:?}");
}

#[tokio::test]
async fn the_list_of_workspaces_has_pages() {
    let world = World::new().await;
    for number in 0..60 {
        world.sandbox(&format!("Workspace {number:02}")).await;
    }
    let browser = world.operator_everywhere(Role::Viewer).await;
    let first = browser.get("/console").await;
    assert_eq!(first.text.matches("<li><a href=\"/console/w/").count(), 50, "{first:?}");
    let (_, rest) = first.text.split_once("rel=\"next\" href=\"").expect("there is a next page");
    let next = rest.split('"').next().expect("an address").replace("&amp;", "&");
    let second = browser.get(&next).await;
    assert_eq!(second.text.matches("<li><a href=\"/console/w/").count(), 11, "{second:?}");
    assert!(!second.text.contains("rel=\"next\"") && second.text.contains("First page"), "{second:?}");
    for number in 0..60 {
        let name = format!("Workspace {number:02}");
        assert!(first.text.contains(&name) != second.text.contains(&name), "{name} is on one page");
    }
    assert_eq!(browser.get("/console?after=nonsense").await.status, 200);
}

#[tokio::test]
async fn without_a_console_there_is_nothing_of_it() {
    let world = World::with(|app| App { has_console: false, ..app }).await;
    let browser = Browser::new(&world.url);
    for path in ["/", "/console", "/console/sign-in", "/console/assets/x.css"] {
        let response = browser.get(path).await;
        response.refused(404, "not_found");
    }
    browser.send_form("/console/sign-in", &[("email", "jane@example.com")]).await.refused(404, "not_found");
}
