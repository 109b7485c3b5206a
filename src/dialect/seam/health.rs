//! `/health`: whether the service and its database answer. Nobody has to say who they are.

use super::access::Anybody;
use super::answer::Members;
use super::input::*;
use super::route::*;
use crate::error::Result;
use serde_json::json;

pub fn routes() -> Vec<Route> {
    ["/health", "/health/get_health"]
        .into_iter()
        .map(|path| route(path, &[GET, POST], health).does("Tell whether the service and its database answer"))
        .collect()
}

input! {
    /// Nothing.
    pub struct Nothing {}
}

async fn health(call: Call<Anybody>, _: Nothing) -> Result<Members> {
    call.app.store.ping().await?;
    Ok(Members(json!({
        "msg": "Healthy",
        "last_service_evaluation_at": call.now,
        "service_health_statuses": [
            { "service": "database", "status": "healthy", "description": "The database answers" },
        ],
    })))
}
