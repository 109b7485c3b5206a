//! The registry that is measured: which phone is whose, all by arithmetic, so that requests, SQL and pgbench's scripts can
//! each name a random thing without asking anybody. An id is thirteen hexadecimal digits for its kind and nineteen decimal
//! ones for its number, which together are a well-formed UUID of version 7 in the order of the numbers.

use crate::stage::Database;
use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
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
const KEY: &str = "seam_testload_";

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

/// How large the registry is and when it began.
#[derive(Debug, Clone)]
pub struct Registry {
    pub phones: u64,
    pub workspaces: u64,
    /// The time of the first of everything; what follows is a millisecond apart.
    pub start: DateTime<Utc>,
}

impl Registry {
    /// At least so many phones in so many workspaces, evenly.
    pub fn of(phones: u64, workspaces: u64) -> Registry {
        let unit = PHONES_OF_PERSON * workspaces;
        // Recent enough that nothing is swept for its age, and wholly in the past.
        let start = Utc::now().trunc_subsecs(0) - TimeDelta::days(2);
        Registry { phones: phones.max(unit).next_multiple_of(unit), workspaces, start }
    }

    pub fn phones_of_workspace(&self) -> u64 {
        self.phones / self.workspaces
    }

    pub fn persons(&self) -> u64 {
        self.phones / PHONES_OF_PERSON
    }

