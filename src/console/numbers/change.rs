//! Changes of a number.

use super::person::{Named, named};
use super::show;
use crate::console::context::PageContext;
use crate::console::field::{Faults, check_length};
use crate::console::layout::Redirect;
use crate::domain::id::PhoneNumberId;
use crate::domain::limits::MAX_TEXT;
use crate::domain::number::PhoneNumberChange;
use crate::error::{Error, Reason, Result};
use axum::response::{IntoResponse, Response};

pub async fn assign(context: PageContext) -> Result<Response> {
    let id = context.id::<PhoneNumberId>("number_id")?;
    let number = context.workspace().number(id).await?;
    let mut faults = Faults::default();
    let (person, candidates) = match named(&context, &mut faults).await? {
        Named::Unnamed => (None, Vec::new()),
        Named::One(person) => (Some(person), Vec::new()),
        Named::Several(candidates) => (None, candidates),
    };
    if faults.is_empty() {
        let event_id = context.app.random.id(context.now);
        match context.workspace().assign_number(id, person, event_id, context.now).await {
            Err(Error::Conflict(Reason::UserHasNumber)) => {
                faults.add("user", "This user has another number already. Release it, or assign it to another user");
            }
            assigned => {
                assigned?;
                return Ok(done(&context, id, "The number is assigned.").into_response());
            }
        }
    }
    Ok(show::filled(&context, &number, &candidates, &faults).await?.into_response())
}

pub async fn rename(context: PageContext) -> Result<Response> {
    let id = context.id::<PhoneNumberId>("number_id")?;
    let name = context.form.filled("nickname").map(str::to_owned);
    let mut faults = Faults::default();
    check_length(&mut faults, "nickname", name.as_deref().unwrap_or_default(), MAX_TEXT);
    if !faults.is_empty() {
        let number = context.workspace().number(id).await?;
        return Ok(show::filled(&context, &number, &[], &faults).await?.into_response());
    }
    let change = PhoneNumberChange { nickname: Some(name), ..PhoneNumberChange::default() };
    context.workspace().update_number(id, change, context.now).await?;
    Ok(done(&context, id, "The name is saved.").into_response())
}

pub async fn release(context: PageContext) -> Result<Redirect> {
    let (id, event_id) = (context.id::<PhoneNumberId>("number_id")?, context.app.random.id(context.now));
    context.workspace().release_number(id, event_id, context.now).await?;
    Ok(done(&context, id, "The release is ordered."))
}

pub async fn cancel_release(context: PageContext) -> Result<Redirect> {
    let id = context.id::<PhoneNumberId>("number_id")?;
    context.workspace().cancel_release(id, context.now).await?;
    Ok(done(&context, id, "The number stays."))
}

fn done(context: &PageContext, id: PhoneNumberId, notice: &str) -> Redirect {
    context.redirect(&format!("/numbers/{id}")).notice(notice)
}
