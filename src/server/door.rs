//! Takes connections and speaks HTTP over each, within bounds: so many at once, and none that says nothing for long.

use crate::http::peer::Peer;
use crate::http::refusal::{Connection, Voice};
use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

/// How connections come in.
#[derive(Debug, Clone)]
pub struct Door {
    /// The most at once; whoever comes then waits until one goes.
    pub connections: usize,
    /// How long a connection may go without the whole head of a request.
    pub idle: Duration,
}

impl Default for Door {
    fn default() -> Door {
        Door { connections: 16_384, idle: Duration::from_secs(75) }
    }
}

/// What every connection is served with.
#[derive(Clone)]
struct Room {
    router: Router,
    voice: Voice,
    http: http1::Builder,
    stop: CancellationToken,
}

impl Door {
    /// Serves until `stop`, then lets each connection finish the request that it is about.
    pub async fn serve(self, mut listener: TcpListener, router: Router, voice: Voice, stop: CancellationToken) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.idle);
        let room = Room { router, voice, http, stop: stop.clone() };
        let (places, talks) = (Arc::new(Semaphore::new(self.connections)), TaskTracker::new());
        while let Some((place, (stream, address))) = stop
            .run_until_cancelled(async {
                let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the places");
                (place, Listener::accept(&mut listener).await)
            })
            .await
        {
            let (room, peer) = (room.clone(), Peer { address, is_secure: false });
            talks.spawn(async move {
                room.welcome(stream, peer).await;
                drop(place);
            });
        }
        drop(listener);
        talks.close();
        talks.wait().await;
    }
}

impl Room {
    async fn welcome(self, stream: TcpStream, peer: Peer) {
        // Answers are written in one piece; waiting for more of it only costs time.
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::debug!(%fault, "a connection keeps its delay");
        }
        self.talk(stream, peer).await;
    }

    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: Peer) {
        let Room { router, voice, http, stop } = self;
        let answer = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().call(request)
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
