//! `/accounts` and `/accounts/{id}/extensions`: where a client finds the numbers for other paths. The vendor has such
//! resources, too; these have only the fields that exist here.

use super::access::{ByToken, InAccount, InExtension};
use super::answer::Answer;
use super::input::filter::Kind;
use super::input::query::{Fields, ListField, ListQuery};
use super::openapi::examples::*;
use super::route::{Call, Nothing, Operation};
use super::wire::{Account, Extension, List};
use crate::domain::extension::{NamedField, NumberedAccount};
use crate::error::Result;

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/v4/accounts", &["GET"], accounts)
            .about("phone_com_list_accounts", "List accounts")
            .describe("Returns the workspaces of the caller with their account numbers.")
            .lists("PhoneComAccountList"),
        Operation::new("/v4/accounts/{account_id}", &["GET"], account)
            .about("phone_com_get_account", "Get an account")
            .describe("Returns one workspace.")
            .returns("PhoneComAccount", account_example()),
        Operation::new("/v4/accounts/{account_id}/extensions", &["GET"], extensions)
            .about("phone_com_list_extensions", "List extensions")
            .describe("Returns the user identities of the workspace with their extension numbers.")
            .lists("PhoneComExtensionList"),
        Operation::new("/v4/accounts/{account_id}/extensions/{extension_id}", &["GET"], extension)
            .about("phone_com_get_extension", "Get an extension")
            .describe("Returns one user identity.")
            .returns("PhoneComExtension", extension_example()),
    ]
}

impl ListField for NamedField {
    const FIELDS: Fields<NamedField> = Fields {
        filters: &[("id", NamedField::Id, Kind::Number), ("name", NamedField::Name, Kind::Text)],
        sorts: &[("id", NamedField::Id), ("name", NamedField::Name)],
    };
}

async fn accounts(call: Call<ByToken>, query: ListQuery<NamedField>) -> Result<Answer> {
    let listed = call.grant.0.accounts(&query.listing).await?;
    Ok(Answer::ok(&List::of(listed, query, Account::from)))
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

async fn extensions(call: Call<InAccount>, query: ListQuery<NamedField>) -> Result<Answer> {
    let listed = call.grant.workspace.extensions(call.grant.scope, &query.listing).await?;
    Ok(Answer::ok(&List::of(listed, query, Extension::from)))
}

async fn extension(call: Call<InExtension>, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(&Extension::from(call.grant.extension)))
}
