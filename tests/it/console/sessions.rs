//! Sessions of operators: their cookies, their end, and how many there may be.

use crate::support::console::Browser;
use crate::support::world::World;
use chrono::TimeDelta;
use handset::domain::operator::Role;
use handset::http::App;
use sqlx::Row;

async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/console/account").await.status == 200
}

#[tokio::test]
async fn a_session_ends_after_twelve_idle_hours_and_after_seven_days() {
    let world = World::new().await;
    let (idle, busy) = (world.operator(Role::Viewer).await, world.operator(Role::Viewer).await);
    for _ in 0..13 {
        world.advance(TimeDelta::hours(11));
        assert!(is_signed_in(&busy).await);
    }
    assert!(!is_signed_in(&idle).await);
    // 143 hours have passed, of 168.
    world.advance(TimeDelta::hours(11));
    assert!(is_signed_in(&busy).await);
    world.advance(TimeDelta::hours(11));
    assert!(is_signed_in(&busy).await);
    world.advance(TimeDelta::hours(3));
    assert!(!is_signed_in(&busy).await);
    let mut database = world.database().await;
    world.store.prune_operator_sessions(world.clock.now()).await.expect("it is pruned");
    let left = sqlx::query("select count(*) from operator_session").fetch_one(&mut database).await.expect("a count");
    assert_eq!(left.get::<i64, _>(0), 0);
}

#[tokio::test]
async fn signing_out_ends_one_session_and_signing_out_everywhere_ends_all_of_the_operator() {
    let world = World::new().await;
    let first = world.operator(Role::Viewer).await;
    let id = first.operator_id.expect("it is signed in");
    let (second, third) = (world.browser_of(id, &first.email).await, world.browser_of(id, &first.email).await);
    let other = world.operator(Role::Viewer).await;
    let response = first.post("/console/sign-out", &[]).await;
    assert_eq!(response.location(), "/console/sign-in");
    assert!(response.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{response:?}");
    assert!(!is_signed_in(&first).await && is_signed_in(&second).await);
    // One by one, from the list of sessions.
    let page = second.get("/console/account").await.text;
    let (_, rest) = page.split_once("/console/account/sessions/").expect("the third session can be ended");
    let ended = second.post(&format!("/console/account/sessions/{}/end", &rest[..36]), &[]).await;
    assert_eq!(ended.location(), "/console/account");
    assert!(!is_signed_in(&third).await && is_signed_in(&second).await);
    let fourth = world.browser_of(id, &first.email).await;
    second.post("/console/sign-out-everywhere", &[]).await.location();
    assert!(!is_signed_in(&second).await && !is_signed_in(&fourth).await);
    assert!(is_signed_in(&other).await);
}

#[tokio::test]
async fn an_operator_ends_no_session_of_another_one() {
    let world = World::new().await;
    let (mine, other) = (world.operator(Role::Viewer).await, world.operator(Role::Admin).await);
    let mut database = world.database().await;
    let ids = sqlx::query("select operator_session_id::text from operator_session order by created_at, 1")
        .fetch_all(&mut database)
        .await
        .expect("the sessions");
    for id in ids {
        let path = format!("/console/account/sessions/{}/end", id.get::<String, _>(0));
        if is_signed_in(&mine).await {
            mine.post(&path, &[]).await.location();
        }
    }
    assert!(is_signed_in(&other).await);
}

#[tokio::test]
async fn an_operator_has_twenty_sessions_at_most_and_the_oldest_one_ends() {
    let world = World::new().await;
    let first = world.operator(Role::Viewer).await;
    let id = first.operator_id.expect("it is signed in");
    for _ in 0..19 {
        world.advance(TimeDelta::seconds(1));
        world.browser_of(id, &first.email).await;
    }
    assert!(is_signed_in(&first).await);
    world.advance(TimeDelta::seconds(1));
    world.browser_of(id, &first.email).await;
    assert!(!is_signed_in(&first).await);
}

#[tokio::test]
async fn the_cookie_is_for_the_pages_only_and_tokens_are_stored_as_hashes() {
    let world = World::new().await;
    let id = world.operator(Role::Viewer).await.operator_id.expect("it is signed in");
    let purpose = handset::domain::operator::LinkPurpose::SignIn;
    let token = world.store.create_operator_link(id, purpose, world.clock.now(), &world.random).await.expect("a link");
    let response = Browser::new(&world.url).follow_link(token.reveal()).await;
    let cookie = response.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("handset-console=console%5F"), "{cookie}");
    assert!(cookie.ends_with("; Path=/console; Max-Age=604800; HttpOnly; SameSite=Lax"), "{cookie}");
    let secret = cookie.trim_start_matches("handset-console=console%5F").split(';').next().expect("a value");
    let mut database = world.database().await;
    for table in ["operator_session", "operator_link", "operator"] {
        let dump = format!("select coalesce(string_agg(row_to_json(t)::text, ' '), '') from {table} as t");
        let dump = sqlx::query(sqlx::AssertSqlSafe(dump)).fetch_one(&mut database).await.expect("rows");
        let dump: String = dump.get(0);
        assert!(!dump.contains(secret) && !dump.contains(token.reveal()), "{table}: {dump}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_has_the_secure_prefix_and_no_other_one_counts() {
    // Behind a proxy that says so, and by the address for clients.
    let trusted = World::with(|app| App { proxies: ["127.0.0.0/8".parse().expect("a network")].into(), ..app }).await;
    let public = World::with(|app| App { public_url: Some("https://phones.example.com".into()), ..app }).await;
    let untrusted = World::new().await;
    for (world, origin, is_secure) in [
        (&trusted, "https://phones.example.com", true),
        (&public, "https://phones.example.com", true),
        (&untrusted, untrusted.url.as_str(), false),
    ] {
        let id =
            world.store.add_operator("jane@example.com", Role::Viewer, None, world.clock.now(), &world.random).await;
        let id = id.expect("the database answers").expect("the address is new");
        let purpose = handset::domain::operator::LinkPurpose::SignIn;
        let token =
            world.store.create_operator_link(id, purpose, world.clock.now(), &world.random).await.expect("a link");
        let mut browser = Browser::new(&world.url)
            .with("x-forwarded-proto", "https")
            .with("x-forwarded-host", "phones.example.com")
            .at_origin(Some(origin));
        let response = browser.follow_link(token.reveal()).await;
        let cookie = response.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {response:?}")).to_owned();
        assert_eq!(cookie.starts_with("__Secure-handset-console="), is_secure, "{cookie}");
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{cookie}");
        assert!(is_signed_in(&browser).await);
        let value = cookie.split(['=', ';']).nth(1).expect("a value");
        let other_name = if is_secure { "handset-console" } else { "__Secure-handset-console" };
        let planted = browser.without_cookies().with("cookie", &format!("{other_name}={value}"));
        assert!(!is_signed_in(&planted).await, "{other_name}");
    }
}
