//! `/instant_keys`: links by which phones of a user identity get client sessions.

use super::access::ByKey;
use super::answer::{Many, One, Void};
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::{InstantKeyId, UserIdentityId};
use crate::domain::instant_key::*;
use crate::domain::token::Token;
use crate::error::{Error, Issue, Problem, Reason, ResourceKind, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    let keys = ResourceKind::InstantKey;
    vec![
        route("/user_identities/generate_instant_key", &[POST], generate)
            .key("instant_key")
            .summary("Generate an instant key: a link by which phones of a user identity get client sessions")
            .fails([
                Error::NotFound(ResourceKind::UserIdentity, EXAMPLE_ID.to_owned()),
                Error::Conflict(Reason::UserIdentitySuspended),
                Error::Conflict(Reason::TooManyInstantKeys(MAX_OF_USER_IDENTITY)),
            ]),
        route("/instant_keys/get", &[GET, POST], get)
            .key("instant_key")
            .summary("Get an instant key by id or URL")
            .not_found(keys),
        route("/instant_keys/list", &[GET, POST], list).key("instant_keys").summary("List instant keys"),
        route("/instant_keys/delete", &[DELETE, POST], delete)
            .summary("Delete an instant key with the client sessions that it has handed out")
            .not_found(keys),
    ]
}

input! {
    /// An instant key to generate.
    pub struct Generate {
        /// The user identity whose phones can use it.
        user_identity_id: UserIdentityId = id(),
        /// How often it can be used.
        max_use_count: u32 = integer().at_least(1).at_most(MAX_USES).or(1),
        /// The customization profile. There are none, so an instant key with one is not found.
        customization_profile_id: Option<Uuid> = uuid().optional(),
        /// When it expires, with the client sessions that it hands out: within 365 days; 30 days from now by default.
        expires_at: Option<DateTime<Utc>> = date_time().optional(),
    }
}

async fn generate(call: Call<ByKey>, input: Generate) -> Result<One<wire::InstantKey>> {
    let expires_at = input.expires_at.unwrap_or(call.now + LIFETIME);
    if expires_at <= call.now || expires_at > call.now + MAX_LIFETIME {
        let problem = Problem::Rule("It must be in the future, and within 365 days".into());
        return Err(Error::Invalid(vec![Issue::field("expires_at", problem)]));
    }
    if let Some(id) = input.customization_profile_id {
        return Err(Error::NotFound(ResourceKind::CustomizationProfile, id.to_string()));
    }
    let (workspace, random) = (&call.grant.workspace, &call.app.random);
    let new = NewInstantKey {
        instant_key_id: random.id(call.now),
        code: Token::short_code(workspace.id(), random),
        client_session_id: random.id(call.now),
        token: Token::client_session(workspace.id(), random),
        user_identity_id: input.user_identity_id,
        max_use_count: input.max_use_count.into(),
        expires_at,
    };
    let create = |id| workspace.create_instant_key(NewInstantKey { user_identity_id: id, ..new.clone() }, call.now);
    let key = workspace.for_user_identity(input.user_identity_id, create).await?;
    Ok(One(wire::InstantKey::new(key, &base_url(&call.app, &call.head))))
}

input! {
    /// Selector of an instant key.
    pub struct Get {
        /// The instant key. Either this or the URL is required.
        instant_key_id: Option<InstantKeyId> = id().optional(),
        /// The URL of the instant key.
        instant_key_url: Option<String> = web_url().optional(),
    }
}

async fn get(call: Call<ByKey>, input: Get) -> Result<One<wire::InstantKey>> {
    let workspace = &call.grant.workspace;
    let key = match (input.instant_key_id, &input.instant_key_url) {
        (Some(id), None) => workspace.instant_key(id).await?,
        (None, Some(url)) => workspace.instant_key_by_code(short_code(url)).await?,
        _ => return Err(invalid("Must specify either instant_key_id or instant_key_url")),
    };
    Ok(One(wire::InstantKey::new(key, &base_url(&call.app, &call.head))))
}

/// The short code in a text that is a link, or the code itself.
pub fn short_code(text: &str) -> &str {
    let path = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    path.rsplit('/').next().unwrap_or_default()
}

input! {
    /// Filter of instant keys.
    pub struct List {
        /// Only those of this user identity.
        user_identity_id: Option<UserIdentityId> = id().optional(),
    }
}

async fn list(call: Call<ByKey>, input: List) -> Result<Many<wire::InstantKey>> {
    let keys = call.grant.workspace.instant_keys(input.user_identity_id).await?;
    let base_url = base_url(&call.app, &call.head);
    Ok(Many(keys.into_iter().map(|key| wire::InstantKey::new(key, &base_url)).collect()))
}

input! {
    /// Id of an instant key.
    pub struct Which {
        /// The instant key.
        instant_key_id: InstantKeyId = id(),
    }
}

async fn delete(call: Call<ByKey>, Which { instant_key_id }: Which) -> Result<Void> {
    call.grant.workspace.delete_instant_key(instant_key_id, call.now).await?;
    Ok(Void)
}
