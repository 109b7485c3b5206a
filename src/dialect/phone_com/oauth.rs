//! `/oauth/access-token` (RFC 6749). Client credentials, the id and the secret of an API key, grant a pass that stands
//! for that key for an hour; the name and password of a user identity grant a client session. Clients read the scope of
//! their token before anything else, and delete the token when they sign out.

mod details;

use super::answer::Answer;
use super::error::ErrorBody;
use super::openapi::example;
use super::route::{Auth, Call, Operation, Public, Raw};
use crate::api::openapi::{ErrorExample, json_body, optional_parameter, reference};
use crate::api::route::Rules;
use crate::domain;
use crate::domain::password::SignIn;
use crate::error::{Error, Result};
use crate::store::{Authenticated, Caller, Credentials, Principal};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use base64::prelude::*;
use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::iter;
use std::sync::Arc;
use url::form_urlencoded;
use utoipa::ToSchema;
use uuid::Uuid;

use details::ScopeDetails;
pub use details::TokenDetails;

/// Every route.
pub fn routes() -> Vec<Operation> {
    let request = json_body(reference("PhoneComTokenRequest"), true, json!({ "grant_type": "client_credentials" }));
    let mut create = Operation::new("/v4/oauth/access-token", &["POST"], create_token)
        .about("phone_com_get_token", "Create a token")
        .describe(
            "Returns a bearer token for the id and secret of an API key (client credentials), or for \
             the name and password of a user identity. The body is a form or JSON; clients may \
             authenticate with HTTP Basic instead.",
        )
        .auth(Auth::Client)
        .example(request)
        .returns("PhoneComToken", json!(Token::new("handset_1A2b3C4d_5E6f7G8h9J1k2L3m4N5p6Q7r", Scope::AccountOwner)));
    let mode = "`details` adds the accounts that the token reaches, and when it expires";
    let mode = optional_parameter("mode", "query", mode, json!({ "type": "string", "example": DETAILS }));
    create.rules = Arc::new(Rules { is_public: true, parameters: vec![mode], ..Rules::default() });
    iter::once(create).chain(details::routes()).collect()
}

/// The mode of a request for a token that asks for its details, too.
const DETAILS: &str = "details";

/// Lifetime of a token.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComToken)]
pub struct Token {
    /// The bearer token.
    access_token: String,
    token_type: TokenType,
    /// The lifetime in seconds.
    expires_in: i64,
    scope: Scope,
    /// In the mode `details`, when the token expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<i64>,
    /// In the mode `details`, the accounts that the token reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope_details: Option<Vec<ScopeDetails>>,
}

/// The type of a token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComTokenType)]
enum TokenType {
    Bearer,
}

/// The scope of a token: the account of an API key, or the extension of a user identity.
#[derive(Debug, Clone, Copy, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
#[schema(as = PhoneComScope)]
enum Scope {
    AccountOwner,
    ExtensionUser,
}

impl Token {
    fn new(token: &str, scope: Scope) -> Token {
        let expires_in = LIFETIME.num_seconds();
        Token {
            access_token: token.to_owned(),
            token_type: TokenType::Bearer,
            expires_in,
            scope,
            expires_at: None,
            scope_details: None,
        }
    }
}

fn bad_request(code: &'static str, description: &'static str) -> ErrorBody {
    ErrorBody::oauth(StatusCode::BAD_REQUEST, code, description)
}

fn unsupported_grant_type() -> ErrorBody {
    bad_request("unsupported_grant_type", "grant_type must be client_credentials or password")
}

fn invalid_client() -> ErrorBody {
    let description = "client_id is the id of an API key, and client_secret the key itself";
    ErrorBody::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// Its errors, for the document.
pub fn examples() -> [ErrorExample; 2] {
    [example(Some("InvalidTokenRequest"), unsupported_grant_type()), example(Some("InvalidClient"), invalid_client())]
}

async fn create_token(call: Call<Public>, Raw(body): Raw) -> Result<Answer> {
    let query = call.head.parts.uri.query().unwrap_or_default();
    let is_detailed = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "mode" && value == DETAILS);
    let answer = match grant(&call, &Form::of(&body)).await? {
        Ok(token) if is_detailed => Answer::ok(&token.with_details(&call).await?),
        Ok(token) => Answer::ok(&token),
        Err(error) => {
            let code = error.code();
            let answer = error.at(call.now);
            match code {
                Some("invalid_client") => answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic")),
                _ => answer,
            }
        }
    };
    Ok(answer.with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

async fn grant(call: &Call<Public>, form: &Form) -> Result<Result<Token, ErrorBody>> {
    match form.value("grant_type") {
        None => {
            let description = "grant_type is required: client_credentials or password";
            Ok(Err(bad_request("invalid_request", description)))
        }
        Some("client_credentials") => match client(call, form).await? {
            Some(client) => {
                call.head.note(client.credential, Some(client.workspace.id()));
                let pass = domain::token::Token::pass(&call.app.random);
                client.issue_pass(&pass, call.now, call.now + LIFETIME).await?;
                Ok(Ok(Token::new(pass.reveal(), Scope::AccountOwner)))
            }
            None => Ok(Err(invalid_client())),
        },
        Some("password") => sign_in(call, form).await,
        Some(_) => Ok(Err(unsupported_grant_type())),
    }
}

/// Creates a client session for the name and password of a user identity.
async fn sign_in(call: &Call<Public>, form: &Form) -> Result<Result<Token, ErrorBody>> {
    let (Some(name), Some(password)) = (form.value("username"), form.value("password")) else {
        return Ok(Err(bad_request("invalid_request", "username and password are required")));
    };
    // Client credentials, if present, must be valid. A client, also one that sends its id only, signs in to its workspace.
    let client = client(call, form).await?;
    if client.is_none() && client_credentials(call.head.headers(), form).is_some() {
        return Ok(Err(invalid_client()));
    }
    let client_id = match client {
        Some(client) => Some(client.workspace.id().0),
        None => form.value("client_id").and_then(|id| Uuid::parse_str(id).ok()),
    };
    let (app, origin) = (&call.app, call.head.origin());
    let sign_in = SignIn { name, password, client_id, lifetime: LIFETIME };
    let signed_in = app.store.sign_in(sign_in, origin, &app.random, call.now);
    Ok(match app.authenticate_by_password(origin, name, signed_in).await? {
        Some(signed_in) => {
            call.head.note(Principal::Password(signed_in.user_identity_id), Some(signed_in.workspace_id));
            Ok(Token::new(signed_in.token.reveal(), Scope::ExtensionUser))
        }
        None => Err(bad_request("invalid_grant", "The user name or the password is wrong")),
    })
}

/// Authenticates a client by its API key.
async fn client(call: &Call<Public>, form: &Form) -> Result<Option<Caller>> {
    let Some((id, secret)) = client_credentials(call.head.headers(), form) else { return Ok(None) };
    let (app, origin) = (&call.app, call.head.origin());
    let known = app.store.authenticate(Credentials::ApiKey(&secret), origin, call.now);
    match app.authenticate(origin, known).await {
        Ok(Authenticated::Caller(caller)) if is_key(caller.credential, &id) => Ok(Some(caller)),
        Ok(_) | Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Client id and secret of the request: of the header, or else of the body.
fn client_credentials(headers: &HeaderMap, form: &Form) -> Option<(String, String)> {
    let of_body = || Some((form.value("client_id")?.to_owned(), form.value("client_secret")?.to_owned()));
    basic(headers).or_else(of_body)
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
