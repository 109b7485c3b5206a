//! `…/extensions/{id}/contact-groups`: the contact groups of an extension.

use super::access::{self, InExtension};
use super::accounts::NAMED;
use super::answer::Answer;
use super::input::{Faults, body, query};
use super::route::{Call, Operation, Route, Serve};
use super::wire::{Deleted, Group, List};
use crate::error::{Error, ResourceKind, Result};
use crate::model::id::ContactGroupId;
use axum::extract::Request;
use axum::http::StatusCode;

/// Routes, relative to the prefix.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/accounts/{account_id}/extensions/{extension_id}/contact-groups",
        operations: &[
            Operation { method: "GET", serve: Serve::Extension(|own, call| Box::pin(list(own, call))) },
            Operation { method: "POST", serve: Serve::Extension(|own, call| Box::pin(create(own, call))) },
        ],
    },
    Route {
        path: "/accounts/{account_id}/extensions/{extension_id}/contact-groups/{group_id}",
        operations: &[
            Operation { method: "GET", serve: Serve::Extension(|own, call| Box::pin(show(own, call))) },
            Operation { method: "PUT", serve: Serve::Extension(|own, call| Box::pin(rename(own, call))) },
            Operation { method: "PATCH", serve: Serve::Extension(|own, call| Box::pin(rename(own, call))) },
            Operation { method: "DELETE", serve: Serve::Extension(|own, call| Box::pin(delete(own, call))) },
        ],
    },
];

async fn list(own: InExtension, call: Call) -> Result<Answer> {
    let mut faults = Faults::default();
    let wanted = query::read(call.request.uri(), &NAMED, &mut faults);
    faults.judge()?;
    let listed = own.workspace.contact_groups(own.extension.user_identity_id, &wanted.listing).await?;
    let part = wanted.part();
    Ok(Answer::ok(&List::of(listed, wanted.filters, wanted.sort, part, |group| Group::from(&group))))
}

async fn create(own: InExtension, call: Call) -> Result<Answer> {
    let name = name(call.request).await?;
    let made = own.workspace.create_contact_group(own.extension.user_identity_id, &name).await?;
    let at = format!("{}/contact-groups/{}", own.path(), made.contact_group_id);
    Ok(Answer::new(StatusCode::CREATED, &Group::from(&made)).at(&at))
}

async fn show(own: InExtension, call: Call) -> Result<Answer> {
    let group = own.workspace.contact_group(own.extension.user_identity_id, group_id(&call.id)?).await?;
    Ok(Answer::ok(&Group::from(&group)))
}

async fn rename(own: InExtension, call: Call) -> Result<Answer> {
    let person = own.extension.user_identity_id;
    let id = group_id(&call.id)?;
    // 404 precedes errors in the body.
    own.workspace.contact_group(person, id).await?;
    let name = name(call.request).await?;
    Ok(Answer::ok(&Group::from(&own.workspace.rename_contact_group(person, id, &name).await?)))
}

async fn delete(own: InExtension, call: Call) -> Result<Answer> {
    own.workspace.delete_contact_group(own.extension.user_identity_id, group_id(&call.id)?, call.now).await?;
    Ok(Answer::ok(&Deleted::DONE))
}

async fn name(request: Request) -> Result<String> {
    let body = body::read(request).await?;
    let mut faults = Faults::default();
    let name = body.required_text("name", &mut faults);
    faults.judge()?;
    Ok(name.unwrap_or_default())
}

fn group_id(named: &str) -> Result<ContactGroupId> {
    access::number(named)
        .map(ContactGroupId)
        .ok_or_else(|| Error::NotFound(ResourceKind::ContactGroup, named.to_owned()))
}
