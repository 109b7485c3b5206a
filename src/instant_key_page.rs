//! The page that the link of an instant key opens: whose it is, until when, and what to do with it. It is complete by itself, without
//! a script and without another request, and opening it uses nothing up: programs that check links open it, too. All links that are
//! of no use open the same page.

mod error;
mod headers;

use crate::domain::instant_key::{InstantKeyPreview, InstantKeyStatus, PATH};
use crate::error::{Error, Result};
use crate::http::{App, CallerCell, Claim, Dialect, RequestCaller};
use crate::store::{Authenticated, Credentials, Origin, Principal};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Extensions, Method, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use chrono::{DateTime, SecondsFormat, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use std::sync::Arc;

/// The stylesheet, which is part of the page.
const STYLE: &str = include_str!("instant_key_page/page.css");

/// The page as a dialect, for the middleware that all dialects share. It is not one of those in the OpenAPI document.
pub static DIALECT: Dialect = Dialect {
    name: "instant_key_page",
    claims: |parts| Claim::below(PATH, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: || Value::Null,
    client_header: None,
    render: error::render,
    allows_origin: |_| false,
    credential_headers: &[],
};

fn router() -> Router<Arc<App>> {
    Router::new()
        .route(&format!("{PATH}/{{short_code}}"), any(serve))
        .fallback(|| async { Error::NoRoute })
        .layer(middleware::map_response(headers::protect))
}

async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Error::MethodNotAllowed(vec!["GET", "HEAD"]).into_response();
    }
    let (parts, _) = request.into_parts();
    let code = parts.uri.path().rsplit('/').next().unwrap_or_default();
    match preview(&app, &parts.extensions, code, app.clock.now()).await {
        Ok(preview) => page(StatusCode::OK, "Instant key", &ready(&preview, code)),
        Err(error) => error.into_response(),
    }
}

/// What the page tells of an instant key that can be used. A code is judged within the limit of failed authentications.
async fn preview(app: &App, extensions: &Extensions, code: &str, now: DateTime<Utc>) -> Result<InstantKeyPreview> {
    let origin: Origin = extensions.get().copied().unwrap_or_default();
    let known = app.store.authenticate(Credentials::ShortCode(code), origin, now);
    let Authenticated::Caller(caller) = app.authenticate(origin, known).await? else { return Err(Error::NoRoute) };
    if let Some(cell) = extensions.get::<CallerCell>() {
        cell.set(RequestCaller::new(caller.credential, Some(caller.workspace.id())));
    }
    let Principal::InstantKey(id) = caller.credential else { return Err(Error::NoRoute) };
    let preview = caller.workspace.instant_key_preview(id).await?;
    match preview.uses.status(now) {
        InstantKeyStatus::Ready => Ok(preview),
        InstantKeyStatus::Expired | InstantKeyStatus::Used => Err(Error::NoRoute),
    }
}

fn ready(preview: &InstantKeyPreview, code: &str) -> Markup {
    let left = preview.uses.left();
    let until = preview.uses.expires_at;
    html! {
        h1 { "Your key" }
        dl {
            dt { "For" } dd { bdi dir="auto" { (preview.display_name) } }
            dt { "From" } dd { bdi dir="auto" { (preview.workspace_name) } }
            dt { "Valid until" }
            dd {
                time datetime=(until.to_rfc3339_opts(SecondsFormat::Secs, true)) { (until.format("%Y-%m-%d %H:%M UTC")) }
            }
            dt { "Can be used by" } dd { (left) @if left == 1 { " phone" } @else { " phones" } }
        }
        h2 { "How to use it" }
        ol {
            li { "Take the phone that you want to open doors with, and open the app that the key is for." }
            li { "Open the link of this page in the app, or enter this code:" code { (code) } }
        }
        p.quiet { "Keep the link to yourself: a phone that uses it is let in as you. Looking at this page does not use it." }
    }
}

/// A whole page.
fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="format-detection" content="telephone=no";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    let mut response = (status, document.into_string()).into_response();
    headers::add(response.headers_mut());
    response
}
