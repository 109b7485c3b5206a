//! The hosts of `DATABASE_URL`, and which of them accepts writes now. sqlx reads one host; this reads a list, as libpq
//! does, and tries each until one is found. It does not know the open connections.

use crate::store::SchemaName;
use futures_util::stream::{FuturesUnordered, StreamExt};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use url::form_urlencoded;

/// Timeout for acquiring a connection, after which the database counts as unavailable.
pub(in crate::store) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Statement timeout of Postgres; later no caller waits any more.
pub(in crate::store) const LONGEST_STATEMENT: &str = "20s";

/// Timeout of a transaction that is idle: its server is gone, and its locks block others.
const LONGEST_PAUSE: &str = "30s";

/// Timeout of a probe of a cluster's node, and the same for Postgres.
const NODE_REPLY: Duration = Duration::from_secs(2);
const NODE_REPLY_STATEMENT: &str = "2s";

/// Timeout per host, and pause between rounds.
const PER_HOST: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_millis(50);

/// Hosts of the database. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Hosts(Arc<[PgConnectOptions]>);

/// Omits the passwords.
impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|host| (host.get_host(), host.get_port()))).finish()
    }
}

impl Hosts {
    /// Parses `postgres://user@host1:5432,host2:5433/db?target_session_attrs=read-write`; one host is a list, too. The
    /// hosts and ports may be query parameters instead.
    pub fn parse(url: &str) -> sqlx::Result<Hosts> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it begins otherwise"))?;
        if !["postgres", "postgresql"].contains(&scheme) {
            return Err(wrong("it begins otherwise"));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        let (user, hosts) = authority.rfind('@').map_or(("", authority), |at| authority.split_at(at + 1));
        let settings = Settings::read(query)?;
        let hosts = match &settings.hosts {
            // The port beside a host that the query replaces is still the port.
            Some(named) => pair(named, settings.ports.as_deref().or_else(|| port_in(hosts)))?,
            None => hosts.split(',').map(|host| (host.to_owned(), String::new())).collect(),
        };
        let one = |(host, named): (String, String)| {
            let settings = [named.as_str(), settings.others.as_str()].join("&");
            let options: PgConnectOptions = format!("{scheme}://{user}{host}{path}?{settings}").parse()?;
            Ok(configured(options))
        };
        Ok(Hosts(hosts.into_iter().map(one).collect::<sqlx::Result<_>>()?))
    }

    /// Hosts for connections whose names resolve in this schema only.
    pub fn in_schema(self, schema: Option<&SchemaName>) -> Hosts {
        match schema {
            Some(schema) => self.with([("search_path", schema.as_str())]),
            None => self,
        }
    }

    /// Hosts for sessions without the time limits and the planner's settings of a server, as Postgres's own programs need.
    pub fn without_limits(&self) -> Hosts {
        self.with([
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("enable_seqscan", "on"),
            // A role that may not analyze each table is warned of each.
            ("client_min_messages", "error"),
        ])
    }

    /// Opens a connection outside the pool, without a statement timeout and without a warning of slow statements.
    pub async fn connect(&self) -> sqlx::Result<PgConnection> {
        let options = self.writable().await?.options([("statement_timeout", "0")]).disable_statement_logging();
        PgConnection::connect_with(&options).await
    }

    /// Opens a connection like [`Hosts::connect`]; without TLS if that fails and was only preferred. Returns the hosts for
    /// further ones, too.
    pub async fn connect_as_preferred(self) -> sqlx::Result<(Hosts, PgConnection)> {
        match (self.connect().await, self.without_preferred_tls()) {
            (Err(fault), Some(plain)) if is_of_tls(&fault) => {
                let connection = plain.connect().await?;
                Ok((plain, connection))
            }
            (connected, _) => Ok((self, connected?)),
        }
    }

