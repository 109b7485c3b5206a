//! The records of the examples. The code that shows records to clients shows these, too, so that no example
//! can tell of something else.

use crate::domain::application::Application;
use crate::domain::directory::DirectoryEntry;
use crate::domain::id::{ApplicationId, UserIdentityId, WorkspaceId};
use crate::domain::presence::{Availability, Presence};
use crate::domain::slot::{Slot, SlotType};
use crate::domain::subscriber::Subscriber;
use crate::domain::user_identity::UserIdentity;
use chrono::DateTime;
use strum::VariantArray;
use uuid::Uuid;

/// The number of the application.
pub const APPLICATION: &str = "103753940963";
/// The base path of examples. Under every base path the resources are the same.
pub fn example_base() -> String {
    format!("/ucwa/oauth/v1/applications/{APPLICATION}")
}

/// The person's id.
pub const PERSON: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// A person who may use voice, and their application if they ask by one. The workspace has given them a number for work.
pub fn subscriber(has_application: bool) -> Subscriber {
    Subscriber {
        person: UserIdentity {
            workspace_id: WorkspaceId(Uuid::nil()),
            user_identity_id: UserIdentityId(Uuid::nil()),
            user_identity_key: None,
            email_address: Some("jane@example.com".to_owned()),
            phone_number: None,
            full_name: Some("Jane Doe".to_owned()),
            created_at: DateTime::UNIX_EPOCH,
            merged_user_identity_ids: Vec::new(),
            merged_user_identity_keys: Vec::new(),
        },
        enterprise_voice: true,
        slots: SlotType::VARIANTS.iter().copied().map(slot).collect(),
        application: has_application.then(|| Application {
            application_id: ApplicationId(APPLICATION.parse().expect("it is a number")),
            culture: "en-US".to_owned(),
            user_agent: "curl".to_owned(),
            instance_id: None,
            application_type: None,
            presence: Presence::default(),
        }),
    }
}

/// What is in one of the person's slots.
pub fn slot(slot_type: SlotType) -> Slot {
    let (number, include_in_contact_card, version) = match slot_type {
        SlotType::Work => ("tel:+14255550100", true, 3),
        SlotType::Mobile => ("tel:+14255550199", true, 2),
        SlotType::Home | SlotType::Other => ("", false, 1),
    };
    let is_managed = slot_type == SlotType::Work;
    Slot { slot_type, number: number.to_owned(), include_in_contact_card, version, is_managed }
}

/// The person as others see them.
pub fn directory_entry() -> DirectoryEntry {
    DirectoryEntry {
        person: subscriber(false).person,
        numbers: vec![(SlotType::Work, slot(SlotType::Work).number)],
        presence: presence(),
    }
}

/// What the person shows to others.
pub fn presence() -> Presence {
    Presence {
        is_available: true,
        availability: Some(Availability::BeRightBack),
        note: Some("Back at three".to_owned()),
        location: Some("By the beach".to_owned()),
    }
}
