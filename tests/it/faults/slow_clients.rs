//! Slow clients, clients that stop within a request or close one side, and ten thousand silent connections.

use crate::instant_keys::EXCHANGE;
use crate::support::private_postgres::{TestDir, until_async};
use crate::support::program::Server;
use crate::support::raw_http;
use crate::support::world::{SEAL_KEY, World};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

/// A deactivation as bytes of HTTP: its head and its body.
fn deactivation(world: &World, phone: &str) -> (String, String) {
    let body = json!({ "device_id": phone }).to_string();
    let head = format!(
        "POST /phones/deactivate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        world.api_key.reveal(),
        body.len()
    );
    (head, body)
}

fn address(world: &World) -> &str {
    world.url.trim_start_matches("http://")
}

/// Reads until the server closes the connection.
async fn rest(connection: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let _ = timeout(Duration::from_secs(40), connection.read_to_end(&mut received)).await.expect("it ends");
    String::from_utf8(received).expect("answers are text")
}

#[tokio::test]
async fn an_unfinished_body_is_refused_at_the_deadline_and_changes_nothing() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let (head, body) = deactivation(&world, &phone);
    let began = Instant::now();
    let stops = async {
        let mut connection = TcpStream::connect(address(&world)).await.expect("it listens");
        connection.write_all(format!("{head}{}", &body[..body.len() / 2]).as_bytes()).await.expect("it is read");
        rest(&mut connection).await
    };
    let drips = async {
        let mut connection = TcpStream::connect(address(&world)).await.expect("it listens");
        connection.write_all(head.as_bytes()).await.expect("it is read");
        for byte in body.as_bytes() {
            // The server may have closed it.
            if connection.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        rest(&mut connection).await
    };
    let others = async {
        while began.elapsed() < Duration::from_secs(5) {
            world.key().get("/phones/list").await.ok();
        }
    };
    let (stopped, dripped, ()) = tokio::join!(stops, drips, others);
    let took = began.elapsed();
    assert!(stopped.starts_with("HTTP/1.1 503 "), "{stopped}");
    assert!(stopped.contains("retry-after: 1"), "{stopped}");
    assert!(dripped.is_empty() || dripped.starts_with("HTTP/1.1 503 "), "{dripped}");
    assert!(took >= Duration::from_secs(29) && took < Duration::from_secs(60), "{took:?}");
    assert_eq!(world.phone_ids().await, [phone]);
}

#[tokio::test]
async fn an_unfinished_body_without_a_credential_is_refused_after_ten_seconds() {
    let world = World::new().await;
    let began = Instant::now();
    let mut connection = TcpStream::connect(address(&world)).await.expect("it listens");
    let head = format!(
        "POST {EXCHANGE} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\
         connection: close\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.expect("it is read");
    // The connection stays open for the rest of the body.
    let mut start = [0; 13];
    connection.read_exact(&mut start).await.expect("it is answered");
    let took = began.elapsed();
    assert_eq!(&start, b"HTTP/1.1 503 ");
    assert!(took >= Duration::from_secs(9) && took < Duration::from_secs(25), "{took:?}");
}

#[tokio::test]
async fn a_client_that_closes_its_side_gets_a_complete_deactivation_or_none() {
    let world = World::new().await;
    for number in 0..10 {
        let person = world.person(&format!("p{number}")).await;
        world.sync_credential(&person).await;
        let phone = world.phone(&person).await;
        let (head, body) = deactivation(&world, &phone);
        // In the middle of the head, in the middle of the body, and after the whole request.
        let whole = format!("{head}{body}");
        let actual = match number {
            0 => &whole[..head.len() / 2],
            1 => &whole[..head.len() + body.len() / 2],
            _ => &whole,
        };
        let mut connection = TcpStream::connect(address(&world)).await.expect("it listens");
        connection.write_all(actual.as_bytes()).await.expect("it is read");
        connection.shutdown().await.expect("one side closes");
        let began = Instant::now();
        let response = rest(&mut connection).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let is_done = response.starts_with("HTTP/1.1 200 ");
        assert!(number > 1 || !is_done, "{response}");
        if !is_done {
            world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
        }
    }
    assert!(world.phone_ids().await.is_empty());
    for event_type in ["phone.deactivated", "acs_credential.invalidated", "acs_credential.deleted"] {
        assert_eq!(world.events(event_type).await.len(), 10, "{event_type}");
    }
}

/// Raises the limit of open files of this process and its children; returns it.
fn raise_open_files() -> usize {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("the hard limit is permitted");
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ten_thousand_silent_connections_use_little_memory_and_block_no_request() {
    let test_dir = TestDir::new();
    let world = World::with_connections(9).await;
    let count = 10_000.min(raise_open_files().saturating_sub(1_000));
    // As most systems start it: with few open files unless it raises the limit.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 256; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_handset")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--no-demo", "--connections", "4"]);
    command.args(["--max-connections-per-address", "16384"]);
    command.arg("--data-dir").arg(test_dir.data()).kill_on_drop(true);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let server = Server::run(command, &test_dir).await;
    let key = server.client(world.api_key.reveal());
    key.get("/phones/list").await.ok();
    let (before, files) = (server.memory(), open_files(&server));

    let mut silent = Vec::with_capacity(count);
    for _ in 0..count {
        silent.push(TcpStream::connect(server.address()).await.expect("it listens"));
    }
    until_async("all are connected", async || open_files(&server) >= files + count).await;
    let began = Instant::now();
    for _ in 0..20 {
        key.get("/phones/list").await.ok();
        raw_http::raw(server.address(), b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    }
    let (took, each) = (began.elapsed(), server.memory().saturating_sub(before) / count);
    println!("{count} silent connections: {each} bytes each; 40 requests took {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(each < 10_000, "{each} bytes each");
    drop(silent);
    until_async("all are closed", async || open_files(&server) < files + 100).await;
    key.get("/phones/list").await.ok();
    server.stop().await;
}

#[cfg(target_os = "linux")]
fn open_files(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it runs").count()
}
