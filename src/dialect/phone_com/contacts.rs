//! `…/extensions/{id}/contacts`: the contacts of an extension.

use super::access::{self, InExtension};
use super::answer::Answer;
use super::input::filter::Kind;
use super::input::query::{self, Fields};
use super::input::{Faults, body, contact};
use super::route::{Call, Operation, Route, Serve};
use super::wire::{Contact, Deleted, List};
use crate::error::{Error, Place, Problem, ResourceKind, Result, Step};
use crate::model::contact::{ContactChange, ContactField, ContactFields, UpdateMode};
use crate::model::id::{ContactId, UserIdentityId};
use axum::http::StatusCode;

/// Routes, relative to the prefix.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/accounts/{account_id}/extensions/{extension_id}/contacts",
        operations: &[
            Operation { method: "GET", serve: Serve::Extension(|own, call| Box::pin(list(own, call))) },
            Operation { method: "POST", serve: Serve::Extension(|own, call| Box::pin(create(own, call))) },
        ],
    },
    Route {
        path: "/accounts/{account_id}/extensions/{extension_id}/contacts/{contact_id}",
        operations: &[
            Operation { method: "GET", serve: Serve::Extension(|own, call| Box::pin(show(own, call))) },
            Operation {
                method: "PUT",
                serve: Serve::Extension(|own, call| Box::pin(change(own, call, UpdateMode::Replace))),
            },
            Operation {
                method: "PATCH",
                serve: Serve::Extension(|own, call| Box::pin(change(own, call, UpdateMode::Merge))),
            },
            Operation { method: "DELETE", serve: Serve::Extension(|own, call| Box::pin(delete(own, call))) },
        ],
    },
];

/// What contacts can be filtered and sorted by.
pub const FIELDS: Fields<ContactField> = Fields {
    filters: &[
        ("id", ContactField::Id, Kind::Number),
        ("group_id", ContactField::GroupId, Kind::Number),
        ("updated_at", ContactField::UpdatedAt, Kind::Number),
        ("name", ContactField::Name, Kind::Text),
        ("phone", ContactField::Phone, Kind::Phone),
    ],
    sorts: &[("id", ContactField::Id), ("updated_at", ContactField::UpdatedAt)],
};

async fn list(own: InExtension, call: Call) -> Result<Answer> {
    let mut faults = Faults::default();
    let wanted = query::read(call.request.uri(), &FIELDS, &mut faults);
    faults.judge()?;
    let listed = own.workspace.contacts(own.extension.user_identity_id, &wanted.listing).await?;
    let (part, form) = (wanted.part(), if wanted.is_brief { Contact::Summary } else { Contact::Full });
    Ok(Answer::written(StatusCode::OK, List::of(listed, wanted.filters, wanted.sort, part, form).json()?))
}

async fn create(own: InExtension, call: Call) -> Result<Answer> {
    let person = own.extension.user_identity_id;
    let change = said(&own, person, call.request).await?;
    let fields = ContactFields::from(change);
    let made = own.workspace.create_contact(person, fields, call.now).await.map_err(gone)?;
    let at = format!("{}/contacts/{}", own.path(), made.contact_id);
    Ok(Answer::written(StatusCode::CREATED, Contact::Full(made).json()?).at(&at))
}

async fn show(own: InExtension, call: Call) -> Result<Answer> {
    let contact = own.workspace.contact(own.extension.user_identity_id, contact_id(&call.id)?).await?;
    Ok(Answer::written(StatusCode::OK, Contact::Full(contact).json()?))
}

async fn change(own: InExtension, call: Call, rest: UpdateMode) -> Result<Answer> {
    let person = own.extension.user_identity_id;
    let id = contact_id(&call.id)?;
    // 404 precedes errors in the body.
    own.workspace.contact(person, id).await?;
    let change = said(&own, person, call.request).await?;
    let changed = own.workspace.update_contact(person, id, change, rest, call.now).await.map_err(gone)?;
    Ok(Answer::written(StatusCode::OK, Contact::Full(changed).json()?))
}

async fn delete(own: InExtension, call: Call) -> Result<Answer> {
    own.workspace.delete_contact(own.extension.user_identity_id, contact_id(&call.id)?, call.now).await?;
    Ok(Answer::ok(&Deleted::DONE))
}

/// Reads a contact from the body and resolves its group.
async fn said(own: &InExtension, person: UserIdentityId, request: axum::extract::Request) -> Result<ContactChange> {
    let body = body::read(request).await?;
    let mut faults = Faults::default();
    let (mut change, group) = contact::read(&body, &mut faults);
    change.group = match group {
        None => None,
        Some(None) => Some(None),
        Some(Some(lookup)) => {
            let found = own.workspace.find_contact_group(person, &lookup).await?;
            if found.is_none() {
                faults.add(Place::Body, body.at("group"), Problem::Choice, NO_GROUP);
            }
            Some(found.map(|group| group.contact_group_id))
        }
    };
    faults.judge()?;
    Ok(change)
}

const NO_GROUP: &str = "The extension has no such contact group";

/// A group deleted between lookup and use is reported as an unknown group.
fn gone(error: Error) -> Error {
    match error {
        Error::NotFound(ResourceKind::ContactGroup, _) => {
            let mut faults = Faults::default();
            faults.add(Place::Body, vec![Step::Key("group".to_owned())], Problem::Choice, NO_GROUP);
            faults.judge().err().unwrap_or(error)
        }
        error => error,
    }
}

fn contact_id(named: &str) -> Result<ContactId> {
    access::number(named).map(ContactId).ok_or_else(|| Error::NotFound(ResourceKind::Contact, named.to_owned()))
}
