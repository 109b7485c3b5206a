//! Operations of Phone.com's contacts: get one, list a page, create one; and parts of a list whose cost must not grow
//! with its length.

use crate::minimal;
use crate::operations::{Effect, Operation, Step, key_and, one, workspace};
use crate::registry::{BASE, GUESTS, Kind, OF_FEW, OF_MANY, Registry, finish_request};
use serde_json::Value;
use std::io::Write;

/// Contacts of a page, and contacts in a row with the same name.
pub const PAGE: u64 = 25;

const KEY_AND_EXTENSION: &str = "select place * as requested (token_hash, extension_id, place) join api_key *";
const CONTACT: &str = "select contact_id * from contact * and contact_id = any ($2) and deleted_at is null";
const CONTACTS: &str = "select place * as requested (person, page_limit, page_offset, place) *";
const INSERT_CONTACTS: &str = "with requested as materialized ( * free as materialized ( * insert into contact (*";

/// Body of a new contact.
const ADA: &str = r#"{"first_name": "Ada", "last_name": "Lovelace", "company": "Example",
    "emails": [{"type": "primary", "email": "ada@example.com"}],
    "phone_numbers": [{"type": "mobile", "number": "+12125550123"}]}"#;

pub const GET: Operation = Operation {
    name: "contact",
    about: "get a contact (Phone.com)",
    status: 200,
    is_right: |response| response["id"].is_i64() && response["phone_numbers"][0]["number"].is_string(),
    request: |source, _, rng, out| {
        let registry = &source.registry;
        let contact = registry.first_contact(OF_MANY) + rng.below(registry.contacts_of(OF_MANY));
        write_target("GET", registry, 0, registry.keepers_extension(OF_MANY), &format!("/{contact}"), out);
        finish_request(Some(0), None, out);
    },
    effect: Effect::Nothing,
    variables: |registry| {
        let (first, count) = (registry.first_contact(OF_MANY), registry.contacts_of(OF_MANY));
        format!(
            "\\set contact random({first}, {first} + {count} - 1)\n\\set extension {}\n\\set w 0\n\\set workspace {BASE}\n",
            registry.keepers_extension(OF_MANY)
        )
    },
    transaction: &[
        Step::Stored(KEY_AND_EXTENSION, |registry| key_and(registry, &[":extension::bigint".to_owned()])),
        Step::Stored(CONTACT, |_| vec![workspace(), one(":contact::bigint".to_owned())]),
    ],
    keyless: &[],
    minimal: &[],
    is_first: false,
};

pub const LIST: Operation = Operation {
    name: "contacts",
    about: "a page of 25 contacts (Phone.com)",
    status: 200,
    is_right: is_page,
    // An offset within the first thousand of many; larger offsets are another measurement.
    request: |source, _, rng, out| {
        let registry = &source.registry;
        let query = format!("?limit={PAGE}&offset={}", rng.below(registry.contacts_of(OF_FEW) + 1 - PAGE));
        write_target("GET", registry, 0, registry.keepers_extension(OF_MANY), &query, out);
        finish_request(Some(0), None, out);
    },
    effect: Effect::Nothing,
    variables: |registry| {
        format!(
            "\\set offset random(0, {} - {PAGE})\n\\set extension {}\n\\set w 0\n\\set workspace {BASE}\n\\set keeper {BASE} + {OF_MANY}\n",
            registry.contacts_of(OF_FEW),
            registry.keepers_extension(OF_MANY)
        )
    },
    transaction: &[
        Step::Stored(KEY_AND_EXTENSION, |registry| key_and(registry, &[":extension::bigint".to_owned()])),
        Step::Stored(CONTACTS, |_| {
            let page = [Kind::Keeper.sql(":keeper"), format!("{PAGE}::bigint"), ":offset::bigint".to_owned()];
            [workspace()].into_iter().chain(page.map(one)).chain(["1000::bigint".to_owned()]).collect()
        }),
    ],
    keyless: &[],
    minimal: &[],
    is_first: false,
};

