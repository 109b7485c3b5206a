//! Secrets that are shown once: in the answer to the form that creates them, and neither in an address nor in a cookie. The id
//! of what is created is part of the form, so sending the form again creates no second one.

use super::context::PageContext;
use super::layout::{Page, page};
use crate::domain::token::Token;
use crate::error::{Error, Result};
use axum::http::StatusCode;
use maud::{Markup, html};
use uuid::Uuid;

/// The field of a form with the id of what it creates.
const ID: &str = "id";

/// The hidden field with a new id, or with that of the refused form.
pub fn id_field(context: &PageContext) -> Markup {
    let id = context.form.get(ID).and_then(|id| Uuid::try_parse(id).ok());
    let id = id.unwrap_or_else(|| context.app.random.id::<Uuid>(context.now));
    html! { input type="hidden" name=(ID) value=(id); }
}

/// The id that the form has.
pub fn form_id<T: From<Uuid>>(context: &PageContext) -> Result<T> {
    let id = context.form.get(ID).and_then(|id| Uuid::try_parse(id).ok());
    id.map(T::from).ok_or(Error::NoRoute)
}

/// The page with a new secret, or, if the form was sent again, a page that says so.
pub fn shown_once(context: &PageContext, noun: &str, secret: Option<&Token>, rest: Markup) -> Page {
    let Some(secret) = secret else {
        let title = format!("This {noun} was created already");
        let body = html! {
            h1 { (title) }
            p { "The form was sent twice. The secret was shown by the first answer and cannot be shown again." }
            (rest)
        };
        return page(context, &title, body).status(StatusCode::CONFLICT);
    };
    let title = format!("The secret of the {noun}");
    let body = html! {
        h1 { (title) }
        p.alert { "Copy it now. It is shown only this once: Handset keeps no copy that can be read." }
        pre.secret data-copy tabindex="0" { (secret.reveal()) }
        (rest)
    };
    page(context, &title, body)
}
