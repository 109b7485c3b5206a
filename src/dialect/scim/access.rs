//! Authentication by the token of a directory, which opens this dialect only, and is the only credential that does.

use crate::api::route::{Authenticate, Head, grant_of_caller};
use crate::domain::token::scheme_of;
use crate::error::{Error, Rejection, Result, Scheme};
use crate::http::{App, auth};
use crate::store::{Authenticated, Credentials, Prefetch, Prefetched, Workspace};

/// A directory, in its workspace.
pub struct CompanyDirectory {
    pub workspace: Workspace,
}

impl Authenticate for CompanyDirectory {
    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(CompanyDirectory, Prefetched)> {
        let missing = || Error::Unauthenticated(Rejection::MISSING);
        let token = auth::bearer(head.headers()).ok_or_else(missing)?;
        if scheme_of(token) != Scheme::ScimToken {
            return Err(missing());
        }
        match head.authenticate(app, Credentials::ScimToken(token), prefetch).await? {
            (Authenticated::Caller(caller), prefetched) => {
                Ok((CompanyDirectory { workspace: caller.workspace }, prefetched))
            }
            (Authenticated::Account(_), _) => Err(missing()),
        }
    }
}

grant_of_caller!(CompanyDirectory);
