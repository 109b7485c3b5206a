//! A second server on a world's database, with its own connections, as on another machine.

use super::client::Client;
use super::webhook_worker::second_store;
use super::world::World;
use handset::http::{App, HEARTBEAT};
use handset::server::{self, ListenerConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct SecondServer {
    url: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl SecondServer {
    pub async fn start(world: &World) -> SecondServer {
        SecondServer::with_heartbeat(world, HEARTBEAT).await
    }

    /// A server whose event streams send heartbeats at this interval.
    pub async fn with_heartbeat(world: &World, heartbeat: Duration) -> SecondServer {
        let stop = CancellationToken::new();
        let app = App {
            stopping: stop.clone(),
            heartbeat,
            ..App::new(second_store(world).await, world.clock.clone(), world.random.clone())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(server::serve(ListenerConfig::default(), listener, Arc::new(app), stop.clone()));
        SecondServer { url, stop, serving }
    }

    /// A client of this server with the first workspace's API key.
    pub fn key(&self, world: &World) -> Client {
        Client::new(&self.url).bearer(world.api_key.reveal())
    }

    /// Signals shutdown and waits until the server has stopped.
    pub async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.serving).await.expect("the server does not panic");
    }
}

impl Drop for SecondServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
