//! `/accounts` and `/accounts/{id}/extensions`: where a client finds the numbers for other paths. The vendor has such
//! resources, too; these have only the fields that exist here.

use super::access::{InAccount, InExtension};
use super::answer::Answer;
use super::input::Faults;
use super::input::filter::Kind;
use super::input::query::{self, Fields};
use super::route::{Call, Operation, Route, Serve};
use super::wire::{Account, Extension, List};
use crate::error::Result;
use crate::model::extension::{NamedField, NumberedAccount};
use crate::store::Authenticated;

/// Routes, relative to the prefix.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/accounts",
        operations: &[Operation {
            method: "GET",
            serve: Serve::Caller(|caller, call| Box::pin(accounts(caller, call))),
        }],
    },
    Route {
        path: "/accounts/{account_id}",
        operations: &[Operation { method: "GET", serve: Serve::Account(|account, _| Box::pin(show(account))) }],
    },
    Route {
        path: "/accounts/{account_id}/extensions",
        operations: &[Operation {
            method: "GET",
            serve: Serve::Account(|account, call| Box::pin(extensions(account, call))),
        }],
    },
    Route {
        path: "/accounts/{account_id}/extensions/{extension_id}",
        operations: &[Operation {
            method: "GET",
            serve: Serve::Extension(|extension, _| Box::pin(show_extension(extension))),
        }],
    },
];

/// Filter and sort fields of named resources.
pub const NAMED: Fields<NamedField> = Fields {
    filters: &[("id", NamedField::Id, Kind::Number), ("name", NamedField::Name, Kind::Text)],
    sorts: &[("id", NamedField::Id), ("name", NamedField::Name)],
};

async fn accounts(caller: Authenticated, call: Call) -> Result<Answer> {
    let mut faults = Faults::default();
    let wanted = query::read(call.request.uri(), &NAMED, &mut faults);
    faults.judge()?;
    let listed = caller.accounts(&wanted.listing).await?;
    let part = wanted.part();
    Ok(Answer::ok(&List::of(listed, wanted.filters, wanted.sort, part, Account::from)))
}

async fn show(account: InAccount) -> Result<Answer> {
    let record = account.workspace.record().await?;
    Ok(Answer::ok(&Account::from(NumberedAccount {
        account_id: account.workspace.account_id(),
        name: record.name,
        workspace_id: record.workspace_id,
    })))
}

async fn extensions(account: InAccount, call: Call) -> Result<Answer> {
    let mut faults = Faults::default();
    let wanted = query::read(call.request.uri(), &NAMED, &mut faults);
    faults.judge()?;
    let listed = account.workspace.extensions(account.scope, &wanted.listing).await?;
    let part = wanted.part();
    Ok(Answer::ok(&List::of(listed, wanted.filters, wanted.sort, part, Extension::from)))
}

async fn show_extension(extension: InExtension) -> Result<Answer> {
    Ok(Answer::ok(&Extension::from(extension.extension)))
}
