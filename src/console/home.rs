//! The first page: the workspaces of the operator, or the only one.

use super::action::Action;
use super::context::PageContext;
use super::elements::{empty, pager, snippet, text};
use super::layout::{Page, Redirect, page};
use crate::domain::id::WorkspaceId;
use crate::domain::workspace::WorkspaceRecord;
use crate::error::Result;
use axum::response::{IntoResponse, Response};
use base64::prelude::*;
use maud::html;
use uuid::Uuid;

/// Workspaces on a page.
const COUNT: usize = 50;

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console", home).signed_in()]
}

async fn home(context: PageContext) -> Result<Response> {
    let after = context.query.filled("after").and_then(parse_cursor);
    let is_first = after.is_none();
    let operator = context.operator.operator_id;
    let mut workspaces = context.app.store.workspaces_of_operator(operator, after, COUNT as i64 + 1).await?;
    if let ([only], true) = (workspaces.as_slice(), is_first) {
        let location = format!("/console/w/{}", only.workspace_id);
        return Ok(Redirect::to(location, context.is_secure()).into_response());
    }
    let next = (workspaces.len() > COUNT).then(|| cursor(&workspaces[COUNT - 1]));
    workspaces.truncate(COUNT);
    Ok(workspaces_page(&context, &workspaces, next.as_deref()).into_response())
}

fn workspaces_page(context: &PageContext, workspaces: &[WorkspaceRecord], next: Option<&str>) -> Page {
    let body = html! {
        h1 { "Workspaces" }
        @if workspaces.is_empty() {
            (empty(html! { "You have no role in a workspace. An administrator gives you one on the server:" }))
            (snippet("Command", "handset operator set-role EMAIL --workspace NAME --role viewer"))
        } @else {
            ul.cards {
                @for workspace in workspaces {
                    li {
                        a href={ "/console/w/" (workspace.workspace_id) } { (text(&workspace.name)) }
                        " " span.tag { (if workspace.is_sandbox { "sandbox" } else { "production" }) }
                    }
                }
            }
        }
        (pager(context, next))
    };
    page(context, "Workspaces", body)
}

/// Where the next page begins, in a form that addresses can have.
fn cursor(last: &WorkspaceRecord) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{} {}", last.workspace_id, last.name))
}

fn parse_cursor(cursor: &str) -> Option<(String, WorkspaceId)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (id, name) = text.split_once(' ')?;
    Some((name.replace('\0', "\u{fffd}"), WorkspaceId(Uuid::parse_str(id).ok()?)))
}