pub const CREATE: Operation = Operation {
    name: "new-contact",
    about: "create a contact (Phone.com)",
    status: 201,
    is_right: |response| response["id"].is_i64() && response["phone_numbers"][0]["number"].is_string(),
    request: |source, _, rng, out| {
        let registry = &source.registry;
        let guest = rng.below(registry.guests());
        write_target("POST", registry, guest / GUESTS, registry.guests_extension(guest), "", out);
        finish_request(Some(guest / GUESTS), Some(ADA.as_bytes()), out);
    },
    effect: Effect::AddsContact,
    variables: |registry| {
        format!(
            "\\set g random(0, {} - 1)\n\\set guest {BASE} + :g\n\\set w :g / {GUESTS}\n\\set workspace {BASE} + :w\n\
             \\set extension {} + :g\n",
            registry.guests(),
            registry.guests_extension(0)
        )
    },
    transaction: &[
        Step::Stored(KEY_AND_EXTENSION, |registry| key_and(registry, &[":extension::bigint".to_owned()])),
        Step::Stored(INSERT_CONTACTS, |_| {
            let values = ["null::bigint", TEXTS, EMAILS, NUMBERS, "'[]'::jsonb", "now()"];
            let each = [guest()].into_iter().chain(values.map(str::to_owned)).map(one);
            // No drawn ids: the statement draws them.
            let rest = ["true", "'{}'::bigint[]"].map(str::to_owned);
            [workspace()].into_iter().chain(each).chain(rest).collect()
        }),
    ],
    keyless: &[],
    minimal: &[Step::Made(|| minimal::create_contact(&workspace(), &guest(), EMAILS, NUMBERS))],
    is_first: false,
};

const EMAILS: &str = r#"'[{"type": "primary", "email": "ada@example.com"}]'::jsonb"#;
const NUMBERS: &str = r#"'[{"type": "mobile", "number": "+12125550123", "normalized": "+12125550123"}]'::jsonb"#;
const TEXTS: &str = r#"'["", "Ada", "", "Lovelace", "", "", "Example", "", "", "", "", ""]'::jsonb"#;

/// A part of a list of contacts.
pub struct Part {
    pub name: &'static str,
    pub about: &'static str,
    /// Its query string, by the length of the list.
    query: fn(u64) -> String,
}

/// Parts whose cost must not depend on the length of the list; each is a full page.
pub const PARTS: [Part; 3] = [
    Part { name: "first", about: "first 25 contacts", query: |_| format!("?limit={PAGE}") },
    Part {
        name: "named",
        about: "25 contacts by name",
        query: |_| format!("?limit={PAGE}&filters%5Bname%5D=Contact+1"),
    },
    Part { name: "last", about: "last 25 contacts", query: |count| format!("?limit={PAGE}&offset={}", count - PAGE) },
];

impl Part {
    /// Request for this part of a keeper's contacts.
    pub fn request(&self, registry: &Registry, keeper: u64) -> Vec<u8> {
        let (mut request, query) = (Vec::new(), (self.query)(registry.contacts_of(keeper)));
        write_target("GET", registry, 0, registry.keepers_extension(keeper), &query, &mut request);
        finish_request(Some(0), None, &mut request);
        request
    }
}

/// Whether a response is a full page.
pub fn is_page(response: &Value) -> bool {
    response["items"].as_array().is_some_and(|items| items.len() as u64 == PAGE)
}

fn guest() -> String {
    Kind::Guest.sql(":guest")
}

/// Writes the method and the path of an extension's contacts.
fn write_target(method: &str, registry: &Registry, workspace: u64, extension: u64, rest: &str, out: &mut Vec<u8>) {
    let account = registry.account(workspace);
    // Writing into memory does not fail.
    let _ = write!(out, "{method} /v4/accounts/{account}/extensions/{extension}/contacts{rest}");
}
