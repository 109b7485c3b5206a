//! API keys and personal access tokens of the workspace: listed with their last use, created and revoked.

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{code as id_code, empty, form, pager, text, time};
use super::field::{Faults, Field, check_length, typed};
use super::layout::{Page, Redirect, page};
use super::paging::{cursor, paging};
use super::secret;
use crate::domain::id::{AccessTokenId, ApiKeyId};
use crate::domain::limits::MAX_TEXT;
use crate::domain::operator::Role;
use crate::error::{Error, Reason, Result};
use crate::store::EndedSessions;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

/// What the pages of a kind of key say.
#[derive(Clone, Copy)]
struct Kind {
    noun: &'static str,
    heading: &'static str,
    path: &'static str,
    says: &'static str,
}

const KEYS: Kind = Kind {
    noun: "API key",
    heading: "API keys",
    path: "/keys",
    says: "A server of yours calls the API of this workspace with an API key. Give each its own, so that you can revoke one.",
};

const TOKENS: Kind = Kind {
    noun: "access token",
    heading: "Access tokens",
    path: "/tokens",
    says: "A person’s scripts call the API with an access token, which names its workspace in each request and may reach \
           several; other workspaces are added with “handset token create”.",
};

/// A key or a token in a list.
struct Row {
    id: Uuid,
    name: String,
    hint: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    other_workspaces: i64,
}

pub fn actions() -> Vec<Action> {
    let admin = Role::Admin;
    vec![
        Action::get("/console/w/{workspace_id}/keys", keys),
        Action::get("/console/w/{workspace_id}/keys/new", new_key).role(admin),
        Action::post("/console/w/{workspace_id}/keys", admin, create_key),
        Action::post("/console/w/{workspace_id}/keys/{key_id}/revoke", admin, revoke_key),
        Action::get("/console/w/{workspace_id}/tokens", tokens),
        Action::get("/console/w/{workspace_id}/tokens/new", new_token).role(admin),
        Action::post("/console/w/{workspace_id}/tokens", admin, create_token),
        Action::post("/console/w/{workspace_id}/tokens/{key_id}/revoke", admin, revoke_token),
    ]
}

async fn keys(context: PageContext) -> Result<Page> {
    let found = context.workspace().api_keys(&paging(&context)).await?;
    let rows = found.items.into_iter().map(|key| Row {
        id: key.api_key_id.0,
        name: key.name,
        hint: key.hint,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
        revoked_at: key.revoked_at,
        other_workspaces: 0,
    });
    Ok(list(&context, KEYS, &rows.collect::<Vec<_>>(), found.next.map(cursor).as_deref()))
}

async fn tokens(context: PageContext) -> Result<Page> {
    let found = context.workspace().access_tokens(&paging(&context)).await?;
    let rows = found.items.into_iter().map(|token| Row {
        id: token.access_token_id.0,
        name: token.name,
        hint: token.hint,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
        revoked_at: token.revoked_at,
        other_workspaces: token.other_workspaces,
    });
    Ok(list(&context, TOKENS, &rows.collect::<Vec<_>>(), found.next.map(cursor).as_deref()))
}

fn list(context: &PageContext, kind: Kind, rows: &[Row], next: Option<&str>) -> Page {
    let Kind { noun, heading, path, says } = kind;
    let body = html! {
        h1 { (heading) }
        p { (says) }
        @if context.can(Role::Admin) {
            p { a.button href=(context.address(&format!("{path}/new"))) { "Create an " (noun) } }
        }
        @if rows.is_empty() {
            (empty(html! {
                "There are none. "
                @if !context.can(Role::Admin) { "An admin of the workspace can create one." }
            }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(heading) {
                table {
                    caption { (heading) ", newest first. The last use is up to a minute late." }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "Begins with" } th scope="col" { "Created" }
                        th scope="col" { "Last used" } th scope="col" { "State" }
                    } }
                    tbody { @for row in rows { (key_row(context, kind, row)) } }
                }
            }
            (pager(context, next))
        }
        p {
            @if path == KEYS.path { a href=(context.address(TOKENS.path)) { "Access tokens of persons" } }
            @else { a href=(context.address(KEYS.path)) { "API keys of servers" } }
        }
        h2 { "From code" }
        (code::seam(context, "/workspaces/get", &json!({})))
    };
    page(context, heading, body)
}

fn key_row(context: &PageContext, kind: Kind, row: &Row) -> Markup {
    html! {
        tr {
            th scope="row" {
                @if row.name.is_empty() { "(no name)" } @else { (text(&row.name)) }
                " " (id_code(row.id))
            }
            td { code { (row.hint) "_…" } }
            td { (time(row.created_at)) }
            td { @match row.last_used_at { Some(at) => (time(at)), None => "Never" } }
            td {
                @match row.revoked_at {
                    Some(at) => { span.tag.bad { "Revoked" } " " (time(at)) }
                    None => {
                        span.tag.good { "In use" }
                        @if row.other_workspaces > 0 { ", also in other workspaces: " (row.other_workspaces) }
                        @if context.can(Role::Admin) { (revoke_form(context, kind, row)) }
                    }
                }
            }
        }
    }
}

