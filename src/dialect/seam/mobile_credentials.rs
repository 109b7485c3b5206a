//! `/seam/mobile_sdk/v1/acs/credentials`: the credentials of the person of an app.

use super::access::BySession;
use super::answer::Many;
use super::route::*;
use super::wire;
use crate::domain::credential::CredentialFilter;
use crate::domain::scope::Scope;
use crate::error::Result;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/seam/mobile_sdk/v1/acs/credentials/list", &[GET, POST], list)
            .key("acs_credentials")
            .summary("List the credentials of the user identity of an app"),
    ]
}

async fn list(call: Call<BySession>, _: Nothing) -> Result<Many<wire::AcsCredential>> {
    let BySession { workspace, person, .. } = &call.grant;
    let scope = person.map_or(Scope::Nothing, Scope::Person);
    let credentials = workspace.credentials(&CredentialFilter::default(), scope).await?;
    Ok(Many(credentials.items.into_iter().map(wire::AcsCredential::from).collect()))
}
