//! What every request may use.

use super::limits::Limits;
use super::traces::Traces;
use crate::clock::{Clock, Random};
use crate::metrics::Metrics;
use crate::model::e164::Region;
use crate::store::Store;
use ipnet::IpNet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a stream says something when there is nothing to say, so that nobody between takes it for dead.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a number is held for whoever wants it.
pub const RESERVATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The state that handlers share.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    /// Where clients reach this service, without a slash at the end, if that is not what they say in `Host`.
    pub public_url: Option<Arc<str>>,
    /// Cancelled when the server stops; what would go on for ever ends then.
    pub stopping: CancellationToken,
    /// [`HEARTBEAT`], unless somebody is in a hurry.
    pub heartbeat: Duration,
    /// [`RESERVATION`], unless it is configured otherwise.
    pub reservation: Duration,
    /// The country of numbers that do not name theirs.
    pub region: Region,
    /// Networks of proxies that are believed when they name whom they were called by.
    pub proxies: Arc<[IpNet]>,
    /// How often whom may call, if that is limited at all.
    pub limits: Option<Arc<Limits>>,
    /// Where requests are counted.
    pub metrics: Metrics,
    /// Where they are told of, one by one.
    pub traces: Traces,
}

impl App {
    /// Over a store, with everything else as it is without a word on it.
    pub fn new(store: Store, clock: Clock, random: Random) -> App {
        App {
            store,
            clock,
            random,
            public_url: None,
            stopping: CancellationToken::new(),
            heartbeat: HEARTBEAT,
            reservation: RESERVATION,
            region: Region::US,
            proxies: Arc::default(),
            limits: None,
            metrics: Metrics::default(),
            traces: Traces::default(),
        }
    }
}
