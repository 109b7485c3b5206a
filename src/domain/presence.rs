//! Presence: what a person shows to others by an application, for as long as the application lives.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Availability that a person chooses. Its names are those that are stored; any case is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str, ascii_case_insensitive)]
pub enum Availability {
    Online,
    Busy,
    DoNotDisturb,
    BeRightBack,
    Away,
    #[strum(serialize = "Offwork")]
    OffWork,
}

/// What a person shows to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    /// Whether an application has made the person available.
    pub is_available: bool,
    /// None without a choice.
    pub availability: Option<Availability>,
    pub note: Option<String>,
    pub location: Option<String>,
}

/// A change of one part of a presence; None resets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceChange {
    Availability(Option<Availability>),
    Note(Option<String>),
    Location(Option<String>),
}
