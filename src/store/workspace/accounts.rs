//! Accounts: the workspaces that a caller may see, under their account numbers.

use crate::error::Result;
use crate::model::extension::{NamedField, NumberedAccount};
use crate::model::id::{AccountId, WorkspaceId};
use crate::model::listing::{Listed, Listing};
use crate::store::Authenticated;
use crate::store::sql::listing::{self, Column, Field, Source};
use crate::store::workspace::AccountCredential;

/// A field of an account.
#[derive(Debug, Clone, Copy)]
struct AccountField(NamedField);

impl Field for AccountField {
    fn column(self) -> Column {
        match self.0 {
            NamedField::Id => Column::Number("account_id"),
            NamedField::Name => Column::Text(&["folded(name)"]),
        }
    }
}

impl Authenticated {
    /// A page of the accounts that the caller may see.
    pub async fn accounts(&self, listing: &Listing<NamedField>) -> Result<Listed<NumberedAccount>> {
        let (store, from, key) = match self {
            Authenticated::Caller(caller) => {
                (&caller.workspace.store, "from workspace where workspace_id = $1", caller.workspace.workspace_id())
            }
            Authenticated::Account(account) => match account.credential {
                AccountCredential::AccessToken(id) => (
                    &account.store,
                    "from workspace where workspace_id in (
                        select workspace_id from access_token_workspace where access_token_id = $1)",
                    id.0,
                ),
                AccountCredential::ConsoleSession(id) => (
                    &account.store,
                    "from workspace where workspace_id in (
                        select workspace_id from console_session_workspace where console_session_id = $1)",
                    id.0,
                ),
            },
        };
        let source = Source { from, id: "account_id", keys: vec![Some(key)] };
        let listing = listing.over(AccountField);
        let listed = store.pool.snapshot(move |connection| {
            Box::pin(async move {
                let selected = listing::select(connection, &source, &listing, None).await?;
                let rows = sqlx::query_as!(
                    NumberedAccount,
                    r#"
            select account_id as "account_id: AccountId", name, workspace_id as "workspace_id: WorkspaceId"
            from workspace
            where account_id = any ($1)
            "#,
                    &selected.ids,
                )
                .fetch_all(connection)
                .await?;
                let items = listing::in_order(rows, &selected.ids, |account| account.account_id.0);
                Ok(Listed { items, total: selected.total })
            })
        });
        listed.await
    }
}
