//! Every setting, each a flag and an environment variable; `--help` is the reference. Nothing here does anything: what a
//! setting means stands where it is used.

use crate::http::limits::Rate;
use crate::model::e164::Region;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// Settings that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The Postgres to use, as postgres://user:password@host:5432/database; of several hosts, parted by commas, the one
    /// that takes writes. Without it, a private one runs in the data directory
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Where the private Postgres and the seal key are kept [default: the platform's data directory; for root,
    /// /var/lib/handset]
    #[arg(long, env = "HANDSET_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// 32 bytes in base64 that seal secrets in the database, the same on all servers of one database [default: made once
    /// in the data directory, as seal.key]
    #[arg(long, env = "HANDSET_SEAL_KEY", hide_env_values = true, global = true, value_name = "BASE64")]
    pub seal_key: Option<String>,

    /// The most connections to Postgres that this process opens
    #[arg(long, env = "HANDSET_CONNECTIONS", default_value_t = 16, global = true, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub connections: u32,

    /// What is logged: error, warn, info, debug, trace, or a filter such as handset=debug,sqlx=warn [default: info for
    /// serve and dev-db, warn for the others]
    #[arg(long, env = "HANDSET_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,

    /// How it is logged
    #[arg(long, env = "HANDSET_LOG_FORMAT", default_value = "auto", global = true, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise
    Auto,
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
}

/// Settings of what operators ask.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Operations")]
pub struct OperationsConfig {
    /// An address of its own for /metrics, which Prometheus reads, and /health/ready; callers of the API should not reach
    /// it [default: neither is served]
    #[arg(long, env = "HANDSET_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,

    /// A collector of traces that takes OTLP over HTTP, as http://127.0.0.1:4318: it is told of each request, as part of the
    /// caller's trace if they send traceparent. The other OTEL_ variables hold, too [default: nobody is told]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<Url>,

    /// How many seconds to go on serving after SIGTERM, with /health/ready answering 503, so that whoever sends requests
    /// here notices
    #[arg(long, env = "HANDSET_SHUTDOWN_GRACE_SECONDS", default_value_t = 0, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub shutdown_grace_seconds: u32,
}

/// Settings of the connections that clients make.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionsConfig {
    /// The most connections at once; whoever comes then waits until one ends
    #[arg(long, env = "HANDSET_MAX_CONNECTIONS", default_value_t = 16_384, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// How many seconds a connection may go without the whole head of a request, or without taking up any of an answer
    #[arg(long, env = "HANDSET_IDLE_SECONDS", default_value_t = 75, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub idle_seconds: u32,

    /// A PEM file with the server's certificate and those it stands on, the server's first: clients come by TLS then, and
    /// SIGHUP reads both files anew
    #[arg(long, env = "HANDSET_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// A PEM file with the certificate's private key
    #[arg(long, env = "HANDSET_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// Settings of who may call how often.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// How many requests each credential may make in which time, as 120/60s, 1000/15m or 5000/1h; each server counts for
    /// itself [default: any number]
    #[arg(long, env = "HANDSET_RATE_LIMIT_CREDENTIAL", value_name = "COUNT/TIME")]
    pub rate_limit_credential: Option<Rate>,

    /// The same for each address; of IPv6, for each network of 64 bits [default: any number]
    #[arg(long, env = "HANDSET_RATE_LIMIT_ADDRESS", value_name = "COUNT/TIME")]
    pub rate_limit_address: Option<Rate>,

    /// How many requests an address may make with no credential that is known. Then all of its requests are refused until
    /// it cools down. Set it where people have passwords [default: any number: tokens are too long to be guessed, and
    /// behind a proxy that --trusted-proxies does not name, all clients would pay for one]
    #[arg(long, env = "HANDSET_FAILED_AUTH_LIMIT", value_name = "COUNT/TIME")]
    pub failed_auth_limit: Option<Rate>,

    /// Networks of proxies that are believed when they say in X-Forwarded-For whom they were called by, as
    /// 10.1.0.0/16,fd00::/8; the nearest address that is not in one of them is the caller's
    #[arg(long, env = "HANDSET_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<IpNet>,
}

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, env = "HANDSET_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// Where clients reach this service, if not where they say themselves, as https://phones.example.com
    #[arg(long, env = "HANDSET_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Networks that webhooks may be sent to though they are not public, as 10.1.0.0/16,fd00::/8. Without it, loopback,
    /// private, link-local and other special addresses are refused; sandbox workspaces on the private Postgres may send
    /// to loopback
    #[arg(long, env = "HANDSET_WEBHOOK_ALLOW", value_delimiter = ',', value_name = "NETWORKS")]
    pub webhook_allow: Vec<IpNet>,

    /// How many days events and the audit trail are kept
    #[arg(long, env = "HANDSET_KEEP_EVENTS_DAYS", default_value_t = 90, value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_events_days: u32,

    /// How many minutes a phone number is held for whoever reserved it
    #[arg(long, env = "HANDSET_RESERVATION_MINUTES", default_value_t = 1_440, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub reservation_minutes: u32,

    /// The country whose way of dialling is taken for granted in numbers that do not name theirs, by its two letters
    #[arg(long, env = "HANDSET_DEFAULT_REGION", default_value = "US", value_name = "REGION")]
    pub default_region: Region,

    /// Do not make a demo workspace in an empty database
    #[arg(long, env = "HANDSET_NO_DEMO")]
    pub no_demo: bool,

    #[command(flatten)]
    pub connections: ConnectionsConfig,

    #[command(flatten)]
    pub limits: LimitsConfig,

    #[command(flatten)]
    pub operations: OperationsConfig,
}

impl Config {
    /// The data directory: as set, else the platform's. Root has its own, since its home is closed to the user that
    /// Postgres runs as.
    pub fn data_dir(&self) -> PathBuf {
        use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
        match &self.data_dir {
            Some(dir) => dir.clone(),
            None if nix::unistd::Uid::effective().is_root() => PathBuf::from("/var/lib/handset"),
            None => choose_native_strategy()
                .map_or_else(|_| PathBuf::from("handset-data"), |platform| platform.data_dir().join("handset")),
        }
    }
}
