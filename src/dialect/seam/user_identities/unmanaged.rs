//! `/user_identities/unmanaged`: user identities that only an access system knows. No access system is connected, and all user
//! identities are managed, so each is not found here.

use super::super::access::{ByKey, ByKeyOrSession};
use super::super::answer::{One, Paged, Void};
use super::super::route::*;
use super::super::wire;
use super::Which;
use crate::api::input::*;
use crate::domain::id::UserIdentityId;
use crate::domain::page::Page;
use crate::domain::user_identity::UserIdentity;
use crate::error::{Error, ResourceKind, Result};
use chrono::{DateTime, Utc};

pub fn routes() -> Vec<Operation> {
    let person = ResourceKind::UserIdentity;
    vec![
        route("/user_identities/unmanaged/get", &[GET, POST], get)
            .key("user_identity")
            .summary("Get an unmanaged user identity; all user identities are managed")
            .not_found(person),
        route("/user_identities/unmanaged/list", &[GET, POST], list)
            .key("user_identities")
            .summary("List unmanaged user identities: none, because all user identities are managed"),
        route("/user_identities/unmanaged/update", &[PATCH, POST], update)
            .summary("Make an unmanaged user identity a managed one; all user identities are managed")
            .not_found(person),
    ]
}

fn managed(id: UserIdentityId) -> Error {
    Error::NotFound(ResourceKind::UserIdentity, id.to_string())
}

async fn get(_: Call<ByKey>, Which { user_identity_id }: Which) -> Result<One<wire::UnmanagedUserIdentity>> {
    Err(managed(user_identity_id))
}

input! {
    /// Filter of unmanaged user identities.
    #[expect(dead_code, reason = "there is none to filter")]
    pub struct List {
        /// Only those created before this time.
        created_before: Option<DateTime<Utc>> = date_time().optional(),
        /// The page size.
        limit: u32 = integer().at_least(0).or(500),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
        /// Only those with this text in their name, e-mail address, phone number or id.
        search: Option<String> = text().min(1).optional(),
    }
}

async fn list(
    _: Call<ByKeyOrSession>,
    Paginated { cursor_scope, input }: Paginated<List>,
) -> Result<Paged<wire::UnmanagedUserIdentity>> {
    // A cursor of another list is refused here, too.
    cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?;
    Ok(cursor_scope.paged(Page::<UserIdentity> { items: Vec::new(), next: None }))
}

input! {
    /// An unmanaged user identity to make a managed one.
    #[expect(dead_code, reason = "there is none to change")]
    pub struct Update {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// Always true.
        is_managed: bool = boolean().refine(|is_managed| *is_managed, "Invalid literal value, expected true"),
        /// Its key from then on.
        user_identity_key: Option<String> = text().min(1).optional(),
    }
}

async fn update(_: Call<ByKeyOrSession>, input: Update) -> Result<Void> {
    Err(managed(input.user_identity_id))
}
