//! References other than Postgres: programs that listen as the server does. Each is this program in a separate process,
//! configured on its standard input.

use crate::environment::{Database, Program, SEAL_KEY};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use chrono::{DateTime, Utc};
use handset::clock::Clock;
use handset::dialect;
use handset::http::App;
use handset::random::Random;
use handset::server::{self, ListenerConfig};
use handset::store::{Seal, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::io;
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Argument that starts this program as a reference.
const FLAG: &str = "--reference";

/// Default pool size of the server, and so also of the plain reference.
const CONNECTIONS: u32 = 16;

/// A recorded response of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedResponse {
    pub name: String,
    pub status: u16,
    pub body: String,
}

/// Configuration of a reference.
#[derive(Debug, Serialize, Deserialize)]
enum Reference {
    /// The server with all its layers and routes, and more routes that return recorded bytes.
    Ceiling { database_url: String, recorded: Vec<RecordedResponse> },
    /// The straightforward implementation.
    Plain { database_url: String },
    /// Returns the same bytes for every request: the generator's maximum rate.
    Echo { body: String },
}

pub fn ceiling(database: &Database, recorded: &[RecordedResponse]) -> Program {
    start(&Reference::Ceiling { database_url: database.url.clone(), recorded: recorded.to_vec() })
}

pub fn plain(database: &Database) -> Program {
    start(&Reference::Plain { database_url: database.url.clone() })
}

pub fn echo(body: &str) -> Program {
    start(&Reference::Echo { body: body.to_owned() })
}

fn start(reference: &Reference) -> Program {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg(FLAG);
    Program::start(command, &serde_json::to_vec(reference).expect("a reference serializes to JSON"))
}

/// Whether this process is a reference.
pub fn is_one() -> bool {
    std::env::args().nth(1).is_some_and(|argument| argument == FLAG)
}

/// Serves the reference configured on standard input, until killed.
pub fn serve() -> io::Result<()> {
    let reference: Reference = serde_json::from_reader(io::stdin())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("Listening on http://{}", listener.local_addr()?);
        match reference {
            Reference::Ceiling { database_url, recorded } => serve_ceiling(listener, &database_url, recorded).await,
            Reference::Plain { database_url } => serve_plain(listener, &database_url).await,
            Reference::Echo { body } => serve_echo(listener, &body).await,
        }
    })
}

/// The server's own listener, dialect and edge, with the log line of each request; only the handlers are left out.
async fn serve_ceiling(listener: TcpListener, database_url: &str, recorded: Vec<RecordedResponse>) -> io::Result<()> {
    let _last_lines = handset::telemetry::init("info", Some(false)).map_err(io::Error::other)?;
    let (clock, random) = (Clock::system(), Random::system());
    let seal = Seal::from_base64(SEAL_KEY, random.clone()).map_err(io::Error::other)?;
    let app = App::new(Store::open(database_url, 1, seal).await.map_err(io::Error::other)?, clock, random);
    let ready = recorded.into_iter().fold(Router::new(), |router, recorded_response| {
        let status = StatusCode::from_u16(recorded_response.status).unwrap_or_default();
        let body = Bytes::from(recorded_response.body);
        let json = HeaderValue::from_static("application/json");
        let serve = move |_: Request| {
            let recorded_response = (status, [(CONTENT_TYPE, json.clone())], body.clone()).into_response();
            async move { recorded_response }
        };
        router.route(&format!("/ready/{}", recorded_response.name), any(serve))
    });
    let app = Arc::new(app);
    let routes = dialect::fallback().router(&app, ready).with_state(Arc::clone(&app));
    server::serve_routes(ListenerConfig::default(), listener, routes, &app, CancellationToken::new()).await;
    Ok(())
}

