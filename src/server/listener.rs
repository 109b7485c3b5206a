//! Takes connections and speaks HTTP over each, by TLS where there is a certificate, within bounds: so many at once, and
//! none that for long neither asks anything nor takes up what it is told.

use super::tls::Certificate;
use crate::http::client_address::Peer;
use crate::http::error_renderer::{Connection, ErrorRenderer};
use crate::http::guard;
use axum::Router;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

/// How long two sides may take to agree on how to speak in secret.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a request's head, and of what is kept of a body that nobody reads yet.
const MAX_HEAD: usize = 128 * 1024;

/// How connections come in.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// The most at once; whoever comes then waits until one goes.
    pub connections: usize,
    /// How long a connection may go without the whole head of a request, or without taking up any of an answer.
    pub idle: Duration,
    /// What is shown to those who come; without one, they come in the clear.
    pub certificate: Option<Arc<Certificate>>,
}

impl Default for ListenerConfig {
    fn default() -> ListenerConfig {
        ListenerConfig { connections: 16_384, idle: Duration::from_secs(75), certificate: None }
    }
}

/// A connection as it came in.
type TcpConnection = Pin<Box<TimeoutWriter<TcpStream>>>;

/// What every connection is served with.
#[derive(Clone)]
struct ConnectionServer {
    router: Router,
    renderer: ErrorRenderer,
    http: http1::Builder,
    idle: Duration,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
}

impl ListenerConfig {
    /// Serves until `stop`, then lets each connection finish the request that it is about.
    pub async fn serve(
        self,
        mut listener: TcpListener,
        router: Router,
        renderer: ErrorRenderer,
        stop: CancellationToken,
    ) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.idle).max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
        let tls = self.certificate.map(Certificate::acceptor);
        let server = ConnectionServer { router, renderer, http, idle: self.idle, tls, stop: stop.clone() };
        let (permits, connections) = (Arc::new(Semaphore::new(self.connections)), TaskTracker::new());
        while let Some((permit, (stream, address))) = stop
            .run_until_cancelled(async {
                let permit = Arc::clone(&permits).acquire_owned().await.expect("nobody closes the places");
                (permit, Listener::accept(&mut listener).await)
            })
            .await
        {
            let server = server.clone();
            connections.spawn(async move {
                server.handle(stream, address).await;
                drop(permit);
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}

impl ConnectionServer {
    async fn handle(self, stream: TcpStream, address: SocketAddr) {
        // Answers are written in one piece; waiting for more of it only costs time.
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::debug!(%fault, "a connection keeps its delay");
        }
        // Whoever says nothing yet needs no more than a place to say it at.
        let spoken = self.stop.run_until_cancelled(tokio::time::timeout(self.idle, stream.peek(&mut [0]))).await;
        if !matches!(spoken, Some(Ok(Ok(1)))) {
            return;
        }
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.idle));
        let stream = Box::pin(stream);
        match self.tls.clone() {
            // Each in a place of its own, so that a connection takes up what its own way needs and not the larger one's.
            None => Box::pin(self.serve_http(stream, address)).await,
            Some(tls) => Box::pin(self.serve_tls(tls, stream, address)).await,
        }
    }

    async fn serve_tls(self, tls: TlsAcceptor, stream: TcpConnection, address: SocketAddr) {
        let agreed = Box::pin(tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)));
        match self.stop.run_until_cancelled(agreed).await {
            Some(Ok(Ok(stream))) => self.serve_http(stream, address).await,
            Some(Ok(Err(fault))) => tracing::debug!(%fault, "no secret was agreed on"),
            Some(Err(_)) => tracing::debug!("no secret was agreed on in time"),
            None => {}
        }
    }

    async fn serve_http(self, stream: impl AsyncRead + AsyncWrite + Unpin, address: SocketAddr) {
        let ConnectionServer { router, renderer, http, stop, .. } = self;
        let client_address = Peer { address, is_secure: renderer.is_secure };
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(client_address);
            let answer = router.clone().call(request);
            async move {
                let mut response = answer.await?;
                guard::answer(response.headers_mut(), client_address.is_secure);
                Ok::<_, Infallible>(response)
            }
        });
        let mut serve_http = pin!(http.serve_connection(TokioIo::new(Connection::new(stream, renderer)), answer));
        let ended = tokio::select! {
            ended = serve_http.as_mut() => ended,
            () = stop.cancelled() => {
                serve_http.as_mut().graceful_shutdown();
                serve_http.await
            }
        };
        if let Err(fault) = ended {
            tracing::debug!(%fault, "a connection broke off");
        }
    }
}
