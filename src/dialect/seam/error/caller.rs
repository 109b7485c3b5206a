//! Refusals of callers.

use super::ErrorBody;
use crate::error::{AuthFailure, Denial, Rejection, Scheme};
use axum::http::StatusCode;

/// A caller that is not known.
pub(super) fn rejected(Rejection { scheme, failure }: Rejection) -> ErrorBody {
    let (kind, message) = match (scheme, failure) {
        (None, _) => ("unauthorized", "No authentication methods succeeded"),
        (Some(Scheme::ApiKey | Scheme::Pass | Scheme::ScimToken), _) => ("unauthorized", "API Key not found"),
        (Some(Scheme::AccessToken), _) => ("unauthorized", "Access token not found"),
        (Some(Scheme::ConsoleSession), AuthFailure::NotMember) => {
            ("unauthorized", "User does not have access to this workspace")
        }
        (Some(Scheme::ConsoleSession), _) => ("unauthorized", "Session not found"),
        (Some(Scheme::ClientSession), AuthFailure::Malformed) => {
            let message = "A client session token begins with \"seam_cst\"";
            return ErrorBody::bad("invalid_client_session_token", message);
        }
        (Some(Scheme::ClientSession), AuthFailure::Expired) => ("client_session_expired", "Client session expired"),
        (Some(Scheme::ClientSession), AuthFailure::Revoked) => ("client_session_revoked", "Client session revoked"),
        (Some(Scheme::ClientSession), _) => ("client_session_not_found", "Client session not found"),
        (Some(Scheme::PublishableKey), AuthFailure::Incomplete) => {
            ("publishable_key_requires_user_identifier_key", "A publishable key needs a user_identifier_key")
        }
        (Some(Scheme::StreamTicket), AuthFailure::Expired) => {
            ("event_stream_ticket_expired", "The ticket has expired. Create another one")
        }
        (Some(Scheme::StreamTicket), _) => ("unauthorized", "Event stream ticket not found"),
        (Some(Scheme::PublishableKey), _) => ("workspace_not_found", "Workspace not found"),
        (Some(Scheme::ShortCode), _) => ("unauthorized", "Instant key not found"),
    };
    ErrorBody::new(StatusCode::UNAUTHORIZED, kind, message)
}

/// A caller that may not do this.
pub(super) fn denied(denial: Denial) -> ErrorBody {
    let (kind, message) = match denial {
        Denial::PublishableKeyGrantsNothing => (
            "publishable_keys_must_create_empty_client_sessions",
            "A publishable key cannot give a client session connected accounts, connect webviews, a customer or a user \
             identity. Use an API key"
                .to_owned(),
        ),
        Denial::PublishableKeyOff => (
            "publishable_key_auth_disabled",
            "The workspace accepts no publishable key. Create client sessions with an API key, or let the operator switch \
             it on: handset workspace update <workspace> --publishable-key anonymous"
                .to_owned(),
        ),
        Denial::ClientSessionHasAccess => (
            "client_session_has_access",
            "An API key has created the client session of this user_identifier_key, or has given it access, so a \
             publishable key does not open it. Get its token with an API key, or use another user_identifier_key"
                .to_owned(),
        ),
        Denial::ClientSession
        | Denial::OtherExtension
        | Denial::Anonymous
        | Denial::NoEnterpriseVoice
        | Denial::NoMessaging
        | Denial::SignedInByPassword
        | Denial::OperatorsCredential
        | Denial::OperatorRole
        | Denial::ForgedForm => ("forbidden", format!("Not allowed: {denial}")),
    };
    ErrorBody::new(StatusCode::FORBIDDEN, kind, message)
}
