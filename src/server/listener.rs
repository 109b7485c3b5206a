//! Accepts connections and serves HTTP/1 over each, with TLS if there is a certificate. The number of connections is
//! limited, in all and for each client network, and a connection is closed if the client neither sends a request nor reads
//! the response for long.

use super::early_answer::{self, Unread};
use super::liveness::Liveness;
use super::metered::Metered;
use super::tls::Certificate;
use crate::http::App;
use crate::http::app::REQUESTS_OF_CLIENT;
use crate::http::client_address::{Peer, is_proxy};
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::error_renderer::{Connection, ErrorRenderer};
use crate::http::guard;
use crate::http::shares::Shares;
use crate::store::client_network;
use axum::Router;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

/// TLS handshake timeout.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout for the client to read any part of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Size of the kernel's buffers of a connection, in bytes; Linux doubles it. By default they may grow to megabytes.
const SOCKET_BUFFER: u32 = 128 * 1024;

/// Timeout for receiving a request's head on a connection that took the last place.
const MIN_IDLE: Duration = Duration::from_secs(2);

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Bytes of unanswered requests, of all connections and of those of one client network.
const MAX_UNANSWERED: usize = 64 * 1024 * 1024;
const MAX_UNANSWERED_OF_CLIENT: usize = 16 * 1024 * 1024;

/// Settings of a listener.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Maximum number of open connections; further ones wait until one is closed.
    pub connections: usize,
    /// Maximum number of open connections of one client network; further ones are closed. Trusted proxies have no limit of
    /// their own.
    pub connections_of_client: usize,
    /// Timeout for receiving a request's head, and for the client to read any part of a response, if that is shorter than
    /// [`WRITE_TIMEOUT`].
    pub idle: Duration,
    /// The server certificate; `None` serves without TLS.
    pub certificate: Option<Arc<Certificate>>,
    /// Asks whether this listener accepts connections.
    pub liveness: Liveness,
}

impl Default for ListenerConfig {
    fn default() -> ListenerConfig {
        let idle = Duration::from_secs(75);
        let (connections, connections_of_client, certificate) = (16_384, REQUESTS_OF_CLIENT, None);
        ListenerConfig { connections, connections_of_client, idle, certificate, liveness: Liveness::default() }
    }
}

/// Binds an address, with buffers of limited size for its connections.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// An accepted connection, with the write timeout.
type TcpConnection = Pin<Box<TimeoutWriter<TcpStream>>>;

/// Serves connections; cloned for each.
#[derive(Clone)]
struct ConnectionServer {
    router: Router,
    renderer: ErrorRenderer,
    http: http1::Builder,
    idle: Duration,
    write_timeout: Duration,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
    /// Bytes of unanswered requests.
    unanswered: Arc<Shares>,
}

/// An accepted connection's peer, and its client network unless it is a trusted proxy.
#[derive(Clone, Copy)]
struct Client {
    address: SocketAddr,
    network: Option<IpAddr>,
}

