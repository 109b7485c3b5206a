//! The built binary in processes of its own: what it prints, what its commands do with and without a running server, and how
//! a server starts, is found, reports errors and ends.

mod admin;
mod backup;
mod contact;
mod doctor;
mod environment;
mod event;
mod health;
mod help;
mod last_used;
mod lifecycle;
mod log;
mod manual;
mod multiple_servers;
mod number;
mod phone;
mod restore;
mod seal_key;
mod serve_json;
mod service_manager;
mod typos;
mod user;
mod user_directory;
mod user_import;
mod webhook;

use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::client::Client;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, admin, handset, handset_in};
use crate::support::world::text;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Sends the request of a printed curl line: a method, headers and an address.
async fn run_curl(line: &str) -> Value {
    let words = words(line);
    let [curl, rest @ ..] = words.as_slice() else { panic!("no command: {line}") };
    assert_eq!(curl, "curl");
    let (mut method, mut headers, mut address) = ("GET", Vec::new(), None);
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-X" => method = rest.next().expect("a method"),
            "-H" => headers.push(rest.next().expect("a header").split_once(": ").expect("a name and a value")),
            url => address = Some(url),
        }
    }
    let client = headers.into_iter().fold(Client::new(""), |client, (name, value)| client.with(name, value));
    client.call(method, address.expect("an address")).await.ok()
}

/// Splits a command line with double quotes as a shell does.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[tokio::test]
async fn the_first_start_prints_a_demo_whose_curl_lines_work() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let lines: Vec<&str> = server.greeting.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    let [list, get, deactivate, events] = lines[..] else { panic!("unexpected lines: {}", server.greeting) };
    let listed = run_curl(list).await;
    assert_eq!(listed["phones"].as_array().map(Vec::len), Some(2));
    let returned = run_curl(get).await;
    assert!(listed["phones"].as_array().is_some_and(|phones| phones.contains(&returned["phone"])), "{returned}");
    run_curl(deactivate).await;
    let actual = run_curl(events).await;
    assert_eq!(actual["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(actual["events"][0]["device_id"], returned["phone"]["device_id"]);
    server.stop().await;
}

#[tokio::test]
async fn later_starts_print_no_secret_and_keep_all_data() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.demo_key();
    let phones = server.client(&key).get("/phones/list").await.ok();
    server.stop().await;
    let server = Server::start(&test_dir).await;
    assert!(!server.has_demo(), "{}", server.greeting);
    assert_eq!(server.client(&key).get("/phones/list").await.ok(), phones);
    // What it prints instead creates a key that works.
    let hint = server.greeting.lines().find_map(|line| line.strip_prefix("Create an API key:")).expect("a hint");
    let words = words(hint);
    let mut create_key = Command::new(&words[0]);
    create_key.args(&words[1..]).env_remove("DATABASE_URL");
    let created = Outcome::of(create_key).await;
    assert_eq!(server.client(created.stdout_of_success().trim()).get("/phones/list").await.ok(), phones);
    server.stop().await;
}

#[tokio::test]
async fn without_a_demo_the_greeting_shows_how_to_create_a_workspace_and_an_api_key() {
    let test_dir = TestDir::new();
    let command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--no-demo"]);
    let server = Server::run(command, &test_dir).await;
    assert!(!server.has_demo(), "{}", server.greeting);
    let mut key = String::new();
    for hint in ["Create a workspace:", "Create an API key:"] {
        let line = server.greeting.lines().find_map(|line| line.strip_prefix(hint)).expect("a hint");
        let words = words(line);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_remove("DATABASE_URL");
        key = Outcome::of(command).await.stdout_of_success().trim().to_owned();
    }
    server.client(&key).get("/phones/list").await.ok();
    server.stop().await;
    // A workspace exists now, so no later start creates a demo.
    let server = Server::start(&test_dir).await;
    assert!(!server.has_demo(), "{}", server.greeting);
    server.stop().await;
}

#[tokio::test]
async fn without_a_command_handset_serves() {
    let test_dir = TestDir::new();
    let server = Server::run(handset_in(&test_dir, &["--listen", "127.0.0.1:0"]), &test_dir).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    server.stop().await;
}

#[tokio::test]
async fn public_url_is_the_base_of_next_page_urls() {
    let test_dir = TestDir::new();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://phones.example.com/api/"];
    let server = Server::run(handset_in(&test_dir, &arguments), &test_dir).await;
    let page = server.client(&server.demo_key()).get("/phones/list?limit=1").await.ok();
    let next = page["pagination"]["next_page_url"].as_str().unwrap_or_default();
    assert!(next.starts_with("https://phones.example.com/api/phones/list?"), "{next}");
    server.stop().await;
}

#[tokio::test]
async fn an_invalid_public_url_is_refused_at_start() {
    let test_dir = TestDir::new();
    for url in
        ["foo", "ftp://phones.example.com", "https://", "//phones.example.com", "https://phones.example.com/?a=b"]
    {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--public-url", url];
        let outcome = Outcome::of(handset_in(&test_dir, &arguments)).await;
        assert!(!outcome.status.success(), "{outcome:?}");
        for part in ["--public-url", url, "an http or https URL", "https://phones.example.com"] {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
        }
    }
    assert!(!test_dir.data().exists(), "nothing was created");
}

