//! Console sessions are JWTs (RFC 7519, HS256). The header names the key, the claims name the session; one statement
//! looks up both, and a retired key or an ended session is rejected at once.

use crate::domain::id::{ConsoleKeyId, ConsoleSessionId};
use crate::domain::token::Token;
use crate::error::Error;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// Console session id.
    sub: Uuid,
    /// Unix seconds.
    iat: i64,
    /// Unix seconds. Informs the client; the server checks the session's row.
    exp: i64,
}

/// Ids from a JWT that is not verified yet.
pub(in crate::store) struct Claimed {
    pub key: ConsoleKeyId,
    pub session: ConsoleSessionId,
}

impl Claimed {
    /// None if the text is not such a JWT.
    pub fn of(jwt: &str) -> Option<Claimed> {
        let header = jsonwebtoken::decode_header(jwt).ok()?;
        let key = Uuid::parse_str(&header.kid?).ok()?;
        let claims = jsonwebtoken::dangerous::insecure_decode::<Claims>(jwt).ok()?.claims;
        Some(Claimed { key: ConsoleKeyId(key), session: ConsoleSessionId(claims.sub) })
    }
}

/// True if `secret` made the signature. Expiry is checked by the session's row and the caller's clock.
pub(in crate::store) fn is_genuine(jwt: &str, secret: &Token) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret.reveal().as_bytes());
    jsonwebtoken::decode::<Claims>(jwt, &key, &validation).is_ok()
}

/// Signs a session's JWT.
pub(in crate::store) fn sign(
    session: ConsoleSessionId,
    key: ConsoleKeyId,
    secret: &Token,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Token, Error> {
    let header = Header { kid: Some(key.to_string()), ..Header::new(Algorithm::HS256) };
    let claims = Claims { sub: session.0, iat: now.timestamp(), exp: expires_at.timestamp() };
    let key = EncodingKey::from_secret(secret.reveal().as_bytes());
    jsonwebtoken::encode(&header, &claims, &key).map(Token::from).map_err(|fault| Error::Internal(Box::new(fault)))
}
