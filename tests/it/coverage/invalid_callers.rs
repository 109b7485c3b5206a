//! Callers that must be refused: each credential of the contracts, invalid in each possible way. A person's own tokens are
//! among them, since they are valid in some dialects only.

use crate::support::world::{World, text};
use base64::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use handset::domain::id::{UserIdentityId, WorkspaceId};
use handset::domain::password::Password;
use handset::domain::token::Token;
use handset::store::{Authenticated, Credentials, Origin};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

/// Kinds of invalid callers. Each operation is tested with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialFault {
    NoToken,
    Garbage,
    Revoked,
    Expired,
    OtherWorkspaces,
    /// The token of a person who is not the subject, or who has access to their own resources only.
    AnotherPersons,
    Scheme,
}

/// A caller that must be refused.
pub struct InvalidCaller {
    pub name: &'static str,
    pub fault: CredentialFault,
    pub headers: Vec<(&'static str, String)>,
    /// The schemes that check the credential and reject it.
    pub checked_as: &'static [&'static str],
    /// Their error: status, type and message.
    pub refusal: (u16, &'static str, &'static str),
    /// The schemes that accept the same request.
    pub accepted_as: &'static [&'static str],
}

const KEY: &[&str] = &["api_key"];
const MEMBER_TOKEN: &[&str] = &["pat_with_workspace"];
const ANY_TOKEN: &[&str] = &["pat_with_workspace", "pat_without_workspace"];
const MEMBER_JWT: &[&str] = &["console_session_with_workspace"];
const ANY_JWT: &[&str] = &["console_session_with_workspace", "console_session_without_workspace"];
const SESSION: &[&str] = &["client_session"];
const PUBLISHABLE: &[&str] = &["publishable_key"];

const NO_CREDENTIAL: (u16, &str, &str) = super::NONE_SUCCEEDED;
const NO_KEY: (u16, &str, &str) = (401, "unauthorized", "API Key not found");
const NO_TOKEN: (u16, &str, &str) = (401, "unauthorized", "Access token not found");
const NO_JWT: (u16, &str, &str) = (401, "unauthorized", "Session not found");
const NO_MEMBER: (u16, &str, &str) = (401, "unauthorized", "User does not have access to this workspace");
const NO_SESSION: (u16, &str, &str) = (401, "client_session_not_found", "Client session not found");
const NO_WORKSPACE: (u16, &str, &str) = (401, "workspace_not_found", "Workspace not found");
const REVOKED: (u16, &str, &str) = (401, "client_session_revoked", "Client session revoked");
const EXPIRED: (u16, &str, &str) = (401, "client_session_expired", "Client session expired");
const MALFORMED: (u16, &str, &str) =
    (400, "invalid_client_session_token", "A client session token begins with \"seam_cst\"");

