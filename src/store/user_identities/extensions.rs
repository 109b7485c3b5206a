//! Extensions: the user identities of a workspace, by number.

use crate::domain::extension::{Extension, NamedField};
use crate::domain::id::{ExtensionId, UserIdentityId};
use crate::domain::listing::{Listed, Listing};
use crate::domain::scope::Scope;
use crate::error::{ResourceKind, Result};
use crate::store::batch::{Lookup, each};
use crate::store::pool::rows;
use crate::store::sql::found;
use crate::store::sql::listing::{self, Column, Field, Source};
use crate::store::{Prefetched, Workspace};

/// A field of an extension.
#[derive(Debug, Clone, Copy)]
struct ExtensionField(NamedField);

impl Field for ExtensionField {
    fn column(self) -> Column {
        match self.0 {
            NamedField::Id => Column::Number("extension_id"),
            NamedField::Name => Column::Text(&["extension_name_folded"]),
        }
    }
}

/// Selects user identities as extensions; the literal is the rest of the statement.
macro_rules! select_extensions {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        extension_name!(
            query_as(
                Extension,
                r#"select extension_id as "extension_id: ExtensionId", user_identity_key,
                    user_identity_id as "user_identity_id: UserIdentityId", "#,
                r#" as "name!" from user_identity "# + $rest
                $(, $argument)*
            )
        )
    };
}

impl Lookup for Extension {
    type Key = ExtensionId;

    async fn all(ids: Vec<ExtensionId>, workspace: &Workspace) -> Result<Vec<Option<Extension>>> {
        let keys: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let rows =
            select_extensions!("where workspace_id = $1 and extension_id = any ($2)", workspace.workspace_id(), &keys);
        let extensions = workspace.store.read_short(rows).await?;
        Ok(each(&ids, &extensions, |extension| extension.extension_id))
    }
}

impl Workspace {
    /// The extension with this number, from what was prefetched for it.
    pub async fn extension(&self, prefetched: Prefetched, id: ExtensionId) -> Result<Extension> {
        let extension = match prefetched {
            Prefetched::Extension(extension) => extension,
            _ => self.look_up(id).await?,
        };
        found(extension, ResourceKind::Extension, id)
    }

    /// The extension of a user identity.
    pub async fn extension_of(&self, person: UserIdentityId) -> Result<Extension> {
        let row =
            select_extensions!("where workspace_id = $1 and user_identity_id = $2", self.workspace_id(), person.0);
        found(row.fetch_optional(&self.store.pool).await?, ResourceKind::UserIdentity, person)
    }

    /// A page of the extensions within `scope`.
    pub async fn extensions(&self, scope: Scope, listing: &Listing<NamedField>) -> Result<Listed<Extension>> {
        let source = Source {
            from: "from user_identity where workspace_id = $1 and ($2::uuid is null or user_identity_id = $2)",
            id: "extension_id",
            keys: vec![Some(self.workspace_id()), scope.owner()],
        };
        let (workspace, listing) = (self.clone(), listing.over(ExtensionField));
        let listed = self.store.pool.snapshot(move |connection| {
            Box::pin(async move {
                let selected = listing::select(connection, &source, &listing, None).await?;
                let rows = select_extensions!(
                    "where workspace_id = $1 and extension_id = any ($2)",
                    workspace.workspace_id(),
                    &selected.ids,
                )
                .fetch_all(rows::Page(connection))
                .await?;
                let items = listing::in_order(rows, &selected.ids, |extension| extension.extension_id.0);
                Ok(Listed { items, total: selected.total })
            })
        });
        listed.await
    }
}
