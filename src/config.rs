//! The settings, each a flag and an environment variable; `--help` is the reference.

use crate::domain::e164::Region;
use crate::http::rate_limit::{Rate, RateOrOff};
use crate::sso::RoleRule;
use crate::store::SchemaName;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// Settings of all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = Config::HEADING)]
pub struct Config {
    /// URL of the Postgres database [default: a private Postgres in the data directory]
    ///
    /// It is postgres://user:password@host:5432/database. Of several comma-separated hosts, the one that accepts writes is
    /// used.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Schema of Handset's tables in the database, created if it is missing; for a database that other programs use, too
    /// [default: the first of the user's search_path, as public, in a database of Handset's own]
    #[arg(long, env = "HANDSET_SCHEMA", global = true, value_name = "NAME")]
    pub schema: Option<SchemaName>,

    /// Directory of the private Postgres and the seal key
    ///
    /// [default: the platform's data directory; for root, /var/lib/handset]
    #[arg(long, env = "HANDSET_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Key that encrypts secrets in the database, 32 bytes in base64, the same on all servers of one database [default:
    /// generated once, as seal.key in the data directory]
    #[arg(long, env = "HANDSET_SEAL_KEY", hide_env_values = true, global = true, value_name = "BASE64")]
    pub seal_key: Option<String>,

    /// Maximum number of connections to Postgres
    #[arg(long, env = "HANDSET_CONNECTIONS", default_value_t = 16, global = true, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub connections: u32,

    /// Log level: error, warn, info, debug, trace, or a filter such as handset=debug,sqlx=warn [default: info for serve and
    /// dev-db, warn for other commands]
    #[arg(long, env = "HANDSET_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,

    /// Log format
    #[arg(long, env = "HANDSET_LOG_FORMAT", default_value = "auto", global = true, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Log formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise
    Auto,
    /// Text
    Pretty,
    /// One JSON object per line
    Json,
}

/// Settings of metrics, traces and shutdown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Operations")]
pub struct OperationsConfig {
    /// Separate address for /metrics (Prometheus) and /health/ready; API clients should not reach it [default: neither is
    /// served]
    #[arg(long, env = "HANDSET_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = listen_address)]
    pub metrics_listen: Option<SocketAddr>,

    /// Trace collector with OTLP over HTTP, as http://127.0.0.1:4318: receives a span per request, as part of the client's
    /// trace if the request has a traceparent. Other OTEL_ variables are honoured, too [default: no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<Url>,

    /// Seconds to keep serving after SIGTERM, with /health/ready returning 503, so that load balancers stop sending
    /// requests here first
    #[arg(long, env = "HANDSET_SHUTDOWN_GRACE_SECONDS", default_value_t = 0, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(0..=3_600))]
    pub shutdown_grace_seconds: u32,
}

