//! The measured registry. Ids and owners are computed from numbers, so that requests, SQL and pgbench's scripts can each
//! name a random entity without a lookup. An id is 13 hexadecimal digits for its kind and 19 decimal digits for its
//! number, which together are a well-formed UUID of version 7 in the order of the numbers.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use handset::domain::token::TokenHash;
use std::io::Write;

/// Phones per person.
pub const PHONES_OF_PERSON: u64 = 20;
/// Initial events per workspace.
pub const EVENTS: u64 = 1_000;
/// Persons per workspace whose phones are created and deactivated; the others' phones stay.
pub const GUESTS: u64 = 1_000;
/// Added to a number, so that it has 19 digits and valid variant bits.
pub const BASE: u64 = 1_008_000_000_000_000_000;

/// Prefix of a workspace's API key; its number follows, in 24 digits.
pub const KEY: &str = "seam_testload_";

/// Kinds of entities, by a part of their ids' prefix.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Phone = 0,
    Person = 1,
    Register = 2,
    Workspace = 3,
    Event = 4,
    Key = 5,
    /// A phone to deactivate.
    Spare = 6,
    Guest = 7,
    /// A phone created by pgbench.
    Made = 8,
    /// An unused id.
    Nothing = 9,
    /// A person of the first workspace with contacts.
    Keeper = 10,
}

impl Kind {
    fn digits(self) -> String {
        format!("0190000000{:02}7", self as u8)
    }

    /// Id as an SQL expression; `based` is an expression of [`BASE`] plus the number.
    pub fn sql(self, based: &str) -> String {
        format!("('{}' || {based})::uuid", self.digits())
    }

    /// Writes the id in wire format.
    pub fn write(self, number: u64, out: &mut Vec<u8>) {
        let all = format!("{}{}", self.digits(), BASE + number);
        for (index, part) in [&all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..]].into_iter().enumerate() {
            if index > 0 {
                out.push(b'-');
            }
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Keeper of few contacts.
pub const OF_FEW: u64 = 0;
/// Keeper of many contacts.
pub const OF_MANY: u64 = 1;

/// Size and start time of the registry. Numbers from sequences start at 1, in the order of loading: workspaces; persons,
/// guests and keepers; the contacts of one keeper and those of the other.
#[derive(Debug, Clone)]
pub struct Registry {
    pub phones: u64,
    pub workspaces: u64,
    /// Contacts of each keeper.
    pub contacts: [u64; 2],
    /// Time of number 0 of each kind; later numbers follow a millisecond apart.
    pub start: DateTime<Utc>,
}

impl Registry {
    /// At least `phones` phones, spread evenly over the workspaces, and contacts.
    pub fn of(phones: u64, workspaces: u64, contacts: [u64; 2]) -> Registry {
        let unit = PHONES_OF_PERSON * workspaces;
        // Recent enough that the sweeper deletes nothing, and entirely in the past.
        let start = Utc::now().trunc_subsecs(0) - TimeDelta::days(2);
        Registry { phones: phones.max(unit).next_multiple_of(unit), workspaces, contacts, start }
    }

    pub fn phones_of_workspace(&self) -> u64 {
        self.phones / self.workspaces
    }

    pub fn persons(&self) -> u64 {
        self.phones / PHONES_OF_PERSON
    }

    pub fn guests(&self) -> u64 {
        self.workspaces * GUESTS
    }

    /// Account id of a workspace.
    pub fn account(&self, workspace: u64) -> u64 {
        workspace + 1
    }

    /// Extension id of a guest.
    pub fn guests_extension(&self, guest: u64) -> u64 {
        self.persons() + guest + 1
    }

    /// Extension id of a keeper.
    pub fn keepers_extension(&self, keeper: u64) -> u64 {
        self.guests_extension(self.guests()) + keeper
    }

    pub fn contacts_of(&self, keeper: u64) -> u64 {
        self.contacts[usize::from(keeper == OF_MANY)]
    }

    /// The number of a keeper's first contact.
    pub fn first_contact(&self, keeper: u64) -> u64 {
        if keeper == OF_MANY { self.contacts_of(OF_FEW) + 1 } else { 1 }
    }

    /// Time of a number, in wire format.
    pub fn time(&self, number: u64) -> String {
        let at = self.start + TimeDelta::milliseconds(i64::try_from(number).expect("a number fits into i64"));
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Token hash of a workspace's API key as an SQL expression; `workspace` is an expression of its number.
    pub fn sql_token_hash(&self, workspace: &str) -> String {
        let hash = |workspace: u64| TokenHash::of(&format!("{KEY}{workspace:024}"));
        let hex = |hash: TokenHash| hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let hashes: Vec<String> =
            (0..self.workspaces).map(|workspace| format!("'\\x{}'::bytea", hex(hash(workspace)))).collect();
        format!("(array[{}])[{workspace} + 1]", hashes.join(", "))
    }

    /// The time of a number as an SQL expression.
    pub fn sql_time(&self, number: &str) -> String {
        format!("to_timestamp({}) + {number} * interval '1 millisecond'", self.start.timestamp())
    }
}

/// Writes the rest of a request after its target.
pub fn finish_request(workspace: Option<u64>, body: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b" HTTP/1.1\r\n");
    finish_head(workspace, body, out);
}

/// Writes the headers, with a workspace's API key if given, and the JSON body if given.
pub fn finish_head(workspace: Option<u64>, body: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"host: localhost\r\n");
    // Writing into memory does not fail.
    if let Some(workspace) = workspace {
        let _ = write!(out, "authorization: Bearer {KEY}{workspace:024}\r\n");
    }
    if let Some(body) = body {
        let _ = write!(out, "content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.unwrap_or_default());
}

/// Reproducible pseudo-random numbers (xorshift).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(end)) >> 64) as u64
    }
}
