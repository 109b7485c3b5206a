//! The environment of one test: a database, a server on a port of its own, a fixed clock and a sandbox workspace.
//! Postgres and the lifecycle of databases are in [`shared_postgres`](super::shared_postgres).

use super::citus::{copy_tables, on_cluster};
use super::client::{Client, Response};
use super::raw_http;
use super::shared_postgres::Database;
use chrono::{DateTime, TimeDelta, Utc};
use handset::clock::Clock;
use handset::domain::token::Token;
use handset::domain::workspace::WorkspaceRecord;
use handset::http::App;
use handset::metrics::Metrics;
use handset::random::Random;
use handset::server::{self, ListenerConfig};
use handset::store::{NewWorkspace, Seal, Store};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::ops::Deref;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Seal key of every test.
pub const SEAL_KEY: &str = "dGhpcyBrZXkgc2VhbHMgdGhlIHRlc3RzJyBzZWNyZXQ=";

/// Size of a server's pool: enough for the concurrency of one test, few enough for many tests at once.
const CONNECTIONS: u32 = 5;

/// A running server with its own database. Its own methods concern the first workspace, a sandbox.
pub struct World {
    pub url: String,
    pub clock: Clock,
    pub random: Random,
    pub store: Store,
    /// The server's state, for tests that call its router directly.
    pub app: Arc<App>,
    pub metrics: Metrics,
    first: Tenant,
    pub database_url: String,
    _database: Option<Database>,
    _until_dropped: DropGuard,
}

impl World {
    pub async fn new() -> World {
        World::with_connections(CONNECTIONS).await
    }

    /// A world with a larger pool, for concurrent load.
    pub async fn with_connections(connections: u32) -> World {
        let database = Database::new(connections).await;
        let world = World::at(&database.url, connections).await;
        World { _database: Some(database), ..world }
    }

    /// A world with a customized app.
    pub async fn with(configure: impl FnOnce(App) -> App) -> World {
        let database = Database::new(CONNECTIONS).await;
        let world = World::configure(&database.url, CONNECTIONS, ListenerConfig::default(), configure).await;
        World { _database: Some(database), ..world }
    }

    /// A world with its own listener configuration.
    pub async fn with_listener(listener_config: ListenerConfig) -> World {
        let database = Database::new(CONNECTIONS).await;
        let world = World::configure(&database.url, CONNECTIONS, listener_config, |app| app).await;
        World { _database: Some(database), ..world }
    }

    /// A world with its own listener configuration and a customized app.
    pub async fn with_both(listener_config: ListenerConfig, configure: impl FnOnce(App) -> App) -> World {
        let database = Database::new(CONNECTIONS).await;
        let world = World::configure(&database.url, CONNECTIONS, listener_config, configure).await;
        World { _database: Some(database), ..world }
    }

    /// A world on a migrated database that the test has created.
    pub async fn at(database_url: &str, connections: u32) -> World {
        World::configure(database_url, connections, ListenerConfig::default(), |app| app).await
    }

    async fn configure(
        database_url: &str,
        connections: u32,
        listener_config: ListenerConfig,
        configure: impl FnOnce(App) -> App,
    ) -> World {
        let store = Store::open(database_url, connections, seal()).await.expect("the database opens");
        let (clock, random) = (Clock::fixed(noon()), Random::seeded(1));
        let app = Arc::new(configure(App::new(store.clone(), clock.clone(), random.clone())));
        let metrics = app.metrics.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(listener_config, listener, Arc::clone(&app), stop.clone()));
        let first = Tenant::create("First", true, &url, &store, &clock, &random).await;
        let (database_url, stop) = (database_url.to_owned(), stop.drop_guard());
        World { url, clock, random, store, app, metrics, first, database_url, _database: None, _until_dropped: stop }
    }

    /// Creates a sandbox workspace.
    pub async fn sandbox(&self, name: &str) -> Tenant {
        Tenant::create(name, true, &self.url, &self.store, &self.clock, &self.random).await
    }

    /// Creates a production workspace.
    pub async fn production(&self, name: &str) -> Tenant {
        Tenant::create(name, false, &self.url, &self.store, &self.clock, &self.random).await
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// Creates a personal access token for these workspaces.
    pub async fn access_token(&self, over: &[&Tenant]) -> Token {
        let workspaces: Vec<_> = over.iter().map(|tenant| tenant.record.workspace_id).collect();
        let created = self.store.create_access_token("test", &workspaces, self.clock.now(), &self.random).await;
        created.expect("the workspaces exist").1
    }

    /// Creates a console session for these workspaces, which lives an hour.
    pub async fn console_session(&self, over: &[&Tenant]) -> Token {
        let workspaces: Vec<_> = over.iter().map(|tenant| tenant.record.workspace_id).collect();
        let now = self.clock.now();
        let until = now + TimeDelta::hours(1);
        let opened = self.store.create_console_session("test", &workspaces, now, until, &self.random).await;
        opened.expect("the workspaces exist").1
    }

    /// A client with a personal access token, in the first workspace.
    pub async fn pat(&self) -> Client {
        let token = self.access_token(&[&self.first]).await;
        self.anonymous().bearer(token.reveal()).in_workspace(&self.first.id)
    }

    /// A client with a console session, in the first workspace.
    pub async fn console(&self) -> Client {
        let token = self.console_session(&[&self.first]).await;
        self.anonymous().bearer(token.reveal()).in_workspace(&self.first.id)
    }

    /// Advances the clock.
    pub fn advance(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// The current time in RFC 3339.
    pub fn now(&self) -> String {
        self.clock.now().to_rfc3339()
    }

    /// A direct connection to the database.
    pub async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.database_url).await.expect("the test's database accepts")
    }

    /// A connection that reads all tables as they are now; on a cluster local copies, so that each query is possible.
    pub async fn snapshot(&self) -> PgConnection {
        let mut session = self.database().await;
        if on_cluster() {
            copy_tables(&mut session).await;
        }
        session
    }

    /// Locks a table, or on a cluster the coordinator's copy of a shared one, until the transaction ends.
    pub async fn lock_shared_table(&self, session: &mut PgConnection, table: &str) {
        let mut lock = format!("lock table {table} in access exclusive mode");
        if on_cluster() {
            let shard = "select shardid from pg_dist_shard where logicalrelid = to_regclass($1)";
            let shard: i64 =
                sqlx::query_scalar(shard).bind(table).fetch_one(&mut *session).await.expect("it is shared");
            lock = format!(
                "set local citus.enable_manual_changes_to_shards to on; {}",
                lock.replace(table, &format!("{table}_{shard}"))
            );
        }
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(session).await.expect("the lock");
    }

    /// Host and port of the server.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Sends bytes on a new connection and returns the response.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> Response {
        raw_http::raw(self.address(), request.as_ref()).await
    }
}

