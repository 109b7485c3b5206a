//! Custom metadata: a few named strings and flags that a workspace keeps on a phone, and how changes merge into them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most pairs that one thing may have, in one change and altogether.
pub const MAX_PAIRS: usize = 50;
/// The longest key, in UTF-16 units.
pub const MAX_KEY: usize = 40;
/// The longest text value, in UTF-16 units.
pub const MAX_TEXT: usize = 500;

/// Custom metadata as it is kept and shown.
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

/// A change of custom metadata: the pairs to set, and with `None` those to remove. Other pairs stay.
pub type MetadataChange = BTreeMap<String, Option<MetadataValue>>;

/// A condition on custom metadata: all pairs must match as text; `None` asks for the absence of the key.
pub type MetadataFilter = BTreeMap<String, Option<String>>;
