//! Messages to the service manager.

use crate::support::private_postgres::{TIMEOUT, TestDir, until, until_async};
use crate::support::program::{Server, handset_in};
use crate::support::world::{SEAL_KEY, World};
use nix::sys::signal::Signal;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{TcpStream, UnixDatagram};
use tokio::process::Command;
use tokio::time::timeout;

/// The period of the watchdog in these tests.
const WATCHDOG: Duration = Duration::from_millis(200);

/// The socket of a service manager, and the lines that were sent to it.
struct ServiceManager {
    path: PathBuf,
    socket: UnixDatagram,
    received: Vec<String>,
}

impl ServiceManager {
    fn new(test_dir: &TestDir) -> ServiceManager {
        let path = test_dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        ServiceManager { path, socket, received: Vec::new() }
    }

    /// The command as a service.
    fn service(&self, mut command: Command) -> Command {
        command.env("NOTIFY_SOCKET", &self.path).env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        command
    }

    /// Reads until a line begins with this, and returns that line.
    async fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            let mut message = [0; 4096];
            let received = timeout(TIMEOUT, self.socket.recv(&mut message)).await;
            let length = received.unwrap_or_else(|_| panic!("no {beginning}: {:?}", self.received)).expect("a message");
            let message = String::from_utf8_lossy(&message[..length]).into_owned();
            let found = message.lines().find(|line| line.starts_with(beginning)).map(str::to_owned);
            self.received.extend(message.lines().map(str::to_owned));
            if let Some(found) = found {
                return found;
            }
        }
    }

    fn count(&self, line: &str) -> usize {
        self.received.iter().filter(|received| *received == line).count()
    }
}

#[tokio::test]
async fn the_service_manager_is_told_of_start_work_and_stop() {
    let test_dir = TestDir::new();
    let mut manager = ServiceManager::new(&test_dir);
    let command = manager.service(handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"]));
    let server = Server::run(command, &test_dir).await;
    manager.wait_for("READY=1").await;
    for status in ["STATUS=Starting the private Postgres", "STATUS=Migrating the database"] {
        assert_eq!(manager.count(status), 1, "{:?}", manager.received);
    }
    assert!(manager.received.contains(&format!("STATUS=Serving on {}", server.url)), "{:?}", manager.received);
    let extended = manager.received.iter().position(|line| line.starts_with("EXTEND_TIMEOUT_USEC="));
    assert!(extended < manager.received.iter().position(|line| line == "READY=1"), "{:?}", manager.received);
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1").await;
    }
    server.signal(Signal::SIGTERM);
    manager.wait_for("STOPPING=1").await;
    assert_eq!(server.ended().await.code(), Some(0));
    // The private Postgres, which knows the protocol, too, has not spoken in the server's name.
    assert_eq!((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 1), "{:?}", manager.received);
}

#[tokio::test]
async fn the_watchdog_is_told_that_the_server_works_while_all_connections_are_in_use_but_not_when_it_hangs() {
    let world = World::new().await;
    let test_dir = TestDir::new();
    let mut manager = ServiceManager::new(&test_dir);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--no-demo", "--max-connections", "1"];
    let mut command = handset_in(&test_dir, &arguments);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let server = Server::run(manager.service(command), &test_dir).await;
    let _held = TcpStream::connect(server.address()).await.expect("it listens");
    until("its only connection is in use", || server.log().contains("all connections are in use")).await;
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1").await;
    }

    server.signal(Signal::SIGSTOP);
    let mut rest = [0; 4096];
    until_async("a stopped server is silent", async || {
        timeout(WATCHDOG * 5, manager.socket.recv(&mut rest)).await.is_err()
    })
    .await;
    server.signal(Signal::SIGCONT);
    manager.wait_for("WATCHDOG=1").await;
    server.stop().await;
}
