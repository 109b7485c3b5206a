//! The `serve` command: binds, opens the database, prints the greeting, serves, and on a signal shuts down in reverse order.

mod greeting;

use super::database::{Database, DatabaseSource};
use crate::build_info;
use crate::clock::Clock;
use crate::config::{Config, ConnectionsConfig, LimitsConfig, ServeConfig, SsoConfig};
use crate::http::in_flight::InFlight;
use crate::http::rate_limit::{Limits, Rates};
use crate::http::{App, Traces};
use crate::lifecycle::{Lifecycle, service_manager};
use crate::metrics::{self, Metrics};
use crate::postgres::{Cluster, StartError};
use crate::random::Random;
use crate::server::{self, Certificate, ListenerConfig, Liveness, Operations};
use crate::sso::{Sso, SsoSettings};
use crate::store::{Store, StreamLimits};
use crate::sweeper::{RowCounter, Sweeper};
use crate::telemetry::otlp::Otlp;
use crate::webhooks::Worker;
use crate::webhooks::outbound::Outbound;
use chrono::TimeDelta;
use greeting::Greeting;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Open files that are not client connections: webhooks, Postgres, logs.
pub const OTHER_FILES: u64 = 400;

/// Timeout for webhook deliveries in flight on shutdown: a little more than one attempt can take.
const WORKERS_DRAIN: Duration = Duration::from_secs(17);

/// Timeout for the last uses of credentials on shutdown.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// Error of binding an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}. Choose another address with {flag}; port 0 selects a free port")]
struct ListenError {
    address: SocketAddr,
    flag: &'static str,
    source: io::Error,
}

/// Error of reading the client secret.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the client secret in {}: {source}", .file.display())]
struct SecretError {
    file: PathBuf,
    source: io::Error,
}

/// Serves until a signal.
pub async fn run(config: &Config, is_json: bool, serve: &ServeConfig) -> Result<(), Box<dyn Error>> {
    let life = Lifecycle::listen(Duration::from_secs(u64::from(serve.operations.shutdown_grace_seconds)))?;
    let listener = listen(serve.listen, "--listen")?;
    let operators = serve.operations.metrics_listen.map(|address| listen(address, "--metrics-listen")).transpose()?;
    let listening = listener_config(&serve.connections)?;
    let otlp = serve.operations.otlp_endpoint.as_ref().map(Otlp::to).transpose()?;
    let scheme = if listening.certificate.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let operators_address = operators.as_ref().map(TcpListener::local_addr).transpose()?;
    let database = tokio::select! {
        () = life.leaving.cancelled() => return Ok(()),
        opened = service_manager::while_starting(Database::open(config, DatabaseSource::Server)) => opened?,
    };
    let (store, release) = (database.store, CancellationToken::new());
    let supervisor = database.cluster.map(|cluster| tokio::spawn(supervise(cluster, release.clone(), life.clone())));
    let app = Arc::new(App {
        in_flight: InFlight::new(listening.connections_of_client),
        metrics: operators.as_ref().map_or_else(Metrics::default, |_| Metrics::kept()),
        traces: otlp.as_ref().map_or_else(Traces::default, Otlp::traces),
        stopping: life.stopping.clone(),
        ..configured(serve, store.clone())?
    });
    let operations = Operations {
        app: Arc::clone(&app),
        leaving: life.leaving.clone(),
        certificate: listening.certificate.clone(),
        started_at: app.clock.now(),
    };
    // Served until the process ends.
    let _answering = operators.map(|listener| AbortOnDropHandle::new(tokio::spawn(operations.serve(listener))));
    let served = async {
        warn_of_clear_passwords(&app, listening.certificate.is_some()).await?;
        tracing::info!(url, version = build_info::VERSION, commit = build_info::COMMIT, "serving");
        Greeting { config, serve, app: &app, url: &url, operators: operators_address }.print(is_json).await?;
        start_workers(serve, &app, serve.is_trial(config), &life)?;
        if let Some(certificate) = &listening.certificate {
            life.tasks.spawn(Arc::clone(certificate).renew_on_hangup(life.stopping.clone())?);
        }
        life.tasks.spawn(report_to_service_manager(listening.liveness.clone(), url, life.stopping.clone()));
        server::serve(listening, listener, app, life.stopping.clone()).await;
        Ok::<_, Box<dyn Error>>(())
    };
    let served = served.await;
    life.stopping.cancel();
    if !life.drain(WORKERS_DRAIN).await {
        tracing::warn!("webhook deliveries still in flight; they will be retried");
    }
    write_last_used(&store).await;
    store.close().await;
    if let Some(otlp) = otlp {
        otlp.close().await;
    }
    release.cancel();
    let kept = match supervisor {
        Some(supervisor) => supervisor.await.expect("the supervisor task does not panic"),
        None => Ok(()),
    };
    served.and(kept.map_err(Into::into))
}

