//! Parts of pages that the script loads again. Without the script, a page is loaded again by a link.

use super::context::PageContext;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// The query parameter by which the script asks for the changing part of a page alone.
const FRAGMENT: &str = "fragment";

/// Whether the changing part of the page is asked for.
pub fn is_fragment(context: &PageContext) -> bool {
    context.query.get(FRAGMENT).is_some()
}

/// The changing part of a page, without its frame.
pub fn fragment(part: &Markup) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    ([(CONTENT_TYPE, html)], part.0.clone()).into_response()
}

/// The address of the changing part of this page.
pub fn fragment_address(context: &PageContext) -> String {
    context.link(&[(FRAGMENT, "1")])
}

/// Where the script puts what a part says that it has loaded, for screen readers. Once on a page.
pub fn announcer() -> Markup {
    html! { p.visually-hidden role="status" data-announcer {} }
}

/// A part that the script loads again each second, until it no longer changes. It says so itself, by [`progress`].
pub fn live(context: &PageContext, label: &str, part: &Markup) -> Markup {
    html! {
        (announcer())
        section aria-label=(label) data-live=(fragment_address(context)) { (part) }
    }
}

/// Whether a part still changes, in words. The link is for browsers without the script.
pub fn progress(context: &PageContext, says: &str, is_changing: bool) -> Markup {
    html! {
        p.progress data-changing[is_changing] {
            span data-said { (says) }
            @if is_changing { " " a.reload href=(context.link(&[(FRAGMENT, "")])) { "Look again" } }
        }
    }
}
