//! `handset health`: the probe of containers.

use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset, handset_in};
use crate::support::world::{SEAL_KEY, World};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// A server on a world's database.
async fn server(world: &World, test_dir: &TestDir, arguments: &[&str]) -> Server {
    let mut command = handset_in(test_dir, &["serve", "--no-demo", "--connections", "4"]);
    command.args(arguments).env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Server::run(command, test_dir).await
}

#[tokio::test]
async fn health_asks_the_server_that_the_same_settings_describe() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let all = server(&world, &test_dir, &["--listen", "0.0.0.0:0"]).await;
    let port = all.address().rsplit(':').next().expect("a port").to_owned();
    // By the variable, as in a container; nothing else of the environment is needed.
    let mut probe = handset(&["health"]);
    probe.env("HANDSET_LISTEN", format!("0.0.0.0:{port}")).env("DATABASE_URL", "postgres://nowhere.invalid/x");
    let outcome = Outcome::of(probe).await;
    assert_eq!(outcome.stdout_of_success(), format!("http://127.0.0.1:{port}/health is healthy\n"));
    let body = Outcome::of(handset(&["health", "--listen", &port, "--json"])).await.json();
    assert_eq!((&body["msg"], &body["build_info"]["version"]), (&"Healthy".into(), &env!("CARGO_PKG_VERSION").into()));
    let url = format!("http://localhost:{port}/");
    Outcome::of(handset(&["health", "--url", &url])).await.stdout_of_success();
    all.stop().await;
    let outcome = Outcome::of(handset(&["health", "--listen", &port])).await;
    let message = outcome.error_message();
    assert!(message.starts_with(&format!("no answer from http://127.0.0.1:{port}/health: ")), "{message}");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test]
async fn health_asks_a_server_with_a_certificate_for_another_host() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let (chain, key) = (test_dir.path().join("chain.pem"), test_dir.path().join("key.pem"));
    std::fs::write(&chain, CERTIFICATE).expect("a file");
    std::fs::write(&key, KEY).expect("a file");
    let (chain, key) = (chain.to_str().expect("UTF-8"), key.to_str().expect("UTF-8"));
    let secure = server(&world, &test_dir, &["--listen", "127.0.0.1:0", "--tls-cert", chain, "--tls-key", key]).await;
    let outcome = Outcome::of(handset(&["health", "--listen", secure.address(), "--tls-cert", chain])).await;
    assert_eq!(outcome.stdout_of_success(), format!("{}/health is healthy\n", secure.url));
    // Without the certificate's setting, the request is not the server's protocol.
    let outcome = Outcome::of(handset(&["health", "--listen", secure.address()])).await;
    assert!(outcome.error_message().starts_with("no answer from http://"), "{outcome:?}");
    secure.stop().await;
}

#[tokio::test]
async fn health_fails_for_other_answers_and_for_silence() {
    let world = World::new().await;
    let url = format!("{}/nowhere", world.url);
    let outcome = Outcome::of(handset(&["health", "--url", &url])).await;
    assert_eq!(outcome.error_message(), format!("{url}/health answers 404 Not Found"));
    let outcome = Outcome::of(handset(&["health", "--listen", "0"])).await;
    assert!(outcome.error_message().contains("--url"), "{outcome:?}");
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("bound").to_string();
    let began = Instant::now();
    let outcome = Outcome::of(handset(&["health", "--listen", &address])).await;
    assert!(outcome.error_message().contains("more than 5 s"), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
