//! What happens to the database, to the server, to what lies between them, and to time; and what holds all the same: an
//! acknowledged deactivation is there afterwards, any other is there whole or not at all, each phone is told of once, and
//! who is refused is told to come again.

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
