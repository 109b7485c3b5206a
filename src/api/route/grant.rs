//! Who may call an operation.

use super::Head;
use crate::error::Result;
use crate::http::App;
use crate::model::id::WorkspaceId;
use crate::store::{Prefetch, Prefetched};

/// A handler's view of its caller.
pub trait Grant: Sized + Send + 'static {
    /// An authenticated caller.
    type Caller: Send;

    /// Authenticates a request, and prefetches what its operation will read.
    fn authenticate(
        app: &App,
        head: &Head,
        prefetch: Prefetch,
    ) -> impl Future<Output = Result<(Self::Caller, Prefetched)>> + Send;

    /// The request's workspace, for the log.
    fn tenant(caller: &Self::Caller) -> Option<WorkspaceId>;

    /// Admits the caller to what the path names.
    fn authorize(
        caller: Self::Caller,
        head: &Head,
        prefetched: Prefetched,
    ) -> impl Future<Output = Result<(Self, Prefetched)>> + Send;
}

/// A route without authentication.
pub struct Public;

impl Grant for Public {
    type Caller = Public;

    async fn authenticate(_: &App, _: &Head, _: Prefetch) -> Result<(Public, Prefetched)> {
        Ok((Public, Prefetched::Nothing))
    }

    fn tenant(_: &Public) -> Option<WorkspaceId> {
        None
    }

    async fn authorize(caller: Public, _: &Head, prefetched: Prefetched) -> Result<(Public, Prefetched)> {
        Ok((caller, prefetched))
    }
}
