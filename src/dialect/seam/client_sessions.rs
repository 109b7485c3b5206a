//! `/client_sessions`: tokens of a user, for apps and browsers.

use super::access::{ByKey, ByKeyOrPublishable, ByKeyOrSession};
use super::answer::{Many, Members, One, Void};
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::client_session::*;
use crate::domain::id::{ClientSessionId, UserIdentityId};
use crate::domain::text::is_visible;
use crate::domain::token::Token;
use crate::error::*;
use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Maximum length of the texts of a session: an index takes as many characters of any kind.
const MAX_LENGTH: usize = 500;

/// Default lifetime of a session. Seam's own default is not public; its fake's is a year.
const LIFETIME: TimeDelta = TimeDelta::days(365);

pub fn routes() -> Vec<Operation> {
    let sessions = ResourceKind::ClientSession;
    vec![
        route("/client_sessions/create", &[PUT, POST], create)
            .key("client_session")
            .summary("Create a client session; with PUT, or return the one of the user identifier key")
            .not_found(ResourceKind::UserIdentity)
            .fails(
                [Reason::ClientSessionExists, Reason::UserIdentitySuspended, Reason::TooManyGrants]
                    .map(Error::Conflict),
            ),
        route("/client_sessions/get_or_create", &[POST, PUT], get_or_create)
            .key("client_session")
            .summary("Get the client session of a user identifier key, or create it")
            .not_found(ResourceKind::UserIdentity)
            .fails([Reason::UserIdentitySuspended, Reason::TooManyGrants].map(Error::Conflict)),
        route("/client_sessions/get", &[GET, POST], get)
            .key("client_session")
            .summary("Get a client session")
            .not_found(sessions),
        route("/client_sessions/list", &[GET, POST], list).key("client_sessions").summary("List client sessions"),
        route("/client_sessions/grant_access", &[PATCH, POST], grant_access)
            .summary("Extend what a client session can access")
            .not_found(sessions)
            .not_found(ResourceKind::UserIdentity)
            .fails([Reason::UserIdentitySuspended, Reason::TooManyGrants].map(Error::Conflict)),
        route("/client_sessions/revoke", &[POST], revoke).summary("Revoke a client session").not_found(sessions),
        route("/client_sessions/delete", &[DELETE, POST], delete)
            .summary("Delete a client session")
            .not_found(sessions),
    ]
}

input! {
    /// A session to create.
    pub struct Create {
        /// The key of the user in your system. One active session can have it.
        user_identifier_key: Option<String> = text().min(1).max(MAX_LENGTH).nullish(),
        /// The user identity of the session.
        user_identity_id: Option<UserIdentityId> = id().nullish(),
        /// Deprecated: a list with the user identity.
        user_identity_ids: Option<UserIdentityId> = array(id()).exactly(1).try_map(|ids| Ok(ids[0])).nullish(),
        /// The connected accounts that the session can access.
        connected_account_ids: Vec<Uuid> = array(uuid()).or_if_nullish(Vec::<String>::new()),
        /// The connect webviews that the session can access.
        connect_webview_ids: Vec<Uuid> = array(uuid()).or_if_nullish(Vec::<String>::new()),
        /// When it expires; a year from now by default.
        expires_at: Option<DateTime<Utc>> = date_time().nullish(),
        /// The customer of the session.
        customer_key: Option<String> = text().min(1).max(MAX_LENGTH).nullish(),
        /// Deprecated: an alias of `customer_key`.
        customer_id: Option<String> = text().max(MAX_LENGTH).nullish(),
    }
}

async fn create(call: Call<ByKeyOrPublishable>, input: Create) -> Result<One<wire::ClientSession>> {
    let on_conflict = if call.head.parts.method == Method::PUT { OnConflict::Reuse } else { OnConflict::Refuse };
    open(call, input, on_conflict).await
}

async fn get_or_create(call: Call<ByKeyOrPublishable>, input: Create) -> Result<One<wire::ClientSession>> {
    open(call, input, OnConflict::Reuse).await
}

async fn open(
    call: Call<ByKeyOrPublishable>,
    input: Create,
    on_conflict: OnConflict,
) -> Result<One<wire::ClientSession>> {
    let new = NewClientSession {
        client_session_id: call.app.random.id(call.now),
        token: Token::client_session(call.grant.workspace.id(), &call.app.random),
        user_identifier_key: input.user_identifier_key.filter(|key| is_visible(key)),
        user_identity_id: input.user_identity_id.or(input.user_identity_ids),
        connected_account_ids: input.connected_account_ids,
        connect_webview_ids: input.connect_webview_ids,
        customer_key: input.customer_key.or(input.customer_id),
        expires_at: input.expires_at.unwrap_or(call.now + LIFETIME),
    };
    let ByKeyOrPublishable { workspace, publishable } = &call.grant;
    let session = match publishable {
        None => {
            let create = |user_identity_id| {
                let new = NewClientSession { user_identity_id, ..new.clone() };
                workspace.create_client_session(new, on_conflict, call.now)
            };
            workspace.for_optional_user_identity(new.user_identity_id, create).await?
        }
        Some(setting) => {
            let (key, new) = anonymous(new, call.now + LIFETIME)?;
            workspace.create_anonymous_client_session(key, new, on_conflict, *setting, call.now).await?
        }
    };
    Ok(One(session.into()))
}

