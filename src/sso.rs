//! Single sign-on of operators by OpenID Connect (OpenID Connect Core 1.0): authorization code flow with state, nonce and
//! PKCE. What a sign-in has to remember is returned to the caller, who keeps it in a sealed cookie, so nothing is stored.

mod http_client;
mod roles;

pub use roles::{RoleRule, role_of};

use crate::random::Random;
use chrono::{DateTime, Utc};
use http_client::{HttpClient, SetupError};
use openidconnect::core::*;
use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long the provider's addresses and keys are kept.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// The provider, and what its users may do here.
#[derive(Clone)]
pub struct SsoSettings {
    /// The provider's issuer identifier, below which its metadata is.
    pub issuer: String,
    pub client_id: String,
    /// None for a public client.
    pub client_secret: Option<String>,
    /// What is asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// The claim of the ID token that lists the groups of a user.
    pub groups_claim: String,
    /// Roles in all workspaces, by group and by domain.
    pub roles: Vec<RoleRule>,
}

/// Omits the secret.
impl fmt::Debug for SsoSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SsoSettings { issuer, client_id, .. } = self;
        f.debug_struct("SsoSettings").field("issuer", issuer).field("client_id", client_id).finish_non_exhaustive()
    }
}

/// The client of a provider.
#[derive(Debug)]
pub struct Sso {
    settings: SsoSettings,
    issuer: IssuerUrl,
    http: HttpClient,
    metadata: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

/// What a sign-in has to remember until the provider answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsoAttempt {
    /// Returned by the provider as it is.
    pub state: String,
    /// Repeated in the ID token.
    nonce: String,
    /// The secret of PKCE.
    verifier: String,
    /// The page to show afterwards.
    pub next: String,
    /// Unix seconds.
    pub expires_at: i64,
}

/// A user of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoUser {
    /// Issuer and subject, which identify the user for good.
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider says that the address is the user's.
    pub is_email_verified: bool,
    pub groups: Vec<String>,
}

/// Reason of a failed sign-in. The text is for the operator's log; it may contain parts of the provider's answer.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    #[error("the provider's metadata or keys could not be read: {0}")]
    Discovery(String),
    #[error("the provider did not exchange the code: {0}")]
    Exchange(String),
    #[error("the provider did not tell who the user is: {0}")]
    UserInfo(String),
    #[error("the provider's answer has no ID token")]
    NoToken,
    #[error("the ID token is not valid: {0}")]
    Token(String),
}

/// Error of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SsoSettingsError {
    #[error("--oidc-issuer is not a URL: {0}")]
    Issuer(#[from] openidconnect::url::ParseError),
    #[error(transparent)]
    Client(#[from] SetupError),
}

/// The claims of an ID token that OpenID Connect does not name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Provider = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Sso {
    pub fn new(settings: SsoSettings) -> Result<Sso, SsoSettingsError> {
        let issuer = IssuerUrl::new(settings.issuer.clone())?;
        Ok(Sso { settings, issuer, http: HttpClient::new()?, metadata: Mutex::default() })
    }

    pub fn settings(&self) -> &SsoSettings {
        &self.settings
    }

    /// Begins a sign-in: the address at the provider, and what to remember.
    pub async fn begin(
        &self,
        callback: String,
        next: String,
        expires_at: DateTime<Utc>,
        random: &Random,
    ) -> Result<(String, SsoAttempt), SsoError> {
        let provider = self.provider(callback).await?;
        let attempt = SsoAttempt {
            state: random.base58(32),
            nonce: random.base58(32),
            verifier: random.base58(64),
            next,
            expires_at: expires_at.timestamp(),
        };
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let (address, _, _) = provider
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok((address.into(), attempt))
    }

    /// Finishes a sign-in: exchanges the code, and verifies the ID token for the attempt's nonce.
    pub async fn finish(
        &self,
        attempt: &SsoAttempt,
        code: String,
        callback: String,
        now: DateTime<Utc>,
    ) -> Result<SsoUser, SsoError> {
        let provider = self.provider(callback).await?;
        let exchange = provider.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.map_err(|fault| SsoError::Exchange(fault.to_string()))?;
        let request = exchange.set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        let tokens = request.request_async(&self.http).await.map_err(|fault| SsoError::Exchange(chain(&fault)))?;
        let token = tokens.id_token().ok_or(SsoError::NoToken)?;
        let verifier = provider.id_token_verifier().set_time_fn(|| now);
        let nonce = Nonce::new(attempt.nonce.clone());
        let claims = token.claims(&verifier, &nonce).map_err(|fault| SsoError::Token(chain(&fault)))?;
        let other = &claims.additional_claims().all;
        let mut user = SsoUser {
            subject: format!("{} {}", self.settings.issuer, claims.subject().as_str()),
            email: claims.email().map(|email| email.to_string()),
            is_email_verified: claims.email_verified().unwrap_or_default(),
            groups: texts(other.get(&self.settings.groups_claim)),
        };
        // Some providers put these in the token, others say them only when asked.
        let is_whole = user.email.is_some() && other.contains_key(&self.settings.groups_claim);
        if let Some(request) = (!is_whole)
            .then(|| provider.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).ok())
            .flatten()
        {
            let told: UserInfoClaims<OtherClaims, CoreGenderClaim> =
                request.request_async(&self.http).await.map_err(|fault| SsoError::UserInfo(chain(&fault)))?;
            if user.email.is_none() {
                user.email = told.email().map(|email| email.to_string());
                user.is_email_verified = told.email_verified().unwrap_or_default();
            }
            user.groups.extend(texts(told.additional_claims().all.get(&self.settings.groups_claim)));
        }
        Ok(user)
    }

    async fn provider(&self, callback: String) -> Result<Provider, SsoError> {
        let callback = RedirectUrl::new(callback).map_err(|fault| SsoError::Discovery(fault.to_string()))?;
        let SsoSettings { client_id, client_secret, .. } = &self.settings;
        let (id, secret) = (ClientId::new(client_id.clone()), client_secret.clone().map(ClientSecret::new));
        Ok(Provider::from_provider_metadata(self.metadata().await?, id, secret).set_redirect_uri(callback))
    }

    /// The provider's addresses and keys. One request reads them, and the others wait for it.
    async fn metadata(&self) -> Result<CoreProviderMetadata, SsoError> {
        let mut kept = self.metadata.lock().await;
        if let Some((_, metadata)) = kept.as_ref().filter(|(read_at, _)| read_at.elapsed() < KEPT) {
            return Ok(metadata.clone());
        }
        let read = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let metadata = read.map_err(|fault| SsoError::Discovery(chain(&fault)))?;
        *kept = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

/// The texts of a claim: a list, or one.
fn texts(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::Array(list)) => list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
