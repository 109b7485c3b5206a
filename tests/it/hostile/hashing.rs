//! The cost of guessed passwords: few hashes run at a time, whatever clients do, and the sign-ins of one client neither
//! delay those of others nor pile up.

use crate::support::private_postgres::{TestDir, until_async};
use crate::support::program::Server;
use crate::support::raw_http::{Opened, heads_first};
use crate::support::world::World;
use handset::http::App;
use serde_json::json;
use std::sync::Arc;

const PASSWORD: &str = "correct horse";

/// More sign-ins than one client may have in the queue.
const FLOOD: usize = 150;

fn head(address: &str) -> String {
    format!("POST /webticket/oauthtoken HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: {address}")
}

fn body(name: &str, password: &str) -> String {
    format!("grant_type=password&username={name}&password={password}")
}

/// A world with a user identity who signs in as `jane`, and whose server trusts a local proxy.
async fn world() -> World {
    let proxies = Arc::new(["127.0.0.0/8".parse().expect("a network")]);
    let world = World::with(|app| App { proxies, ..app }).await;
    let password = json!({ "user_identity_id": world.person("jane").await, "password": PASSWORD });
    world.console().await.post("/user_identities/set_password", password).await.ok();
    world
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_refused_at_once_and_does_not_keep_another_client_from_signing_in() {
    let world = world().await;
    let flood = (0..FLOOD).map(|number| (head("198.51.100.1"), body(&format!("unknown-{number}"), "guess")));
    let flood = heads_first(world.address(), flood.collect());
    let other = async {
        let mut statuses = Vec::new();
        for _ in 0..5 {
            let mut request = Opened::new(world.address(), &head("203.0.113.7"), body("jane", PASSWORD)).await;
            request.finish().await;
            statuses.push(request.response().await.status);
        }
        statuses
    };
    let (flood, other) = tokio::join!(flood, other);
    assert_eq!(other, [200; 5]);
    let refused: Vec<_> = flood.iter().filter(|response| response.status == 503).collect();
    assert!(!refused.is_empty(), "the queue is bounded");
    for response in refused {
        assert_eq!(response.body["error"], "temporarily_unavailable", "{response:?}");
        assert!(response.header("retry-after").is_some(), "{response:?}");
    }
    assert!(flood.iter().all(|response| matches!(response.status, 400 | 503)));
    assert!(flood.iter().any(|response| response.status == 400), "others were judged");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_that_hang_up_do_not_add_hashes() {
    let (world, test_dir) = (world().await, TestDir::new());
    let server =
        Server::beside(&world, &["--failed-auth-limit", "off", "--failed-sign-in-limit", "off"], &test_dir).await;
    server.client(world.api_key.reveal()).get("/phones/list").await.ok();
    let (before, mut most) = (server.memory(), 0);
    for _ in 0..10 {
        let mut opened = Vec::new();
        for number in 0..20 {
            let request =
                Opened::new(server.address(), &head("198.51.100.1"), body(&format!("x{number}"), "guess")).await;
            opened.push(request);
        }
        for request in &mut opened {
            request.finish().await;
        }
        // The last one is read, so that the server has seen all of them; the others hang up.
        let last = opened.pop().expect("there are some").response().await;
        assert!(matches!(last.status, 400 | 503), "{last:?}");
        most = most.max(server.memory());
    }
    let (grown, limit) = (most.saturating_sub(before), 120 * 1024 * 1024);
    println!("resident memory grew by {grown} bytes");
    assert!(grown < limit, "{grown} bytes: a hash takes 19 MiB, and at most four run");
    until_async("the queue is empty", async || {
        let mut request = Opened::new(server.address(), &head("203.0.113.7"), body("jane", PASSWORD)).await;
        request.finish().await;
        request.response().await.status == 200
    })
    .await;
    server.stop().await;
}