impl Deref for World {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.first
    }
}

/// A workspace with one API key.
pub struct Tenant {
    pub id: String,
    pub record: WorkspaceRecord,
    pub api_key: Token,
    key: Client,
}

impl Tenant {
    async fn create(name: &str, is_sandbox: bool, url: &str, store: &Store, clock: &Clock, random: &Random) -> Tenant {
        let now = clock.now();
        let new = NewWorkspace::named(name, is_sandbox, now, random);
        store.create_workspace(&new, now).await.expect("a workspace");
        let id = new.workspace_id.to_string();
        let record = store.workspaces_called(&id).await.expect("the database answers").remove(0);
        let (_, api_key) = store.create_api_key(&record, "test", now, random).await.expect("a key");
        let key = Client::new(url).bearer(api_key.reveal());
        Tenant { id, record, api_key, key }
    }

    /// A client with the workspace's API key.
    pub fn key(&self) -> &Client {
        &self.key
    }

    /// A client with the publishable key, as in a browser.
    pub fn browser(&self) -> Client {
        self.key.anonymous().with("seam-publishable-key", &self.record.publishable_key)
    }

    /// Creates a user identity and returns its id. Email address and full name contain the key.
    pub async fn person(&self, key: &str) -> String {
        let fields = json!({
            "user_identity_key": key, "full_name": format!("Person {key}"), "email_address": format!("{key}@example.com"),
        });
        let made = self.key.post("/user_identities/create", fields).await.ok();
        text(&made["user_identity"]["user_identity_id"])
    }

    /// Creates a sandbox phone of a user identity and returns its id.
    pub async fn phone(&self, person: &str) -> String {
        let made = self.key.post("/phones/simulate/create_sandbox_phone", json!({ "user_identity_id": person })).await;
        text(&made.ok()["phone"]["device_id"])
    }

    /// Creates a client session and returns it.
    pub async fn client_session(&self, fields: Value) -> Value {
        self.key.post("/client_sessions/create", fields).await.ok()["client_session"].clone()
    }

    /// A client with a new client session of this user identity, as in an app.
    pub async fn session(&self, person: &str) -> Client {
        let session = self.client_session(json!({ "user_identity_id": person })).await;
        self.key.anonymous().bearer(&text(&session["token"]))
    }

    /// Creates a multi-phone sync credential of a user identity and returns its id.
    pub async fn sync_credential(&self, person: &str) -> String {
        let fields = json!({
            "user_identity_id": person, "access_method": "mobile_key", "is_multi_phone_sync_credential": true,
        });
        let made = self.key.post("/acs/credentials/create", fields).await.ok();
        text(&made["acs_credential"]["acs_credential_id"])
    }

    /// Credentials of a user identity, in order.
    pub async fn credentials(&self, person: &str) -> Vec<Value> {
        let listed = self.key.post("/acs/credentials/list", json!({ "user_identity_id": person })).await.ok();
        list(&listed["acs_credentials"])
    }

    /// All events of one type, in order.
    pub async fn events(&self, event_type: &str) -> Vec<Value> {
        let filter = json!({ "since": "2000-01-01", "event_type": event_type, "limit": 10_000 });
        list(&self.key.post("/events/list", filter).await.ok()["events"])
    }

    /// Ids of all active phones, in order.
    pub async fn phone_ids(&self) -> Vec<String> {
        list(&self.key.get("/phones/list").await.ok()["phones"]).iter().map(|phone| text(&phone["device_id"])).collect()
    }
}

/// Start time of every test.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_268_800, 0).expect("2026-01-01T12:00:00Z is a time")
}

/// Seal of every test.
pub fn seal() -> Seal {
    Seal::from_base64(SEAL_KEY, Random::seeded(2)).expect("32 bytes in base64")
}

/// The value as a string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The value as a list.
#[track_caller]
pub fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}
