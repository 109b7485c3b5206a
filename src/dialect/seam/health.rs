//! `/health`: whether the service and its database respond, and which build it is. No authentication.

use super::access::Public;
use super::answer::Members;
use super::route::*;
use crate::build_info;
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes() -> Vec<Operation> {
    ["/health", "/health/get_health"]
        .into_iter()
        .map(|path| {
            route(path, &[GET, POST], health).summary("Get the health of the service and its database").with_head()
        })
        .collect()
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "Healthy")]
    pub msg: &'static str,
    pub last_service_evaluation_at: DateTime<Utc>,
    pub service_health_statuses: [ServiceHealth; 1],
    pub build_info: BuildInfo,
}

/// Which build the service is. Seam does not have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuildInfo {
    #[schema(example = "0.2.0")]
    pub version: &'static str,
    /// The first 12 digits of the commit; null in a development build.
    #[schema(example = "ab9919f01234")]
    pub commit: Option<&'static str>,
    /// The date of the commit.
    #[schema(example = "2026-11-30")]
    pub date: Option<&'static str>,
}

/// The health of a part of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceHealth {
    #[schema(example = "database")]
    pub service: &'static str,
    #[schema(example = "healthy")]
    pub status: &'static str,
    #[schema(example = "The database answers")]
    pub description: &'static str,
}

async fn health(call: Call<Public>, _: Nothing) -> Result<Members<Health>> {
    call.app.store.ping().await?;
    let database = ServiceHealth { service: "database", status: "healthy", description: "The database answers" };
    Ok(Members(Health {
        msg: "Healthy",
        last_service_evaluation_at: call.now,
        service_health_statuses: [database],
        build_info: BuildInfo { version: build_info::VERSION, commit: build_info::COMMIT, date: build_info::DATE },
    }))
}
