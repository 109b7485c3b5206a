//! Faults of the database, the server, the network between them, and the clock. After each of them, an acknowledged
//! deactivation is durable, any other is complete or absent, each phone has one event, and refused requests carry a
//! retry-after header.

mod backup;
mod clock;
mod connection_loss;
mod disconnects;
mod disk;
mod failover;
mod kills;
mod ledger;
mod pgbouncer;
mod postgres_restarts;
mod slow_clients;
pub mod standby;
mod tcp_proxy;
