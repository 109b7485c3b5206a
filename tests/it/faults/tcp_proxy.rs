//! A proxy between the server and Postgres: a local TCP proxy that a test cuts, silences or closes on one side.

use crate::support::server_address::ServerAddress;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// What the proxy does with the bytes that it forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Forwards them.
    Open,
    /// Keeps them while it is in this state.
    Silent,
    /// Forwards requests to Postgres, and drops its responses by closing the connection.
    Deaf,
    /// Half-closes towards Postgres, and forwards its responses.
    HalfClosed,
    /// Breaks every connection, also new ones.
    Cut,
    /// The machine at the other end is lost: existing connections get no byte and no reset, ever. New connections work.
    Lost,
}

/// A line that is open until it is dropped.
pub struct TcpProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<LinkState>>,
    carrying: JoinHandle<()>,
}

impl TcpProxy {
    /// A line to the Postgres of this URL.
    pub async fn to(url: &str) -> TcpProxy {
        TcpProxy::delayed(url, Duration::ZERO).await
    }

    /// A line that delays each response of Postgres by `delay`.
    pub async fn delayed(url: &str, delay: Duration) -> TcpProxy {
        let server = ServerAddress::of(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(watch::Sender::new(LinkState::Open));
        let known = Arc::clone(&state);
        let carrying = tokio::spawn(async move {
            let another = watch::Sender::new(LinkState::Open);
            loop {
                let (near, _) = listener.accept().await.expect("a connection");
                // Connections made after a loss have a state of their own.
                let state = match *known.borrow() {
                    LinkState::Lost => another.subscribe(),
                    _ => known.subscribe(),
                };
                tokio::spawn(carry(near, server.clone(), state, delay));
            }
        });
        TcpProxy { address, state, carrying }
    }

    /// The URL of a database through this line.
    pub fn url(&self, direct: &str) -> String {
        let mut url: Url = direct.parse().expect("a URL of Postgres");
        url.set_ip_host(self.address.ip()).expect("it has a host");
        url.set_port(Some(self.address.port())).expect("it has a host");
        url.set_query(None);
        url.into()
    }

    pub fn set_behaviour(&self, state: LinkState) {
        self.state.send_replace(state);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// Forwards one connection until either side closes it or it is cut.
async fn carry(near: TcpStream, server: ServerAddress, mut state: watch::Receiver<LinkState>, delay: Duration) {
    let Ok((far_read, far_write)) = server.connect().await else { return };
    let (near_read, near_write) = near.into_split();
    let there = pass(near_read, far_write, state.clone(), LinkState::HalfClosed, Duration::ZERO);
    let back = pass(far_read, near_write, state.clone(), LinkState::Deaf, delay);
    let both = async { tokio::join!(there, back) };
    tokio::select! {
        _ = both => {}
        _ = state.wait_for(|state| *state == LinkState::Cut) => {}
    }
}

/// Forwards one direction; it ends with its source, or when bytes are to be forwarded in the state `ends`.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut state: watch::Receiver<LinkState>,
    ends: LinkState,
    delay: Duration,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            // Closes at once, without waiting for more bytes.
            _ = state.wait_for(|state| *state == LinkState::HalfClosed), if ends == LinkState::HalfClosed => Ok(0),
        };
        let Ok(count @ 1..) = read else { break };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let Ok(now) =
            state.wait_for(|state| ![LinkState::Silent, LinkState::Lost].contains(state)).await.map(|state| *state)
        else {
            break;
        };
        if now == ends || to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
