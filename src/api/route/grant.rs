//! Who may call an operation.

use super::Head;
use crate::error::Result;
use crate::http::App;
use crate::store::{Prefetch, Prefetched};

/// A caller, authenticated by its credential.
pub trait Authenticate: Sized + Send + 'static {
    /// Whether a credential is judged at all.
    const IS_JUDGED: bool = true;

    /// Authenticates a request, and prefetches what its operation will read.
    fn authenticate(
        app: &App,
        head: &Head,
        prefetch: Prefetch,
    ) -> impl Future<Output = Result<(Self, Prefetched)>> + Send;
}

/// A handler's view of its caller.
pub trait Grant: Sized + Send + 'static {
    type Caller: Authenticate;

    /// Admits the caller to what the path names.
    fn authorize(
        caller: Self::Caller,
        head: &Head,
        prefetched: Prefetched,
    ) -> impl Future<Output = Result<(Self, Prefetched)>> + Send;
}

/// Makes a caller a grant by itself: the path names nothing that it could be refused.
macro_rules! grant_of_caller {
    ($caller:ty) => {
        impl $crate::api::route::Grant for $caller {
            type Caller = $caller;

            async fn authorize(
                caller: $caller,
                _: &$crate::api::route::Head,
                prefetched: $crate::store::Prefetched,
            ) -> $crate::error::Result<($caller, $crate::store::Prefetched)> {
                Ok((caller, prefetched))
            }
        }
    };
}
pub(crate) use grant_of_caller;

/// A route without authentication.
pub struct Public;

impl Authenticate for Public {
    const IS_JUDGED: bool = false;

    async fn authenticate(_: &App, _: &Head, _: Prefetch) -> Result<(Public, Prefetched)> {
        Ok((Public, Prefetched::Nothing))
    }
}

grant_of_caller!(Public);
