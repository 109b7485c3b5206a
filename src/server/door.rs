//! Takes connections and speaks HTTP over each, by TLS where there is a certificate, within bounds: so many at once, and
//! none that for long neither asks anything nor takes up what it is told.

use super::tls::Certificate;
use crate::http::guard;
use crate::http::peer::Peer;
use crate::http::refusal::{Connection, Voice};
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
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The most bytes of a request's head, and of what is kept of a body that nobody reads yet.
const HEAD: usize = 128 * 1024;

/// How connections come in.
#[derive(Debug, Clone)]
pub struct Door {
    /// The most at once; whoever comes then waits until one goes.
    pub connections: usize,
    /// How long a connection may go without the whole head of a request, or without taking up any of an answer.
    pub idle: Duration,
    /// What is shown to those who come; without one, they come in the clear.
    pub certificate: Option<Arc<Certificate>>,
}

impl Default for Door {
    fn default() -> Door {
        Door { connections: 16_384, idle: Duration::from_secs(75), certificate: None }
    }
}

/// A connection as it came in.
type Plain = Pin<Box<TimeoutWriter<TcpStream>>>;

/// What every connection is served with.
#[derive(Clone)]
struct Room {
    router: Router,
    voice: Voice,
    http: http1::Builder,
    idle: Duration,
    secret: Option<TlsAcceptor>,
    stop: CancellationToken,
}

impl Door {
    /// Serves until `stop`, then lets each connection finish the request that it is about.
    pub async fn serve(self, mut listener: TcpListener, router: Router, voice: Voice, stop: CancellationToken) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.idle).max_header_size(HEAD).max_buf_size(HEAD);
        let secret = self.certificate.map(Certificate::acceptor);
        let room = Room { router, voice, http, idle: self.idle, secret, stop: stop.clone() };
        let (places, talks) = (Arc::new(Semaphore::new(self.connections)), TaskTracker::new());
        while let Some((place, (stream, address))) = stop
            .run_until_cancelled(async {
                let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the places");
                (place, Listener::accept(&mut listener).await)
            })
            .await
        {
            let room = room.clone();
            talks.spawn(async move {
                room.welcome(stream, address).await;
                drop(place);
            });
        }
        drop(listener);
        talks.close();
        talks.wait().await;
    }
}

impl Room {
    async fn welcome(self, stream: TcpStream, address: SocketAddr) {
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
        match self.secret.clone() {
            // Each in a place of its own, so that a connection takes up what its own way needs and not the larger one's.
            None => Box::pin(self.talk(stream, address)).await,
            Some(secret) => Box::pin(self.talk_in_secret(secret, stream, address)).await,
        }
    }

    async fn talk_in_secret(self, secret: TlsAcceptor, stream: Plain, address: SocketAddr) {
        let agreed = Box::pin(tokio::time::timeout(HANDSHAKE, secret.accept(stream)));
        match self.stop.run_until_cancelled(agreed).await {
            Some(Ok(Ok(stream))) => self.talk(stream, address).await,
            Some(Ok(Err(fault))) => tracing::debug!(%fault, "no secret was agreed on"),
            Some(Err(_)) => tracing::debug!("no secret was agreed on in time"),
            None => {}
        }
    }

    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin, address: SocketAddr) {
        let Room { router, voice, http, stop, .. } = self;
        let peer = Peer { address, is_secure: voice.is_secure };
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let answer = router.clone().call(request);
            async move {
                let mut response = answer.await?;
                guard::answer(response.headers_mut(), peer.is_secure);
                Ok::<_, Infallible>(response)
            }
        });
        let mut talk = pin!(http.serve_connection(TokioIo::new(Connection::new(stream, voice)), answer));
        let ended = tokio::select! {
            ended = talk.as_mut() => ended,
            () = stop.cancelled() => {
                talk.as_mut().graceful_shutdown();
                talk.await
            }
        };
        if let Err(fault) = ended {
            tracing::debug!(%fault, "a connection broke off");
        }
    }
}
