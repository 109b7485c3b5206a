//! The registry that is measured: which phone is whose, all by arithmetic, so that requests, SQL and pgbench's scripts can
//! each name a random thing without asking anybody. An id is thirteen hexadecimal digits for its kind and nineteen decimal
//! ones for its number, which together are a well-formed UUID of version 7 in the order of the numbers.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use handset::model::token::TokenHash;
use std::io::Write;

/// How many phones a person has.
pub const PHONES_OF_PERSON: u64 = 20;
/// How many events each workspace's log begins with.
pub const EVENTS: u64 = 1_000;
/// Persons of each workspace whose phones come and go; the others' stay.
pub const GUESTS: u64 = 100;
/// What is added to a number, so that it has nineteen digits and the variant's bits are right.
pub const BASE: u64 = 1_008_000_000_000_000_000;

/// What a workspace's API key begins with; its number follows, in twenty-four digits.
pub const KEY: &str = "seam_testload_";

/// The kinds of things, by the digits that their ids begin with.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Phone = 0,
    Person = 1,
    Register = 2,
    Workspace = 3,
    Event = 4,
    Key = 5,
    /// A phone that is there to be deactivated.
    Spare = 6,
    Guest = 7,
    /// A phone that pgbench makes.
    Made = 8,
    /// Nothing has such an id.
    Nothing = 9,
    /// A person of the first workspace who keeps contacts.
    Keeper = 10,
}

impl Kind {
    fn digits(self) -> String {
        format!("0190000000{:02}7", self as u8)
    }

    /// The id as an SQL expression, from one that gives [`BASE`] and the number.
    pub fn sql(self, based: &str) -> String {
        format!("('{}' || {based})::uuid", self.digits())
    }

    /// Writes the id as it stands on the wire.
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

/// The keeper of few contacts.
pub const OF_FEW: u64 = 0;
/// The keeper of many.
pub const OF_MANY: u64 = 1;

/// How large the registry is and when it began. Numbers that come from sequences begin at one, in the order in which
/// things are loaded: workspaces; persons, guests and keepers; the contacts of one keeper and those of the other.
#[derive(Debug, Clone)]
pub struct Registry {
    pub phones: u64,
    pub workspaces: u64,
    /// How many contacts each keeper has.
    pub contacts: [u64; 2],
    /// The time of the first of everything; what follows is a millisecond apart.
    pub start: DateTime<Utc>,
}

impl Registry {
    /// At least so many phones in so many workspaces, evenly; and contacts.
    pub fn of(phones: u64, workspaces: u64, contacts: [u64; 2]) -> Registry {
        let unit = PHONES_OF_PERSON * workspaces;
        // Recent enough that nothing is swept for its age, and wholly in the past.
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

    /// The account that a workspace is.
    pub fn account(&self, workspace: u64) -> u64 {
        workspace + 1
    }

    /// The extension that a guest is.
    pub fn guests_extension(&self, guest: u64) -> u64 {
        self.persons() + guest + 1
    }

    /// The extension that a keeper is.
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

    /// The time of a number, as it stands on the wire.
    pub fn time(&self, number: u64) -> String {
        let at = self.start + TimeDelta::milliseconds(i64::try_from(number).expect("numbers are small"));
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// What is kept of a workspace's API key as an SQL expression, from one that gives the workspace's number.
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

/// Writes what follows a request's target.
pub fn finish_request(workspace: Option<u64>, body: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b" HTTP/1.1\r\n");
    finish_head(workspace, body, out);
}

/// Writes the rest of a head for the caller that holds a workspace's key, and a JSON body if there is one.
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

/// A repeatable sequence of numbers that are random enough to choose by (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * u128::from(end)) >> 64) as u64
    }
}
