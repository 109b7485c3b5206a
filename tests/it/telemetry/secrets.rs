//! Secrets never leak: one run over every dialect with the built program at log level trace, then a search of its log,
//! its exported traces and its error responses.

use super::traces::{TAKEN, collected};
use crate::instant_keys;
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, operations_of};
use crate::support::private_postgres::{TestDir, until_async};
use crate::support::program::{Server, admin, handset_in};
use crate::support::tcp_receiver::Receiver;
use crate::support::world::text;
use base64::prelude::*;
use handset::postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::fs;
use url::form_urlencoded::Serializer;

const PASSWORD: &str = "correct-horse-battery-staple";
const WRONG_PASSWORD: &str = "wrong-horse-battery-staple";
const SIP_PASSWORD: &str = "sip-horse-battery-staple";
const HOOK_KEY: &str = "hook-horse-battery-staple";
/// Unknown tokens of each kind; a client that sends one may have mistyped a real one.
const UNKNOWN: [&str; 4] = [
    "seam_unknown1_tokenhorsebatterystaple",
    "seam_at1unknown_tokenhorsebatterystaple",
    "seam_cst1unknown_tokenhorsebatterystaple",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJob3JzZSJ9.tokenhorsebatterystaple",
];

#[tokio::test]
async fn secrets_never_appear_in_logs_traces_or_error_responses() {
    let (test_dir, collector) = (TestDir::new(), Receiver::responding_with(TAKEN).await);
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--failed-auth-limit", "off"]);
    command.env("HANDSET_LOG", "trace").env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address));
    let server = Server::run(command, &test_dir).await;
    let demo = ["--workspace", "Demo"];
    let token = admin(&test_dir, &[&["token", "create"], &demo[..]].concat()).await;
    let console = admin(&test_dir, &[&["console-session", "create"], &demo[..]].concat()).await;
    let (token, console) = (text(&token["access_token"]), text(&console["console_session_token"]));
    let key = server.client(&server.demo_key());
    let workspace = text(&key.get("/workspaces/get").await.ok()["workspace"]["workspace_id"]);
    let person = text(&key.get("/user_identities/list").await.ok()["user_identities"][0]["user_identity_id"]);
    let mut secrets = vec![
        fs::read_to_string(test_dir.data().join("seal.key")).expect("a seal key").trim().to_owned(),
        server.demo_key(),
        token.clone(),
        console.clone(),
    ];
    secrets.extend([PASSWORD, WRONG_PASSWORD, SIP_PASSWORD, HOOK_KEY].map(str::to_owned));
    secrets.extend(UNKNOWN.map(str::to_owned));

    // Each kind of secret is created and used.
    let operator = server.client(&console).in_workspace(&workspace);
    let password = json!({ "user_identity_id": person, "password": PASSWORD });
    operator.post("/user_identities/set_password", password).await.ok();
    server.client(&token).in_workspace(&workspace).get("/phones/list").await.ok();
    let session = key.post("/client_sessions/create", json!({ "user_identity_id": person })).await.ok();
    let session = text(&session["client_session"]["token"]);
    secrets.push(session.clone());
    server.client(&session).get("/devices/list").await.ok();
    server.client(&session).get("/me/phones").await.of_ucwa(200);
    let anonymous = Client::new(&server.url);
    let instant_key = json!({ "user_identity_id": person, "max_use_count": 2 });
    let instant_key = key.post(instant_keys::GENERATE, instant_key).await.ok()["instant_key"].clone();
    let code = instant_keys::short_code(&instant_key);
    secrets.extend([code.clone(), format!("{}unknown", &code[..39])]);
    for code in [&code, &format!("{}unknown", &code[..39])] {
        anonymous.get(&format!("/ik/{code}")).await;
        anonymous.post(instant_keys::PREVIEW, json!({ "instant_key_url": code })).await;
        let exchanged = anonymous.post(instant_keys::EXCHANGE, json!({ "short_code": code })).await;
        secrets.extend(exchanged.body["client_session"]["token"].as_str().map(str::to_owned));
    }
    let ticket = text(&key.post("/events/create_stream_ticket", json!({})).await.ok()["ticket"]);
    secrets.push(ticket.clone());
    assert_eq!(anonymous.call("HEAD", &format!("/events/stream?ticket={ticket}")).await.status, 200);
    assert_eq!(anonymous.call("HEAD", &format!("/events/stream?ticket={ticket}x")).await.status, 401);
    let signed_in = sign_in(&anonymous, PASSWORD).await;
    secrets.push(text(&signed_in.of_ucwa(200).body["access_token"]).trim_start_matches("cwt=").to_owned());
    sign_in(&anonymous, WRONG_PASSWORD).await.of_ucwa(400);
    let id = text(&admin(&test_dir, &["key", "list"]).await["api_keys"][0]["api_key_id"]);
    secrets.extend(granted_by_phone_com(&anonymous, &id, &server.demo_key()).await);
    let sip = json!({ "password": SIP_PASSWORD, "termination_uri": "sip.example.com", "username": "front" });
    let import = json!({ "phone_number": "+34675897654", "sip_config": sip });
    let imported = key.post("/v1/phone/import", import.clone()).await.status;
    assert!((200..300).contains(&imported), "{imported}");
    assert_ne!(key.post("/v1/phone/import", import).await.status, 200, "the number is already imported");
    let webhook =
        json!({ "url": format!("https://127.0.0.1:9/hook?key={HOOK_KEY}"), "event_types": ["phone.deactivated"] });
    let webhook = key.post("/webhooks/create", webhook).await.ok()["webhook"].clone();
    secrets.push(text(&webhook["secret"]));
    key.post("/webhooks/ping", json!({ "webhook_id": webhook["webhook_id"] })).await.ok();

    // Every operation is called with unknown tokens, and with a truncated body.
    let whole = json!({ "password": PASSWORD, "sip_config": { "password": SIP_PASSWORD, "username": 1 } });
    let broken = whole.to_string().trim_end_matches('}').to_owned();
    let unknown = UNKNOWN.map(|token| anonymous.bearer(token));
    let mut refusals = Vec::new();
    for operation in Dialect::ALL.into_iter().flat_map(operations_of) {
        for client in &unknown {
            refusals.push(client.call(operation.method, operation.path).await);
        }
        if !operation.path.ends_with("/stream") {
            refusals.push(called_with(&key, operation.method, operation.path, &broken).await);
        }
    }

    // The database refuses the inserts and names the rows in its errors.
    let url = postgres::join(&test_dir.data()).expect("the directory is readable").expect("it runs");
    let mut database = PgConnection::connect(&url).await.expect("it accepts");
    for table in ["client_session", "user_identity"] {
        let break_it = format!("alter table {table} add constraint broken check (false) not valid");
        sqlx::query(sqlx::AssertSqlSafe(break_it)).execute(&mut database).await.expect("it is broken");
    }
    let session = json!({ "user_identity_id": person });
    assert_eq!(key.post("/client_sessions/create", session).await.status, 500);
    assert_eq!(sign_in(&anonymous, PASSWORD).await.status, 500);
    until_async("the ping was attempted", async || {
        let tried = "select exists (select from delivery where attempt > 0)";
        sqlx::query_scalar(tried).fetch_one(&mut database).await.expect("the statement is right")
    })
    .await;

    // Last, every operation is called with a complete body, even those that reset the workspace.
    for operation in Dialect::ALL.into_iter().flat_map(operations_of) {
        if !operation.path.ends_with("/stream") {
            refusals.push(called_with(&key, operation.method, operation.path, &whole.to_string()).await);
        }
    }
    let log = test_dir.path().join("server.log");
    server.stop().await;
    let log = fs::read_to_string(log).expect("the log is there");
    let (spans, _) = collected(&collector);
    assert!(log.contains("TRACE") && log.contains("ERROR"), "it logs everything: {} bytes", log.len());
    assert!(spans.len() > 500 && refusals.len() > 500, "{} spans, {} refusals", spans.len(), refusals.len());
    let spans = spans.iter().map(|span| format!("{span:?}\n"));
    let refused = refusals.iter().filter(|response| response.status >= 400).map(|response| format!("{response:?}\n"));
    let actual: String = [log].into_iter().chain(spans).chain(refused).collect();
    for secret in &secrets {
        // The last part of a token is the secret one. The signature of a JWT may contain underscores.
        let separator = if secret.starts_with("ey") { '.' } else { '_' };
        let hidden = secret.rsplit(separator).next().unwrap_or(secret);
        let line = actual.contains(hidden).then(|| actual.lines().find(|line| line.contains(hidden)));
        assert!(line.is_none(), "{secret} leaked: {line:#?}");
    }
}

