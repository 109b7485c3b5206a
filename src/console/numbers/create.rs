//! The form that reserves or imports a number.

use crate::console::context::PageContext;
use crate::console::elements::form;
use crate::console::field::{Faults, Field, check_length, typed};
use crate::console::layout::{Page, page};
use crate::domain::e164::E164;
use crate::domain::limits::MAX_TEXT;
use crate::domain::number::NewPhoneNumber;
use crate::error::{Error, Reason, Result};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use maud::html;

/// Longest notation of a number.
const MAX_NUMBER: usize = 80;

pub async fn form_page(context: PageContext) -> Result<Page> {
    Ok(filled(&context, &Faults::default()))
}

pub async fn create(context: PageContext) -> Result<Response> {
    let mut faults = Faults::default();
    let name = context.form.filled("nickname");
    check_length(&mut faults, "nickname", name.unwrap_or_default(), MAX_TEXT);
    let number = context.form.filled("number").and_then(E164::parse);
    if number.is_none() {
        faults.add("number", "Enter a whole number that begins with a plus and the country, such as +34 675 89 76 54");
    }
    let (Some(number), true) = (number, faults.is_empty()) else {
        return Ok(filled(&context, &faults).into_response());
    };
    let register_id = context.app.random.id(context.now);
    let new = NewPhoneNumber { register_id, number, nickname: name.map(str::to_owned) };
    let lifetime = TimeDelta::from_std(context.app.reservation).unwrap_or(TimeDelta::MAX);
    let made = match context.form.get("way") {
        Some("import") => context.workspace().import_number(new, None, context.now).await,
        _ => context.workspace().reserve_number(new, context.now, context.now + lifetime).await,
    };
    let number = match made {
        Err(Error::Conflict(Reason::NumberInUse)) => {
            faults.add("number", "This number is in use, or was a short time ago. Choose another one");
            return Ok(filled(&context, &faults).into_response());
        }
        made => made?,
    };
    let address = format!("/numbers/{}", number.register_id);
    Ok(context.redirect(&address).notice("The number is yours. It can be assigned to a user.").into_response())
}

fn filled(context: &PageContext, faults: &Faults) -> Page {
    let is_import = context.form.get("way") == Some("import");
    let number = Field::text("number", "Number", MAX_NUMBER).kind("tel").hint("With plus and country.").required();
    let name = Field::text("nickname", "Name", MAX_TEXT).hint("Such as “Front desk”. It may stay empty.");
    let body = html! {
        h1 { "Reserve or import a number" }
        (faults.summary())
        (form(context, &context.address("/numbers"), html! {
            fieldset {
                legend { "Where the number comes from" }
                label { input type="radio" name="way" value="reserve" checked[!is_import]; " Reserve: it is held until it is assigned" }
                label { input type="radio" name="way" value="import" checked[is_import]; " Import: the number is yours already" }
            }
            (number.show(typed(context, "number", ""), faults))
            (name.show(typed(context, "nickname", ""), faults))
            button type="submit" { "Add the number" }
            a href=(context.address("/numbers")) { "Cancel" }
        }))
    };
    let page = page(context, "Reserve or import a number", body);
    if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) }
}
