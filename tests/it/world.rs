//! The world of one test: a database of its own, the server on a port of its own, a clock that stands still, and a
//! sandbox workspace to begin in. Which Postgres that is, and where databases come from and go, is the [`stage`]'s.

pub mod stage;

use crate::client::{Answer, Client};
use crate::wire;
use chrono::{DateTime, TimeDelta, Utc};
use handset::clock::{Clock, Random};
use handset::http::App;
use handset::metrics::Metrics;
use handset::model::token::Token;
use handset::model::workspace::WorkspaceRecord;
use handset::server::{self, ListenerConfig};
use handset::store::{NewWorkspace, Seal, Store};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use stage::Database;
use std::ops::Deref;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What seals the secrets of every test.
pub const SEAL_KEY: &str = "dGhpcyBrZXkgc2VhbHMgdGhlIHRlc3RzJyBzZWNyZXQ=";

/// Connections of a server's pool: enough for what one test does at once, few enough for many tests at once.
const CONNECTIONS: u32 = 5;

/// A running server with a database of its own. Its own methods speak of the first workspace, a sandbox.
pub struct World {
    pub url: String,
    pub clock: Clock,
    pub random: Random,
    pub store: Store,
    /// What the server's own requests use, for tests that call its router themselves.
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

    /// A world whose server has a larger pool, for tests that press.
    pub async fn with_connections(connections: u32) -> World {
        let database = Database::new(connections).await;
        let world = World::at(&database.url, connections).await;
        World { _database: Some(database), ..world }
    }

    /// A world whose server is set up in its own way.
    pub async fn with(set_up: impl FnOnce(App) -> App) -> World {
        let database = Database::new(CONNECTIONS).await;
        let world = World::set_up(&database.url, CONNECTIONS, ListenerConfig::default(), set_up).await;
        World { _database: Some(database), ..world }
    }

    /// A world whose server is entered by a door of its own.
    pub async fn at_door(door: ListenerConfig) -> World {
        let database = Database::new(CONNECTIONS).await;
        let world = World::set_up(&database.url, CONNECTIONS, door, |app| app).await;
        World { _database: Some(database), ..world }
    }

    /// A world in a migrated database that the test has made itself.
    pub async fn at(database_url: &str, connections: u32) -> World {
        World::set_up(database_url, connections, ListenerConfig::default(), |app| app).await
    }

    async fn set_up(
        database_url: &str,
        connections: u32,
        door: ListenerConfig,
        set_up: impl FnOnce(App) -> App,
    ) -> World {
        let store = Store::open(database_url, connections, seal()).await.expect("the database opens");
        let (clock, random) = (Clock::fixed(noon()), Random::seeded(1));
        let app = Arc::new(set_up(App::new(store.clone(), clock.clone(), random.clone())));
        let metrics = app.metrics.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let stop = CancellationToken::new();
        tokio::spawn(server::serve_on(door, listener, Arc::clone(&app), stop.clone()));
        let first = Tenant::found("First", true, &url, &store, &clock, &random).await;
        let (database_url, stop) = (database_url.to_owned(), stop.drop_guard());
        World { url, clock, random, store, app, metrics, first, database_url, _database: None, _until_dropped: stop }
    }

    /// One more workspace, a sandbox.
    pub async fn sandbox(&self, name: &str) -> Tenant {
        Tenant::found(name, true, &self.url, &self.store, &self.clock, &self.random).await
    }

    /// One more workspace, for production.
    pub async fn production(&self, name: &str) -> Tenant {
        Tenant::found(name, false, &self.url, &self.store, &self.clock, &self.random).await
    }

    /// Somebody without any credential.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// A new personal access token over some workspaces.
    pub async fn access_token(&self, over: &[&Tenant]) -> Token {
        let workspaces: Vec<_> = over.iter().map(|tenant| tenant.record.workspace_id).collect();
        let minted = self.store.create_access_token("test", &workspaces, self.clock.now(), &self.random).await;
        minted.expect("the workspaces exist").1
    }

    /// A new console session over some workspaces, which lives an hour.
    pub async fn console_session(&self, over: &[&Tenant]) -> Token {
        let workspaces: Vec<_> = over.iter().map(|tenant| tenant.record.workspace_id).collect();
        let now = self.clock.now();
        let until = now + TimeDelta::hours(1);
        let opened = self.store.create_console_session("test", &workspaces, now, until, &self.random).await;
        opened.expect("the workspaces exist").1
    }