impl ListenerConfig {
    /// Serves until `stop`, then lets each connection finish its request in flight.
    pub async fn serve(
        self,
        mut listener: TcpListener,
        router: Router,
        renderer: ErrorRenderer,
        app: &App,
        stop: CancellationToken,
    ) {
        app.metrics.max_client_connections(self.connections);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).max_headers(MAX_HEADERS).max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
        let (idle, write_timeout) = (self.idle, self.idle.min(WRITE_TIMEOUT));
        let tls = self.certificate.clone().map(Certificate::acceptor);
        let unanswered = Shares::new(MAX_UNANSWERED, MAX_UNANSWERED_OF_CLIENT);
        let server =
            ConnectionServer { router, renderer, http, idle, write_timeout, tls, stop: stop.clone(), unanswered };
        let of_clients = Shares::new(usize::MAX, self.connections_of_client);
        let (permits, connections) = (Arc::new(Semaphore::new(self.connections)), TaskTracker::new());
        let mut is_full = false;
        while let Some((permit, (stream, address))) = stop
            .run_until_cancelled(async {
                let accepted = async {
                    let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
                    (permit, Listener::accept(&mut listener).await)
                };
                tokio::select! {
                    accepted = accepted => accepted,
                    never = self.liveness.answer() => match never {},
                }
            })
            .await
        {
            let network = client_network(address.ip());
            let client = Client { address, network: (!is_proxy(address.ip(), &app.proxies)).then_some(network) };
            let Some(share) = of_clients.take(client.network, 1) else {
                app.metrics.refused_connection();
                tracing::debug!(%network, "closed a connection over the limit of its client");
                continue;
            };
            let free = permits.available_permits();
            // Logged again only after a tenth of the places has been free.
            if free == 0 && !is_full {
                tracing::warn!(connections = self.connections, "all connections are in use; further ones wait");
            }
            is_full = free == 0 || is_full && free < self.connections / 10;
            let open = app.metrics.open_connection();
            let server = server.clone().with_idle(self.idle_timeout(free));
            connections.spawn(async move {
                server.handle(stream, client).await;
                drop((permit, share, open));
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    /// Timeout for a request's head on a connection that leaves `free` places: shorter, the fewer there are, so that
    /// connections without a request do not keep others out.
    fn idle_timeout(&self, free: usize) -> Duration {
        let share = (2.0 * free as f64 / self.connections as f64).min(1.0);
        self.idle.mul_f64(share).max(self.idle.min(MIN_IDLE))
    }
}

impl ConnectionServer {
    fn with_idle(mut self, idle: Duration) -> ConnectionServer {
        self.http.header_read_timeout(idle);
        ConnectionServer { idle, ..self }
    }

    async fn handle(self, stream: TcpStream, client: Client) {
        // Responses are written in one piece; Nagle's algorithm would only delay them.
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::debug!(%fault, "TCP_NODELAY not set");
        }
        // A connection without a request yet holds no buffers and no TLS state.
        let spoken = self.stop.run_until_cancelled(tokio::time::timeout(self.idle, stream.peek(&mut [0]))).await;
        if !matches!(spoken, Some(Ok(Ok(1)))) {
            return;
        }
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.write_timeout));
        let stream = Box::pin(stream);
        match self.tls.clone() {
            // Boxed separately, so that a plain connection does not take up the size of the larger TLS future.
            None => Box::pin(self.serve_http(stream, client)).await,
            Some(tls) => Box::pin(self.serve_tls(tls, stream, client)).await,
        }
    }

    async fn serve_tls(self, tls: TlsAcceptor, stream: TcpConnection, client: Client) {
        let agreed = Box::pin(tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)));
        match self.stop.run_until_cancelled(agreed).await {
            Some(Ok(Ok(stream))) => self.serve_http(stream, client).await,
            Some(Ok(Err(fault))) => tracing::debug!(%fault, "TLS handshake failed"),
            Some(Err(_)) => tracing::debug!("TLS handshake timed out"),
            None => {}
        }
    }

    async fn serve_http(self, mut stream: impl AsyncRead + AsyncWrite + Unpin, client: Client) {
        let ConnectionServer { router, renderer, http, stop, unanswered, .. } = self;
        let renderer = ErrorRenderer { peer: Some(client.address.ip().to_canonical()), ..renderer };
        let client_address = Peer { address: client.address, is_secure: renderer.is_secure };
        let metered = Metered::new(&mut stream, unanswered, client.network);
        let (unsent, unread) = (metered.unsent(), Unread::default());
        let is_unread = unread.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let (mut request, rest) = early_answer::returning(request);
            request.extensions_mut().insert(client_address);
            let (answer, unsent, unread) = (router.clone().call(request), Arc::clone(&unsent), unread.clone());
            async move {
                let mut response = unsent.pace(answer.await?);
                rest.settle(&mut response, &unread).await;
                guard::answer(response.headers_mut(), client_address.is_secure);
                Ok::<_, Infallible>(response)
            }
        });
        let ended = {
            let mut serve_http = pin!(http.serve_connection(TokioIo::new(Connection::new(metered, renderer)), answer));
            tokio::select! {
                ended = serve_http.as_mut() => ended,
                () = stop.cancelled() => {
                    serve_http.as_mut().graceful_shutdown();
                    serve_http.await
                }
            }
        };
        let is_refused = ended.as_ref().is_err_and(hyper::Error::is_parse);
        if let Err(fault) = ended {
            tracing::debug!(%fault, "connection closed with an error");
        }
        if is_unread.get() || is_refused {
            // Boxed, so that other connections do not take up the size of this future.
            Box::pin(early_answer::linger(&mut stream, &stop)).await;
        }
    }
}
