//! UCWA applications.

use super::id::ApplicationId;
use super::presence::Presence;

/// An application: one client of a user identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub application_id: ApplicationId,
    pub culture: String,
    pub user_agent: String,
    pub instance_id: Option<String>,
    pub application_type: Option<String>,
    /// What its user shows by it.
    pub presence: Presence,
}

/// An application to create.
#[derive(Debug, Clone)]
pub struct NewApplication {
    pub application_id: ApplicationId,
    /// Distinguishes the clients of a user.
    pub endpoint_id: String,
    /// Distinguishes the windows of one client, which share an application.
    pub instance_id: Option<String>,
    pub culture: String,
    pub user_agent: String,
    pub application_type: Option<String>,
}