/// The state of the handlers, as far as the settings say.
fn configured(serve: &ServeConfig, store: Store) -> Result<App, Box<dyn Error>> {
    Ok(App {
        public_url: serve.public_url.as_ref().map(|url| url.0.as_str().into()),
        reservation: Duration::from_secs(u64::from(serve.reservation_minutes) * 60),
        region: serve.default_region,
        proxies: serve.limits.trusted_proxies.clone().into(),
        streams: stream_limits(&serve.limits),
        limits: limits(&serve.limits, Clock::system()),
        has_console: !serve.no_console,
        sso: sso(&serve.sso)?,
        ..App::new(store, Clock::system(), Random::system())
    })
}

fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, ListenError> {
    server::bind(address).map_err(|source| ListenError { address, flag, source })
}

/// Raises the soft limit of open files to the hard limit, and returns how many connections that leaves room for.
fn connections_by_open_files() -> u64 {
    let granted = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, granted)| {
        setrlimit(Resource::RLIMIT_NOFILE, granted, granted)?;
        Ok(granted)
    });
    match granted {
        Ok(granted) => granted.saturating_sub(OTHER_FILES).max(granted / 2),
        Err(fault) => {
            tracing::debug!(%fault, "could not raise the limit of open files");
            u64::MAX
        }
    }
}

/// The listener's settings. Each connection needs an open file.
fn listener_config(config: &ConnectionsConfig) -> Result<ListenerConfig, Box<dyn Error>> {
    let (wanted, possible) = (u64::from(config.max_connections), connections_by_open_files());
    if possible < wanted {
        tracing::warn!(wanted, possible, "the limit of open files (ulimit -n) allows fewer connections");
    }
    let certificate = match config.tls_cert.clone().zip(config.tls_key.clone()) {
        Some((chain, key)) => Some(Arc::new(Certificate::read(chain, key)?)),
        None => None,
    };
    Ok(ListenerConfig {
        connections: usize::try_from(wanted.min(possible))?,
        connections_of_client: usize::try_from(config.max_connections_per_address)?,
        idle: Duration::from_secs(u64::from(config.idle_seconds)),
        certificate,
        liveness: Liveness::default(),
    })
}

fn limits(config: &LimitsConfig, clock: Clock) -> Option<Arc<Limits>> {
    let rates = Rates {
        credential: config.rate_limit_credential,
        address: config.rate_limit_address,
        failed: config.failed_auth_limit.0,
        failed_account: config.failed_sign_in_limit.0,
    };
    Limits::new(&rates, clock).map(Arc::new)
}

/// The client of the single sign-on, if it is configured.
fn sso(config: &SsoConfig) -> Result<Option<Arc<Sso>>, Box<dyn Error>> {
    let Some((issuer, client_id)) = config.oidc_issuer.clone().zip(config.oidc_client_id.clone()) else {
        return Ok(None);
    };
    let client_secret = match &config.oidc_client_secret_file {
        Some(file) => Some(fs::read_to_string(file).map_err(|source| SecretError { file: file.clone(), source })?),
        None => config.oidc_client_secret.clone(),
    };
    let settings = SsoSettings {
        issuer,
        client_id,
        client_secret: client_secret.map(|secret| secret.trim().to_owned()),
        scopes: config.oidc_scopes.clone(),
        groups_claim: config.oidc_groups_claim.clone(),
        roles: config.oidc_roles.clone(),
    };
    Ok(Some(Arc::new(Sso::new(settings)?)))
}