    /// Whether a node of the cluster answers; None if the database itself does not.
    pub async fn reaches_node(&self, group: i32) -> Option<bool> {
        let options = self.writable().await.ok()?.options([("statement_timeout", NODE_REPLY_STATEMENT)]);
        let mut connection = timeout(PER_HOST, PgConnection::connect_with(&options)).await.ok()?.ok()?;
        let asked = sqlx::query_scalar!(r#"select cluster_reaches($1) as "it_answers!""#, group);
        let answer = timeout(NODE_REPLY, asked.fetch_one(&mut connection)).await;
        // Dropped, since closing one that hangs would wait for it.
        Some(matches!(answer, Ok(Ok(true))))
    }

    /// Hosts for connections with generic plans, which always join row by row. Statements with arrays would else be planned
    /// anew each time.
    pub fn planning_once(&self) -> Hosts {
        let settings =
            [("plan_cache_mode", "force_generic_plan"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
        self.with(settings)
    }

    fn with<const N: usize>(&self, settings: [(&str, &str); N]) -> Hosts {
        Hosts(self.0.iter().map(|host| host.clone().options(settings)).collect())
    }

    /// Each host by itself.
    pub fn each(&self) -> impl Iterator<Item = Hosts> {
        self.0.iter().map(|host| Hosts([host.clone()].into()))
    }

    /// The hosts without TLS where it was only preferred, as libpq does once TLS has failed; None if there is none.
    pub fn without_preferred_tls(&self) -> Option<Hosts> {
        let is_preferred = |host: &&PgConnectOptions| matches!(host.get_ssl_mode(), PgSslMode::Prefer);
        self.0.iter().find(is_preferred)?;
        let plain = |host: &PgConnectOptions| match is_preferred(&host) {
            true => host.clone().ssl_mode(PgSslMode::Disable),
            false => host.clone(),
        };
        Some(Hosts(self.0.iter().map(plain).collect()))
    }

    /// The hosts and ports, for people; of a socket the directory.
    pub fn names(&self) -> Vec<String> {
        let name = |host: &PgConnectOptions| match host.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", host.get_host(), host.get_port()),
        };
        self.0.iter().map(name).collect()
    }

    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The host that accepts writes. A single host is returned unchecked; several are checked until one accepts, for
    /// about as long as a request waits for a connection.
    pub async fn writable(&self) -> sqlx::Result<PgConnectOptions> {
        if let [only] = &*self.0 {
            return Ok(only.clone());
        }
        let deadline = Instant::now() + ACQUIRE_TIMEOUT;
        loop {
            let mut asked: FuturesUnordered<_> = self.0.iter().map(ask).collect();
            let mut last = wrong("each of the hosts is a standby, which takes no writes");
            while let Some(said) = asked.next().await {
                match said {
                    Ok(Some(options)) => return Ok(options),
                    Ok(None) => {}
                    Err(fault) => last = fault,
                }
            }
            if Instant::now() > deadline {
                return Err(last);
            }
            sleep(ROUND).await;
        }
    }
}

/// True if the TLS handshake failed. sqlx reports what rustls refuses, such as a certificate, as an I/O error.
pub(in crate::store) fn is_of_tls(fault: &sqlx::Error) -> bool {
    match fault {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(fault) => fault.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()),
        _ => false,
    }
}

/// Connection options of this host, if it accepts writes.
async fn ask(options: &PgConnectOptions) -> sqlx::Result<Option<PgConnectOptions>> {
    let asking = async {
        let mut connection = PgConnection::connect_with(options).await?;
        let is_it = takes_writes(&mut connection).await?;
        connection.close().await?;
        Ok(is_it.then(|| options.clone()))
    };
    timeout(PER_HOST, asking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// True if the host accepts writes; a standby does not.
pub(in crate::store) async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select current_setting('transaction_read_only') = 'off' as "is_it!""#)
        .fetch_one(connection)
        .await
}

/// Options of every connection. Statements use their indexes while a table is almost empty, too: a connection keeps its
/// plans, also those of foreign keys, until the table is analyzed, by when it may have many rows. A scan that cannot be
/// avoided, as of a table without an index, then counts as so costly that Postgres would compile the plan each time, which
/// takes longer than any of these statements.
fn configured(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("handset").options([
        ("statement_timeout", LONGEST_STATEMENT),
        ("idle_in_transaction_session_timeout", LONGEST_PAUSE),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ])
}

/// Query parameters of the URL.
#[derive(Debug, Default)]
struct Settings {
    hosts: Option<String>,
    ports: Option<String>,
    /// Parameters for sqlx, verbatim.
    others: String,
}

impl Settings {
    fn read(query: &str) -> sqlx::Result<Settings> {
        let mut settings = Settings::default();
        let mut others = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "target_session_attrs" if ["read-write", "primary"].contains(&&*value) => {}
                "target_session_attrs" => return Err(wrong("target_session_attrs must be read-write, for it writes")),
                "host" => settings.hosts = Some(value.into_owned()),
                "port" => settings.ports = Some(value.into_owned()),
                _ => _ = others.append_pair(&name, &value),
            }
        }
        settings.others = others.finish();
        Ok(settings)
    }
}

