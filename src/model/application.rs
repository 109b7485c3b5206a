//! A client of a person at work.

use super::id::ApplicationId;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub application_id: ApplicationId,
    pub culture: String,
    pub user_agent: String,
    pub instance_id: Option<String>,
    pub application_type: Option<String>,
    /// Whether it has made the person available.
    pub is_available: bool,
}

/// One that begins.
#[derive(Debug, Clone)]
pub struct NewApplication {
    pub application_id: ApplicationId,
    /// What tells the person's clients apart.
    pub endpoint_id: String,
    /// What tells the windows of one client apart, which share an application.
    pub instance_id: Option<String>,
    pub culture: String,
    pub user_agent: String,
    pub application_type: Option<String>,
}
