//! Slots: the four places of a user identity for a telephone number.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Type of a slot, in display order. Its names are those that are stored and shown; any case is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str, ascii_case_insensitive)]
pub enum SlotType {
    Work,
    Mobile,
    Home,
    Other,
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
