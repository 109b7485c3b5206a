//! Webhooks: administration, the outbox, deliveries and outbound requests.

mod administration;
mod claims;
mod crashes;
mod deliveries;
mod disabled;
mod outbound;
mod outbox;
mod retry_after;
