//! `/seam/instant_key/v1`: what apps do with the short code of an instant key. The code is the credential: it is judged within the
//! limit of failed authentications, as tokens are.

use super::access::Public;
use super::answer::One;
use super::instant_keys::short_code;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::InstantKeyId;
use crate::domain::token::Token;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::{Authenticated, Credentials, Principal, Workspace};

/// Maximum length of a short code, or of a link with one.
const MAX_LENGTH: usize = 500;

pub fn routes() -> Vec<Operation> {
    let unknown = || Error::NotFound(ResourceKind::InstantKey, EXAMPLE_ID.to_owned());
    vec![
        route("/seam/instant_key/v1/client_sessions/exchange_short_code", &[POST], exchange)
            .key("client_session")
            .summary("Exchange the short code of an instant key for a client session, which counts as a use")
            .fails([unknown(), Error::Conflict(Reason::InstantKeyUsed), Error::Conflict(Reason::InstantKeyExpired)]),
        route("/seam/instant_key/v1/preview/get", &[GET, POST], preview)
            .key("instant_key_preview")
            .summary("Get what an app shows of an instant key before it is used")
            .fails([unknown()]),
    ]
}

input! {
    /// The short code to exchange.
    pub struct Exchange {
        /// The short code: the last part of the URL of the instant key.
        short_code: String = text().min(1).max(MAX_LENGTH),
    }
}

async fn exchange(call: Call<Public>, input: Exchange) -> Result<One<wire::ClientSession>> {
    let (workspace, id) = instant_key(&call, &input.short_code).await?;
    let new = (call.app.random.id(call.now), Token::client_session(workspace.id(), &call.app.random));
    Ok(One(workspace.use_instant_key(id, new, call.now).await?.into()))
}

input! {
    /// Selector of an instant key.
    pub struct Preview {
        /// The URL of the instant key, or its short code.
        instant_key_url: String = text().min(1).max(MAX_LENGTH),
    }
}

async fn preview(call: Call<Public>, input: Preview) -> Result<One<wire::InstantKeyPreview>> {
    let (workspace, id) = instant_key(&call, &input.instant_key_url).await?;
    let preview = workspace.instant_key_preview(id).await?;
    Ok(One(wire::InstantKeyPreview::new(preview, short_code(&input.instant_key_url), call.now)))
}

/// The instant key with this short code, and its workspace.
async fn instant_key(call: &Call<Public>, text: &str) -> Result<(Workspace, InstantKeyId)> {
    let unknown = || Error::NotFound(ResourceKind::InstantKey, String::new());
    let (store, origin) = (&call.app.store, call.head.origin());
    let known = store.authenticate(Credentials::ShortCode(short_code(text)), origin, call.now);
    let caller = match call.app.authenticate(origin, known).await {
        Ok(Authenticated::Caller(caller)) => caller,
        Ok(Authenticated::Account(_)) | Err(Error::Unauthenticated(_)) => return Err(unknown()),
        Err(error) => return Err(error),
    };
    call.head.note(caller.credential, Some(caller.workspace.id()));
    match caller.credential {
        Principal::InstantKey(id) => Ok((caller.workspace, id)),
        _ => Err(unknown()),
    }
}
