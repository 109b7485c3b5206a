//! The door: how many may be in at once, how long one may say nothing, and what every answer tells browsers and proxies.

use crate::patience::PATIENCE;
use crate::world::World;
use handset::server::Door;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Short for whoever waits for the tests, long for what a machine does by itself.
const IDLE: Duration = Duration::from_millis(400);

const ASK: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn impatient() -> Door {
    Door { idle: IDLE, ..Door::default() }
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.url.trim_start_matches("http://")).await.expect("it listens")
}

/// What is heard until the other side hangs up.
async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("it hangs up");
    heard
}

#[tokio::test]
async fn who_never_finishes_the_head_of_a_request_is_hung_up_on() {
    let world = World::at_door(impatient()).await;
    for beginning in [&b""[..], b"GET /phones/list HTTP/1.1\r\nhost: local"] {
        let started = Instant::now();
        let mut slow = connect(&world).await;
        slow.write_all(beginning).await.expect("it is heard");
        assert!(to_the_end(&mut slow).await.is_empty());
        assert!(started.elapsed() >= IDLE);
    }
}

#[tokio::test]
async fn a_trickle_of_headers_does_not_keep_the_door_open() {
    let world = World::at_door(impatient()).await;
    let mut slow = connect(&world).await;
    slow.write_all(b"GET /phones/list HTTP/1.1\r\n").await.expect("it is heard");
    let trickling = async {
        while slow.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(IDLE / 8).await;
        }
    };
    timeout(PATIENCE, trickling).await.expect("it hangs up");
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_ends_after_its_answer() {
    let world = World::at_door(impatient()).await;
    let mut idle = connect(&world).await;
    idle.write_all(ASK).await.expect("it is heard");
    assert!(to_the_end(&mut idle).await.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn whoever_comes_when_all_places_are_taken_waits_for_one() {
    let world = World::at_door(Door { connections: 1, ..impatient() }).await;
    let started = Instant::now();
    let silent = connect(&world).await;
    world.nobody().get("/health").await.ok();
    assert!(started.elapsed() >= IDLE, "the silent one had the only place");
    drop(silent);
}

#[tokio::test]
async fn who_does_not_take_up_what_they_asked_for_gives_up_their_place() {
    let world = World::at_door(Door { connections: 1, ..impatient() }).await;
    let mut deaf = connect(&world).await;
    let all_at_once = ASK.repeat(1_000);
    let started = Instant::now();
    // More than the sockets between hold, until nobody reads the requests any more.
    let asking = async {
        let _ = deaf.write_all(&all_at_once).await;
    };
    let other = async {
        timeout(PATIENCE, world.nobody().get("/health")).await.expect("the place is free in time").ok();
    };
    tokio::join!(asking, other);
    assert!(started.elapsed() >= IDLE);
}

#[tokio::test]
async fn headers_have_a_limit_in_all() {
    let world = World::new().await;
    let with = |length: usize| world.key().with("x-long", &"x".repeat(length));
    with(100 * 1024).get("/phones/list").await.ok();
    let head = format!("GET /phones/list HTTP/1.1\r\nx-long: {}\r\n\r\n", "x".repeat(140 * 1024));
    world.raw(head).await.refused(431, "headers_too_large");
}

#[tokio::test]
async fn every_answer_says_that_it_is_what_it_is_and_is_not_to_be_kept() {
    let world = World::new().await;
    for answer in [
        world.key().get("/phones/list").await,
        world.key().get("/v1/phone/").await,
        world.nobody().get("/phones/list").await,
        world.nobody().get("/nowhere").await,
        world.nobody().get("/health").await,
        world.raw("GET /phones/list HTTP/1.1\r\nbad header\r\n\r\n").await,
    ] {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("strict-transport-security"), None, "not in the clear: {answer:?}");
    }
}
