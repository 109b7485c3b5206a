//! The credentials that made changes, by name.

use crate::console::context::PageContext;
use crate::console::elements::brief;
use crate::domain::audit::AuditEntry;
use crate::error::Result;
use maud::{Markup, html};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The credentials of entries, with their names.
pub struct Authors<'a> {
    context: &'a PageContext,
    names: BTreeMap<Uuid, String>,
}

impl<'a> Authors<'a> {
    pub async fn of(context: &'a PageContext, entries: &[&AuditEntry]) -> Result<Authors<'a>> {
        let mut ids: Vec<Uuid> = entries.iter().filter_map(|entry| entry.credential_id).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Authors { context, names: context.workspace().author_names(&ids).await? })
    }

    /// The credential of an entry, as a link to all that it did.
    pub fn name(&self, entry: &AuditEntry) -> Markup {
        let kind = match entry.credential_kind.as_str() {
            "api_key" => "API key",
            "access_token" => "access token",
            "console_session" => "console session",
            "client_session" => "client session of",
            "instant_key" => "instant key of",
            "publishable_key" => "publishable key",
            "password" => "password of",
            "scim_token" => "directory",
            "operator_account" => "operator",
            "operator" => "command line of the server",
            "sweeper" => "Handset, by itself",
            other => other,
        };
        html! {
            (kind)
            @if let Some(id) = entry.credential_id {
                " " a href=(self.context.address(&format!("/timeline?by={id}"))) {
                    @match self.names.get(&id).filter(|name| !name.is_empty()) {
                        Some(name) => (brief(name)),
                        None => (id),
                    }
                }
            }
        }
    }
}
