//! One client cannot hold all connections, neither directly nor through a trusted proxy.

use crate::support::client::Client;
use crate::support::private_postgres::until_async;
use crate::support::wait::TIMEOUT;
use crate::support::world::World;
use handset::http::App;
use handset::http::in_flight::InFlight;
use handset::server::ListenerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Connections or requests of one client.
const EACH: usize = 3;

fn listener_config() -> ListenerConfig {
    ListenerConfig { connections_of_client: EACH, ..ListenerConfig::default() }
}

/// Connects from an address of this machine.
async fn connect(world: &World, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("it is an address of this machine");
    socket.connect(world.address().parse().expect("an address")).await.expect("it listens")
}

/// Asks for a response, which leaves the connection open; false if the server has closed it.
async fn is_served(connection: &mut TcpStream) -> bool {
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    if connection.write_all(request).await.is_err() {
        return false;
    }
    let mut begin = [0; 12];
    let read = timeout(TIMEOUT, connection.read_exact(&mut begin)).await.expect("it is served or closed in time");
    read.is_ok_and(|_| begin == *b"HTTP/1.1 200")
}

#[tokio::test]
async fn connections_of_one_address_beyond_its_limit_are_closed_and_other_addresses_are_served() {
    let world = World::with_listener(listener_config()).await;
    let mut held = Vec::new();
    for _ in 0..EACH {
        let mut connection = connect(&world, "127.0.0.2").await;
        assert!(is_served(&mut connection).await);
        held.push(connection);
    }
    for _ in 0..5 {
        assert!(!is_served(&mut connect(&world, "127.0.0.2").await).await, "over the limit of the address");
    }
    assert!(is_served(&mut connect(&world, "127.0.0.3").await).await);
    held.pop();
    until_async("a closed connection makes room", async || is_served(&mut connect(&world, "127.0.0.2").await).await)
        .await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_requests_of_each_client_are_limited_and_not_its_connections() {
    let proxies = Arc::new(["127.0.0.0/8".parse().expect("a network")]);
    let in_flight = InFlight::new(EACH);
    let world = World::with_both(listener_config(), |app| App { proxies, in_flight, ..app }).await;
    let mut of_proxy = Vec::new();
    for _ in 0..2 * EACH {
        let mut connection = connect(&world, "127.0.0.2").await;
        assert!(is_served(&mut connection).await, "a proxy has many connections");
        of_proxy.push(connection);
    }
    let from = |address: &str| world.key().with("x-forwarded-for", address);
    let mut streams = Vec::new();
    for _ in 0..EACH {
        streams.push(open_stream(&from("198.51.100.1")).await);
    }
    let refused = from("198.51.100.1").get("/phones/list").await;
    refused.refused(429, "rate_limit_exceeded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    from("198.51.100.2").get("/phones/list").await.ok();
    streams.pop();
    until_async("a closed stream makes room", async || from("198.51.100.1").get("/phones/list").await.status == 200)
        .await;
}

/// Opens a stream, which goes on until it is dropped.
async fn open_stream(client: &Client) -> reqwest::Response {
    let response = client.request("GET", "/events/stream").send().await.expect("the server answers");
    assert_eq!(response.status(), 200);
    response
}

#[tokio::test]
async fn connections_without_a_request_give_way_when_all_are_in_use() {
    const ALL: usize = 12;
    let config = ListenerConfig { connections: ALL, connections_of_client: ALL / 4, ..ListenerConfig::default() };
    let world = World::with_listener(config).await;
    let mut held = Vec::new();
    // A head that never ends, from as many addresses as it takes.
    for address in ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"] {
        for _ in 0..ALL / 4 {
            let mut connection = connect(&world, address).await;
            connection.write_all(b"GET /").await.expect("the connection is open");
            held.push(connection);
        }
    }
    assert!(is_served(&mut connect(&world, "127.0.0.6").await).await);
}
