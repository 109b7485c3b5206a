//! `/seam/mobile_sdk/v1/report_salto_space_audit_trail`: what a lock of Salto Space told a phone. No such system is connected.

use super::access::BySession;
use super::answer::Void;
use super::route::*;
use crate::api::input::*;
use crate::error::{Error, ResourceKind, Result};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/seam/mobile_sdk/v1/report_salto_space_audit_trail", &[POST], report)
            .summary("Report the audit trail of a Salto Space system; there is none, so this is refused")
            .not_found(ResourceKind::AcsSystem),
    ]
}

input! {
    /// What Salto's mobile SDK has received.
    #[expect(dead_code, reason = "no access system is connected")]
    pub struct SaltoSpaceMetadata {
        /// The audit trail.
        justin_mobile_sdk_audit_trail_data: String = text().max(1_000_000),
    }
}

input! {
    /// An audit trail.
    #[expect(dead_code, reason = "no access system is connected")]
    pub struct Report {
        /// The access system.
        acs_system_id: Uuid = uuid(),
        /// What Salto's mobile SDK has received.
        salto_space_metadata: SaltoSpaceMetadata = object(),
    }
}

async fn report(_: Call<BySession>, input: Report) -> Result<Void> {
    Err(Error::NotFound(ResourceKind::AcsSystem, input.acs_system_id.to_string()))
}
