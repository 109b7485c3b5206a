//! The first line of a backup.

use super::hexadecimal;
use super::reader::ReadError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a backup is.
#[derive(Clone, Serialize, Deserialize)]
pub struct Header {
    format: String,
    format_version: u32,
    /// Version of Handset that wrote it.
    pub handset: String,
    pub created_at: DateTime<Utc>,
    /// Schema of the tables.
    pub schema: String,
    /// Newest migration of the tables.
    pub last_migration: i64,
    /// Major version of pg_dump. Older ones of pg_restore do not read the dump.
    pub pg_dump: u32,
    /// Identifies the seal key of the database, if a server has used it.
    pub seal_key_fingerprint: Option<String>,
    /// The seal key in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
}

const FORMAT: &str = "handset-backup";
const FORMAT_VERSION: u32 = 1;

impl Header {
    /// A header of this version of Handset.
    pub fn new(
        created_at: DateTime<Utc>,
        schema: String,
        last_migration: i64,
        pg_dump: u32,
        seal_key_fingerprint: Option<&[u8]>,
        seal_key: Option<String>,
    ) -> Header {
        Header {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            handset: env!("CARGO_PKG_VERSION").to_owned(),
            created_at,
            schema,
            last_migration,
            pg_dump,
            seal_key_fingerprint: seal_key_fingerprint.map(hexadecimal),
            seal_key,
        }
    }

    /// Whether a key with this fingerprint is that of the backup; also if the database had none yet.
    pub fn is_sealed_with(&self, fingerprint: &[u8]) -> bool {
        self.seal_key_fingerprint.as_ref().is_none_or(|known| *known == hexadecimal(fingerprint))
    }

    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).expect("the header is texts and numbers") + "\n"
    }

    pub(super) fn parse(line: &[u8]) -> Result<Header, ReadError> {
        let value: Value = serde_json::from_slice(line).map_err(|_| ReadError::Foreign)?;
        if value["format"] != FORMAT {
            return Err(ReadError::Foreign);
        }
        if value["format_version"].as_u64().is_none_or(|version| version > FORMAT_VERSION.into()) {
            return Err(ReadError::newer(value["handset"].as_str().unwrap_or("a later version")));
        }
        serde_json::from_value(value).map_err(|_| ReadError::Damaged)
    }
}
