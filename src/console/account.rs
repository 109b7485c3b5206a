//! The operator's own account: its password, its sessions, and their end.

use super::action::Action;
use super::context::PageContext;
use super::elements::{form, text, time};
use super::layout::{Page, Redirect, page};
use super::sign_in::{alert, chosen_password, new_password};
use crate::domain::operator::{Role, SessionRecord, SignInMethod};
use crate::error::Result;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/account", show).signed_in(),
        Action::post("/console/account/password", Role::Viewer, change_password).signed_in(),
        Action::post("/console/account/sessions/{operator_session_id}/end", Role::Viewer, end).signed_in(),
    ]
}

async fn show(context: PageContext) -> Result<Page> {
    account_page(&context, None).await
}

async fn account_page(context: &PageContext, fault: Option<&str>) -> Result<Page> {
    let (store, operator) = (&context.app.store, &context.operator);
    let sessions = store.operator_sessions(operator.operator_id, context.now).await?;
    let has_password = store.has_operator_password(operator.operator_id).await?;
    let body = html! {
        h1 { "Account" }
        dl {
            dt { "E-mail" } dd { (text(&operator.email)) }
            dt { "Role in all workspaces" } dd { (context.everywhere.map_or("none", Role::name)) }
        }
        (sessions_table(context, &sessions))
        (form(context, "/console/sign-out-everywhere", html! {
            button type="submit" { "Sign out everywhere" }
        }))
        @if has_password {
            h2 { "Password" }
            (alert(fault))
            (form(context, "/console/account/password", html! {
                input type="hidden" autocomplete="username" value=(operator.email);
                label for="current" { "Current password" }
                input id="current" name="current" type="password" autocomplete="current-password" required;
                (new_password("New password"))
                button type="submit" { "Change the password" }
            }))
        }
    };
    Ok(page(context, "Account", body))
}

async fn change_password(context: PageContext) -> Result<Response> {
    let chosen = match chosen_password(&context.form) {
        Ok(chosen) => chosen,
        Err(fault) => return refused(&context, &fault).await,
    };
    let PageContext { operator, operator_session_id, .. } = &context;
    let (app, current) = (&context.app, context.form.get("current").unwrap_or_default());
    let origin = context.origin;
    let changed =
        app.store.change_operator_password(operator, *operator_session_id, current, chosen, origin, &app.random);
    match app.judge_operator_password(origin, &operator.email, changed).await? {
        Some(()) => {
            let done = Redirect::to("/console/account".to_owned(), context.is_secure());
            Ok(done.notice("The password is changed. Your other sessions have ended.").into_response())
        }
        None => refused(&context, "The current password is wrong.").await,
    }
}

async fn refused(context: &PageContext, fault: &str) -> Result<Response> {
    let page = account_page(context, Some(fault)).await?;
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
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
