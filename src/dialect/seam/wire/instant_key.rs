//! Instant keys, and their previews. Seam's apps show them as keys of guests of a hotel; what only a hotel has is empty.

use crate::api::openapi::enum_schema;
use crate::domain;
use crate::domain::instant_key::{InstantKeyStatus, PATH};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Colours of a preview: those of the page that its link opens.
const PRIMARY: &str = "#1a1a1a";
const SECONDARY: &str = "#ffffff";
const ACCENT: &str = "#1550b0";

/// An instant key: a link by which phones of a user identity get client sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstantKey {
    pub instant_key_id: Uuid,
    pub workspace_id: Uuid,
    /// The link.
    #[schema(format = "uri", example = "https://phones.example.com/ik/2cFNqKz8vWmS4hYb7TjR3xPnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub instant_key_url: String,
    /// The client session that the first use hands out.
    pub client_session_id: Uuid,
    pub user_identity_id: Uuid,
    pub created_at: DateTime<Utc>,
    /// When it expires, with the client sessions that it has handed out.
    pub expires_at: DateTime<Utc>,
}

impl InstantKey {
    /// An instant key with a link of the server with this base URL.
    pub fn new(key: domain::instant_key::InstantKey, base_url: &str) -> InstantKey {
        InstantKey {
            instant_key_id: key.instant_key_id.0,
            workspace_id: key.workspace_id.0,
            instant_key_url: format!("{base_url}{PATH}/{}", key.code.reveal()),
            client_session_id: key.client_session_id.0,
            user_identity_id: key.user_identity_id.0,
            created_at: key.created_at,
            expires_at: key.uses.expires_at,
        }
    }
}

/// What an app shows of an instant key before it is used. One that is used or has expired does not tell whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstantKeyPreview {
    #[schema(example = "2cFNqKz8vWmS4hYb7TjR3xPnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub shortcode: String,
    #[schema(value_type = InstantKeyStatus)]
    pub key_status: &'static str,
    pub hotel: PreviewHotel,
    pub guest: PreviewGuest,
    pub room: PreviewRoom,
    /// Always empty.
    pub access: Vec<PreviewAccess>,
    /// Always empty.
    pub support_phone: &'static str,
    /// Always empty.
    pub support_email: &'static str,
    pub created_at: DateTime<Utc>,
    /// When it was last used, else created.
    pub updated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewHotel {
    #[schema(example = "Acme")]
    pub hotel_name: String,
    #[schema(example = "#1a1a1a")]
    pub primary_color: &'static str,
    #[schema(example = "#ffffff")]
    pub secondary_color: &'static str,
    #[schema(example = "#1550b0")]
    pub accent_color: &'static str,
    /// Always false.
    pub verified: bool,
}

/// The person.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct PreviewGuest {
    #[schema(example = "Jane Doe")]
    pub full_name: String,
    #[schema(example = "Jane")]
    pub first_name: String,
    #[schema(example = "Doe")]
    pub last_name: String,
    #[schema(example = "jane@example.com")]
    pub email: String,
    /// Always empty.
    pub check_in_date: &'static str,
    /// Always empty.
    pub check_out_date: &'static str,
}

/// A room, which Handset does not have.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewRoom {
    /// Always empty.
    pub room_number: &'static str,
    /// Always empty.
    pub room_type: &'static str,
    /// Always 0.
    pub floor: u32,
}

/// What can be opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewAccess {
    pub name: String,
    pub icon: String,
    pub available: bool,
}

enum_schema!(InstantKeyStatus, "InstantKeyStatus", "Whether an instant key can be used.");

impl InstantKeyPreview {
    /// The preview of the instant key with this short code.
    pub fn new(
        preview: domain::instant_key::InstantKeyPreview,
        short_code: &str,
        now: DateTime<Utc>,
    ) -> InstantKeyPreview {
        let status = preview.uses.status(now);
        let guest = match status {
            InstantKeyStatus::Ready => PreviewGuest::new(preview.display_name, preview.email_address),
            InstantKeyStatus::Expired | InstantKeyStatus::Used => PreviewGuest::default(),
        };
        InstantKeyPreview {
            shortcode: short_code.to_owned(),
            key_status: status.into_str(),
            hotel: PreviewHotel {
                hotel_name: preview.workspace_name,
                primary_color: PRIMARY,
                secondary_color: SECONDARY,
                accent_color: ACCENT,
                verified: false,
            },
            guest,
            room: PreviewRoom { room_number: "", room_type: "", floor: 0 },
            access: Vec::new(),
            support_phone: "",
            support_email: "",
            created_at: preview.created_at,
            updated_at: preview.uses.used_at.unwrap_or(preview.created_at),
            expires_at: preview.uses.expires_at,
        }
    }
}

impl PreviewGuest {
    fn new(name: String, email_address: Option<String>) -> PreviewGuest {
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        PreviewGuest {
            first_name: first.to_owned(),
            last_name: last.trim_start().to_owned(),
            email: email_address.unwrap_or_default(),
            full_name: name,
            ..PreviewGuest::default()
        }
    }
}
