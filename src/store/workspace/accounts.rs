//! Accounts: the workspaces that a caller may see, under their account numbers.

use crate::domain::extension::{NamedField, NumberedAccount};
use crate::domain::id::{AccountId, WorkspaceId};
use crate::domain::listing::{Listed, Listing};
use crate::error::Result;
use crate::store::pool::rows;
use crate::store::sql::listing::{self, Column, Field, Source};
use crate::store::{Authenticated, Caller};

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
        let (store, from, keys) = match self {
            Authenticated::Caller(Caller { workspace, .. }) => {
                (&workspace.store, "from workspace where workspace_id = $1", vec![Some(workspace.workspace_id())])
            }
            Authenticated::Account(account) => {
                let (token, session) = account.keys();
                let from = "from workspace where workspace_id in (
                    select workspace_id from access_token_workspace where access_token_id = $1
                    union all
                    select workspace_id from console_session_workspace where console_session_id = $2)";
                (&account.store, from, vec![token, session])
            }
        };
        let source = Source { from, id: "account_id", keys };
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
                .fetch_all(rows::Page(connection))
                .await?;
                let items = listing::in_order(rows, &selected.ids, |account| account.account_id.0);
                Ok(Listed { items, total: selected.total })
            })
        });
        listed.await
    }
}