/// Settings of client connections.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionsConfig {
    /// Maximum number of client connections; further ones wait until one is closed
    #[arg(long, env = "HANDSET_MAX_CONNECTIONS", default_value_t = 16_384, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Maximum number of connections per client address, for IPv6 per /64 network; further ones are closed. Behind
    /// --trusted-proxies, the maximum number of requests in progress per client address instead
    #[arg(long, env = "HANDSET_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 4_096, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_address: u32,

    /// Seconds after which a connection is closed if the client sent no complete request head, or, if that is less than 20,
    /// read no part of a response
    #[arg(long, env = "HANDSET_IDLE_SECONDS", default_value_t = 75, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub idle_seconds: u32,

    /// PEM file with the certificate chain: enables TLS
    ///
    /// The server's certificate comes first. SIGHUP reloads this file and the key.
    #[arg(long, env = "HANDSET_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key
    #[arg(long, env = "HANDSET_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// Settings of rate limits.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// Rate limit per credential, as 120/60s, 1000/15m or 5000/1h; each server counts for itself [default: unlimited]
    #[arg(long, env = "HANDSET_RATE_LIMIT_CREDENTIAL", value_name = "COUNT/TIME")]
    pub rate_limit_credential: Option<Rate>,

    /// Rate limit per client address; for IPv6, per /64 network [default: unlimited]
    #[arg(long, env = "HANDSET_RATE_LIMIT_ADDRESS", value_name = "COUNT/TIME")]
    pub rate_limit_address: Option<Rate>,

    /// Rate limit of failed authentications per client address, or off. Above it, unknown tokens from the address get 429
    /// and passwords are not judged until the rate allows more. Valid tokens are never refused
    #[arg(long, env = "HANDSET_FAILED_AUTH_LIMIT", default_value = "100/60s", value_name = "COUNT/TIME")]
    pub failed_auth_limit: RateOrOff,

    /// Rate limit of failed sign-ins per account name, from all client addresses, or off. Above it, each address still has
    /// a tenth of it for the name
    #[arg(long, env = "HANDSET_FAILED_SIGN_IN_LIMIT", default_value = "30/15m", value_name = "COUNT/TIME")]
    pub failed_sign_in_limit: RateOrOff,

    /// Maximum number of open event streams per credential; further ones are refused. Each server counts for itself
    #[arg(long, env = "HANDSET_STREAMS_PER_CREDENTIAL", default_value_t = 100, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub streams_per_credential: u32,

    /// Maximum number of open event streams per workspace, of which client sessions have at most half
    #[arg(long, env = "HANDSET_STREAMS_PER_WORKSPACE", default_value_t = 1_000, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub streams_per_workspace: u32,

    /// Maximum number of open event streams, of which a workspace has at most half of what the others leave
    #[arg(long, env = "HANDSET_MAX_STREAMS", default_value_t = 2_000, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_streams: u32,

    /// Networks of proxies whose X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and Forwarded are trusted, as
    /// 10.1.0.0/16,fd00::/8; the client's address is the nearest one outside these networks
    #[arg(long, env = "HANDSET_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<IpNet>,
}

/// Settings of the operators' single sign-on.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Single sign-on")]
pub struct SsoConfig {
    /// Issuer of an OpenID Connect provider, exactly as it names itself, as https://login.example.com/realms/staff, at which
    /// operators sign in to the console; the redirect URI to register there is /console/sso/callback of this server
    /// [default: none]
    #[arg(long, env = "HANDSET_OIDC_ISSUER", requires = "oidc_client_id", value_parser = issuer, value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// Client id of this server at the provider
    #[arg(long, env = "HANDSET_OIDC_CLIENT_ID", requires = "oidc_issuer", value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// Client secret of this server at the provider [default: none, as for a public client]
    #[arg(
        long,
        env = "HANDSET_OIDC_CLIENT_SECRET",
        hide_env_values = true,
        requires = "oidc_issuer",
        value_name = "SECRET"
    )]
    pub oidc_client_secret: Option<String>,

    /// File with the client secret
    #[arg(
        long,
        env = "HANDSET_OIDC_CLIENT_SECRET_FILE",
        conflicts_with = "oidc_client_secret",
        requires = "oidc_issuer",
        value_name = "FILE"
    )]
    pub oidc_client_secret_file: Option<PathBuf>,

    /// Scopes to ask for, beside openid; some providers list groups only for one of their own
    #[arg(
        long,
        env = "HANDSET_OIDC_SCOPES",
        default_value = "email,profile",
        value_delimiter = ',',
        value_name = "SCOPES"
    )]
    pub oidc_scopes: Vec<String>,

    /// Claim of the ID token, or of the provider's user info, that lists the user's groups
    #[arg(long, env = "HANDSET_OIDC_GROUPS_CLAIM", default_value = "groups", value_name = "NAME")]
    pub oidc_groups_claim: String,

    /// Roles in all workspaces by group and by domain of the verified e-mail address, as
    /// group:phone-admins=admin,domain:example.com=viewer; the strongest one counts [default: none; then only operators
    /// that were added here sign in]
    #[arg(long, env = "HANDSET_OIDC_ROLES", value_delimiter = ',', requires = "oidc_issuer", value_name = "RULES")]
    pub oidc_roles: Vec<RoleRule>,
}

/// Checks an issuer, which is compared as it is written: with or without a slash at its end.
fn issuer(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text.to_owned()),
        _ => Err("it must be an http or https URL with a host, as https://login.example.com".to_owned()),
    }
}