async fn called_with(key: &Client, method: &str, path: &str, body: &str) -> Response {
    key.send(key.request(method, path).header("content-type", "application/json").body(body.to_owned())).await
}

/// Each kind of token that Phone.com's clients are granted, and the credentials that they send, some of them wrong.
async fn granted_by_phone_com(anonymous: &Client, id: &str, key: &str) -> Vec<String> {
    const TOKEN: &str = "/v4/oauth/access-token";
    let basic = |secret: &str| BASE64_STANDARD.encode(format!("{id}:{secret}"));
    let client = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": key });
    let pass = text(&anonymous.post(TOKEN, client).await.of_phone_com(200)["access_token"]);
    anonymous.bearer(&pass).get("/v4/accounts").await.of_phone_com(200);
    let person = json!({ "grant_type": "password", "username": "jane@example.com", "password": PASSWORD });
    let client = anonymous.with("authorization", &format!("Basic {}", basic(key)));
    let session = text(&client.post(TOKEN, person.clone()).await.of_phone_com(200)["access_token"]);
    anonymous.bearer(&session).get("/v4/accounts").await.of_phone_com(200);
    let stranger = anonymous.with("authorization", &format!("Basic {}", basic(WRONG_PASSWORD)));
    stranger.post(TOKEN, person).await.of_phone_com(401);
    vec![pass, session, basic(key), basic(WRONG_PASSWORD)]
}

async fn sign_in(anonymous: &Client, password: &str) -> Response {
    let pairs = [("grant_type", "password"), ("username", "jane@example.com"), ("password", password)];
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    anonymous.bytes("/webticket/oauthtoken", Some("application/x-www-form-urlencoded"), form).await
}
