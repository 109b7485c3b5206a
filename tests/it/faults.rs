//! Faults of the database, the server, the network between them, and the clock. After each of them, an acknowledged
//! deactivation is durable, any other is complete or absent, each phone has one event, and refused requests carry a
//! retry-after header.

mod away;
mod backup;
mod bouncer;
mod clients;
mod clock;
mod cuts;
mod disk;
mod failover;
mod kills;
mod ledger;
mod line;
mod pair;
pub mod stage;
mod vanishing;
