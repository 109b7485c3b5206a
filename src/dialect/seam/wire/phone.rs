//! A phone in its two forms: as a phone and as a device.

use super::{Warning, placeholder_id};
use crate::domain;
use crate::domain::metadata::Metadata;
use crate::domain::phone::{DISCONNECTED, DISCONNECTED_MESSAGE};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A phone with a mobile-access app.
#[derive(Debug, Serialize, ToSchema)]
pub struct Phone {
    pub device_id: Uuid,
    pub device_type: DeviceType,
    /// The nickname, or else the model.
    #[schema(example = "Samsung Galaxy S10")]
    pub display_name: String,
    /// Absent when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nickname: Option<String>,
    pub workspace_id: Uuid,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({ "internal_account_id": "user-1" }))]
    pub custom_metadata: Metadata,
    pub errors: Vec<DeviceError>,
    pub warnings: Vec<Warning>,
    pub properties: PhoneProperties,
}

/// An error of a phone: it is offline, as a sandbox simulates it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceError {
    pub created_at: DateTime<Utc>,
    #[schema(example = "device_disconnected")]
    pub error_code: &'static str,
    #[schema(example = "The phone is offline")]
    pub message: &'static str,
    /// Always true.
    pub is_device_error: bool,
}

impl DeviceError {
    fn disconnected(at: DateTime<Utc>) -> DeviceError {
        DeviceError { created_at: at, error_code: DISCONNECTED, message: DISCONNECTED_MESSAGE, is_device_error: true }
    }
}

/// The type of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceType {
    IosPhone,
    AndroidPhone,
}

impl From<domain::phone::OperatingSystem> for DeviceType {
    fn from(system: domain::phone::OperatingSystem) -> DeviceType {
        match system {
            domain::phone::OperatingSystem::Ios => DeviceType::IosPhone,
            domain::phone::OperatingSystem::Android => DeviceType::AndroidPhone,
        }
    }
}

/// The phone in mobile credential services.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assa_abloy_credential_service_metadata: Option<AssaAbloyCredentialServiceMetadata>,
}

/// The phone in ASSA ABLOY's credential service.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssaAbloyCredentialServiceMetadata {
    pub has_active_endpoint: bool,
    pub endpoints: Vec<AssaAbloyEndpoint>,
}

/// An endpoint of a phone in ASSA ABLOY's credential service.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssaAbloyEndpoint {
    #[schema(example = "1")]
    pub endpoint_id: String,
    pub is_active: bool,
}

impl From<&domain::phone::Phone> for PhoneProperties {
    fn from(phone: &domain::phone::Phone) -> PhoneProperties {
        PhoneProperties {
            assa_abloy_credential_service_metadata: phone.assa_abloy_metadata.as_ref().map(|metadata| {
                let endpoint_id = metadata.seos_tsm_endpoint_id.to_string();
                let endpoints = vec![AssaAbloyEndpoint { endpoint_id, is_active: true }];
                AssaAbloyCredentialServiceMetadata { has_active_endpoint: true, endpoints }
            }),
        }
    }
}

impl From<domain::phone::Phone> for Phone {
    fn from(phone: domain::phone::Phone) -> Phone {
        Phone {
            device_id: phone.device_id.0,
            device_type: phone.operating_system.into(),
            display_name: phone.display_name().to_owned(),
            workspace_id: phone.workspace_id.0,
            created_at: phone.created_at,
            errors: phone.disconnected_at.map(DeviceError::disconnected).into_iter().collect(),
            warnings: Vec::new(),
            properties: (&phone).into(),
            nickname: phone.nickname,
            custom_metadata: phone.custom_metadata,
        }
    }
}

/// A phone as a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    pub device_id: Uuid,
    pub device_type: DeviceType,
    #[schema(example = "Samsung Galaxy S10")]
    pub display_name: String,
    /// Absent when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nickname: Option<String>,
    pub workspace_id: Uuid,
    /// The same id for all phones of a workspace; phones have no connected account.
    pub connected_account_id: Uuid,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({ "internal_account_id": "user-1" }))]
    pub custom_metadata: Metadata,
    pub errors: Vec<DeviceError>,
    pub warnings: Vec<Warning>,
    pub is_managed: bool,
    pub space_ids: Vec<Uuid>,
    #[schema(example = json!(["phone"]))]
    pub capabilities_supported: Vec<&'static str>,
    /// Whether it is a phone of a sandbox.
    pub can_simulate_connection: bool,
    /// Whether it is a phone of a sandbox.
    pub can_simulate_disconnection: bool,
    /// Whether it is a phone of a sandbox.
    pub can_simulate_removal: bool,
    #[schema(value_type = Object)]
    pub location: Map<String, Value>,
    pub properties: DeviceProperties,
}

/// The properties of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceProperties {
    pub name: String,
    pub online: bool,
    pub manufacturer: String,
    pub appearance: Appearance,
    pub model: DeviceModel,
    #[serde(flatten)]
    pub phone: PhoneProperties,
}

/// The appearance of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appearance {
    pub name: String,
}

/// The model of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceModel {
    pub display_name: String,
    pub manufacturer_display_name: String,
}

impl Device {
    /// The device form of a phone, of which a sandbox simulates connection and removal.
    pub fn new(phone: domain::phone::Phone, is_sandbox: bool) -> Device {
        let properties = DeviceProperties {
            name: phone.display_name().to_owned(),
            online: phone.disconnected_at.is_none(),
            manufacturer: phone.device_manufacturer.clone(),
            appearance: Appearance { name: phone.device_model.clone() },
            model: DeviceModel {
                display_name: phone.device_model.clone(),
                manufacturer_display_name: phone.device_manufacturer.clone(),
            },
            phone: (&phone).into(),
        };
        let connected_account_id = placeholder_id(phone.workspace_id, "connected_account");
        let phone = Phone::from(phone);
        Device {
            device_id: phone.device_id,
            device_type: phone.device_type,
            display_name: phone.display_name,
            nickname: phone.nickname,
            workspace_id: phone.workspace_id,
            connected_account_id,
            created_at: phone.created_at,
            custom_metadata: phone.custom_metadata,
            errors: phone.errors,
            warnings: phone.warnings,
            is_managed: true,
            space_ids: Vec::new(),
            capabilities_supported: vec!["phone"],
            can_simulate_connection: is_sandbox,
            can_simulate_disconnection: is_sandbox,
            can_simulate_removal: is_sandbox,
            location: Map::new(),
            properties,
        }
    }
}

/// A provider of devices that can be connected. There is none: phones register themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceProvider {
    pub device_provider_name: String,
    pub display_name: String,
    pub image_url: String,
    pub provider_categories: Vec<String>,
}
