//! `/seam/mobile_sdk/v1/phone_sessions`: registration of real phones. The app calls it with its user's client session
//! at each start; the same installation is the same phone.

use super::access::BySession;
use super::answer::One;
use super::phones::{Platform, registration_conflicts};
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::DeviceId;
use crate::domain::phone::Registration;
use crate::domain::scope::Scope;
use crate::domain::text::is_visible;
use crate::error::{Error, ResourceKind, Result};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/seam/mobile_sdk/v1/phone_sessions/get_or_create", &[POST], get_or_create)
            .key("phone_session")
            .summary("Register the phone of an app, or return it if it is registered")
            .not_found(ResourceKind::UserIdentity)
            .fails(registration_conflicts()),
    ]
}

/// The session of an app on a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneSession {
    pub workspace_id: Uuid,
    pub is_sandbox_workspace: bool,
    pub user_identity: wire::UserIdentity,
    pub provider_sessions: Vec<ProviderSession>,
}

/// The session with a provider of mobile credentials, which is Handset itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderSession {
    pub phone_registration: PhoneRegistration,
    /// The credentials on the phone.
    pub acs_credentials: Vec<PhoneCredential>,
}

/// The registration of a phone with a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneRegistration {
    /// The device id of the phone.
    pub phone_registration_id: String,
    #[schema(required)]
    pub provider_name: Option<String>,
    #[schema(required, value_type = Option<Object>)]
    pub provider_state: Option<Value>,
    pub is_being_activated: bool,
}

/// A credential on the phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneCredential {
    #[serde(flatten)]
    pub credential: wire::AcsCredential,
    #[schema(value_type = Vec<Object>)]
    pub acs_entrances: Vec<Value>,
}

input! {
    /// The metadata of the phone.
    pub struct PhoneDeviceMetadata {
        manufacturer: Option<String> = text().nullish(),
        model: Option<String> = text().nullish(),
        os_version: Option<String> = text().nullish(),
    }
}

input! {
    /// The phone to register.
    pub struct GetOrCreate {
        /// The installation of the app.
        custom_sdk_installation_id: String = text().min(1).refine(|id| is_visible(id), "It has no visible character"),
        /// The operating system of the phone.
        phone_os: Platform = choice(),
        /// The metadata of the phone.
        phone_device_metadata: Option<PhoneDeviceMetadata> = object().nullish(),
    }
}

async fn get_or_create(call: Call<BySession>, input: GetOrCreate) -> Result<One<PhoneSession>> {
    let BySession { workspace, session, person } = &call.grant;
    let person = person.ok_or(Error::NotFound(ResourceKind::UserIdentity, String::new()))?;
    let metadata = input.phone_device_metadata;
    let text_or_unknown = |of: fn(PhoneDeviceMetadata) -> Option<String>| {
        metadata.clone().and_then(of).filter(|text| !text.is_empty()).unwrap_or_else(|| "Unknown".to_owned())
    };
    let registration = Registration {
        device_id: call.app.random.id(call.now),
        user_identity_id: person,
        custom_sdk_installation_id: Some(input.custom_sdk_installation_id),
        client_session_id: Some(*session),
        operating_system: input.phone_os.0,
        os_version: text_or_unknown(|metadata| metadata.os_version),
        device_manufacturer: text_or_unknown(|metadata| metadata.manufacturer),
        device_model: text_or_unknown(|metadata| metadata.model),
        assa_abloy_metadata: None,
    };
    // Of a session that was opened just before its user identity was merged into another one.
    let register =
        |id| workspace.register_phone(Registration { user_identity_id: id, ..registration.clone() }, call.now);
    let device_id: DeviceId = workspace.for_user_identity(person, register).await?;
    let credentials = workspace.credentials_on(device_id).await?;
    let user_identity = workspace.for_user_identity(person, |id| workspace.user_identity(id, Scope::Workspace)).await?;
    Ok(One(PhoneSession {
        workspace_id: workspace.id().0,
        is_sandbox_workspace: workspace.is_sandbox(),
        user_identity: user_identity.into(),
        provider_sessions: vec![ProviderSession {
            phone_registration: PhoneRegistration {
                phone_registration_id: device_id.to_string(),
                provider_name: Some("handset".to_owned()),
                provider_state: None,
                is_being_activated: false,
            },
            acs_credentials: credentials
                .into_iter()
                .map(|credential| PhoneCredential { credential: credential.into(), acs_entrances: Vec::new() })
                .collect(),
        }],
    }))
}
