//! A proxy before Postgres that delays each direction, as a network does. It uses threads, because tokio's timers have a
//! resolution of a millisecond.

use percent_encoding::percent_decode_str;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The listening proxy. Its threads end with their connections, and the last with this process.
pub struct DelayProxy {
    /// URL of the database through the proxy.
    pub url: String,
}

impl DelayProxy {
    /// Starts a proxy before the private Postgres of a URL; a round trip takes `delay` more.
    pub fn start(url: &str, delay: Duration) -> DelayProxy {
        let (before, settings) = url.split_once("?host=").expect("the URL of the private Postgres");
        let (host, _) = settings.split_once('&').expect("the URL of the private Postgres");
        let directory = percent_decode_str(host).decode_utf8().expect("a path of this test").into_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = UnixStream::connect(format!("{directory}/.s.PGSQL.5432")) else { continue };
                if let Err(fault) = relay(client, server, delay / 2) {
                    eprintln!("delay proxy: {fault}");
                }
            }
        });
        let url = before.replace("@localhost:5432", &format!("@127.0.0.1:{port}"));
        DelayProxy { url: format!("{url}?sslmode=disable") }
    }
}

/// Copies both directions, each in a thread of its own.
fn relay(client: TcpStream, server: UnixStream, delay: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        copy_late(from_client, &server, delay);
        let _ = server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        copy_late(from_server, &client, delay);
        let _ = client.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// Writes what arrives once `delay` has passed. A request and its response are each one chunk, so no queue is needed.
fn copy_late(mut from: impl Read, mut to: impl Write, delay: Duration) {
    precise_sleeps();
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + delay;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

/// Sets this thread's timer slack to 1 ns; by default, the kernel ends sleeps up to 50 µs late.
pub fn precise_sleeps() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_timerslack(1);
}