/// One pooled connection, one query for the token, one for the phone. No ping before acquire, no log, no other route:
/// the simple code with the obvious optimizations.
async fn serve_plain(listener: TcpListener, database_url: &str) -> io::Result<()> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false).connect(database_url).await;
    let router = Router::new().route("/phones/get", get(phone)).with_state(pool.map_err(io::Error::other)?);
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| _ = stream.set_nodelay(true)), router).await
}

#[derive(sqlx::FromRow)]
struct Row {
    device_id: Uuid,
    operating_system: String,
    device_model: String,
    nickname: Option<String>,
    workspace_id: Uuid,
    created_at: DateTime<Utc>,
    custom_metadata: sqlx::types::Json<Map<String, Value>>,
    assa_abloy_metadata: Option<sqlx::types::Json<Value>>,
}

/// A phone in the server's wire format.
#[derive(Serialize)]
struct Phone {
    device_id: Uuid,
    device_type: &'static str,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    workspace_id: Uuid,
    created_at: DateTime<Utc>,
    custom_metadata: Map<String, Value>,
    errors: [(); 0],
    warnings: [(); 0],
    properties: Value,
}

async fn phone(State(pool): State<PgPool>, uri: Uri, headers: HeaderMap) -> Result<Response, StatusCode> {
    let device_id = uri.query().and_then(|query| Uuid::parse_str(query.strip_prefix("device_id=")?).ok());
    let device_id = device_id.ok_or(StatusCode::BAD_REQUEST)?;
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let hash = Sha256::digest(token.ok_or(StatusCode::UNAUTHORIZED)?);
    let mut connection = pool.acquire().await.map_err(unavailable)?;
    let workspace: Option<Uuid> =
        sqlx::query_scalar("select workspace_id from api_key where token_hash = $1 and revoked_at is null")
            .bind(&hash[..])
            .fetch_optional(&mut *connection)
            .await
            .map_err(unavailable)?;
    let row: Option<Row> = sqlx::query_as(
        "select device_id, operating_system, device_model, nickname, workspace_id, created_at, custom_metadata,
            assa_abloy_metadata
        from phone where workspace_id = $1 and device_id = $2 and deactivated_at is null",
    )
    .bind(workspace.ok_or(StatusCode::UNAUTHORIZED)?)
    .bind(device_id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?;
    drop(connection);
    let body = json!({ "phone": phone_of(row.ok_or(StatusCode::NOT_FOUND)?), "ok": true }).to_string();
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

fn phone_of(row: Row) -> Phone {
    let endpoint = row.assa_abloy_metadata.map(|metadata| metadata.0["seos_tsm_endpoint_id"].to_string());
    let properties = endpoint.map_or(json!({}), |id| {
        let endpoints = [json!({ "endpoint_id": id.trim_end_matches(".0"), "is_active": true })];
        json!({ "assa_abloy_credential_service_metadata": { "has_active_endpoint": true, "endpoints": endpoints } })
    });
    Phone {
        device_id: row.device_id,
        device_type: if row.operating_system == "ios" { "ios_phone" } else { "android_phone" },
        display_name: row.nickname.clone().unwrap_or(row.device_model),
        nickname: row.nickname,
        workspace_id: row.workspace_id,
        created_at: row.created_at,
        custom_metadata: row.custom_metadata.0,
        errors: [],
        warnings: [],
        properties,
    }
}

fn unavailable(_: sqlx::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

async fn serve_echo(listener: TcpListener, body: &str) -> io::Result<()> {
    let recorded_response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo_on(stream, recorded_response.clone().into_bytes()));
    }
}

/// Clients do not pipeline, so the bytes received are one request as soon as its head ends.
async fn echo_on(mut stream: TcpStream, recorded_response: Vec<u8>) -> io::Result<()> {
    let mut inbox = vec![0; 16 * 1024];
    let mut end = 0;
    loop {
        match stream.read(&mut inbox[end..]).await? {
            0 => return Ok(()),
            count => end += count,
        }
        if inbox[..end].ends_with(b"\r\n\r\n") {
            stream.write_all(&recorded_response).await?;
            end = 0;
        }
    }
}
