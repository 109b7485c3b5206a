//! `GET /oauth/access-token` and its alias `…/details`: what the caller's token may do; `DELETE` ends it.

use super::super::access::{ByToken, scope};
use super::super::answer::Answer;
use super::super::route::{Call, Nothing, Operation, Public};
use super::super::wire::Deleted;
use super::{Scope, Token};
use crate::domain::extension::NamedField;
use crate::domain::listing::{Listing, Order};
use crate::domain::scope::Scope as Reach;
use crate::domain::token::scheme_of;
use crate::error::{Error, Rejection, Result, Scheme};
use crate::http::auth;
use crate::store::{Authenticated, Credentials};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// Maximum number of accounts of one token in its details.
const MAX_ACCOUNTS: i64 = 500;

/// Every route.
pub fn routes() -> [Operation; 3] {
    let example = json!(TokenDetails {
        scope: Scope::ExtensionUser.into_str(),
        expires_at: Some(1_767_268_800),
        scope_details: vec![ScopeDetails { scope: Scope::ExtensionUser, voip_id: 1, extension_id: Some(1) }],
    });
    let details = |path: &str, id| {
        Operation::new(path, &["GET"], details)
            .about(id, "Get the token")
            .describe(
                "Returns the scope of the caller's token, with its accounts and its extension, and when it expires.",
            )
            .returns("PhoneComTokenDetails", example.clone())
    };
    [
        details("/v4/oauth/access-token", "phone_com_get_token_scope"),
        details("/v4/oauth/access-token/details", "phone_com_get_token_details"),
        Operation::new("/v4/oauth/access-token", &["DELETE"], delete)
            .about("phone_com_delete_token", "Delete the token")
            .describe(
                "Ends the caller's token, one of this endpoint or a client session. API keys, access tokens and console \
                 sessions are ended by the operator.",
            )
            .returns("PhoneComDeleted", json!(Deleted::DONE)),
    ]
}

/// What a token may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComTokenDetails)]
pub struct TokenDetails {
    /// `account-owner` or `extension-user`; empty if the token has no user identity.
    scope: &'static str,
    /// When the token expires, in seconds since 1970; null if it is valid until it is revoked.
    #[schema(required)]
    expires_at: Option<i64>,
    /// The accounts that the token reaches.
    scope_details: Vec<ScopeDetails>,
}

impl TokenDetails {
    /// The details of an authenticated `token`.
    async fn of(authenticated: &Authenticated, token: &str) -> Result<TokenDetails> {
        let scope_details = scope_details(authenticated).await?;
        let scope = scope_details.first().map_or("", |details| details.scope.into_str());
        let expires_at = authenticated.expires_at(token).await?.map(|time| time.timestamp());
        Ok(TokenDetails { scope, expires_at, scope_details })
    }
}

impl Token {
    /// Adds its details to a token that was created for a request.
    pub(super) async fn with_details(self, call: &Call<Public>) -> Result<Token> {
        let token = self.access_token.as_str();
        let credentials = match scheme_of(token) {
            Scheme::Pass => Credentials::Pass(token),
            _ => Credentials::of_workspace(token),
        };
        let authenticated = call.app.store.authenticate(credentials, call.head.origin(), call.now).await?;
        let TokenDetails { expires_at, scope_details, .. } = TokenDetails::of(&authenticated, token).await?;
        Ok(Token { expires_at, scope_details: Some(scope_details), ..self })
    }
}

/// What a token may do in one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComScopeDetails)]
pub(super) struct ScopeDetails {
    scope: Scope,
    /// The number of the account.
    voip_id: i64,
    /// The number of the extension, if the token reaches no other.
    #[schema(required)]
    extension_id: Option<i64>,
}

/// The bearer token of an authenticated request.
fn token(call: &Call<ByToken>) -> Result<&str> {
    auth::bearer(call.head.headers()).ok_or(Error::Unauthenticated(Rejection::MISSING))
}

async fn details(call: Call<ByToken>, _: Nothing) -> Result<Answer> {
    let answer = Answer::ok(&TokenDetails::of(&call.grant.0, token(&call)?).await?);
    Ok(answer.with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

async fn scope_details(authenticated: &Authenticated) -> Result<Vec<ScopeDetails>> {
    let order = vec![Order { field: NamedField::Id, is_ascending: true }];
    let listing = Listing { conditions: Vec::new(), order, limit: MAX_ACCOUNTS, offset: 0 };
    match authenticated {
        Authenticated::Caller(caller) if scope(caller) != Reach::Workspace => {
            let extensions = caller.workspace.extensions(scope(caller), &listing).await?;
            let details = |extension_id| ScopeDetails {
                scope: Scope::ExtensionUser,
                voip_id: caller.workspace.account_id().0,
                extension_id: Some(extension_id),
            };
            Ok(extensions.items.iter().map(|extension| details(extension.extension_id.0)).collect())
        }
        _ => {
            let accounts = authenticated.accounts(&listing).await?;
            let details = |voip_id| ScopeDetails { scope: Scope::AccountOwner, voip_id, extension_id: None };
            Ok(accounts.items.iter().map(|account| details(account.account_id.0)).collect())
        }
    }
}

async fn delete(call: Call<ByToken>, _: Nothing) -> Result<Answer> {
    call.grant.0.end(token(&call)?, call.now).await?;
    Ok(Answer::ok(&Deleted::DONE))
}
