//! An OpenID Connect provider in the tests' own process, which also answers wrongly when a test wants that. The real ones
//! are in the client suites.

use super::client::{Client, Response};
use super::world::noon;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use base64::prelude::*;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::form_urlencoded;

pub const CLIENT_ID: &str = "handset";
pub const CLIENT_SECRET: &str = "the secret that signs the tokens of the tests";

/// A running provider.
#[derive(Clone)]
pub struct OidcProvider {
    pub url: String,
    answers: Arc<Mutex<Answers>>,
}

/// What the provider was asked, and what it answers.
#[derive(Default)]
struct Answers {
    /// The query of the last authorization.
    authorization: HashMap<String, String>,
    /// Claims of the next ID token beyond, or instead of, those of a valid one.
    claims: Map<String, Value>,
    secret: Option<String>,
}

type Shared = State<OidcProvider>;

impl OidcProvider {
    pub async fn new() -> OidcProvider {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let provider = OidcProvider { url, answers: Arc::default() };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(|| async { document(StatusCode::OK, &json!({ "keys": [] })) }))
            .route("/authorize", get(authorize))
            .route("/token", post(exchange))
            .with_state(provider.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        provider
    }

    /// The address of a provider at which no program listens.
    pub fn gone() -> OidcProvider {
        OidcProvider { url: "http://127.0.0.1:1".to_owned(), answers: Arc::default() }
    }

    /// Sets claims of the next ID tokens.
    pub fn claim(&self, claims: Value) {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        self.answers().claims = claims;
    }

    /// Signs the next ID tokens with another secret.
    pub fn sign_with(&self, secret: &str) {
        self.answers().secret = Some(secret.to_owned());
    }

    /// The query with which the user was sent here last.
    pub fn authorization(&self) -> HashMap<String, String> {
        self.answers().authorization.clone()
    }

    /// The user signs in: follows the address, and returns where the provider sends the browser.
    pub async fn sign_in(&self, address: &str) -> Response {
        let path = address.strip_prefix(&self.url).unwrap_or_else(|| panic!("not the provider's: {address}"));
        Client::without_redirects(&self.url).get(path).await
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, Answers> {
        self.answers.lock().expect("no test panics with it")
    }
}

fn document(status: StatusCode, body: &Value) -> impl IntoResponse + use<> {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}

fn fields(encoded: &str) -> HashMap<String, String> {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}

async fn metadata(State(provider): Shared) -> impl IntoResponse {
    let url = &provider.url;
    let body = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
    });
    document(StatusCode::OK, &body)
}

async fn authorize(State(provider): Shared, RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = fields(&query.unwrap_or_default());
    let (state, callback) = (query["state"].clone(), query["redirect_uri"].clone());
    provider.answers().authorization = query;
    Redirect::to(&format!("{callback}?code=the-code&state={state}"))
}

async fn exchange(State(provider): Shared, form: String) -> impl IntoResponse {
    let (form, answers) = (fields(&form), provider.answers());
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let is_proven = answers.authorization.get("code_challenge") == Some(&challenge);
    if form["code"] != "the-code" || !is_proven {
        return document(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_grant" }));
    }
    let mut claims = json!({
        "iss": provider.url,
        "sub": "user-1",
        "aud": CLIENT_ID,
        "iat": noon().timestamp(),
        "exp": noon().timestamp() + 300,
        "nonce": answers.authorization["nonce"],
        "email": "jane@example.com",
        "email_verified": true,
    });
    let members = claims.as_object_mut().expect("it is an object");
    members.extend(answers.claims.clone());
    members.retain(|_, value| !value.is_null());
    let secret = answers.secret.as_deref().unwrap_or(CLIENT_SECRET);
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("it signs");
    let body = json!({ "access_token": "none", "token_type": "Bearer", "id_token": token });
    document(StatusCode::OK, &body)
}
