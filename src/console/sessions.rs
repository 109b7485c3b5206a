//! Client sessions: tokens of apps and browsers that act for one user. Listed without their tokens, and revoked.

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{code as id_code, empty, form, pager, text, time};
use super::layout::{Page, Redirect, page};
use super::paging::{cursor, paging};
use crate::domain::client_session::ClientSessionOverview;
use crate::domain::id::{ClientSessionId, UserIdentityId};
use crate::domain::operator::Role;
use crate::domain::scope::Scope;
use crate::error::Result;
use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

/// The parameter of the address with the user whose sessions are listed.
const USER: &str = "user";

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/sessions", list),
        Action::post("/console/w/{workspace_id}/sessions/{client_session_id}/revoke", Role::Operator, revoke),
    ]
}

async fn list(context: PageContext) -> Result<Page> {
    let person = user(context.query.get(USER));
    let name = match person {
        Some(id) => Some(context.workspace().user_identity(id, Scope::Workspace).await?.display_name().to_owned()),
        None => None,
    };
    let sessions = context.workspace().active_client_sessions(person, &paging(&context), context.now).await?;
    let arguments = person.map_or(json!({}), |id| json!({ "user_identity_id": id }));
    let body = html! {
        h1 { "Client sessions" @if let Some(name) = &name { " of " (text(name)) } }
        p { "An app or a browser that acts for one user holds the token of a client session. A revoked one is refused at once." }
        @if person.is_some() { p { a href=(context.address("/sessions")) { "Sessions of all users" } } }
        @if sessions.items.is_empty() {
            (empty(html! { "There are no active client sessions. Your server creates one for each app that signs in." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Active client sessions, newest first" {
                table {
                    caption { "Active client sessions, newest first" }
                    thead { tr {
                        th scope="col" { "User" } th scope="col" { "Key of the user" } th scope="col" { "Created" }
                        th scope="col" { "Expires" } th scope="col" { "Session" }
                    } }
                    tbody { @for session in &sessions.items { (row(&context, session)) } }
                }
            }
            (pager(&context, sessions.next.map(cursor).as_deref()))
        }
        h2 { "From code" }
        (code::seam(&context, "/client_sessions/list", &arguments))
    };
    Ok(page(&context, "Client sessions", body))
}

fn row(context: &PageContext, session: &ClientSessionOverview) -> Markup {
    let id = session.client_session_id;
    let name = session.user_name.as_deref().unwrap_or("No user");
    html! {
        tr {
            th scope="row" {
                @match session.user_identity_id {
                    Some(user) => {
                        a href=(context.address(&format!("/sessions?{USER}={user}"))) { (text(name)) }
                    }
                    None => { (name) @if session.is_anonymous { ", of the publishable key" } }
                }
            }
            td { @match &session.user_identifier_key { Some(key) => (text(key)), None => "–" } }
            td { (time(session.created_at)) }
            td { (time(session.expires_at)) }
            td {
                (id_code(id))
                @if context.can(Role::Operator) {
                    (form(context, &context.address(&format!("/sessions/{id}/revoke")), html! {
                        @if let Some(user) = user(context.query.get(USER)) {
                            input type="hidden" name=(USER) value=(user);
                        }
                        button.danger type="submit" { "Revoke" span.visually-hidden { " the session of " (name) } }
                    }))
                }
            }
        }
    }
}

/// The user that an address or a form names.
fn user(text: Option<&str>) -> Option<UserIdentityId> {
    Uuid::try_parse(text?).ok().map(UserIdentityId)
}

async fn revoke(context: PageContext) -> Result<Redirect> {
    let id: ClientSessionId = context.id("client_session_id")?;
    context.workspace().revoke_client_session(id, context.now).await?;
    let back = match user(context.form.get(USER)) {
        Some(user) => format!("/sessions?{USER}={user}"),
        None => "/sessions".to_owned(),
    };
    Ok(context.redirect(&back).notice("The client session is revoked."))
}