    /// The time of a number, as it stands on the wire.
    pub fn time(&self, number: u64) -> String {
        let at = self.start + TimeDelta::milliseconds(i64::try_from(number).expect("numbers are small"));
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The time of a number as an SQL expression.
    pub fn sql_time(&self, number: &str) -> String {
        format!("to_timestamp({}) + {number} * interval '1 millisecond'", self.start.timestamp())
    }

    /// Fills an empty, migrated database.
    pub fn load(&self, database: &mut Database) {
        let based = |expression: &str| format!("({BASE} + {expression})");
        let id = |kind: Kind, expression: &str| kind.sql(&based(expression));
        let (per_workspace, last) = (self.phones_of_workspace(), self.workspaces - 1);
        let persons_of_workspace = per_workspace / PHONES_OF_PERSON;
        let time = |number: &str| self.sql_time(number);
        let (workspace, person) = (id(Kind::Workspace, "w"), id(Kind::Person, "p"));
        let of_person = id(Kind::Workspace, &format!("p / {persons_of_workspace}"));
        for statement in [
            // What is written here refers to what is written here; not checking that makes a million phones a minute's work.
            "set session_replication_role = replica".to_owned(),
            format!(
                "insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
                select {workspace}, 'Load ' || w, true, 'seam_pk1load_' || w, {at} from generate_series(0, {last}) as w",
                at = time("w"),
            ),
            format!(
                "insert into api_key (token_hash, api_key_id, workspace_id, name, hint, created_at)
                select sha256(convert_to('{KEY}' || lpad(w::text, 24, '0'), 'UTF8')), {key}, {workspace}, 'load',
                    'seam_testload', {at}
                from generate_series(0, {last}) as w",
                key = id(Kind::Key, "w"),
                at = time("w"),
            ),
            format!(
                "insert into user_identity (workspace_id, user_identity_id, user_identity_key, email_address, full_name,
                    created_at)
                select {of_person}, {person}, 'person-' || p, 'person-' || p || '@example.com', 'Person ' || p, {at}
                from generate_series(0, {persons} - 1) as p",
                at = time("p"),
                persons = self.persons(),
            ),
            format!(
                "insert into user_identity (workspace_id, user_identity_id, full_name, created_at)
                select {of_guest}, {guest}, 'Guest ' || g, {at}
                from generate_series(0, {workspaces} * {GUESTS} - 1) as g",
                of_guest = id(Kind::Workspace, &format!("g / {GUESTS}")),
                guest = id(Kind::Guest, "g"),
                at = time("g"),
                workspaces = self.workspaces,
            ),
            self.insert_phones(
                &id(Kind::Workspace, &format!("n / {per_workspace}")),
                &id(Kind::Phone, "n"),
                &id(Kind::Person, &format!("n / {PHONES_OF_PERSON}")),
                self.phones,
            ),
            format!(
                "insert into number_register (workspace_id, register_id, number, telephony_provider, status, assigned_at,
                    user_identity_id, created_at)
                select {of_person}, {register}, '+34' || (600000000 + p), 'netelip', 'assigned', {at}, {person}, {at}
                from generate_series(0, {persons} - 1) as p",
                register = id(Kind::Register, "p"),
                at = time("p"),
                persons = self.persons(),
            ),
            "insert into claimed_number (number, workspace_id, register_id)
            select number, workspace_id, register_id from number_register"
                .to_owned(),
            format!(
                "insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
                select {workspace}, {event}, 'phone.deactivated', false, {at}, {at},
                    jsonb_build_object('device_id', {device}, 'device_custom_metadata', '{{}}'::jsonb)
                from generate_series(0, {last}) as w cross join generate_series(0, {EVENTS} - 1) as e",
                event = id(Kind::Event, &format!("w * {EVENTS} + e")),
                device = id(Kind::Nothing, "e"),
                at = time("e"),
            ),
            format!(
                "insert into event_clock (workspace_id, last_at)
                select {workspace}, {at} from generate_series(0, {last}) as w",
                at = time(&EVENTS.to_string()),
            ),
            "set session_replication_role = origin".to_owned(),
            "vacuum (freeze, analyze)".to_owned(),
            "checkpoint".to_owned(),
        ] {
            database.execute(&statement);
        }
    }

    /// Phones to deactivate: spare `n` is a guest's of workspace `n` modulo their count.
    pub fn lay_in_spares(&self, database: &mut Database, count: u64) {
        let workspaces = self.workspaces;
        let guest = format!("n % {workspaces} * {GUESTS} + n / {workspaces} % {GUESTS}");
        let spares = self.insert_phones(
            &Kind::Workspace.sql(&format!("({BASE} + n % {workspaces})")),
            &Kind::Spare.sql(&format!("({BASE} + n)")),
            &Kind::Guest.sql(&format!("({BASE} + {guest})")),
            count,
        );
        database.execute("set session_replication_role = replica");
        database.execute(&spares);
        database.execute("set session_replication_role = origin");
        database.execute("vacuum (analyze) phone");
    }

    fn insert_phones(&self, workspace: &str, device: &str, person: &str, count: u64) -> String {
        let at = self.sql_time("n");
        format!(
            r#"insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
                device_manufacturer, device_model, assa_abloy_metadata, created_at)
            select {workspace}, {device}, {person}, 'android', '16', 'Google', 'Pixel 10',
                '{{"application_version": "1.0.0", "seos_applet_version": "1.0.0", "ble_capability": true,
                    "hce_capability": false, "nfc_capability": false, "seos_tsm_endpoint_id": 1.0}}', {at}
            from generate_series(0, {count} - 1) as n"#
        )
    }

    /// How many phones of guests there are, living or dead.
    pub fn guests_phones(&self, database: &mut Database, are_living: bool) -> u64 {
        let state = if are_living { "deactivated_at is null" } else { "deactivated_at is not null" };
        database.count(&format!("select count(*) from phone where {state} and {}", self.is_guests("user_identity_id")))
    }

    /// Takes away what operations that write have left, so that the next one finds what the first one found.
    pub fn clear_away(&self, database: &mut Database) {
        for statement in [
            "set session_replication_role = replica".to_owned(),
            format!("delete from phone where {}", self.is_guests("user_identity_id")),
            format!("delete from event where created_at > {}", self.sql_time(&EVENTS.to_string())),
            "set session_replication_role = origin".to_owned(),
            "vacuum (analyze) phone, event, event_clock".to_owned(),
        ] {
            database.execute(&statement);
        }
    }

    fn is_guests(&self, column: &str) -> String {
        let (first, end) = (BASE.to_string(), (BASE + self.workspaces * GUESTS).to_string());
        format!("{column} >= {} and {column} < {}", Kind::Guest.sql(&first), Kind::Guest.sql(&end))
    }
}

/// Writes what follows a request's target: the head's rest for the caller that holds a workspace's key, and a JSON body if
/// there is one.
pub fn finish_request(workspace: Option<u64>, body: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\n");
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
