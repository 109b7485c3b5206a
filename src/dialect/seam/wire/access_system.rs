//! What access systems have. None is connected, so lists of these are empty.

use super::{Fault, Warning};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entrance of an access system.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsEntrance {
    pub acs_entrance_id: Uuid,
    pub acs_system_id: Uuid,
    pub connected_account_id: Uuid,
    #[schema(example = "Front door")]
    pub display_name: String,
    pub created_at: DateTime<Utc>,
    pub space_ids: Vec<Uuid>,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}
