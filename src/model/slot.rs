//! A slot: one of the four places that each person has for a telephone number.

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotType {
    Work,
    Mobile,
    Home,
    Other,
}

impl SlotType {
    /// All of them, in the order in which they are shown.
    pub const ALL: [SlotType; 4] = [SlotType::Work, SlotType::Mobile, SlotType::Home, SlotType::Other];

    /// The name by which it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            SlotType::Work => "work",
            SlotType::Mobile => "mobile",
            SlotType::Home => "home",
            SlotType::Other => "other",
        }
    }

    /// The one of this name, in any case.
    pub fn named(name: &str) -> Option<SlotType> {
        SlotType::ALL.into_iter().find(|slot| slot.as_str().eq_ignore_ascii_case(name))
    }
}

/// What is in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub slot_type: SlotType,
    /// A tel URI, or the digits of what has no country; empty when there is none.
    pub number: String,
    /// Whether others see it on the person's contact card.
    pub include_in_contact_card: bool,
    /// Moves when something that is seen of the slot changes.
    pub version: i64,
    /// The workspace gave it to the person, who cannot change it.
    pub is_managed: bool,
}

/// A change of what a person may change in a slot; None leaves it.
#[derive(Debug, Clone, Default)]
pub struct SlotChange {
    /// Empty clears.
    pub number: Option<String>,
    pub include_in_contact_card: Option<bool>,
}
