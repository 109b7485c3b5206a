//! Custom metadata: named strings and flags that a workspace stores on a phone, and changes of them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Maximum number of pairs, in one change and on one phone.
pub const MAX_PAIRS: usize = 50;
/// Longest key, in UTF-16 units.
pub const MAX_KEY: usize = 40;
/// Longest text value, in UTF-16 units.
pub const MAX_TEXT: usize = super::limits::MAX_TEXT;
/// Longest key and longest text of a filter, in UTF-16 units. Longer ones cannot match.
pub const MAX_FILTER: usize = 1_000;

/// Custom metadata, as stored.
pub type Metadata = BTreeMap<String, MetadataValue>;

/// One value of custom metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetadataValue {
    Flag(bool),
    Text(String),
}

impl MetadataValue {
    /// The value as text: a flag is `true` or `false`.
    pub fn into_text(self) -> String {
        match self {
            MetadataValue::Flag(flag) => flag.to_string(),
            MetadataValue::Text(text) => text,
        }
    }
}

/// A change of custom metadata: pairs to set; `None` removes a pair. Other pairs stay.
pub type MetadataChange = BTreeMap<String, Option<MetadataValue>>;

/// A condition on custom metadata: all pairs must match as text; `None` requires an absent key.
pub type MetadataFilter = BTreeMap<String, Option<String>>;