/// Settings of the server.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// Address to listen on; a port alone is of 127.0.0.1, and port 0 selects a free one
    #[arg(long, env = "HANDSET_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT",
        value_parser = listen_address)]
    pub listen: SocketAddr,

    /// Base URL for clients, as https://phones.example.com [default: the Host header of each request, or what a trusted
    /// proxy says of it]
    #[arg(long, env = "HANDSET_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Networks that are not public but allowed for webhooks, as 10.1.0.0/16,fd00::/8. Other loopback, private, link-local
    /// and special-purpose addresses are refused, except loopback for the demo workspace while --listen is a loopback
    /// address and the Postgres the private one
    #[arg(long, env = "HANDSET_WEBHOOK_ALLOW", value_delimiter = ',', value_name = "NETWORKS")]
    pub webhook_allow: Vec<IpNet>,

    /// Retention of events and the audit trail, in days
    #[arg(long, env = "HANDSET_KEEP_EVENTS_DAYS", default_value_t = 90, value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_events_days: u32,

    /// Lifetime of a phone number reservation, in minutes
    #[arg(long, env = "HANDSET_RESERVATION_MINUTES", default_value_t = 1_440, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub reservation_minutes: u32,

    /// Default region of phone numbers without a country code, as a two-letter country code
    #[arg(long, env = "HANDSET_DEFAULT_REGION", default_value = "US", value_name = "REGION")]
    pub default_region: Region,

    /// Create a demo workspace in an empty database and print its API key [default: only in the private Postgres, and only
    /// while --listen is a loopback address]
    #[arg(long, env = "HANDSET_DEMO", conflicts_with = "no_demo", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", hide_possible_values = true, value_name = "true|false",
        value_parser = BoolishValueParser::new())]
    pub demo: Option<bool>,

    /// Never create a demo workspace
    #[arg(long, env = "HANDSET_NO_DEMO")]
    pub no_demo: bool,

    /// Serve no console: neither /console nor the redirection of browsers to it
    #[arg(long, env = "HANDSET_NO_CONSOLE")]
    pub no_console: bool,

    #[command(flatten)]
    pub connections: ConnectionsConfig,

    #[command(flatten)]
    pub limits: LimitsConfig,

    #[command(flatten)]
    pub sso: SsoConfig,

    #[command(flatten)]
    pub operations: OperationsConfig,
}

/// Parses an address to listen on. A port alone, and localhost, are of the loopback address, as the default is.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text).parse::<u16>();
    if let Ok(port) = port {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| match text.strip_prefix(':').map(str::parse::<u16>) {
        Some(Ok(port)) => {
            format!("write 127.0.0.1:{port} for this machine only, or 0.0.0.0:{port} for others, too")
        }
        _ => "write an IP address and a port, as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080".to_owned(),
    })
}

/// The base URL for clients, without a trailing slash.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub String);

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<PublicUrl, String> {
        let is_base = |url: &Url| {
            let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
            matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare && url.password().is_none()
        };
        match Url::parse(text).ok().filter(is_base) {
            Some(url) => Ok(PublicUrl(url.as_str().trim_end_matches('/').to_owned())),
            None => Err("it must be an http or https URL with a host, as https://phones.example.com".to_owned()),
        }
    }
}

impl ServeConfig {
    /// Whether this is a trial on one machine: only its programs reach the server, and the database is the private one.
    pub fn is_trial(&self, config: &Config) -> bool {
        config.database_url.is_none() && self.listen.ip().to_canonical().is_loopback()
    }

    /// Whether the first start prints a link that signs in to the console: in a trial only, where the reader of standard
    /// output is the person who tries it. Elsewhere it is a log that others read.
    pub fn prints_sign_in_link(&self, config: &Config) -> bool {
        !self.no_console && self.is_trial(config)
    }

    /// Whether an empty database gets the demo workspace.
    pub fn wants_demo(&self, config: &Config) -> bool {
        !self.no_demo && self.demo.unwrap_or_else(|| self.is_trial(config))
    }
}

impl Config {
    /// The heading of the options that each command has; a command's help shows its own ones first.
    pub const HEADING: &str = "Options of all commands";

    /// The data directory: as set, else the platform's. Root's is outside its home directory, which the user that Postgres
    /// runs as cannot enter.
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
