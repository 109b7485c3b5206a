//! Conflicts with the state, in the words of pages.

use crate::error::Reason;

/// What a conflict means, as sentences.
pub fn words(reason: &Reason) -> String {
    match reason {
        Reason::NotASandbox => "This is for sandbox workspaces only.".to_owned(),
        Reason::UserIdentityExists(field) => format!("Another user of the workspace has this {field}."),
        Reason::UserIdentitySuspended => {
            "The company's directory has deactivated this person. Activate it there first.".to_owned()
        }
        Reason::NotMergeable(refusal) => format!("{refusal}."),
        Reason::TooManyGroups(limit) => format!("The workspace has {limit} groups, the most."),
        Reason::ClientSessionExists => "There is a client session with this key already.".to_owned(),
        Reason::TooManyAnonymousSessions(limit) => {
            format!("The workspace has {limit} client sessions without access, the most.")
        }
        Reason::TooManyInstantKeys(limit) => format!("The user has {limit} instant keys that can be used, the most."),
        Reason::InstantKeyUsed => "The instant key was used as often as it may be.".to_owned(),
        Reason::InstantKeyExpired => "The instant key has expired.".to_owned(),
        Reason::TooManyGrants => "The client session would have more accounts or views than it may have.".to_owned(),
        Reason::UnknownEventTypes(types) => format!("There are no events of the type {}.", types.join(", ")),
        Reason::CursorOfAnotherQuery | Reason::UnknownCursor => {
            "The link to the next page is of another list. Start from the first page.".to_owned()
        }
        Reason::TooMuchMetadata => "The phone would have more metadata than it may have.".to_owned(),
        Reason::PhoneDeactivated => {
            "A phone of this installation was deactivated. Let the installation in again first.".to_owned()
        }
        Reason::TooManyPhones(limit) => format!("The user or the installation has {limit} active phones, the most."),
        Reason::TooManyAccessibleDevices(limit) => format!("The user has access to {limit} devices, the most."),
        Reason::WebhookDisabled => "The webhook is disabled. Enable it first.".to_owned(),
        Reason::TooManyWorkspaces(limit) => format!("There are {limit} workspaces, the most."),
        Reason::TooManyWebhooks(limit) => format!("The workspace has {limit} webhooks, the most. Delete one first."),
        Reason::TooManyKeys(limit) => format!("The workspace has {limit} keys in use, the most. Revoke one first."),
        Reason::ExclusiveOptions(message) => format!("{message}."),
        Reason::NumberInUse => {
            "The phone number is in use, or was released too short a time ago. Choose another one.".to_owned()
        }
        Reason::NumberNotAssignable(status) => {
            format!("The number is {status}. Only a reserved or assigned number can be assigned.")
        }
        Reason::NumberNotAssigned(status) => format!("The number is {status}. Assign it first."),
        Reason::NumberNotReleasable(status) => {
            format!("The number is {status}. Only an assigned number can be released.")
        }
        Reason::ReleaseNotScheduled => "No release of the number is scheduled.".to_owned(),
        Reason::UserHasNumber => "The user has another number already. Release that one first.".to_owned(),
        Reason::ManagedNumber => "The workspace manages this number; a user cannot change it.".to_owned(),
        Reason::SlotFilled => "There is a number already. Remove it first.".to_owned(),
        Reason::CredentialAssigned | Reason::CredentialNotAssigned => {
            "The credential belongs to another user.".to_owned()
        }
        Reason::AlreadyAvailable => "The user is available already.".to_owned(),
        Reason::NotAvailable => "The user is not available yet.".to_owned(),
    }
}
