//! The operator's own account: its sessions, and their end.

use super::action::Action;
use super::context::PageContext;
use super::elements::{form, text, time};
use super::layout::{Page, Redirect, page};
use crate::domain::operator::{Role, SessionRecord, SignInMethod};
use crate::error::Result;
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/account", show).signed_in(),
        Action::post("/console/account/sessions/{operator_session_id}/end", Role::Viewer, end).signed_in(),
    ]
}

async fn show(context: PageContext) -> Result<Page> {
    let sessions = context.app.store.operator_sessions(context.operator.operator_id, context.now).await?;
    let body = html! {
        h1 { "Account" }
        dl {
            dt { "E-mail" } dd { (text(&context.operator.email)) }
            dt { "Role in all workspaces" } dd { (context.everywhere.map_or("none", Role::name)) }
        }
        (sessions_table(&context, &sessions))
        (form(&context, "/console/sign-out-everywhere", html! {
            button type="submit" { "Sign out everywhere" }
        }))
    };
    Ok(page(&context, "Account", body))
}

fn sessions_table(context: &PageContext, sessions: &[SessionRecord]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Sessions" {
            table {
                caption { "Sessions" }
                thead { tr { th scope="col" { "Opened" } th scope="col" { "By" } th scope="col" { "From" } th scope="col" { "Last used" } th scope="col" { "Ends" } th scope="col" { span.visually-hidden { "Actions" } } } }
                tbody {
                    @for session in sessions {
                        tr {
                            td { (time(session.created_at)) }
                            td { (method(session.method)) }
                            td.nowrap { (session.address.as_deref().unwrap_or("unknown")) }
                            td { (time(session.used_at)) }
                            td { (time(session.expires_at)) }
                            td {
                                @if session.operator_session_id == context.operator_session_id {
                                    "This one"
                                } @else {
                                    (form(context, &format!("/console/account/sessions/{}/end", session.operator_session_id), html! {
                                        button type="submit" { "End" }
                                    }))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn method(method: SignInMethod) -> &'static str {
    match method {
        SignInMethod::Link => "link",
        SignInMethod::Invitation => "invitation",
        SignInMethod::Password => "password",
        SignInMethod::Sso => "single sign-on",
    }
}

async fn end(context: PageContext) -> Result<Redirect> {
    let session = context.id("operator_session_id")?;
    context.app.store.end_operator_session(context.operator.operator_id, session).await?;
    Ok(Redirect::to("/console/account".to_owned(), context.is_secure()).notice("The session has ended."))
}
