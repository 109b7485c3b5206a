//! What requests in flight may hold in memory: unfinished heads and bodies, and responses that are not read. The server is a
//! process of its own, whose resident memory is read. The attacks come from one address, and end with a deactivation.
#![cfg(target_os = "linux")]

use crate::support::private_postgres::TestDir;
use crate::support::program::Server;
use crate::support::world::World;
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const MIB: usize = 1024 * 1024;

/// Resident memory that no attack may exceed.
const LIMIT: usize = 200 * MIB;

/// Time in which a connection takes what it takes; then the server has paused it.
const PATIENCE: Duration = Duration::from_secs(2);

struct Attacked {
    world: World,
    test_dir: TestDir,
    server: Server,
    phone: String,
}

impl Attacked {
    async fn new() -> Attacked {
        let (world, test_dir) = (World::new().await, TestDir::new());
        let phone = world.phone(&world.person("jane").await).await;
        let server = Server::beside(&world, &["--failed-auth-limit", "off"], &test_dir).await;
        server.client(world.api_key.reveal()).get("/phones/list").await.ok();
        Attacked { world, test_dir, server, phone }
    }

    /// Opens connections that each send as much of these bytes as the server takes, and stay open.
    async fn send(&self, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
        let sent = (0..count).map(async |_| {
            let mut connection = TcpStream::connect(self.server.address()).await.expect("it listens");
            // The server may refuse and close it, or read no more.
            let _ = timeout(PATIENCE, connection.write_all(bytes)).await;
            connection
        });
        futures_util::future::join_all(sent).await
    }

    /// Checks the memory while the connections are open, and that a deactivation is answered.
    async fn survives(self, attack: &str, held: Vec<TcpStream>) {
        let key = self.server.client(self.world.api_key.reveal());
        key.post("/phones/deactivate", json!({ "device_id": self.phone })).await.ok();
        let memory = self.server.memory();
        println!("{attack}: {} MiB with {} connections", memory / MIB, held.len());
        assert!(memory < LIMIT, "{attack}: {memory} bytes");
        drop(held);
        self.server.stop().await;
        drop(self.test_dir);
    }
}

#[tokio::test]
async fn unfinished_bodies_without_a_credential_use_little_memory() {
    let attacked = Attacked::new().await;
    let head = "POST /webticket/oauthtoken HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let held = attacked.send(400, format!("{head}{}", chunk.repeat(240)).as_bytes()).await;
    attacked.survives("unauthenticated bodies", held).await;
}

#[tokio::test]
async fn unfinished_bodies_with_a_credential_use_a_part_of_the_budget() {
    let attacked = Attacked::new().await;
    let head = format!(
        "POST /phones/list HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {MIB}\r\n\r\n",
        attacked.world.api_key.reveal(),
    );
    let held = attacked.send(400, format!("{head}{}", " ".repeat(MIB - 10)).as_bytes()).await;
    attacked.survives("authenticated bodies", held).await;
}

#[tokio::test]
async fn short_parts_of_a_body_do_not_keep_a_read_buffer_each() {
    let attacked = Attacked::new().await;
    let head = format!(
        "POST /phones/list HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        attacked.world.api_key.reveal(),
    );
    let mut held = attacked.send(50, head.as_bytes()).await;
    for _ in 0..200 {
        for connection in &mut held {
            connection.set_nodelay(true).expect("a TCP connection");
            let _ = connection.write_all(b"1\r\n \r\n").await;
        }
        // A round trip, so that the parts are read one by one.
        attacked.server.client("none").get("/health").await;
    }
    attacked.survives("short parts", held).await;
}

#[tokio::test]
async fn unfinished_heads_use_a_part_of_the_budget() {
    let attacked = Attacked::new().await;
    let head = format!("GET /phones/list HTTP/1.1\r\nhost: x\r\nx-long: {}", "x".repeat(120 * 1024));
    let held = attacked.send(1_500, head.as_bytes()).await;
    attacked.survives("heads", held).await;
}

#[tokio::test]
async fn responses_that_are_not_read_use_a_part_of_the_budget() {
    let attacked = Attacked::new().await;
    let key = attacked.world.key();
    let person = attacked.world.person("many").await;
    let metadata: serde_json::Map<_, _> = (0..50).map(|at| (format!("key{at}"), "x".repeat(500).into())).collect();
    for _ in 0..40 {
        let phone = attacked.world.phone(&person).await;
        key.post("/devices/update", json!({ "device_id": phone, "custom_metadata": metadata })).await.ok();
    }
    let list = format!(
        "GET /devices/list HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        attacked.world.api_key.reveal(),
    );
    let size = key.get("/devices/list").await.text.len();
    assert!(size > 9 * MIB / 10, "{size} bytes");
    let held = attacked.send(400, list.as_bytes()).await;
    for connection in &held {
        // It has its answer, or the beginning of one.
        timeout(Duration::from_secs(60), connection.readable()).await.expect("in time").expect("it is open");
    }
    attacked.survives("unread responses", held).await;
}
