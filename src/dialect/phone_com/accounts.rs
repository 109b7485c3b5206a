//! `/accounts` and `/accounts/{id}/extensions`: where a client finds the numbers for other paths. The vendor has such
//! resources, too; these have only the fields that exist here.

use super::access::{ByToken, InAccount, InExtension};
use super::answer::Answer;
use super::input::Nothing;
use super::input::filter::Kind;
use super::input::query::{Fields, ListField, Wanted};
use super::openapi::examples::*;
use super::route::{Call, Document, Route, operation};
use super::wire::{Account, Extension, List};
use crate::error::Result;
use crate::model::extension::{NamedField, NumberedAccount};

/// Every route.
pub fn routes() -> Vec<Route> {
    let list = Document {
        id: "phone_com_list_accounts",
        summary: "List accounts",
        description: "Returns the workspaces of the caller with their account numbers.",
        answer: ("PhoneComAccountList", list_example(account_example())),
        ..Document::default()
    };
    let get = Document {
        id: "phone_com_get_account",
        summary: "Get an account",
        description: "Returns one workspace.",
        answer: ("PhoneComAccount", account_example()),
        ..Document::default()
    };
    let list_extensions = Document {
        id: "phone_com_list_extensions",
        summary: "List extensions",
        description: "Returns the user identities of the workspace with their extension numbers.",
        answer: ("PhoneComExtensionList", list_example(extension_example())),
        ..Document::default()
    };
    let get_extension = Document {
        id: "phone_com_get_extension",
        summary: "Get an extension",
        description: "Returns one user identity.",
        answer: ("PhoneComExtension", extension_example()),
        ..Document::default()
    };
    vec![
        Route::new("/v4/accounts", vec![operation(&["GET"], accounts, list)]),
        Route::new("/v4/accounts/{account_id}", vec![operation(&["GET"], account, get)]),
        Route::new("/v4/accounts/{account_id}/extensions", vec![operation(&["GET"], extensions, list_extensions)]),
        Route::new(
            "/v4/accounts/{account_id}/extensions/{extension_id}",
            vec![operation(&["GET"], extension, get_extension)],
        ),
    ]
}

impl ListField for NamedField {
    const FIELDS: Fields<NamedField> = Fields {
        filters: &[("id", NamedField::Id, Kind::Number), ("name", NamedField::Name, Kind::Text)],
        sorts: &[("id", NamedField::Id), ("name", NamedField::Name)],
    };
}

async fn accounts(call: Call<ByToken>, wanted: Wanted<NamedField>) -> Result<Answer> {
    let listed = call.grant.0.accounts(&wanted.listing).await?;
    Ok(Answer::ok(&List::of(listed, wanted, Account::from)))
}

async fn account(call: Call<InAccount>, _: Nothing) -> Result<Answer> {
    let workspace = call.grant.workspace;
    let record = workspace.record().await?;
    Ok(Answer::ok(&Account::from(NumberedAccount {
        account_id: workspace.account_id(),
        name: record.name,
        workspace_id: record.workspace_id,
    })))
}

async fn extensions(call: Call<InAccount>, wanted: Wanted<NamedField>) -> Result<Answer> {
    let listed = call.grant.workspace.extensions(call.grant.scope, &wanted.listing).await?;
    Ok(Answer::ok(&List::of(listed, wanted, Extension::from)))
}

async fn extension(call: Call<InExtension>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&Extension::from(call.grant.extension)))
}