fn revoke_form(context: &PageContext, kind: Kind, row: &Row) -> Markup {
    let choices = [
        ("issued", "End the client sessions that it has created or extended"),
        ("keep", "Keep them, as for a key that was replaced and did not leak"),
        ("all", "End all client sessions of the workspace: it could read their tokens"),
    ];
    html! {
        details {
            summary { "Revoke" span.visually-hidden { " " (row.name) " " (row.hint) } }
            @if row.other_workspaces > 0 { p { "It stays valid for the other workspaces." } }
            (form(context, &context.address(&format!("{}/{}/revoke", kind.path, row.id)), html! {
                fieldset {
                    legend { "Client sessions" }
                    @for (value, says) in choices {
                        label { input type="radio" name="sessions" value=(value) checked[value == "issued"]; " " (says) }
                    }
                }
                button.danger type="submit" { "Revoke now" }
            }))
        }
    }
}

async fn new_key(context: PageContext) -> Result<Page> {
    Ok(create_page(&context, KEYS, &Faults::default()))
}

async fn new_token(context: PageContext) -> Result<Page> {
    Ok(create_page(&context, TOKENS, &Faults::default()))
}

fn create_page(context: &PageContext, Kind { noun, path, .. }: Kind, faults: &Faults) -> Page {
    let title = format!("Create an {noun}");
    let name = Field::text("name", "Name", MAX_TEXT)
        .hint("What uses it, such as a server’s name. Only operators see it.")
        .required();
    let body = html! {
        h1 { (title) }
        (faults.summary())
        (form(context, &context.address(path), html! {
            (secret::id_field(context))
            (name.show(typed(context, "name", ""), faults))
            button type="submit" { "Create and show it once" }
            a href=(context.address(path)) { "Cancel" }
        }))
    };
    let page = page(context, &title, body);
    if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) }
}

/// The name of a form.
fn read_name(context: &PageContext) -> Result<&str, Faults> {
    let (name, mut faults) = (context.form.filled("name").unwrap_or_default(), Faults::default());
    check_length(&mut faults, "name", name, MAX_TEXT);
    if name.is_empty() {
        faults.add("name", "Enter a name, such as that of the server");
    }
    if faults.is_empty() { Ok(name) } else { Err(faults) }
}

/// The form again if there are too many keys.
fn refused(context: &PageContext, kind: Kind, error: Error) -> Result<Page> {
    match error {
        Error::Conflict(Reason::TooManyKeys(most)) => {
            let mut faults = Faults::default();
            faults.add("name", format!("There are {most} in use, which is the limit. Revoke one first"));
            Ok(create_page(context, kind, &faults))
        }
        error => Err(error),
    }
}

async fn create_key(context: PageContext) -> Result<Page> {
    let name = match read_name(&context) {
        Ok(name) => name,
        Err(faults) => return Ok(create_page(&context, KEYS, &faults)),
    };
    let id: ApiKeyId = secret::form_id(&context)?;
    match context.workspace().create_api_key(id, name, context.now, &context.app.random).await {
        Ok(key) => Ok(secret::shown_once(&context, KEYS.noun, key.as_ref(), first_call(&context, KEYS))),
        Err(error) => refused(&context, KEYS, error),
    }
}

async fn create_token(context: PageContext) -> Result<Page> {
    let name = match read_name(&context) {
        Ok(name) => name,
        Err(faults) => return Ok(create_page(&context, TOKENS, &faults)),
    };
    let id: AccessTokenId = secret::form_id(&context)?;
    match context.workspace().create_access_token(id, name, context.now, &context.app.random).await {
        Ok(token) => Ok(secret::shown_once(&context, TOKENS.noun, token.as_ref(), first_call(&context, TOKENS))),
        Err(error) => refused(&context, TOKENS, error),
    }
}

/// What to do with a new key.
fn first_call(context: &PageContext, kind: Kind) -> Markup {
    html! {
        p { "Keep it where your server reads secrets from, here as " code { "HANDSET_API_KEY" } ", and try it:" }
        @if kind.path == TOKENS.path {
            (super::elements::snippet("curl", &format!(
                "curl -H \"Authorization: Bearer $HANDSET_API_KEY\" -H 'Seam-Workspace: {}' {}",
                context.workspace().id(),
                code::url(context, "/phones/list"),
            )))
        } @else {
            (code::seam(context, "/phones/list", &json!({})))
        }
        p { a.button href=(context.address(kind.path)) { "I have copied it" } }
    }
}

async fn revoke_key(context: PageContext) -> Result<Redirect> {
    let id: ApiKeyId = context.id("key_id")?;
    context.workspace().revoke_api_key(id, context.now).await?;
    revoked(&context, KEYS, id.0).await
}

async fn revoke_token(context: PageContext) -> Result<Redirect> {
    let id: AccessTokenId = context.id("key_id")?;
    context.workspace().revoke_access_token(id, context.now).await?;
    revoked(&context, TOKENS, id.0).await
}

/// Ends the client sessions of a revoked key as the form says.
async fn revoked(context: &PageContext, kind: Kind, issuer: Uuid) -> Result<Redirect> {
    let sessions = match context.form.get("sessions") {
        Some("keep") => None,
        Some("all") => Some(EndedSessions::All),
        _ => Some(EndedSessions::Issued),
    };
    let notice = match sessions {
        None => "It is revoked on all servers. Its client sessions stay.".to_owned(),
        Some(sessions) => {
            let count = context.workspace().end_client_sessions_of(issuer, sessions, context.now).await?;
            format!("It is revoked on all servers. Client sessions ended: {count}.")
        }
    };
    Ok(context.redirect(kind.path).notice(&notice))
}
