//! Slots: the four places of a user identity for a telephone number.

/// Type of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotType {
    Work,
    Mobile,
    Home,
    Other,
}

impl SlotType {
    /// Every type, in display order.
    pub const ALL: [SlotType; 4] = [SlotType::Work, SlotType::Mobile, SlotType::Home, SlotType::Other];

    /// The name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            SlotType::Work => "work",
            SlotType::Mobile => "mobile",
            SlotType::Home => "home",
            SlotType::Other => "other",
        }
    }

    /// Finds a type by name, in any case.
    pub fn named(name: &str) -> Option<SlotType> {
        SlotType::ALL.into_iter().find(|slot| slot.as_str().eq_ignore_ascii_case(name))
    }
}

/// A slot's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub slot_type: SlotType,
    /// A tel URI, or digits without a country code; empty if unset.
    pub number: String,
    /// Whether it is on the contact card.
    pub include_in_contact_card: bool,
    /// Changes with every visible change.
    pub version: i64,
    /// Set by the workspace; the user cannot change it.
    pub is_managed: bool,
}

/// A change of a slot by its user; None keeps a value.
#[derive(Debug, Clone, Default)]
pub struct SlotChange {
    /// Empty clears it.
    pub number: Option<String>,
    pub include_in_contact_card: Option<bool>,
}