impl InvalidCaller {
    fn new(name: &'static str, headers: &[(&'static str, &str)]) -> InvalidCaller {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let fault = CredentialFault::Scheme;
        InvalidCaller { name, fault, headers, checked_as: &[], refusal: NO_CREDENTIAL, accepted_as: &[] }
    }

    fn bearer(name: &'static str, token: &str) -> InvalidCaller {
        InvalidCaller::new(name, &[("authorization", &format!("Bearer {token}"))])
    }

    fn fault(self, fault: CredentialFault) -> InvalidCaller {
        InvalidCaller { fault, ..self }
    }

    fn checked(self, checked_as: &'static [&'static str], refusal: (u16, &'static str, &'static str)) -> InvalidCaller {
        InvalidCaller { checked_as, refusal, ..self }
    }

    fn accepted(self, accepted_as: &'static [&'static str]) -> InvalidCaller {
        InvalidCaller { accepted_as, ..self }
    }

    /// The token in the `Authorization` header, of any scheme.
    pub fn token(&self) -> Option<&str> {
        let authorization = self.headers.iter().find(|(name, _)| *name == "authorization");
        authorization.and_then(|(_, value)| value.split_once(' ')).map(|(_, token)| token)
    }

    fn with(mut self, name: &'static str, value: &str) -> InvalidCaller {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// All invalid callers.
pub async fn invalid_callers(world: &World) -> Vec<InvalidCaller> {
    let mut all = unauthenticated(world);
    all.extend(with_keys(world).await);
    all.extend(with_access_tokens(world).await);
    all.extend(with_console_sessions(world).await);
    all.extend(with_client_sessions(world).await);
    all.extend(with_passes(world).await);
    all.extend(with_a_persons_tokens(world).await);
    all
}

fn unauthenticated(world: &World) -> Vec<InvalidCaller> {
    let key = world.api_key.reveal();
    let publishable = &world.record.publishable_key;
    let with_authorization = |name, value: &str| InvalidCaller::new(name, &[("authorization", value)]);
    vec![
        InvalidCaller::new("no credential", &[]).fault(CredentialFault::NoToken),
        with_authorization("Basic", "Basic x"),
        with_authorization("Basic with a good key", &format!("Basic {key}")),
        with_authorization("Bearer without a token", "Bearer ").fault(CredentialFault::NoToken),
        with_authorization("a bare key", key),
        InvalidCaller::new("a key in a header of its own", &[("seam-api-key", key)]),
        InvalidCaller::new("a workspace and no credential", &[("seam-workspace", &world.id)])
            .fault(CredentialFault::NoToken),
        // As a bearer token it is an unknown API key.
        InvalidCaller::bearer("a publishable key as a bearer token", publishable).checked(KEY, NO_KEY),
        InvalidCaller::bearer("a publishable key beside itself", publishable)
            .with("seam-publishable-key", publishable)
            .checked(KEY, NO_KEY),
        with_authorization("a publishable key beside Basic", "Basic x").with("seam-publishable-key", publishable),
        InvalidCaller::new("a publishable key", &[("seam-publishable-key", publishable)]).accepted(PUBLISHABLE),
        InvalidCaller::new("an unknown publishable key", &[("seam-publishable-key", "seam_pk1unknown1_nothing")])
            .fault(CredentialFault::Garbage)
            .checked(PUBLISHABLE, NO_WORKSPACE),
    ]
}

async fn with_keys(world: &World) -> Vec<InvalidCaller> {
    let (now, random) = (world.clock.now(), &world.random);
    let minted = world.store.create_api_key(&world.record, "revoked", now, random).await;
    let (_, revoked) = minted.expect("the workspace exists");
    world.store.revoke_api_key(revoked.reveal(), now).await.expect("the key exists");
    let good = world.api_key.reveal();
    let almost = &good[..good.len() - 1];
    vec![
        InvalidCaller::bearer("an unknown key", "seam_unknown1_111111111111111111111111")
            .fault(CredentialFault::Garbage)
            .checked(KEY, NO_KEY),
        InvalidCaller::bearer("a key of no known form", "sk-111").fault(CredentialFault::Garbage).checked(KEY, NO_KEY),
        InvalidCaller::bearer("a key but for its last letter", almost)
            .fault(CredentialFault::Garbage)
            .checked(KEY, NO_KEY),
        InvalidCaller::bearer("a revoked key", revoked.reveal()).fault(CredentialFault::Revoked).checked(KEY, NO_KEY),
        InvalidCaller::bearer("an unknown key beside a publishable one", "seam_unknown1_nothing")
            .fault(CredentialFault::Garbage)
            .with("seam-publishable-key", &world.record.publishable_key)
            .checked(KEY, NO_KEY),
    ]
}

async fn with_access_tokens(world: &World) -> Vec<InvalidCaller> {
    let revoked = world.access_token(&[world]).await;
    world.store.revoke_access_token(revoked.reveal(), world.clock.now()).await.expect("the token exists");
    let (foreign, good) = (world.sandbox("Foreign").await, world.access_token(&[world]).await);
    let unknown = "seam_at1unknown1_111111111111111111111111";
    let in_own = |name, token: &str| InvalidCaller::bearer(name, token).with("seam-workspace", &world.id);
    let member = |name, workspace: &str| {
        let invalid_caller = InvalidCaller::bearer(name, good.reveal()).with("seam-workspace", workspace);
        invalid_caller
            .fault(CredentialFault::OtherWorkspaces)
            .checked(MEMBER_TOKEN, NO_TOKEN)
            .accepted(&["pat_without_workspace"])
    };
    vec![
        in_own("an unknown access token", unknown).fault(CredentialFault::Garbage).checked(ANY_TOKEN, NO_TOKEN),
        in_own("a revoked access token", revoked.reveal()).fault(CredentialFault::Revoked).checked(ANY_TOKEN, NO_TOKEN),
        InvalidCaller::bearer("an unknown access token without a workspace", unknown)
            .fault(CredentialFault::Garbage)
            .checked(&["pat_without_workspace"], NO_TOKEN),
        InvalidCaller::bearer("a revoked access token without a workspace", revoked.reveal())
            .fault(CredentialFault::Revoked)
            .checked(&["pat_without_workspace"], NO_TOKEN),
        InvalidCaller::bearer("an access token without a workspace", good.reveal())
            .accepted(&["pat_without_workspace"]),
        member("an access token with a foreign workspace", &foreign.id),
        member(
            "an access token with an unknown workspace",
            &world.random.id::<WorkspaceId>(world.clock.now()).to_string(),
        ),
        member("an access token with a workspace that is no id", "First"),
    ]
}

async fn with_console_sessions(world: &World) -> Vec<InvalidCaller> {
    let of_a_retired_key = world.console_session(&[world]).await;
    let rotated = world.store.rotate_console_key(true, world.clock.now(), &world.random).await;
    rotated.expect("the database answers");
    let now = world.clock.now();
    let opened =
        world.store.create_console_session("expired", &[world.record.workspace_id], now, now, &world.random).await;
    let (_, expired) = opened.expect("the workspace exists");
    let (foreign, good) = (world.sandbox("Foreign").await, world.console_session(&[world]).await);
    let good = good.reveal();
    let forged = forged(good);
    let (head, rest) = good.split_once('.').expect("a JWT has parts");
    let unsigned_head = json!({ "alg": "none", "kid": part(head)["kid"], "typ": "JWT" }).to_string();
    let unsigned = format!("{}.{}.", BASE64_URL_SAFE_NO_PAD.encode(unsigned_head), rest.split_once('.').expect("it").0);
    let nothing = |fault, name, jwt: &str| {
        InvalidCaller::bearer(name, jwt).fault(fault).with("seam-workspace", &world.id).checked(ANY_JWT, NO_JWT)
    };
    let member = |name, workspace: &str| {
        let invalid_caller = InvalidCaller::bearer(name, good).with("seam-workspace", workspace);
        invalid_caller
            .fault(CredentialFault::OtherWorkspaces)
            .checked(MEMBER_JWT, NO_MEMBER)
            .accepted(&["console_session_without_workspace"])
    };
    vec![
        nothing(CredentialFault::Garbage, "a malformed JWT", "eyJhbGciOiJIUzI1NiJ9.e30"),
        nothing(CredentialFault::Garbage, "only the prefix of a JWT", "ey"),
        nothing(CredentialFault::Garbage, "a JWT that another key signed", &forged),
        nothing(CredentialFault::Garbage, "an unsigned JWT", &unsigned),
        nothing(
            CredentialFault::Garbage,
            "a JWT without its signature",
            &good[..=good.rfind('.').expect("a JWT has parts")],
        ),
        nothing(CredentialFault::Revoked, "a JWT of a retired key", of_a_retired_key.reveal()),
        nothing(CredentialFault::Expired, "an expired console session", expired.reveal()),
        InvalidCaller::bearer("a malformed JWT without a workspace", "eyJ")
            .fault(CredentialFault::Garbage)
            .checked(&["console_session_without_workspace"], NO_JWT),
        InvalidCaller::bearer("a console session without a workspace", good)
            .accepted(&["console_session_without_workspace"]),
        member("a console session with a foreign workspace", &foreign.id),
        member("a console session with a workspace that is no id", "First"),
    ]
}

async fn with_client_sessions(world: &World) -> Vec<InvalidCaller> {
    let session = async |fields: Value| {
        let session = world.client_session(fields).await;
        (text(&session["token"]), json!({ "client_session_id": session["client_session_id"] }))
    };
    let (good, _) = session(json!({})).await;
    let (expired, _) = session(json!({ "expires_at": (world.clock.now() - TimeDelta::seconds(1)).to_rfc3339() })).await;
    let (revoked, which) = session(json!({})).await;
    world.key().post("/client_sessions/revoke", which).await.ok();
    let (deleted, which) = session(json!({})).await;
    world.key().post("/client_sessions/delete", which).await.ok();

    let unknown = "seam_cst1unknown1_111111111111111111111111";
    let mut all = vec![
        InvalidCaller::bearer("a client session", &good).fault(CredentialFault::AnotherPersons).accepted(SESSION),
        InvalidCaller::bearer("a client session with a workspace", &good)
            .fault(CredentialFault::AnotherPersons)
            .with("seam-workspace", &world.id)
            .accepted(SESSION),
    ];
    let headers = ["authorization", "client-session-token", "seam-client-session-token"];
    for header in headers {
        let with_token = |name, token: &str| {
            let value = if header == "authorization" { format!("Bearer {token}") } else { token.to_owned() };
            InvalidCaller::new(name, &[(header, &value)])
        };
        all.push(
            with_token("an unknown client session", unknown)
                .fault(CredentialFault::Garbage)
                .checked(SESSION, NO_SESSION),
        );
        all.push(
            with_token("a deleted client session", &deleted)
                .fault(CredentialFault::Revoked)
                .checked(SESSION, NO_SESSION),
        );
        all.push(
            with_token("a revoked client session", &revoked).fault(CredentialFault::Revoked).checked(SESSION, REVOKED),
        );
        all.push(
            with_token("an expired client session", &expired).fault(CredentialFault::Expired).checked(SESSION, EXPIRED),
        );
    }
    for header in &headers[1..] {
        all.push(
            InvalidCaller::new("a client session's header without its prefix", &[(header, "x")])
                .fault(CredentialFault::Garbage)
                .checked(SESSION, MALFORMED),
        );
        let beside = InvalidCaller::bearer("a good key beside an unknown client session", world.api_key.reveal());
        all.push(beside.with(header, unknown).checked(SESSION, NO_SESSION).accepted(KEY));
        let beside = InvalidCaller::bearer("a good client session beside another that is revoked", &good);
        all.push(beside.with(header, &revoked).checked(SESSION, REVOKED));
    }
    all
}

/// Passes, which represent an API key in one dialect and are unknown in the others.
async fn with_passes(world: &World) -> Vec<InvalidCaller> {
    let (now, random) = (world.clock.now(), &world.random);
    let pass = async |key: &Token, until: DateTime<Utc>| {
        let known = world.store.authenticate(Credentials::ApiKey(key.reveal()), Origin::default(), now).await;
        let Ok(Authenticated::Caller(caller)) = known else { panic!("the key is good: {known:?}") };
        let pass = Token::pass(random);
        caller.issue_pass(&pass, now, until).await.expect("the database answers");
        pass
    };
    let later = now + TimeDelta::hours(1);
    let minted = world.store.create_api_key(&world.record, "revoked with its pass", now, random).await;
    let (_, key) = minted.expect("the workspace exists");
    let revoked = pass(&key, later).await;
    world.store.revoke_api_key(key.reveal(), now).await.expect("the key exists");
    // Issuing another pass would delete an expired one.
    let (good, expired) = (pass(&world.api_key, later).await, pass(&world.api_key, now).await);
    vec![
        InvalidCaller::bearer("an unknown pass", Token::pass(random).reveal()).fault(CredentialFault::Garbage),
        InvalidCaller::bearer("the pass of a revoked key", revoked.reveal()).fault(CredentialFault::Revoked),
        InvalidCaller::bearer("an expired pass", expired.reveal()).fault(CredentialFault::Expired),
        InvalidCaller::bearer("a pass", good.reveal()).accepted(&["PhoneComOAuth"]),
    ]
}

/// Tokens of a person: for their password, and from the workspace.
async fn with_a_persons_tokens(world: &World) -> Vec<InvalidCaller> {
    let person = world.person("owner").await;
    let session = text(&world.client_session(json!({ "user_identity_id": person })).await["token"]);
    let id = UserIdentityId(person.parse().expect("an id"));
    let password = Password::chosen("correct horse").expect("it is long enough");
    world
        .store
        .set_password_anywhere(id, password, &world.random, world.clock.now())
        .await
        .expect("the person is there");
    let form = "grant_type=password&username=owner&password=correct+horse";
    let token = async |path: &str| {
        let given = world.anonymous().bytes(path, Some("application/x-www-form-urlencoded"), form).await;
        text(&given.body["access_token"])
    };
    let [ucwa, phone_com] = [token("/webticket/oauthtoken").await, token("/v4/oauth/access-token").await];
    let own = |name, token: &str| InvalidCaller::bearer(name, token).fault(CredentialFault::AnotherPersons);
    let sessions = &["client_session", "UcwaBearer", "PhoneComOAuth"];
    vec![
        own("a person's client session", &session).accepted(sessions),
        own("a person's token of Phone.com", &phone_com).accepted(sessions),
        // Its prefix is known to one dialect only.
        own("a person's token of UCWA", &ucwa).checked(KEY, NO_KEY).accepted(&["UcwaBearer"]),
    ]
}

/// The same JWT, signed with another key.
fn forged(jwt: &str) -> String {
    let header = jsonwebtoken::decode_header(jwt).expect("a JWT has a header");
    let claims = part(jwt.split('.').nth(1).expect("a JWT has claims"));
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"another key")).expect("a JWT")
}

/// Decodes a part of a JWT.
fn part(text: &str) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}