    /// Whoever holds a personal access token, in the first workspace.
    pub async fn pat(&self) -> Client {
        let token = self.access_token(&[&self.first]).await;
        self.anonymous().bearer(token.reveal()).in_workspace(&self.first.id)
    }

    /// Whoever holds a console session, in the first workspace.
    pub async fn console(&self) -> Client {
        let token = self.console_session(&[&self.first]).await;
        self.anonymous().bearer(token.reveal()).in_workspace(&self.first.id)
    }

    /// Lets time pass.
    pub fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// The time now, as the wire writes it.
    pub fn now(&self) -> String {
        self.clock.now().to_rfc3339()
    }

    /// A look into the database, behind the server's back.
    pub async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.database_url).await.expect("the test's database accepts")
    }

    /// The server's address and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Bytes on a connection of their own, and what comes back.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> Answer {
        wire::raw(self.address(), request.as_ref()).await
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
    async fn found(name: &str, is_sandbox: bool, url: &str, store: &Store, clock: &Clock, random: &Random) -> Tenant {
        let now = clock.now();
        let new = NewWorkspace::named(name, is_sandbox, now, random);
        store.create_workspace(&new, now).await.expect("a workspace");
        let id = new.workspace_id.to_string();
        let record = store.workspaces_called(&id).await.expect("the database answers").remove(0);
        let (_, api_key) = store.create_api_key(&record, "test", now, random).await.expect("a key");
        let key = Client::new(url).bearer(api_key.reveal());
        Tenant { id, record, api_key, key }
    }

    /// Whoever holds the workspace's API key.
    pub fn key(&self) -> &Client {
        &self.key
    }

    /// A browser with the publishable key.
    pub fn browser(&self) -> Client {
        self.key.anonymous().with("seam-publishable-key", &self.record.publishable_key)
    }

    /// A new person; gives their id. The key is also in their e-mail address and their name.
    pub async fn person(&self, key: &str) -> String {
        let fields = json!({
            "user_identity_key": key, "full_name": format!("Person {key}"), "email_address": format!("{key}@example.com"),
        });
        let made = self.key.post("/user_identities/create", fields).await.ok();
        text(&made["user_identity"]["user_identity_id"])
    }

    /// A new sandbox phone of a person; gives its id.
    pub async fn phone(&self, person: &str) -> String {
        let made = self.key.post("/phones/simulate/create_sandbox_phone", json!({ "user_identity_id": person })).await;
        text(&made.ok()["phone"]["device_id"])
    }

    /// A new client session, as the wire shows it.
    pub async fn client_session(&self, fields: Value) -> Value {
        self.key.post("/client_sessions/create", fields).await.ok()["client_session"].clone()
    }

    /// An app on a phone, with a new client session of this person.
    pub async fn session(&self, person: &str) -> Client {
        let session = self.client_session(json!({ "user_identity_id": person })).await;
        self.key.anonymous().bearer(&text(&session["token"]))
    }

    /// A multi-phone sync credential of a person; gives its id.
    pub async fn sync_credential(&self, person: &str) -> String {
        let fields = json!({
            "user_identity_id": person, "access_method": "mobile_key", "is_multi_phone_sync_credential": true,
        });
        let made = self.key.post("/acs/credentials/create", fields).await.ok();
        text(&made["acs_credential"]["acs_credential_id"])
    }

    /// The credentials of a person, in order.
    pub async fn credentials(&self, person: &str) -> Vec<Value> {
        let listed = self.key.post("/acs/credentials/list", json!({ "user_identity_id": person })).await.ok();
        list(&listed["acs_credentials"])
    }

    /// All events of one type, in order.
    pub async fn events(&self, event_type: &str) -> Vec<Value> {
        let asked = json!({ "since": "2000-01-01", "event_type": event_type, "limit": 10_000 });
        list(&self.key.post("/events/list", asked).await.ok()["events"])
    }

    /// The ids of all living phones, in order.
    pub async fn phone_ids(&self) -> Vec<String> {
        list(&self.key.get("/phones/list").await.ok()["phones"]).iter().map(|phone| text(&phone["device_id"])).collect()
    }
}

/// The time at which every test begins.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_268_800, 0).expect("2026-01-01T12:00:00Z is a time")
}

/// The seal of every test.
pub fn seal() -> Seal {
    Seal::from_base64(SEAL_KEY, Random::seeded(2)).expect("32 bytes in base64")
}

/// A JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A JSON list.
#[track_caller]
pub fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}
