//! Authentication by an API key of a workspace as the bearer token. A key belongs to one project and may do everything
//! in it; a client session is valid but forbidden here.

use crate::api::route::{Grant, Head};
use crate::error::{Denial, Error, Rejection, Result, Scheme};
use crate::http::{App, auth};
use crate::model::id::WorkspaceId;
use crate::model::token::scheme_of;
use crate::store::{Authenticated, Credentials, Prefetch, Prefetched, Principal, Workspace};

/// The workspace of an API key.
pub struct Project(pub Workspace);

impl Grant for Project {
    type Caller = Project;

    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(Project, Prefetched)> {
        let token = auth::bearer(head.headers()).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
        let presented = match scheme_of(token) {
            Scheme::ClientSession => Credentials::ClientSession(token),
            // Other kinds of token select their workspace by a header that this dialect does not have.
            Scheme::ApiKey | Scheme::Pass | Scheme::AccessToken | Scheme::ConsoleSession | Scheme::PublishableKey => {
                Credentials::ApiKey(token)
            }
        };
        match app.store.authenticate_with(presented, prefetch, head.origin(), head.now).await? {
            (Authenticated::Caller(caller), prefetched) if matches!(caller.credential, Principal::ApiKey(_)) => {
                Ok((Project(caller.workspace), prefetched))
            }
            (Authenticated::Caller(_), _) => Err(Error::Forbidden(Denial::ClientSession)),
            (Authenticated::Account(_), _) => Err(Error::Unauthenticated(Rejection::MISSING)),
        }
    }

    fn tenant(project: &Project) -> Option<WorkspaceId> {
        Some(project.0.id())
    }

    async fn authorize(project: Project, _: &Head, prefetched: Prefetched) -> Result<(Project, Prefetched)> {
        Ok((project, prefetched))
    }
}
