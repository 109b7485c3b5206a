//! What every request may use.

use crate::ambient::{Clock, Entropy};
use crate::store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The state that handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    /// Where clients reach this service, without a slash at the end, if that is not what they say in `Host`.
    pub public_url: Option<Arc<str>>,
    /// Cancelled when the server stops; what would go on for ever ends then.
    pub stopping: CancellationToken,
}
