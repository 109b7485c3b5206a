//! The frame of every page: head, navigation, notice and the page's own part; and the answers that handlers return.

pub mod navigation;

use super::asset;
use super::context::PageContext;
use super::cookie;
use super::elements::{form, text};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use maud::{DOCTYPE, Markup, html};

/// Lifetime of a notice that no page shows.
const NOTICE: TimeDelta = TimeDelta::minutes(1);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A whole page.
#[derive(Debug)]
pub struct Page {
    status: StatusCode,
    cookies: Vec<HeaderValue>,
    document: Markup,
}

impl Page {
    /// With another status than 200.
    pub fn status(self, status: StatusCode) -> Page {
        Page { status, ..self }
    }

    pub(super) fn cookie(mut self, cookie: HeaderValue) -> Page {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document.into_string()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HTML);
        add_cookies(&mut response, self.cookies);
        response
    }
}

/// The answer to a form: the browser gets another page. Reloading that page does not send the form again.
#[derive(Debug)]
pub struct Redirect {
    location: String,
    is_secure: bool,
    cookies: Vec<HeaderValue>,
}

impl Redirect {
    /// To an address of this server.
    pub fn to(location: String, is_secure: bool) -> Redirect {
        Redirect { location, is_secure, cookies: Vec::new() }
    }

    /// With a sentence that the next page shows once.
    pub fn notice(mut self, notice: &str) -> Redirect {
        self.cookies.extend(cookie::set(cookie::NOTICE, notice, NOTICE, self.is_secure));
        self
    }

    pub(super) fn cookie(mut self, cookie: HeaderValue) -> Redirect {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SEE_OTHER.into_response();
        // An address with other characters than a header's leads to the first page.
        let location = HeaderValue::from_str(&self.location).unwrap_or(HeaderValue::from_static(super::PREFIX));
        response.headers_mut().insert(LOCATION, location);
        add_cookies(&mut response, self.cookies);
        response
    }
}

fn add_cookies(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A page of an operator. The title is that of the browser's window; the body has the heading.
pub fn page(context: &PageContext, title: &str, body: Markup) -> Page {
    let content = html! {
        header.top {
            a.brand href=(super::PREFIX) { "Handset" }
            @if let Some(workspace) = &context.workspace {
                span.workspace {
                    span.visually-hidden { "Workspace: " }
                    a href=(context.address("")) { (text(&workspace.name)) }
                    a.switch href=(super::PREFIX) { "Switch workspace" }
                }
            }
            (account(context))
        }
        (navigation::navigation(context))
        main id="main" tabindex="-1" {
            @if let Some(notice) = &context.notice {
                p.notice role="status" { (notice) }
            }
            (body)
        }
    };
    let page = Page { status: StatusCode::OK, cookies: Vec::new(), document: document(title, content) };
    match &context.notice {
        Some(_) => page.cookie(cookie::remove(cookie::NOTICE, context.is_secure())),
        None => page,
    }
}

fn account(context: &PageContext) -> Markup {
    html! {
        details.account {
            summary { (text(&context.operator.email)) }
            ul {
                li { a href="/console/account" { "Account and sessions" } }
                li { (form(context, "/console/sign-out", html! { button.link type="submit" { "Sign out" } })) }
            }
        }
    }
}

/// A page without an operator: signing in, and errors.
pub fn plain_page(title: &str, body: Markup) -> Page {
    Page { status: StatusCode::OK, cookies: Vec::new(), document: plain_document(title, body) }
}

/// The document of a page without an operator.
pub fn plain_document(title: &str, body: Markup) -> Markup {
    document(
        title,
        html! {
            header.top { a.brand href=(super::PREFIX) { "Handset" } }
            main.narrow id="main" tabindex="-1" { (body) }
        },
    )
}

fn document(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Handset" }
                link rel="stylesheet" href=(asset::style_address());
                link rel="icon" href="data:,";
                script src=(asset::script_address()) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                (content)
            }
        }
    }
}