/// Hosts with their ports, of which there may be one for all; as the authority and the query of a URL.
fn pair(hosts: &str, ports: Option<&str>) -> sqlx::Result<Vec<(String, String)>> {
    let hosts: Vec<&str> = hosts.split(',').collect();
    let ports: Vec<&str> = ports.map_or_else(Vec::new, |ports| ports.split(',').collect());
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(wrong("it has another number of ports than of hosts"));
    }
    let named = |(index, host): (usize, &&str)| {
        let mut named = form_urlencoded::Serializer::new(String::new());
        named.append_pair("host", host);
        if let Some(port) = ports.get(index).or(ports.first()) {
            named.append_pair("port", port);
        }
        ("localhost".to_owned(), named.finish())
    };
    Ok(hosts.iter().enumerate().map(named).collect())
}

/// The port of a single host in the authority of a URL.
fn port_in(authority: &str) -> Option<&str> {
    let (_, port) = authority.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_port && !authority.contains(',')).then_some(port)
}

fn wrong(failure: &'static str) -> sqlx::Error {
    sqlx::Error::Configuration(failure.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(url: &str) -> Vec<String> {
        let Hosts(all) = Hosts::parse(url).expect("a Postgres URL");
        let place = |host: &PgConnectOptions| match host.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", host.get_host(), host.get_port()),
        };
        all.iter().map(place).collect()
    }

    #[test]
    fn parse_accepts_the_host_lists_of_libpq() {
        for (url, expected) in [
            ("postgres://u@one/db", vec!["one:5432"]),
            ("postgresql://u:p%40ss@one:1,two,three:3/db", vec!["one:1", "two:5432", "three:3"]),
            ("postgres://u:a@b@one:1,two:2/db?target_session_attrs=read-write", vec!["one:1", "two:2"]),
            ("postgres://u@/db?host=one,two&port=1,2", vec!["one:1", "two:2"]),
            ("postgres://u@/db?host=one,two&port=7", vec!["one:7", "two:7"]),
            ("postgres://u@localhost:7/db?host=one,two", vec!["one:7", "two:7"]),
            ("postgres://u@localhost/db?host=%2Frun%2Fone,/run/two", vec!["/run/one", "/run/two"]),
        ] {
            assert_eq!(places(url), expected, "{url}");
        }
    }

    #[test]
    fn parse_gives_each_host_the_user_database_and_options() {
        let Hosts(all) = Hosts::parse("postgres://jane@one,two/registry?sslmode=disable").expect("a Postgres URL");
        for host in all.iter() {
            assert_eq!((host.get_username(), host.get_database()), ("jane", Some("registry")));
            assert!(matches!(host.get_ssl_mode(), PgSslMode::Disable));
            assert!(host.get_options().is_some_and(|options| options.contains("statement_timeout=20s")), "{host:?}");
        }
    }

    #[test]
    fn hosts_go_without_tls_only_where_it_is_preferred() {
        for (setting, expected) in
            [("", Some(())), ("?sslmode=prefer", Some(())), ("?sslmode=require", None), ("?sslmode=disable", None)]
        {
            let url = format!("postgres://jane@one,two/registry{setting}");
            let plain = Hosts::parse(&url).expect("a Postgres URL").without_preferred_tls();
            assert_eq!(plain.as_ref().map(|_| ()), expected, "{url}");
            let is_plain = |host: &PgConnectOptions| matches!(host.get_ssl_mode(), PgSslMode::Disable);
            assert!(plain.is_none_or(|Hosts(all)| all.iter().all(is_plain)), "{url}");
        }
    }

    #[test]
    fn debug_format_of_hosts_omits_the_password() {
        let hosts = Hosts::parse("postgres://jane:sesame@one,two/registry").expect("a Postgres URL");
        let shown = format!("{hosts:?}");
        assert!(shown.contains("one") && !shown.contains("sesame"), "{shown}");
    }
}
