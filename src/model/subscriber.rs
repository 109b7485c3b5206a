//! A person as a subscriber of telephony: who they are, whether they may use voice, and what is in their slots.

use super::application::Application;
use super::slot::{Slot, SlotType};
use super::user_identity::UserIdentity;

/// A subscriber, and the client by which they ask if it is one of theirs.
#[derive(Debug, Clone)]
pub struct Subscriber {
    pub person: UserIdentity,
    pub enterprise_voice: bool,
    /// All four, in order.
    pub slots: Vec<Slot>,
    pub application: Option<Application>,
}

impl Subscriber {
    /// What is in one of the slots.
    pub fn slot(&self, slot_type: SlotType) -> &Slot {
        self.slots.iter().find(|slot| slot.slot_type == slot_type).expect("everybody has all four slots")
    }
}
