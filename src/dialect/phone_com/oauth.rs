//! `POST /oauth/access-token` (RFC 6749). Client credentials, the id and the secret of an API key, grant a pass that
//! stands for that key for an hour; the name and password of a user identity grant a client session.

use super::answer::Answer;
use super::error::ErrorBody;
use super::openapi::example;
use super::openapi::examples::token_example;
use super::route::{Auth, Call, Operation, Public, Raw};
use crate::api::openapi::{ErrorExample, json_body};
use crate::error::{Error, Result};
use crate::http::App;
use crate::model::client_session::{NewClientSession, OnConflict};
use crate::model::id::UserIdentityId;
use crate::model::password::Password;
use crate::model::token::Token;
use crate::store::{Authenticated, Caller, Credentials, Origin, Principal};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use base64::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use url::form_urlencoded;

/// Every route.
pub fn routes() -> Vec<Operation> {
    let request = json_body("PhoneComTokenRequest", true, json!({ "grant_type": "client_credentials" }));
    vec![
        Operation::new("/v4/oauth/access-token", &["POST"], token)
            .about("phone_com_get_token", "Create a token")
            .describe(
                "Returns a bearer token for the id and secret of an API key (client credentials), or for \
                         the name and password of a user identity. The body is a form or JSON; clients may \
                         authenticate with HTTP Basic instead.",
            )
            .auth(Auth::Client)
            .example(request)
            .returns("PhoneComToken", token_example()),
    ]
}

/// Lifetime of a granted token.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Token response.
#[derive(Debug, Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: &'static str,
}

const NO_GRANT: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    code: "unsupported_grant_type",
    description: "grant_type must be client_credentials or password",
};

/// OAuth error response.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    description: &'static str,
}

const NO_CLIENT: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    code: "invalid_client",
    description: "client_id is the id of an API key, and client_secret the key itself",
};

/// Its errors, for the document.
pub fn examples() -> [ErrorExample; 2] {
    let of = |name, Refusal { status, code, description }: Refusal| {
        example(Some(name), ErrorBody::oauth(status, code, description))
    };
    [of("InvalidTokenRequest", NO_GRANT), of("InvalidClient", NO_CLIENT)]
}

async fn token(call: Call<Public>, Raw(body): Raw) -> Result<Answer> {
    let form = Form::of(&body);
    let answer = match grant(&call.app, call.head.headers(), &form, call.head.origin(), call.now).await? {
        Ok(granted) => granted,
        Err(refusal) => {
            let answer = ErrorBody::oauth(refusal.status, refusal.code, refusal.description).at(call.now);
            match refusal.code {
                "invalid_client" => {
                    answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic")).refusing_credentials()
                }
                "invalid_grant" => answer.refusing_credentials(),
                _ => answer,
            }
        }
    };
    Ok(answer.with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

async fn grant(
    app: &App,
    headers: &HeaderMap,
    form: &Form,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Result<Answer, Refusal>> {
    let refused = |code, description| Ok(Err(Refusal { status: StatusCode::BAD_REQUEST, code, description }));
    match form.value("grant_type") {
        None => refused("invalid_request", "grant_type is required: client_credentials or password"),
        Some("client_credentials") => match client(app, headers, form, origin, now).await? {
            Some(caller) => pass(app, &caller, now).await.map(Ok),
            None => Ok(Err(NO_CLIENT)),
        },
        Some("password") => {
            let (Some(name), Some(password)) = (form.value("username"), form.value("password")) else {
                return refused("invalid_request", "username and password are required");
            };
            // Client credentials, if present, must be valid and of the user identity's workspace.
            let client = match shown(headers, form) {
                None => None,
                Some(_) => match client(app, headers, form, origin, now).await? {
                    None => return Ok(Err(NO_CLIENT)),
                    client => client,
                },
            };
            match person(app, name, password, origin, now).await? {
                Some((caller, person)) if client.is_none_or(|client| is_of(&client, &caller)) => {
                    session(app, &caller, person, now).await.map(Ok)
                }
                _ => refused("invalid_grant", "The user name or the password is wrong"),
            }
        }
        Some(_) => Ok(Err(NO_GRANT)),
    }
}

/// Issues a pass for an API key.
async fn pass(app: &App, caller: &Caller, now: DateTime<Utc>) -> Result<Answer> {
    let pass = Token::pass(&app.random);
    caller.issue_pass(&pass, now, now + LIFETIME).await?;
    Ok(granted(&pass, "account-owner"))
}

/// Creates a client session for an authenticated user identity.
async fn session(app: &App, caller: &Caller, person: UserIdentityId, now: DateTime<Utc>) -> Result<Answer> {
    let token = Token::client_session(&app.random);
    let session = NewClientSession {
        client_session_id: app.random.id(now),
        token: token.clone(),
        user_identifier_key: None,
        user_identity_id: Some(person),
        connected_account_ids: Vec::new(),
        connect_webview_ids: Vec::new(),
        customer_key: None,
        expires_at: now + LIFETIME,
    };
    caller.workspace.create_client_session(session, OnConflict::Refuse, now).await?;
    Ok(granted(&token, "extension-user"))
}

fn granted(token: &Token, scope: &'static str) -> Answer {
    let expires_in = LIFETIME.num_seconds();
    Answer::ok(&Granted { access_token: token.reveal(), token_type: "Bearer", expires_in, scope })
}

/// Authenticates a user identity by name and password.
async fn person(
    app: &App,
    name: &str,
    password: &str,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Option<(Caller, UserIdentityId)>> {
    match app.store.authenticate(Credentials::Password(name, &Password::given(password)), origin, now).await {
        Ok(Authenticated::Caller(caller)) => Ok(match caller.credential {
            Principal::Password(person) => Some((caller, person)),
            _ => None,
        }),
        Ok(Authenticated::Account(_)) | Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_of(client: &Caller, caller: &Caller) -> bool {
    client.workspace.id() == caller.workspace.id()
}

/// Authenticates a client by its API key, from the header or else the body.
async fn client(
    app: &App,
    headers: &HeaderMap,
    form: &Form,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Option<Caller>> {
    let Some((id, secret)) = shown(headers, form) else { return Ok(None) };
    match app.store.authenticate(Credentials::ApiKey(&secret), origin, now).await {
        Ok(Authenticated::Caller(caller)) if is_key(caller.credential, &id) => Ok(Some(caller)),
        Ok(_) | Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Client id and secret of the request.
fn shown(headers: &HeaderMap, form: &Form) -> Option<(String, String)> {
    let by_body = || Some((form.value("client_id")?.to_owned(), form.value("client_secret")?.to_owned()));
    basic(headers).or_else(by_body)
}

fn is_key(credential: Principal, id: &str) -> bool {
    matches!(credential, Principal::ApiKey(key) if key.to_string() == id.to_ascii_lowercase())
}

/// Client id and secret of the Basic scheme, both form-encoded (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decoded(id), decoded(secret)))
}

/// Parameters of a token request, sent as a form or as JSON.
struct Form(HashMap<String, String>);

impl Form {
    fn of(bytes: &[u8]) -> Form {
        let members = match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => members,
            _ => return Form(form_urlencoded::parse(bytes).into_owned().collect()),
        };
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        Form(members.into_iter().filter_map(text).collect())
    }

    /// Value of a parameter; an empty one is `None`.
    fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
