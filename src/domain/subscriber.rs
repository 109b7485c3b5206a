//! A user identity as a telephony subscriber: profile, permission to use voice, and slots.

use super::application::Application;
use super::slot::{Slot, SlotType};
use super::user_identity::UserIdentity;

/// A subscriber, and the requested application if it is one of theirs.
#[derive(Debug, Clone)]
pub struct Subscriber {
    pub person: UserIdentity,
    pub enterprise_voice: bool,
    /// All four, in order.
    pub slots: Vec<Slot>,
    pub application: Option<Application>,
}

impl Subscriber {
    /// The slot of this type.
    pub fn slot(&self, slot_type: SlotType) -> &Slot {
        self.slots.iter().find(|slot| slot.slot_type == slot_type).expect("a subscriber has all four slots")
    }
}
