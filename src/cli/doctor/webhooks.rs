//! Whether receivers of webhooks can be reached: through the same guard as deliveries, within a time for all of them.

use super::{Check, DoctorCommand};
use crate::cli::output::count;
use crate::error::Error;
use crate::store::{Store, WebhookTarget};
use crate::webhooks::outbound::Outbound;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// Maximum number of receivers that are checked.
const MAX_RECEIVERS: i64 = 100;

/// Maximum number of requests in flight.
const MAX_IN_FLIGHT: usize = 16;

/// Timeout of one receiver, and of all.
const TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT_OF_ALL: Duration = Duration::from_secs(20);

/// Maximum number of failures in the message.
const MAX_NAMED: usize = 3;

pub async fn check(store: &Store, command: &DoctorCommand, is_private: bool) -> Check {
    const NAME: &str = "webhooks";
    let (targets, outbound) =
        match (store.webhook_targets(MAX_RECEIVERS).await, Outbound::new(command.webhook_allow.clone())) {
            (Ok(targets), Ok(outbound)) => (each_once(targets), outbound.with_patience(TIMEOUT)),
            (Err(fault @ Error::Unavailable(_)), _) => {
                return Check::skipped(NAME, format!("cannot be checked now: {fault}"));
            }
            (Err(fault), _) => return Check::failed(NAME, fault.to_string(), "see the log of Postgres"),
            (_, Err(fault)) => return Check::failed(NAME, fault.to_string(), "install ca-certificates"),
        };
    if targets.is_empty() {
        return Check::skipped(NAME, "there is no enabled webhook");
    }
    let all = targets.len();
    let faults =
        stream::iter(targets).map(|target| fault(&outbound, target, is_private)).buffer_unordered(MAX_IN_FLIGHT);
    let faults = timeout(TIMEOUT_OF_ALL, faults.filter_map(async |fault| fault).collect::<Vec<_>>()).await;
    let advice = "handset webhook deliveries --status failed shows what was not delivered; check the receivers, and \
        --webhook-allow for those in networks of your own";
    match faults {
        Err(_) => {
            let message =
                format!("{} did not all answer within {} s", count(all, "receiver"), TIMEOUT_OF_ALL.as_secs());
            Check::warning(NAME, message, advice)
        }
        Ok(faults) if faults.is_empty() => Check::ok(NAME, format!("{} can be reached", count(all, "receiver"))),
        Ok(faults) => {
            let named = faults.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join("; ");
            let message = format!("{} of {} cannot be reached: {named}", faults.len(), count(all, "receiver"));
            Check::failed(NAME, message, advice)
        }
    }
}

/// Workspaces may have webhooks of one receiver.
fn each_once(mut targets: Vec<WebhookTarget>) -> Vec<WebhookTarget> {
    targets.sort_by(|one, other| (&one.url, other.is_demo).cmp(&(&other.url, one.is_demo)));
    targets.dedup_by(|one, other| one.url == other.url);
    targets
}

/// Why a receiver cannot be reached, if it cannot; with its host alone, since the rest of a URL may be secret.
async fn fault(outbound: &Outbound, target: WebhookTarget, is_private: bool) -> Option<String> {
    let fault = outbound.reach(&target.url, target.is_demo && is_private).await?;
    let host = Url::parse(&target.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    Some(format!("{host}: {fault}"))
}
