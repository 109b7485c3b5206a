//! Token endpoint for a name and a password (UCWA reference, "Authentication"; RFC 6749, section 4.3). The token is that
//! of a client session, with the prefix of real servers.

use super::access::MARK;
use super::address::TOKEN;
use super::openapi::RESPONSES;
use super::route::{Access, Call, Operation, Public, Raw};
use crate::api::openapi::reference;
use crate::error::{AuthFailure, Error, Result};
use crate::http::{Tenant, limits};
use crate::model::client_session::{NewClientSession, OnConflict};
use crate::model::password::Password;
use crate::model::token::Token;
use crate::store::{Authenticated, Credentials, Principal};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Lifetime of a token.
const LIFE: TimeDelta = TimeDelta::hours(8);

/// Every route.
pub fn routes() -> Vec<Operation> {
    let request = json!({ "grant_type": "password", "username": "jane@example.com", "password": "correct horse" });
    let form = json!({ "schema": reference("UcwaTokenRequest"), "example": request });
    let granted: Value = json!({ "access_token": "cwt=seam_cst1example1_2b4d5e6f", "expires_in": 28800,
        "ms_rtc_identityscope": "local", "token_type": "Bearer" });
    let request = json!({ "required": true, "content": { "application/x-www-form-urlencoded": form } });
    let token = Operation::new(TOKEN, &["POST"], serve)
        .access(Access::OAuth)
        .about("ucwa_create_token", "Sign in")
        .describe(
            "Returns a token for the name and password of a user identity. It is a client session that is valid for \
             eight hours.",
        )
        .example(request)
        .succeeds("200", RESPONSES.json("Token", "OK", "UcwaToken", granted));
    vec![token]
}

async fn serve(call: Call<Public>, Raw(body): Raw) -> Result<Response> {
    match grant(&call, &body).await {
        Ok(response) => Ok(response),
        Err(Fault::OAuth(fault, description)) => Ok(refused(fault, description)),
        Err(Fault::Error(error)) => Err(error),
    }
}

/// Failure to grant a token: an OAuth error with its description, or a domain error.
enum Fault {
    OAuth(&'static str, &'static str),
    Error(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Error(error)
    }
}

async fn grant(call: &Call<Public>, body: &[u8]) -> Result<Response, Fault> {
    let (app, now) = (&call.app, call.now);
    // Clients send various content types; the body is a form regardless.
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    match field("grant_type") {
        Some("password") => {}
        Some(_) => return Err(Fault::OAuth("unsupported_grant_type", "Only the grant type password is offered")),
        None => return Err(Fault::OAuth("invalid_request", "grant_type is missing")),
    }
    let (Some(name), Some(password)) = (field("username"), field("password")) else {
        return Err(Fault::OAuth("invalid_request", "username and password are required"));
    };
    let name = name.trim();
    let name = match name.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip:") => rest,
        _ => name,
    };
    // Postgres cannot store U+0000, so no name contains it.
    if name.contains('\0') {
        return Err(bad_credentials());
    }
    let (origin, password) = (call.head.origin(), Password::given(password));
    let known = app.store.authenticate(Credentials::Password(name, &password), origin, now).await;
    let caller = match known {
        Ok(Authenticated::Caller(caller)) => caller,
        Ok(Authenticated::Account(_)) => return Err(bad_credentials()),
        Err(Error::Unauthenticated(rejection)) if rejection.failure == AuthFailure::Unknown => {
            return Err(bad_credentials());
        }
        Err(error) => return Err(error.into()),
    };
    let Principal::Password(person) = caller.credential else { return Err(bad_credentials()) };
    let token = Token::client_session(&app.random);
    let session = NewClientSession {
        client_session_id: app.random.id(now),
        token: token.clone(),
        user_identifier_key: None,
        user_identity_id: Some(person),
        connected_account_ids: Vec::new(),
        connect_webview_ids: Vec::new(),
        customer_key: None,
        expires_at: now + LIFE,
    };
    caller.workspace.create_client_session(session, OnConflict::Refuse, now).await?;
    let mut response = written(
        StatusCode::OK,
        &json!({
            "access_token": format!("{MARK}{}", token.reveal()),
            "expires_in": LIFE.num_seconds(),
            "ms_rtc_identityscope": "local",
            "token_type": "Bearer",
        }),
    );
    response.extensions_mut().insert(Tenant(caller.workspace.id()));
    Ok(response)
}

fn bad_credentials() -> Fault {
    Fault::OAuth("invalid_grant", "The user name or the password is wrong")
}

/// Domain error in OAuth's format.
pub fn refusal(error: &Error) -> Response {
    let (status, fault) = match error {
        Error::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
        Error::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        _ => (StatusCode::BAD_REQUEST, "invalid_request"),
    };
    written(status, &json!({ "error": fault }))
}

/// 400, with the diagnostics header that some clients log.
fn refused(fault: &'static str, description: &'static str) -> Response {
    let mut response = written(StatusCode::BAD_REQUEST, &json!({ "error": fault, "error_description": description }));
    let (number, reason) = match fault {
        "unsupported_grant_type" => (28029, "The authentication type is not allowed."),
        _ => (28020, "No valid security token."),
    };
    let diagnostics = format!("{number};source=\"handset\";reason=\"{reason}\"");
    let diagnostics = HeaderValue::from_str(&diagnostics).expect("the diagnostics are ASCII");
    response.headers_mut().insert("x-ms-diagnostics", diagnostics);
    if fault == "invalid_grant" {
        response.extensions_mut().insert(limits::AuthFailed);
    }
    response
}

/// JSON regardless of `Accept`, with `no-store`.
fn written(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
