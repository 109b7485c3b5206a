//! The demo in an empty database: a sandbox workspace with one user identity, two phones and an API key, and curl commands
//! to try them. It is created once, through the store's ordinary methods.

use crate::clock::Clock;
use crate::domain::id::{DeviceId, UserIdentityId, WorkspaceId};
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Registration};
use crate::domain::token::Token;
use crate::domain::user_identity::UserIdentityFields;
use crate::error::Result;
use crate::random::Random;
use crate::store::{NewWorkspace, Store};

/// The name of the demo workspace.
pub const NAME: &str = "Demo";

/// A demo that was just created.
pub struct Demo {
    pub workspace_id: WorkspaceId,
    pub key: Token,
    pub user_identity_id: UserIdentityId,
    /// The phone that the curl commands deactivate.
    pub device_id: DeviceId,
}

/// Creates the demo if the database is empty and no other server is creating it.
pub async fn make(store: &Store, clock: &Clock, random: &Random) -> Result<Option<Demo>> {
    let now = clock.now();
    let new = NewWorkspace::named(NAME, true, now, random);
    if !store.claim_demo(new.workspace_id, now).await? {
        return Ok(None);
    }
    store.create_workspace(&new, now).await?;
    let id = new.workspace_id.to_string();
    let Some(record) = store.workspaces_called(&id).await?.pop() else { return Ok(None) };
    let (_, key) = store.create_api_key(&record, "demo", now, random).await?;
    let workspace = store.workspace_of_key(&key).await?;

    let person: UserIdentityId = random.id(now);
    let fields = UserIdentityFields {
        user_identity_key: Some("jane_doe".to_owned()),
        email_address: Some("jane@example.com".to_owned()),
        full_name: Some("Jane Doe".to_owned()),
        ..UserIdentityFields::default()
    };
    workspace.create_user_identity(person, fields, now).await?;
    let (android, ios) =
        (phone(person, OperatingSystem::Android, random, clock), phone(person, OperatingSystem::Ios, random, clock));
    let device_id = workspace.register_phone(android, clock.now()).await?;
    workspace.register_phone(ios, clock.now()).await?;
    Ok(Some(Demo { workspace_id: new.workspace_id, key, user_identity_id: person, device_id }))
}

fn phone(person: UserIdentityId, operating_system: OperatingSystem, random: &Random, clock: &Clock) -> Registration {
    let (os_version, device_manufacturer, device_model, installation) = match operating_system {
        OperatingSystem::Android => ("16", "Google", "Pixel 10", "demo-pixel-10"),
        OperatingSystem::Ios => ("26.1", "Apple", "iPhone 17", "demo-iphone-17"),
    };
    Registration {
        device_id: random.id(clock.now()),
        user_identity_id: person,
        custom_sdk_installation_id: Some(installation.to_owned()),
        client_session_id: None,
        operating_system,
        os_version: os_version.to_owned(),
        device_manufacturer: device_manufacturer.to_owned(),
        device_model: device_model.to_owned(),
        assa_abloy_metadata: Some(AssaAbloyMetadata {
            application_version: "1.0.0".to_owned(),
            seos_applet_version: "1.0.0".to_owned(),
            ble_capability: true,
            hce_capability: false,
            nfc_capability: false,
            seos_tsm_endpoint_id: 1.0,
        }),
    }
}

impl Demo {
    /// The text printed at the first start.
    pub fn greeting(&self, url: &str) -> String {
        let Demo { key, device_id, .. } = self;
        let key = key.reveal();
        format!(
            r#"
Created the sandbox workspace "{NAME}" with the user Jane Doe and two phones, Pixel 10 and iPhone 17. Its API key is
shown only once:

  {key}

List the phones, get one, deactivate it, and read the event:

  curl -H "Authorization: Bearer {key}" {url}/phones/list
  curl -H "Authorization: Bearer {key}" "{url}/phones/get?device_id={device_id}"
  curl -H "Authorization: Bearer {key}" -X DELETE "{url}/phones/deactivate?device_id={device_id}"
  curl -H "Authorization: Bearer {key}" "{url}/events/list?since=2020-01-01&event_type=phone.deactivated"

The API as a page, on which each operation can be tried: {url}/docs
"#
        )
    }
}
