//! `/workspaces/customization_profiles`: the look of Seam's hosted pages, which there are not.

use super::access::ByKey;
use super::answer::{Many, One, Void};
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::error::{Error, ResourceKind, Result};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    let profile = ResourceKind::CustomizationProfile;
    vec![
        route("/workspaces/customization_profiles/get", &[GET, POST], get)
            .key("customization_profile")
            .summary("Get a customization profile; there is none")
            .not_found(profile),
        route("/workspaces/customization_profiles/list", &[GET, POST], list)
            .key("customization_profiles")
            .summary("List customization profiles: none"),
        route("/workspaces/customization_profiles/update", &[PATCH, POST], update)
            .summary("Update a customization profile; there is none")
            .not_found(profile),
    ]
}

input! {
    /// Id of a customization profile.
    pub struct Which {
        /// The customization profile.
        customization_profile_id: Uuid = uuid(),
    }
}

async fn get(_: Call<ByKey>, Which { customization_profile_id }: Which) -> Result<One<wire::CustomizationProfile>> {
    Err(unknown(customization_profile_id))
}

async fn list(_: Call<ByKey>, _: Nothing) -> Result<Many<wire::CustomizationProfile>> {
    Ok(Many(Vec::new()))
}

async fn update(_: Call<ByKey>, Which { customization_profile_id }: Which) -> Result<Void> {
    Err(unknown(customization_profile_id))
}

fn unknown(id: Uuid) -> Error {
    Error::NotFound(ResourceKind::CustomizationProfile, id.to_string())
}