fn stream_limits(config: &LimitsConfig) -> StreamLimits {
    StreamLimits {
        per_credential: config.streams_per_credential as usize,
        per_workspace: config.streams_per_workspace as usize,
        per_server: config.max_streams as usize,
    }
}

/// Warns if passwords may be sent in clear: no TLS, and no proxy that could say that the client used it.
async fn warn_of_clear_passwords(app: &App, is_secure: bool) -> Result<(), Box<dyn Error>> {
    if !is_secure && app.proxies.is_empty() && app.store.has_passwords().await? {
        tracing::warn!(
            "user identities have passwords, and clients send them without TLS: set --tls-cert and --tls-key, or, behind \
             a proxy with TLS, --trusted-proxies"
        );
    }
    Ok(())
}

/// Starts the webhook worker and the sweeper, which run until the server stops.
fn start_workers(serve: &ServeConfig, app: &App, is_trial: bool, life: &Lifecycle) -> Result<(), Box<dyn Error>> {
    let worker = Worker {
        store: app.store.clone(),
        clock: app.clock.clone(),
        random: app.random.clone(),
        outbound: Arc::new(Outbound::new(serve.webhook_allow.clone())?),
        metrics: app.metrics.clone(),
        demo_reaches_loopback: is_trial,
        tick: Duration::from_secs(1),
    };
    let sweeper = Sweeper {
        store: app.store.clone(),
        clock: app.clock.clone(),
        keep_events: TimeDelta::days(i64::from(serve.keep_events_days)),
        metrics: app.metrics.clone(),
        tick: Duration::from_secs(60),
    };
    if app.metrics.are_kept() {
        let counter = RowCounter {
            store: app.store.clone(),
            clock: app.clock.clone(),
            metrics: app.metrics.clone(),
            keep_events: sweeper.keep_events,
            tick: Duration::from_secs(10),
            interval: Duration::from_secs(60),
        };
        life.tasks.spawn(counter.run(life.stopping.clone()));
    }
    life.tasks.spawn(sample(app.metrics.clone(), app.clock.clone(), life.stopping.clone()));
    life.tasks.spawn(worker.run(life.stopping.clone()));
    life.tasks.spawn(sweeper.run(life.stopping.clone()));
    Ok(())
}

/// Tells the service manager that the server is ready, once it accepts connections, and the watchdog that it still does.
async fn report_to_service_manager(liveness: Liveness, url: String, stop: CancellationToken) {
    let report = async {
        liveness.check().await;
        service_manager::ready(&format!("Serving on {url}"));
        let Some(interval) = service_manager::watchdog_interval() else { return };
        loop {
            liveness.check().await;
            service_manager::alive();
            tokio::time::sleep(interval).await;
        }
    };
    stop.run_until_cancelled(report).await;
}

/// Writes the uses of credentials since the last sweep, if the database answers soon.
async fn write_last_used(store: &Store) {
    match tokio::time::timeout(LAST_WRITE, store.write_last_used()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "failed to write the last uses of credentials"),
        Err(_) => tracing::warn!("could not write the last uses of credentials in time"),
    }
}

/// Samples the figures of the status page until `stop`.
async fn sample(metrics: Metrics, clock: Clock, stop: CancellationToken) {
    while !stop.is_cancelled() {
        metrics.activity().sample(clock.now());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(metrics::INTERVAL) => {}
        }
    }
}

/// Runs the private Postgres until `release`; if it cannot be kept running, the server stops.
async fn supervise(cluster: Cluster, release: CancellationToken, life: Lifecycle) -> Result<(), StartError> {
    let kept = cluster.keep(release.cancelled()).await;
    life.stopping.cancel();
    kept
}
