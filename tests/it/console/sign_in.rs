//! Getting in: by a link, by an invitation, by a password; and out again.

use crate::support::client::Response;
use crate::support::console::Browser;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, World, text};
use chrono::TimeDelta;
use futures_util::future::join_all;
use handset::domain::id::OperatorId;
use handset::domain::operator::{LinkPurpose, Role};
use handset::http::rate_limit::{Limits, Rates};
use serde_json::Value;
use std::sync::Arc;

const PASSWORD: &str = "correct horse battery";

async fn link(world: &World, id: OperatorId, purpose: LinkPurpose) -> String {
    let created = world.store.create_operator_link(id, purpose, world.clock.now(), &world.random).await;
    created.expect("the operator exists").reveal().to_owned()
}

async fn added(world: &World, email: &str, role: Role) -> OperatorId {
    let added = world.store.add_operator(email, role, None, world.clock.now(), &world.random).await;
    added.expect("the database answers").expect("the address is new")
}

/// An operator with a password.
async fn with_password(world: &World, email: &str) -> OperatorId {
    let id = added(world, email, Role::Viewer).await;
    let token = link(world, id, LinkPurpose::Invitation).await;
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let response = Browser::new(&world.url).send_form(&format!("/console/invitation/{token}"), &fields).await;
    assert_eq!(response.location(), "/console");
    id
}

async fn sign_in(browser: &Browser, email: &str, password: &str) -> Response {
    browser.send_form("/console/sign-in", &[("email", email), ("password", password)]).await
}

fn is_signed_in(response: &Response) -> bool {
    response.status == 303 && response.header("set-cookie").is_some_and(|cookie| cookie.starts_with("handset-console="))
}

#[tokio::test]
async fn a_browser_at_the_root_is_sent_to_the_console_and_an_api_client_sees_what_it_saw() {
    let world = World::new().await;
    let browser = Browser::new(&world.url);
    for path in ["/", "/console/"] {
        assert_eq!(browser.get(path).await.location(), "/console");
    }
    assert_eq!(browser.get("/console").await.location(), "/console/sign-in");
    let deep = world.page("?after=x");
    let wanted = format!("/console/sign-in?next=%2Fconsole%2Fw%2F{}%3Fafter%3Dx", world.id);
    assert_eq!(browser.get(&deep).await.location(), wanted);
    for accept in ["*/*", "application/json", "application/json, text/*;q=0.1"] {
        let response = world.anonymous().with("accept", accept).get("/").await;
        let error = response.refused(404, "not_found");
        assert!(text(&error["message"]).contains('/'), "{response:?}");
    }
}

#[tokio::test]
async fn a_link_signs_in_once_and_looking_at_it_does_not_use_it_up() {
    let world = World::new().await;
    let id = added(&world, "jane@example.com", Role::Viewer).await;
    let token = link(&world, id, LinkPurpose::SignIn).await;
    let mut browser = Browser::new(&world.url);
    for _ in 0..2 {
        let page = browser.get(&format!("/console/link/{token}")).await;
        assert!(page.status == 200 && page.text.contains("Continue to the console"), "{page:?}");
    }
    assert_eq!(browser.follow_link(&token).await.location(), "/console");
    let home = browser.get(&world.page("")).await;
    assert!(home.status == 200 && home.text.contains("jane@example.com"), "{home:?}");
    let again = Browser::new(&world.url).follow_link(&token).await;
    assert!(again.status == 401 && again.text.contains("was used"), "{again:?}");
    assert_eq!(again.header("set-cookie"), None);
}

#[tokio::test]
async fn of_many_requests_with_one_link_one_signs_in() {
    let world = World::new().await;
    let id = added(&world, "jane@example.com", Role::Viewer).await;
    let token = link(&world, id, LinkPurpose::SignIn).await;
    let follow = || async { Browser::new(&world.url).follow_link(&token).await };
    let responses = join_all((0..12).map(|_| follow())).await;
    assert_eq!(responses.iter().filter(|response| is_signed_in(response)).count(), 1, "{responses:?}");
}

#[tokio::test]
async fn a_link_and_an_invitation_expire_and_neither_is_the_other() {
    let world = World::new().await;
    let id = added(&world, "jane@example.com", Role::Viewer).await;
    let (sign_in, invitation) =
        (link(&world, id, LinkPurpose::SignIn).await, link(&world, id, LinkPurpose::Invitation).await);
    let mut browser = Browser::new(&world.url);
    assert_eq!(browser.follow_link(&invitation).await.status, 401);
    assert_eq!(browser.get(&format!("/console/invitation/{sign_in}")).await.status, 401);
    world.advance(TimeDelta::minutes(15));
    assert_eq!(browser.follow_link(&sign_in).await.status, 401);
    assert_eq!(browser.get(&format!("/console/invitation/{invitation}")).await.status, 200);
    world.advance(TimeDelta::days(3));
    assert_eq!(browser.get(&format!("/console/invitation/{invitation}")).await.status, 401);
}