#[tokio::test]
async fn a_start_without_tls_and_trusted_proxies_warns_if_there_are_passwords() {
    const WARNING: &str = "clients send them without TLS";
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let person = key.get("/user_identities/list").await.ok()["user_identities"][0]["user_identity_id"].clone();
    let workspace = text(&key.get("/workspaces/get").await.ok()["workspace"]["workspace_id"]);
    let console = admin(&test_dir, &["console-session", "create", "--workspace", "Demo"]).await;
    let operator = server.client(&text(&console["console_session_token"])).in_workspace(&workspace);
    let password = json!({ "user_identity_id": person, "password": "correct horse battery" });
    operator.post("/user_identities/set_password", password).await.ok();
    let log = server.stop().await;
    assert_eq!(log.matches(WARNING).count(), 0, "no password existed: {log}");
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let server = Server::run(handset_in(&test_dir, &listen), &test_dir).await;
    let log = server.stop().await;
    assert_eq!(log.matches(WARNING).count(), 1, "{log}");
    let trusting = [&listen[..], &["--trusted-proxies", "127.0.0.0/8"]].concat();
    let server = Server::run(handset_in(&test_dir, &trusting), &test_dir).await;
    let log = server.stop().await;
    assert_eq!(log.matches(WARNING).count(), 1, "a proxy is trusted, so there is no further one: {log}");
    let (chain, key) = (test_dir.path().join("chain.pem"), test_dir.path().join("key.pem"));
    std::fs::write(&chain, CERTIFICATE).expect("a file");
    std::fs::write(&key, KEY).expect("a file");
    let mut secure = handset_in(&test_dir, &listen);
    secure.arg("--tls-cert").arg(chain).arg("--tls-key").arg(key);
    let server = Server::run(secure, &test_dir).await;
    let log = server.stop().await;
    assert_eq!(log.matches(WARNING).count(), 1, "TLS is on: {log}");
}

#[tokio::test]
async fn a_port_in_use_is_reported_before_anything_is_created() {
    let test_dir = TestDir::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let outcome = Outcome::of(handset_in(&test_dir, &["serve", "--listen", &address])).await;
    let message = outcome.error_message();
    assert!(message.starts_with(&format!("cannot listen on {address}: ")), "{message}");
    assert!(message.contains("--listen"), "{message}");
    assert!(!test_dir.data().exists(), "nothing was created");
}

#[tokio::test]
async fn an_unusable_database_is_reported_with_its_cause() {
    let test_dir = TestDir::new();
    let anonymous = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("it was bound");
    for (url, words) in [
        ("mysql://localhost/x", "DATABASE_URL is not a Postgres URL"),
        (&format!("postgres://user:hunter2@{anonymous}/x"), "the database does not answer"),
    ] {
        let outcome =
            Outcome::of(handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--database-url", url])).await;
        assert!(outcome.error_message().starts_with(words), "{outcome:?}");
        assert!(!outcome.stderr.contains("hunter2"), "{outcome:?}");
    }
    let test_dir = TestDir::with_empty_database().await;
    let outcome = Outcome::of(handset_in(&test_dir, &["migrate", "--seal-key", "short"])).await;
    assert!(outcome.error_message().starts_with("HANDSET_SEAL_KEY is wrong"), "{outcome:?}");
    assert!(!test_dir.is_busy(), "its Postgres has stopped");
}

#[tokio::test]
async fn version_health_and_metrics_name_the_same_build() {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    command.arg("--no-demo");
    let server = Server::run(command, &test_dir).await;
    let health = Client::new(&server.url).get("/health").await.ok();
    let build = &health["build_info"];
    assert_eq!(build["version"], env!("CARGO_PKG_VERSION"));
    let label = |name: &str| build[name].as_str().unwrap_or_default();
    let printed = Outcome::of(handset(&["--version"])).await;
    let origin = match build["commit"].as_str() {
        Some(commit) => [commit, label("date")].join(" ").trim().to_owned(),
        None => "development build".to_owned(),
    };
    assert_eq!(printed.stdout_of_success(), format!("handset {} ({origin})\n", env!("CARGO_PKG_VERSION")));
    let figures = server.greeting.lines().find_map(|line| line.strip_prefix("Figures on ")).expect("an address");
    let (base, _) = figures.rsplit_once('/').expect("a path");
    let metrics = Client::new(base).get("/metrics").await.text;
    let line = format!(
        r#"handset_build_info{{version="{}",commit="{}",date="{}"}} 1"#,
        label("version"),
        label("commit"),
        label("date")
    );
    assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    server.stop().await;
}

#[tokio::test]
async fn openapi_prints_the_document_without_a_database() {
    let printed = Outcome::of(handset(&["openapi"])).await.json();
    assert!(printed["paths"]["/phones/list"].is_object());
}
