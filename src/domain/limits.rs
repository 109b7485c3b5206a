//! Limits of what callers can have stored. Lengths are in UTF-16 units, as in JavaScript.

/// Longest text, unless its rule says otherwise. Of at most 1,500 bytes, it fits into an index.
pub const MAX_TEXT: usize = 500;

/// Longest e-mail address (RFC 5321, with RFC 3696's erratum 1690).
pub const MAX_EMAIL: usize = 254;

/// Longest URL.
pub const MAX_URL: usize = 2_048;

/// Most items of a list, unless its rule says otherwise.
pub const MAX_ITEMS: usize = 1_000;

/// Most entrances of a credential; each child has a copy.
pub const MAX_ENTRANCES: usize = 200;

/// Most event types of a webhook, more than there are.
pub const MAX_EVENT_TYPES: usize = 200;

/// Most telephone numbers, and most postal addresses, of a contact.
pub const MAX_CONTACT_ENTRIES: usize = 100;
