//! The host of a request, and the links that are made of it.

use crate::support::client::Response;
use crate::support::ucwa::{href, hrefs};
use crate::support::world::{World, text};
use handset::http::App;
use std::collections::BTreeSet;
use std::sync::Arc;

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";

async fn get(world: &World, target: &str, headers: &str) -> Response {
    world.raw(format!("GET {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n")).await
}

async fn behind_a_proxy() -> World {
    World::with(|app| App { proxies: Arc::new(["127.0.0.0/8".parse().expect("a network")]), ..app }).await
}

#[tokio::test]
async fn a_request_without_one_valid_host_is_refused_in_every_dialect() {
    let world = World::new().await;
    for headers in [
        "",
        "host: a.example\r\nhost: a.example\r\n",
        "host: a.example\r\nhost: b.example\r\n",
        "host: \r\n",
        "host: a b\r\n",
        "host: jane@a.example\r\n",
        "host: a.example/path\r\n",
        "host: a.example:port\r\n",
        "host: a,b\"\r\n",
    ] {
        get(&world, "/phones/list", headers).await.refused(400, "bad_request");
        let diga = get(&world, "/v1/phone/", headers).await;
        assert_eq!((diga.status, &diga.body["error_code"]), (400, &"BAD_REQUEST".into()), "{headers:?}");
        get(&world, "/v4/accounts", headers).await.is_error(400);
        get(&world, "/me/phones", headers).await.is_ucwa_error(400, "BadRequest", "");
        assert_eq!(get(&world, "/health", headers).await.status, 400, "{headers:?}");
        assert_eq!(get(&world, "/openapi.json", headers).await.status, 400, "{headers:?}");
    }
    for host in ["localhost", "a.example:8443", "[::1]:80", "127.0.0.1"] {
        get(&world, "/health", &format!("host: {host}\r\n")).await.ok();
    }
    let old = world.raw("GET /health HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status, 200, "HTTP/1.0 has no Host: {old:?}");
}

#[tokio::test]
async fn the_target_of_an_absolute_form_request_wins_over_its_host() {
    let world = World::new().await;
    get(&world, "http://a.example/health", "host: b.example\r\n").await.ok();
    get(&world, "http://a.example/health", "").await.refused(400, "bad_request");
    let root =
        get(&world, &format!("http://a.example:8443{ROOT}"), "host: b.example\r\n").await.of_ucwa(200).body.clone();
    for href in hrefs(&root) {
        assert!(href.starts_with("http://a.example:8443/"), "{href}");
    }
    get(&world, "http://lyncdiscover.a.example/", "host: b.example\r\n").await.of_ucwa(200);
    get(&world, "http://lyncdiscover.a.example", "host: b.example\r\n").await.of_ucwa(200);
    get(&world, "http://a.example/", "host: lyncdiscover.b.example\r\n").await.refused(404, "not_found");
    get(&world, "/me", "host: phones.example.com\r\n").await.is_challenge("phones.example.com");
    get(&world, "http://a.example/me", "host: phones.example.com\r\n").await.is_challenge("a.example");
}

/// Creates a user identity with two phones, so that there is a second page.
async fn with_two_phones(world: &World) -> String {
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    world.phone(&jane).await;
    jane
}

/// The bases of the absolute links that a server makes for these headers: of both steps of the discovery, of the token
/// endpoint in the challenge and in its page, and to a next page.
async fn bases(world: &World, jane: &str, headers: &str) -> BTreeSet<String> {
    let headers = format!("host: own.example\r\n{headers}");
    let mut found = hrefs(&get(world, ROOT, &headers).await.of_ucwa(200).body);
    let challenged = get(world, "/me", &headers).await;
    let challenge = format!("{:?}", challenged.headers.get_all("www-authenticate"));
    found.extend(challenge.split("href=\\\"").skip(1).filter_map(|rest| rest.split('\\').next()).map(str::to_owned));
    found.extend(challenged.text.split_whitespace().filter(|word| word.contains("://")).map(str::to_owned));
    let authorized = format!("{headers}authorization: Bearer {}\r\n", world.api_key.reveal());
    let as_jane = format!("{authorized}x-ucwa-user: {jane}\r\n");
    let user = get(world, &format!("{ROOT}/oauth/user"), &as_jane).await.of_ucwa(200).body.clone();
    found.push(href(&user, "applications"));
    found.extend(hrefs(&user));
    let page = get(world, "/phones/list?limit=1", &authorized).await.ok();
    found.push(text(&page["pagination"]["next_page_url"]));
    assert_eq!(found.len(), 10, "{found:?}");
    found.iter().map(|url| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")).collect()
}

#[tokio::test]
async fn forwarded_scheme_and_host_of_a_trusted_proxy_are_in_every_absolute_link() {
    let (trusting, other) = (behind_a_proxy().await, World::new().await);
    let (of_trusting, of_other) = (with_two_phones(&trusting).await, with_two_phones(&other).await);
    for (headers, expected) in [
        ("", "http://own.example"),
        ("x-forwarded-proto: https\r\n", "https://own.example"),
        ("x-forwarded-proto: https\r\nx-forwarded-host: phones.example.com\r\n", "https://phones.example.com"),
        ("forwarded: for=192.0.2.1;proto=https;host=phones.example.com\r\n", "https://phones.example.com"),
        ("x-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: http, https\r\n", "https://own.example"),
        ("x-forwarded-proto: ftp\r\nx-forwarded-host: a b\r\n", "http://own.example"),
    ] {
        assert_eq!(bases(&trusting, &of_trusting, headers).await, [expected.to_owned()].into(), "{headers}");
        let own = ["http://own.example".to_owned()].into();
        assert_eq!(bases(&other, &of_other, headers).await, own, "no proxy is trusted: {headers}");
    }
}

#[tokio::test]
async fn public_url_wins_over_what_a_proxy_says() {
    let public_url = Some("https://public.example".into());
    let proxies = Arc::new(["127.0.0.0/8".parse().expect("a network")]);
    let world = World::with(|app| App { proxies, public_url, ..app }).await;
    let jane = with_two_phones(&world).await;
    let headers = "x-forwarded-proto: http\r\nx-forwarded-host: phones.example.com\r\n";
    assert_eq!(bases(&world, &jane, headers).await, ["https://public.example".to_owned()].into());
}
