//! Mistyped commands, closed pipes, empty variables and addresses.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset, handset_in, operator_command};
use crate::support::world::{SEAL_KEY, World};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::test]
async fn a_mistyped_command_gets_a_suggestion() {
    for (typed, meant) in [
        (&["keys"][..], "key"),
        (&["phones", "list"], "phone"),
        (&["serv", "--listen", "127.0.0.1:0"], "serve"),
        (&["--json", "worspace", "list"], "workspace"),
        (&["phone", "lst"], "list"),
    ] {
        let outcome = Outcome::of(handset(typed)).await;
        assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("'{meant}'")), "{typed:?}: {outcome:?}");
    }
    // A group of commands shows them.
    let outcome = Outcome::of(handset(&["phone"])).await;
    assert!(outcome.status.code() == Some(2) && outcome.stderr.contains("deactivate"), "{outcome:?}");
    // A mistyped option belongs to the command that was named, and else to the server.
    let outcome = Outcome::of(handset(&["key", "list", "--workspce", "Demo"])).await;
    assert!(outcome.stderr.contains("--workspace"), "{outcome:?}");
    let outcome = Outcome::of(handset(&["--lisen", "127.0.0.1:0"])).await;
    assert!(outcome.stderr.contains("--listen"), "{outcome:?}");
}

#[tokio::test]
async fn a_closed_pipe_is_no_error() {
    let world = World::new().await;
    let test_dir = TestDir::new();
    for (mut command, lines) in [
        (handset(&["openapi"]), 1),
        (operator_command(&world, &test_dir, &["workspace", "list"]), 0),
        (operator_command(&world, &test_dir, &["phone", "list", "--json"]), 0),
    ] {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        for _ in 0..lines {
            stdout.read_line(&mut String::new()).await.expect("a line");
        }
        drop(stdout);
        let output = process.wait_with_output().await.expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !stderr.contains("roken pipe"), "{stderr}");
    }
}

#[tokio::test]
async fn an_empty_variable_is_an_unset_one() {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"]);
    for name in ["DATABASE_URL", "HANDSET_SCHEMA", "HANDSET_SEAL_KEY", "HANDSET_CONNECTIONS", "HANDSET_TLS_CERT"] {
        command.env(name, "");
    }
    let server = Server::run(command, &test_dir).await;
    assert!(server.has_demo() && test_dir.postmaster().is_some(), "it has a private Postgres: {}", server.greeting);
    server.stop().await;
}

#[tokio::test]
async fn an_address_to_listen_on_may_be_a_port_alone_or_localhost() {
    let world = World::new().await;
    for address in ["0", "localhost:0"] {
        let test_dir = TestDir::new();
        let mut command = handset_in(&test_dir, &["serve", "--listen", address, "--no-demo"]);
        command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
        let server = Server::run(command, &test_dir).await;
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
        server.stop().await;
    }
    for (address, words) in [
        (":18385", "127.0.0.1:18385 for this machine only, or 0.0.0.0:18385"),
        ("phones.example.com:80", "write an IP address and a port"),
        ("70000", "write an IP address and a port"),
    ] {
        let outcome = Outcome::of(handset(&["serve", "--listen", address])).await;
        assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{address}: {outcome:?}");
    }
}