#[tokio::test]
async fn an_invited_operator_chooses_a_password_and_signs_in_with_it() {
    let world = World::new().await;
    let id = added(&world, "Jane@Example.com", Role::Viewer).await;
    let (first, second) =
        (link(&world, id, LinkPurpose::Invitation).await, link(&world, id, LinkPurpose::Invitation).await);
    let browser = Browser::new(&world.url);
    let path = format!("/console/invitation/{first}");
    for (password, again, says) in
        [("short", "short", "at least 8 characters"), (PASSWORD, "another one", "The two passwords differ")]
    {
        let response = browser.send_form(&path, &[("password", password), ("again", again)]).await;
        assert!(response.status == 422 && response.text.contains(says), "{response:?}");
    }
    let refused = sign_in(&browser, "jane@example.com", "").await;
    assert_eq!(refused.status, 401, "there is no password yet: {refused:?}");
    let chosen = browser.send_form(&path, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert!(is_signed_in(&chosen), "{chosen:?}");
    assert_eq!(browser.get(&path).await.status, 401, "it was used");
    assert_eq!(browser.get(&format!("/console/invitation/{second}")).await.status, 401, "a password is chosen");
    for email in ["jane@example.com", " JANE@EXAMPLE.COM "] {
        assert!(is_signed_in(&sign_in(&browser, email, PASSWORD).await), "{email}");
    }
}

#[tokio::test]
async fn an_operator_changes_the_password_and_the_other_sessions_end() {
    let world = World::new().await;
    let id = with_password(&world, "jane@example.com").await;
    let [mut mine, mut other] = [Browser::new(&world.url), Browser::new(&world.url)];
    for browser in [&mut mine, &mut other] {
        let response = sign_in(browser, "jane@example.com", PASSWORD).await;
        browser.keep(&response);
    }
    let unused = link(&world, id, LinkPurpose::SignIn).await;
    let change = async |current: &str, new: &str, again: &str| {
        mine.post("/console/account/password", &[("current", current), ("password", new), ("again", again)]).await
    };
    for (current, new, again, says) in [
        ("wrong password", "another horse", "another horse", "The current password is wrong"),
        (PASSWORD, "short", "short", "at least 8 characters"),
        (PASSWORD, "another horse", "a third horse", "The two passwords differ"),
    ] {
        let response = change(current, new, again).await;
        assert!(response.status == 422 && response.text.contains(says), "{response:?}");
    }
    assert_eq!(other.get("/console/account").await.status, 200);
    assert_eq!(change(PASSWORD, "another horse", "another horse").await.location(), "/console/account");
    assert_eq!(mine.get("/console/account").await.status, 200);
    assert_eq!(other.get("/console/account").await.status, 303);
    assert_eq!(Browser::new(&world.url).follow_link(&unused).await.status, 401);
    assert!(!is_signed_in(&sign_in(&other, "jane@example.com", PASSWORD).await));
    assert!(is_signed_in(&sign_in(&other, "jane@example.com", "another horse").await));
    // Who has no password gets one by an invitation.
    let by_link = world.operator(Role::Viewer).await;
    assert!(!by_link.get("/console/account").await.text.contains("Current password"));
    let fields = [("current", ""), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(by_link.post("/console/account/password", &fields).await.status, 422);
}

#[tokio::test]
async fn a_refused_sign_in_tells_nothing_about_the_address() {
    let world = World::new().await;
    with_password(&world, "jane@example.com").await;
    added(&world, "invited@example.com", Role::Admin).await;
    let browser = Browser::new(&world.url);
    let mut pages = Vec::new();
    for email in ["jane@example.com", "invited@example.com", "unknown@example.com", "", "a\0b"] {
        let response = sign_in(&browser, email, "wrong password").await;
        assert_eq!((response.status, response.header("set-cookie")), (401, None), "{email:?}");
        assert!(response.text.contains("The e-mail address or the password is wrong"), "{response:?}");
        pages.push(response.text.replace(&format!("value=\"{}\"", email.replace('\0', "\u{fffd}")), ""));
    }
    assert!(pages.iter().all(|page| page.len().abs_diff(pages[0].len()) <= 12), "{pages:?}");
}

#[tokio::test]
async fn failed_sign_ins_are_limited_by_network_and_by_address_and_apart_from_those_of_users() {
    let limited = |failed: &str, account: &str| {
        let rates = Rates { failed: failed.parse().ok(), failed_account: account.parse().ok(), ..Rates::default() };
        World::with(move |app| {
            let limits = Limits::new(&rates, app.clock.clone()).map(Arc::new);
            handset::http::App { limits, ..app }
        })
    };
    let world = limited("3/1h", "1000/1h").await;
    with_password(&world, "jane@example.com").await;
    let browser = Browser::new(&world.url);
    for _ in 0..3 {
        assert_eq!(sign_in(&browser, "other@example.com", "wrong password").await.status, 401);
    }
    let throttled = sign_in(&browser, "jane@example.com", PASSWORD).await;
    assert_eq!(throttled.status, 429, "{throttled:?}");
    assert!(throttled.header("retry-after").is_some() && throttled.text.contains("Try again in"), "{throttled:?}");

    let world = limited("1000/1h", "1/1h").await;
    with_password(&world, "jane@example.com").await;
    with_password(&world, "joe@example.com").await;
    let browser = Browser::new(&world.url);
    for expected in [401, 429, 429] {
        let response = sign_in(&browser, "jane@example.com", "wrong password").await;
        assert_eq!(response.status, expected, "of all, and of this network: {response:?}");
    }
    assert_eq!(sign_in(&browser, "JANE@example.com", PASSWORD).await.status, 429);
    assert!(is_signed_in(&sign_in(&browser, "joe@example.com", PASSWORD).await));
}

#[tokio::test]
async fn a_sign_in_leads_back_to_the_page_that_was_asked_for_and_to_no_other_site() {
    let world = World::new().await;
    with_password(&world, "jane@example.com").await;
    let browser = Browser::new(&world.url);
    let page = world.page("?after=x");
    for (next, location) in [
        (page.as_str(), page.as_str()),
        ("https://evil.example/", "/console"),
        ("//evil.example", "/console"),
        ("/console/\\evil.example", "/console"),
        ("/phones/list", "/console"),
    ] {
        let fields = [("email", "jane@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.send_form("/console/sign-in", &fields).await.location(), location, "{next}");
    }
}

/// Runs a command on the world's database.
async fn command(world: &World, test_dir: &TestDir, arguments: &[&str]) -> Outcome {
    let mut command = handset_in(test_dir, arguments);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await
}

#[tokio::test]
async fn the_command_line_adds_lists_and_removes_operators_and_sets_their_roles() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let run = async |arguments: &[&str]| command(&world, &test_dir, arguments).await;
    let invited = run(&["operator", "add", "jane@example.com", "--workspace", "First", "--role", "operator"]).await;
    let invitation = invited.stdout_of_success();
    let (_, token) = invitation.trim().rsplit_once("/console/invitation/").expect("a link");
    let token = token.split_whitespace().next().expect("a token");
    let mut browser = Browser::new(&world.url);
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let response = browser.send_form(&format!("/console/invitation/{token}"), &fields).await;
    browser.keep(&response);
    assert_eq!(browser.get(&world.page("")).await.status, 200);

    let twice = run(&["operator", "add", "JANE@example.com", "--all-workspaces"]).await;
    assert!(twice.error_message().contains("there is an operator"), "{twice:?}");
    let wrong = run(&["operator", "add", "jane", "--all-workspaces"]).await;
    assert!(wrong.stderr.contains("e-mail"), "{wrong:?}");

    let listed: Value = run(&["operator", "list", "--json"]).await.json();
    let jane = &listed["operators"][0];
    assert_eq!((&jane["email"], &jane["role"]), (&"jane@example.com".into(), &Value::Null), "{jane}");
    assert_eq!((&jane["roles"][0]["role"], &jane["has_password"]), (&"operator".into(), &true.into()), "{jane}");

    // It counts at the next request of the session.
    run(&["operator", "set-role", "jane@example.com", "--workspace", "First", "--role", "none"])
        .await
        .stdout_of_success();
    assert_eq!(browser.get(&world.page("")).await.status, 404);
    run(&["operator", "set-role", "jane@example.com", "--all-workspaces", "--role", "viewer"])
        .await
        .stdout_of_success();
    assert_eq!(browser.get(&world.page("")).await.status, 200);
    run(&["operator", "remove", "jane@example.com"]).await.stdout_of_success();
    assert_eq!(browser.get(&world.page("")).await.location().split('?').next(), Some("/console/sign-in"));
    let unknown = run(&["operator", "remove", "jane@example.com"]).await;
    assert!(unknown.error_message().contains("there is no operator"), "{unknown:?}");
}

#[tokio::test]
async fn the_console_command_prints_a_link_that_signs_in_once() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let printed = command(&world, &test_dir, &["console", "--url", &world.url]).await;
    let link = printed.stdout_of_success().trim().to_owned();
    let path = link.strip_prefix(&world.url).unwrap_or_else(|| panic!("no link: {printed:?}"));
    let mut browser = Browser::new(&world.url);
    let response = browser.send_form(path, &[]).await;
    browser.keep(&response);
    let account = browser.get("/console/account").await;
    assert!(account.text.contains("admin@localhost") && account.text.contains("admin"), "{account:?}");
    assert_eq!(browser.send_form(path, &[]).await.status, 401);
    // For a known operator, in whose name it acts.
    added(&world, "jane@example.com", Role::Viewer).await;
    let printed = command(&world, &test_dir, &["console", "jane@example.com", "--url", &world.url]).await;
    let link = printed.stdout_of_success().trim().to_owned();
    let response = browser.send_form(&link[world.url.len()..], &[]).await;
    browser.keep(&response);
    assert!(browser.get("/console/account").await.text.contains("jane@example.com"));
    let unknown = command(&world, &test_dir, &["console", "unknown@example.com"]).await;
    assert!(unknown.error_message().contains("there is no operator"), "{unknown:?}");
}