/// The key of a session that a publishable key may create, and the session: it has a key and no access, and lives no
/// longer than others.
fn anonymous(new: NewClientSession, latest: DateTime<Utc>) -> Result<(String, NewClientSession)> {
    let Some(key) = new.user_identifier_key.clone() else {
        return Err(Error::Unauthenticated(Rejection::of(Scheme::PublishableKey, AuthFailure::Incomplete)));
    };
    let has_lists = !new.connected_account_ids.is_empty() || !new.connect_webview_ids.is_empty();
    if has_lists || new.user_identity_id.is_some() || new.customer_key.is_some() {
        return Err(Error::Forbidden(Denial::PublishableKeyGrantsNothing));
    }
    let expires_at = new.expires_at.min(latest);
    Ok((key, NewClientSession { expires_at, ..new }))
}

input! {
    /// Selector of a session. By default the caller's client session.
    pub struct Get {
        /// The session.
        client_session_id: Option<ClientSessionId> = id().optional(),
        /// The user identifier key of the session.
        user_identifier_key: Option<String> = text().min(1).max(MAX_LENGTH).optional(),
    }
}

async fn get(call: Call<ByKeyOrSession>, input: Get) -> Result<One<wire::ClientSession>> {
    let ByKeyOrSession { workspace, session: own, .. } = &call.grant;
    let session = match (input.client_session_id, input.user_identifier_key.as_deref(), own) {
        (Some(_), Some(_), _) => {
            let message = "Cannot specify both client_session_id and user_identifier_key";
            return Err(Error::Conflict(Reason::ExclusiveOptions(message)));
        }
        (Some(id), None, _) => workspace.client_session(id).await?,
        (None, Some(key), _) => workspace.client_session_by_key(key).await?,
        (None, None, Some(own)) => workspace.client_session(*own).await?,
        (None, None, None) => return Err(invalid("Must specify either client_session_id or user_identifier_key")),
    };
    if own.is_some_and(|own| own != session.client_session_id) {
        let asked = input.client_session_id.map(|id| id.to_string()).or(input.user_identifier_key);
        return Err(Error::NotFound(ResourceKind::ClientSession, asked.unwrap_or_default()));
    }
    Ok(One(session.into()))
}

input! {
    /// Filter of sessions.
    pub struct List {
        /// Only the client session with this id.
        client_session_id: Option<ClientSessionId> = id().optional(),
        /// Only the client session with this user identifier key.
        user_identifier_key: Option<String> = text().min(1).max(MAX_LENGTH).optional(),
        /// Only those of this user identity; null for those without one.
        user_identity_id: Option<Option<UserIdentityId>> = id().nullable().optional(),
        /// Only those with access to this connect webview; null for those without any.
        connect_webview_id: Option<Option<Uuid>> = uuid().nullable().optional(),
        /// Only those without a user identifier key.
        without_user_identifier_key: bool = boolean().or(false),
    }
}

async fn list(call: Call<ByKey>, input: List) -> Result<Many<wire::ClientSession>> {
    let filter = ClientSessionFilter {
        client_session_id: input.client_session_id,
        user_identifier_key: input.user_identifier_key,
        user_identity_id: input.user_identity_id,
        connect_webview_id: input.connect_webview_id,
        without_user_identifier_key: input.without_user_identifier_key,
    };
    let sessions = call.grant.workspace.client_sessions(&filter).await?;
    Ok(Many(sessions.into_iter().map(wire::ClientSession::from).collect()))
}

input! {
    /// Selector of a session, and access to add.
    pub struct GrantAccess {
        /// The session. Either this or the key is required.
        client_session_id: Option<ClientSessionId> = id().nullish(),
        /// The user identifier key of the session.
        user_identifier_key: Option<String> = text().min(1).max(MAX_LENGTH).nullish(),
        /// The new user identity of the session.
        user_identity_id: Option<UserIdentityId> = id().nullish(),
        /// Deprecated: a list with the user identity.
        user_identity_ids: Option<UserIdentityId> = array(id()).exactly(1).try_map(|ids| Ok(ids[0])).nullish(),
        /// Additional connected accounts.
        connected_account_ids: Vec<Uuid> = array(uuid()).or_if_nullish(Vec::<String>::new()),
        /// Additional connect webviews.
        connect_webview_ids: Vec<Uuid> = array(uuid()).or_if_nullish(Vec::<String>::new()),
    }
}

/// The session as it is now. Clients take the call for one without an answer, so it stands under no response key.
#[derive(Debug, Serialize, ToSchema)]
pub struct Granted {
    pub client_session: wire::ClientSession,
}

async fn grant_access(call: Call<ByKey>, input: GrantAccess) -> Result<Members<Granted>> {
    let workspace = &call.grant.workspace;
    let id = match (input.client_session_id, &input.user_identifier_key) {
        (Some(id), _) => id,
        (None, Some(key)) => workspace.client_session_by_key(key).await?.client_session_id,
        (None, None) => return Err(invalid("Must specify either client_session_id or user_identifier_key")),
    };
    let grant = ClientSessionGrant {
        user_identity_id: input.user_identity_id.or(input.user_identity_ids),
        connected_account_ids: input.connected_account_ids,
        connect_webview_ids: input.connect_webview_ids,
    };
    let widen = async |user_identity_id| {
        let grant = ClientSessionGrant { user_identity_id, ..grant.clone() };
        workspace.widen_client_session(id, &grant, call.now).await
    };
    let session = workspace.for_optional_user_identity(grant.user_identity_id, widen).await?;
    Ok(Members(Granted { client_session: session.into() }))
}

input! {
    /// Id of a session.
    pub struct Which {
        /// The session.
        client_session_id: ClientSessionId = id(),
    }
}

async fn revoke(call: Call<ByKey>, Which { client_session_id }: Which) -> Result<Void> {
    call.grant.workspace.revoke_client_session(client_session_id, call.now).await?;
    Ok(Void)
}

async fn delete(call: Call<ByKey>, Which { client_session_id }: Which) -> Result<Void> {
    call.grant.workspace.delete_client_session(client_session_id, call.now).await?;
    Ok(Void)
}
