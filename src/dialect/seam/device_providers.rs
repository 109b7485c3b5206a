//! Providers of devices, and what these are asked to keep. Phones are of no provider.

use super::access::{ByKey, ByKeyOrSession};
use super::answer::{Many, Void};
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::DeviceId;
use crate::domain::phone::PhoneFilter;
use crate::domain::scope::Scope;
use crate::error::{Error, ResourceKind, Result};

pub fn routes() -> Vec<Operation> {
    vec![
        route("/devices/list_device_providers", &[GET, POST], list)
            .key("device_providers")
            .summary("List the providers whose devices can be connected: none, because phones register themselves"),
        route("/devices/report_provider_metadata", &[POST], report)
            .summary("Update the metadata of devices with their providers; phones have none, so it is refused")
            .not_found(ResourceKind::Phone),
    ]
}

/// A category of providers, by its name.
#[derive(Debug, Clone, Copy)]
pub struct ProviderCategory;

impl Choice for ProviderCategory {
    fn all() -> impl Iterator<Item = (&'static str, ProviderCategory)> {
        [
            "stable",
            "consumer_smartlocks",
            "beta",
            "thermostats",
            "noise_sensors",
            "access_control_systems",
            "cameras",
            "connectors",
        ]
        .into_iter()
        .map(|name| (name, ProviderCategory))
    }
}

input! {
    /// Filter of providers.
    #[expect(dead_code, reason = "there is no provider")]
    pub struct List {
        /// Only providers of this category.
        provider_category: Option<ProviderCategory> = choice().optional(),
    }
}

async fn list(_: Call<ByKeyOrSession>, _: List) -> Result<Many<wire::DeviceProvider>> {
    Ok(Many(Vec::new()))
}

input! {
    /// Metadata of a device with its provider.
    #[expect(dead_code, reason = "no device has a provider")]
    pub struct ProviderMetadata {
        /// The time zone.
        time_zone: String = text(),
    }
}

input! {
    /// A device and its metadata.
    pub struct ReportedDevice {
        /// The device.
        device_id: DeviceId = id(),
        /// The metadata with Omnitec.
        omnitec_metadata: Option<ProviderMetadata> = object().nullish(),
        /// The metadata with Schlage.
        schlage_metadata: Option<ProviderMetadata> = object().nullish(),
        /// The metadata with Ultraloq.
        ultraloq_metadata: Option<ProviderMetadata> = object().nullish(),
    }
}

impl ReportedDevice {
    fn has_metadata(&self) -> bool {
        let all = [&self.omnitec_metadata, &self.schlage_metadata, &self.ultraloq_metadata];
        all.into_iter().any(Option::is_some)
    }
}

input! {
    /// Metadata of devices.
    pub struct Report {
        /// The devices.
        devices: Vec<ReportedDevice> = array(object()),
    }
}

async fn report(call: Call<ByKey>, Report { devices }: Report) -> Result<Void> {
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.device_id).collect();
    let filter = PhoneFilter { device_ids: Some(ids.clone()), ..PhoneFilter::default() };
    let known = call.grant.workspace.phones(&filter, Scope::Workspace).await?.items;
    if let Some(unknown) = ids.iter().find(|id| !known.iter().any(|phone| phone.device_id == **id)) {
        return Err(Error::NotFound(ResourceKind::Phone, unknown.to_string()));
    }
    if devices.iter().any(ReportedDevice::has_metadata) {
        return Err(invalid("A phone has no metadata of Omnitec, Schlage or Ultraloq"));
    }
    Ok(Void)
}
