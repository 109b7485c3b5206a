//! Authentication by an API key of a workspace as the bearer token. A key belongs to one project and may do everything
//! in it; a client session is valid but forbidden here.

use crate::api::route::{Authenticate, Head, grant_of_caller};
use crate::error::{Denial, Error, Rejection, Result};
use crate::http::{App, auth};
use crate::store::{Authenticated, Credentials, Prefetch, Prefetched, Principal, Workspace};

/// The workspace of an API key.
pub struct Project {
    pub workspace: Workspace,
}

impl Authenticate for Project {
    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(Project, Prefetched)> {
        let token = auth::bearer(head.headers()).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
        let credentials = Credentials::of_workspace(token);
        match head.authenticate(app, credentials, prefetch).await? {
            (Authenticated::Caller(caller), prefetched) if matches!(caller.credential, Principal::ApiKey(_)) => {
                Ok((Project { workspace: caller.workspace }, prefetched))
            }
            (Authenticated::Caller(_), _) => Err(Error::Forbidden(Denial::ClientSession)),
            (Authenticated::Account(_), _) => Err(Error::Unauthenticated(Rejection::MISSING)),
        }
    }
}

grant_of_caller!(Project);
