//! Token endpoint for a name and a password (UCWA reference, "Authentication"; RFC 6749, section 4.3). The token is that
//! of a client session, with the prefix of real servers.

use super::access::MARK;
use super::address::TOKEN;
use super::openapi::RESPONSES;
use super::route::{Access, Call, Operation, Public, Raw};
use crate::api::openapi::{reference, request_body};
use crate::domain::password::SignIn;
use crate::error::{Error, Result};
use crate::store::Principal;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Lifetime of a token.
const LIFETIME: TimeDelta = TimeDelta::hours(8);

/// Every route.
pub fn routes() -> Vec<Operation> {
    let request = json!({ "grant_type": "password", "username": "jane@example.com", "password": "correct horse" });
    let form = json!({ "schema": reference("UcwaTokenRequest"), "example": request });
    let request = request_body(true, json!({ "application/x-www-form-urlencoded": form }));
    let example = json!(Token::new("seam_cst1example1_2b4d5e6f"));
    let token = Operation::new(TOKEN, &["POST"], create_token)
        .access(Access::OAuth)
        .about("ucwa_create_token", "Sign in")
        .describe(
            "Returns a token for the name and password of a user identity. It is a client session that is valid for \
             eight hours.",
        )
        .example(request)
        .succeeds("200", RESPONSES.json("Token", "OK", "UcwaToken", Some(example)));
    vec![token]
}

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UcwaToken)]
pub struct Token {
    /// The token, which starts with `cwt=`.
    access_token: String,
    /// The lifetime in seconds.
    expires_in: i64,
    ms_rtc_identityscope: IdentityScope,
    token_type: TokenType,
}

/// The scope of a token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UcwaIdentityScope)]
enum IdentityScope {
    Local,
}

/// The type of a token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UcwaTokenType)]
enum TokenType {
    Bearer,
}

impl Token {
    fn new(client_session: &str) -> Token {
        Token {
            access_token: format!("{MARK}{client_session}"),
            expires_in: LIFETIME.num_seconds(),
            ms_rtc_identityscope: IdentityScope::Local,
            token_type: TokenType::Bearer,
        }
    }
}

/// An error of OAuth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UcwaTokenError)]
pub struct TokenError {
    error: TokenErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_description: Option<&'static str>,
}

/// The code of an error of OAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UcwaTokenErrorCode)]
enum TokenErrorCode {
    InvalidRequest,
    InvalidGrant,
    UnsupportedGrantType,
    ServerError,
    TemporarilyUnavailable,
}

async fn create_token(call: Call<Public>, Raw(body): Raw) -> Result<Response> {
    Ok(grant(&call, &body).await?.unwrap_or_else(|error| bad_request(&error)))
}

async fn grant(call: &Call<Public>, body: &[u8]) -> Result<Result<Response, TokenError>> {
    // Clients send various content types; the body is a form regardless.
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let refused = |error, description| Ok(Err(TokenError { error, error_description: Some(description) }));
    match field("grant_type") {
        Some("password") => {}
        Some(_) => return refused(TokenErrorCode::UnsupportedGrantType, "Only the grant type password is offered"),
        None => return refused(TokenErrorCode::InvalidRequest, "grant_type is missing"),
    }
    let (Some(name), Some(password)) = (field("username"), field("password")) else {
        return refused(TokenErrorCode::InvalidRequest, "username and password are required");
    };
    let name = name.trim();
    let name = match name.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip:") => rest,
        _ => name,
    };
    // Some clients send the vendor's client id, which selects nothing here.
    let client_id = field("client_id").and_then(|id| Uuid::parse_str(id).ok());
    let (app, origin) = (&call.app, call.head.origin());
    let sign_in = SignIn { name, password, client_id, lifetime: LIFETIME };
    let signed_in = app.store.sign_in(sign_in, origin, &app.random, call.now);
    let Some(signed_in) = app.authenticate_by_password(origin, name, signed_in).await? else {
        return refused(TokenErrorCode::InvalidGrant, "The user name or the password is wrong");
    };
    call.head.note(Principal::Password(signed_in.user_identity_id), Some(signed_in.workspace_id));
    Ok(Ok(written(StatusCode::OK, &Token::new(signed_in.token.reveal()))))
}

/// Domain error in OAuth's format.
pub fn render(error: &Error) -> Response {
    let (status, error) = match error {
        Error::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, TokenErrorCode::InvalidRequest),
        Error::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, TokenErrorCode::TemporarilyUnavailable),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, TokenErrorCode::InvalidRequest),
        Error::Unavailable(_) | Error::StatementTimeout => {
            (StatusCode::SERVICE_UNAVAILABLE, TokenErrorCode::TemporarilyUnavailable)
        }
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, TokenErrorCode::ServerError),
        _ => (StatusCode::BAD_REQUEST, TokenErrorCode::InvalidRequest),
    };
    written(status, &TokenError { error, error_description: None })
}

/// 400, with the diagnostics header that some clients log.
fn bad_request(error: &TokenError) -> Response {
    let mut response = written(StatusCode::BAD_REQUEST, error);
    let diagnostics = match error.error {
        TokenErrorCode::UnsupportedGrantType => {
            r#"28029;source="handset";reason="The authentication type is not allowed.""#
        }
        _ => r#"28020;source="handset";reason="No valid security token.""#,
    };
    response.headers_mut().insert("x-ms-diagnostics", HeaderValue::from_static(diagnostics));
    response
}

/// JSON regardless of `Accept`, with `no-store`.
fn written(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("response values have string keys only");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
