//! The measured operations, one entry each: the request, the expected response, and the server's statements that pgbench
//! runs for comparison. A new operation is one more entry.

use crate::registry::{BASE, EVENTS, GUESTS, Kind, PHONES_OF_PERSON, Registry, Rng, finish_head, finish_request};
use crate::{contacts, minimal};
use base64::prelude::*;
use handset::domain::event::{EventType, opt_in_types};
use handset::domain::phone::MAX_PHONES;
use serde_json::{Value, json};

/// Items of a page.
const PAGE: u64 = 20;

/// One operation.
pub struct Operation {
    pub name: &'static str,
    pub about: &'static str,
    /// Expected status.
    pub status: u16,
    /// Whether a response is correct; checked once.
    pub is_right: fn(&Value) -> bool,
    /// Writes a request; its number makes it unique where requests must not repeat.
    pub request: fn(&RequestSource, u64, &mut Rng, &mut Vec<u8>),
    pub effect: Effect,
    /// pgbench's variables, set before each transaction.
    pub variables: fn(&Registry) -> String,
    /// pgbench's transaction: the server's statements, except one that only looks up a key; empty without a comparison.
    pub transaction: &'static [Step],
    /// Where the server looks up the key in the same statement: one without the key.
    pub keyless: &'static [Step],
    /// The smallest durable transaction of the same effect; empty for reads.
    pub minimal: &'static [Step],
    /// Whether the plain reference has it.
    pub is_first: bool,
}

impl Operation {
    /// Whether latency is also measured at half of the top rate.
    pub fn is_timed(&self) -> bool {
        self.is_first || self.effect == Effect::Deactivates
    }
}

/// What an operation changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    /// Deactivates a spare phone.
    Deactivates,
    /// Creates a phone of a guest.
    Creates,
    /// Creates a contact of a guest.
    AddsContact,
}

/// A step of pgbench's transaction.
pub enum Step {
    Own(&'static str),
    /// A statement of the benchmark.
    Made(fn() -> String),
    /// A statement of the server, by its text with `*` for any part, and an SQL expression for each of its parameters.
    /// Where the server always passes null, it is a literal.
    Stored(&'static str, fn(&Registry) -> Vec<String>),
}

/// Data of the requests.
pub struct RequestSource {
    pub registry: Registry,
    /// Binding of a page cursor to its list.
    pub page_binding: String,
}

impl RequestSource {
    fn phone(&self, target: &str, kind: Kind, number: u64, workspace: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(target.as_bytes());
        kind.write(number, out);
        finish_request(Some(workspace), None, out);
    }

    fn any_phone(&self, rng: &mut Rng) -> (u64, u64) {
        let phone = rng.below(self.registry.phones);
        (phone, phone / self.registry.phones_of_workspace())
    }
}

const PHONE: &str = "select workspace_id, device_id, * from phone where workspace_id = $1 and device_id = any ($2) \
    and deactivated_at is null";
const KEY_AND_PHONE: &str = "select place * as requested (token_hash, device_id, place) join api_key *";
const KEY_AND_PHONES: &str = "select place * as requested (token_hash, since, first, page_limit, place) join api_key *";
const KEY_AND_PHONES_OF: &str =
    "select place * as requested (token_hash, person, since, first, page_limit, place) join api_key *";
const PHONES: &str = "select workspace_id, device_id, * from phone where workspace_id = $1 and deactivated_at is null \
    and (created_at, device_id) >= *";
const PHONES_OF: &str = "select workspace_id, device_id, * from phone where workspace_id = $1 and user_identity_id = $2 \
    and deactivated_at is null and (created_at, device_id) >= *";
const EVENTS_SINCE: &str = "select workspace_id, event_id, * from event where workspace_id = $1 and created_at > $2 *";
const KEY_AND_NUMBER: &str = "select place * as requested (token_hash, register_id, place) join api_key *";
const NUMBER: &str = "select register_id *, user_identity_id *, created_at from number_register \
    where workspace_id = $1 and register_id = any ($2)";
const KEY_AND_SUBSCRIBER: &str =
    "select place * as requested (token_hash, person, now, application_id, place) join api_key *";
const SUBSCRIBER: &str = "select position *, person.workspace_id, * join user_identity as person *";
const DEACTIVATE: &str =
    "with found as materialized ( select place, device_id, * update phone set deactivated_at = at, *";
const LOCK_PERSONS: &str = "select user_identity_id as * from user_identity where workspace_id = $1 \
    and user_identity_id = any ($2) and suspended_at is null for no key update skip locked";
const REGISTER_PHONE: &str = "with requested as materialized ( * signed_in as materialized * insert into phone *";

/// All operations; the others are compared with the first.
pub const ALL: &[Operation] = &[
    Operation {
        name: "get",
        about: "get one phone",
        status: 200,
        is_right: |response| response["phone"]["device_id"].is_string(),
        request: |source, _, rng, out| {
            let (phone, workspace) = source.any_phone(rng);
            source.phone("GET /phones/get?device_id=", Kind::Phone, phone, workspace, out);
        },
        effect: Effect::Nothing,
        variables: one_phone,
        transaction: &[Step::Stored(KEY_AND_PHONE, |registry| key_and(registry, &[Kind::Phone.sql(":phone")]))],
        keyless: &[Step::Stored(PHONE, |_| vec![workspace(), one(Kind::Phone.sql(":phone"))])],
        minimal: &[],
        is_first: true,
    },
    Operation {
        name: "list",
        about: "list a person's 20 phones",
        status: 200,
        is_right: |response| {
            response["phones"].as_array().is_some_and(|phones| phones.len() as u64 == PHONES_OF_PERSON)
        },
        request: |source, _, rng, out| {
            let (phone, workspace) = source.any_phone(rng);
            let person = phone / PHONES_OF_PERSON;
            source.phone("GET /phones/list?owner_user_identity_id=", Kind::Person, person, workspace, out);
        },
        effect: Effect::Nothing,
        variables: one_phone,
        transaction: &[Step::Stored(KEY_AND_PHONES_OF, |registry| {
            let all = [FIRST_TIME, FIRST_ID, "101::bigint"].map(str::to_owned);
            key_and(registry, &[[Kind::Person.sql(":person")].as_slice(), &all].concat())
        })],
        keyless: &[Step::Stored(PHONES_OF, |_| {
            let from = [FIRST_TIME, FIRST_ID, "null::bigint"];
            [workspace(), Kind::Person.sql(":person")].into_iter().chain(from.map(str::to_owned)).collect()
        })],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "page",
        about: "a page of 20 of a workspace's",
        status: 200,
        is_right: |response| response["phones"].as_array().is_some_and(|phones| phones.len() as u64 == PAGE),
        request: |source, _, rng, out| {
            let workspace = rng.below(source.registry.workspaces);
            let within = rng.below(source.registry.phones_of_workspace() + 1 - PAGE);
            let phone = workspace * source.registry.phones_of_workspace() + within;
            let mut id = Vec::with_capacity(36);
            Kind::Phone.write(phone, &mut id);
            let place = json!({ "created_at": source.registry.time(phone), "id": String::from_utf8_lossy(&id) });
            let cursor = BASE64_STANDARD.encode(json!([source.page_binding, place]).to_string());
            out.extend_from_slice(FIRST_PAGE.as_bytes());
            out.extend_from_slice(b"&page_cursor=");
            out.extend(url::form_urlencoded::byte_serialize(cursor.as_bytes()).flat_map(str::bytes));
            finish_request(Some(workspace), None, out);
        },
        effect: Effect::Nothing,
        variables: |registry| {
            let (per_workspace, workspaces) = (registry.phones_of_workspace(), registry.workspaces);
            format!(
                "\\set w random(0, {workspaces} - 1)\n\\set n :w * {per_workspace} + random(0, {per_workspace} - {PAGE})\n\
                 \\set workspace {BASE} + :w\n\\set phone {BASE} + :n\n"
            )
        },
        transaction: &[Step::Stored(KEY_AND_PHONES, |registry| {
            let from = [registry.sql_time(":n"), Kind::Phone.sql(":phone"), format!("{}::bigint", PAGE + 1)];
            key_and(registry, &from)
        })],
        keyless: &[Step::Stored(PHONES, |registry| {
            vec![workspace(), registry.sql_time(":n"), Kind::Phone.sql(":phone"), (PAGE + 1).to_string()]
        })],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "deactivate",
        about: "deactivate a phone",
        status: 200,
        is_right: |response| response.is_object(),
        request: |source, turn, _, out| {
            let workspace = turn % source.registry.workspaces;
            source.phone("DELETE /phones/deactivate?device_id=", Kind::Spare, turn, workspace, out);
        },
        effect: Effect::Deactivates,
        variables: |registry| {
            format!(
                "\\set turn :turn + 1\n\\set n :client_id * :stride + :turn\n\\set spare {BASE} + :n\n\
                 \\set workspace {BASE} + :n % {}\n",
                registry.workspaces
            )
        },
        transaction: &[Step::Stored(DEACTIVATE, |_| {
            let device = Kind::Spare.sql(":spare");
            let types = [
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ];
            let each = [context(), device, "null::uuid".to_owned(), "null::text".to_owned(), "now()".to_owned()];
            let request = [workspace(), "now()".to_owned()].into_iter().chain(each.map(one));
            request.chain(["true".to_owned()]).chain(types.map(name)).collect()
        })],
        keyless: &[],
        minimal: &[Step::Made(|| minimal::deactivate(&workspace(), &Kind::Spare.sql(":spare")))],
        is_first: false,
    },
    Operation {
        name: "create",
        about: "create a sandbox phone",
        status: 200,
        is_right: |response| response["phone"]["device_id"].is_string(),
        request: |source, _, rng, out| {
            let guest = rng.below(source.registry.guests());
            let mut body = b"{\"user_identity_id\":\"".to_vec();
            Kind::Guest.write(guest, &mut body);
            body.extend_from_slice(b"\"}");
            out.extend_from_slice(b"POST /phones/simulate/create_sandbox_phone");
            finish_request(Some(guest / GUESTS), Some(&body), out);
        },
        effect: Effect::Creates,
        variables: |registry| {
            format!(
                "\\set turn :turn + 1\n\\set g random(0, {} * {GUESTS} - 1)\n\\set guest {BASE} + :g\n\
                 \\set workspace {BASE} + :g / {GUESTS}\n\\set made {BASE} + :client_id * :stride + :turn\n",
                registry.workspaces
            )
        },
        transaction: &[
            Step::Own("begin"),
            Step::Stored(LOCK_PERSONS, |_| vec![workspace(), one(Kind::Guest.sql(":guest"))]),
            Step::Stored(REGISTER_PHONE, |_| {
                let ids = [context(), Kind::Guest.sql(":guest"), Kind::Made.sql(":made")];
                let looks = ["null::text", "'android'", "'10'", "'Samsung'", "'Samsung Galaxy S10'", ASSA_ABLOY];
                let rest = ["null::uuid", "now()"];
                let each = ids.into_iter().chain(looks.into_iter().chain(rest).map(str::to_owned)).map(one);
                let types = [EventType::PhoneRegistered, EventType::AcsCredentialIssued].map(name);
                let request = [workspace(), "now()".to_owned()].into_iter().chain(each);
                request.chain([format!("{MAX_PHONES}::bigint")]).chain(types).collect()
            }),
            Step::Own("commit"),
            Step::Stored(PHONE, |_| vec![workspace(), one(Kind::Made.sql(":made"))]),
        ],
        keyless: &[],
        minimal: &[Step::Made(|| minimal::create(&workspace(), &Kind::Guest.sql(":guest"), &Kind::Made.sql(":made")))],
        is_first: false,
    },
    Operation {
        name: "events",
        about: "20 events since a time",
        status: 200,
        is_right: |response| response["events"].as_array().is_some_and(|events| events.len() as u64 == PAGE),
        request: |source, _, rng, out| {
            let workspace = rng.below(source.registry.workspaces);
            let since = source.registry.time(rng.below(EVENTS - PAGE));
            out.extend_from_slice(b"GET /events/list?limit=20&since=");
            out.extend_from_slice(since.as_bytes());
            finish_request(Some(workspace), None, out);
        },
        effect: Effect::Nothing,
        variables: |registry| {
            let workspaces = registry.workspaces;
            format!("\\set workspace {BASE} + random(0, {workspaces} - 1)\n\\set n random(0, {EVENTS} - {PAGE} - 1)\n")
        },
        transaction: &[Step::Stored(EVENTS_SINCE, |registry| {
            let rest = ["'9999-12-31'::timestamptz", "20", "0"];
            [workspace(), registry.sql_time(":n")].into_iter().chain(rest.map(str::to_owned)).collect()
        })],
        keyless: &[],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "diga",
        about: "get a phone number (Diga)",
        status: 200,
        is_right: |response| response["id"].is_string() && response["status"] == "assigned",
        request: |source, _, rng, out| {
            let (phone, workspace) = source.any_phone(rng);
            source.phone("GET /v1/phone/", Kind::Register, phone / PHONES_OF_PERSON, workspace, out);
        },
        effect: Effect::Nothing,
        variables: one_phone,
        transaction: &[Step::Stored(KEY_AND_NUMBER, |registry| key_and(registry, &[Kind::Register.sql(":person")]))],
        keyless: &[Step::Stored(NUMBER, |_| vec![workspace(), one(Kind::Register.sql(":person"))])],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "ucwa",
        about: "get a person's numbers (UCWA)",
        status: 200,
        is_right: |response| response["_embedded"]["phone"].as_array().is_some_and(|slots| slots.len() == 4),
        request: |source, _, rng, out| {
            let (phone, workspace) = source.any_phone(rng);
            out.extend_from_slice(b"GET /me/phones HTTP/1.1\r\nx-ucwa-user: ");
            Kind::Person.write(phone / PHONES_OF_PERSON, out);
            out.extend_from_slice(b"\r\n");
            finish_head(Some(workspace), None, out);
        },
        effect: Effect::Nothing,
        variables: one_phone,
        transaction: &[Step::Stored(KEY_AND_SUBSCRIBER, |registry| {
            key_and(registry, &[Kind::Person.sql(":person"), "now()".to_owned(), "null::bigint".to_owned()])
        })],
        keyless: &[Step::Stored(SUBSCRIBER, |_| {
            let values = [Kind::Person.sql(":person"), "now()".to_owned(), "null::bigint".to_owned()];
            [workspace()].into_iter().chain(values.map(one)).collect()
        })],
        minimal: &[],
        is_first: false,
    },
    contacts::GET,
    contacts::LIST,
    contacts::CREATE,
    Operation {
        name: "unknown",
        about: "get an unknown phone",
        status: 404,
        is_right: |response| response["error"]["type"].is_string(),
        request: |source, _, rng, out| {
            let (phone, workspace) = source.any_phone(rng);
            source.phone("GET /phones/get?device_id=", Kind::Nothing, phone, workspace, out);
        },
        effect: Effect::Nothing,
        variables: one_phone,
        transaction: &[Step::Stored(KEY_AND_PHONE, |registry| key_and(registry, &[Kind::Nothing.sql(":phone")]))],
        keyless: &[Step::Stored(PHONE, |_| vec![workspace(), one(Kind::Nothing.sql(":phone"))])],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "stranger",
        about: "get without a token",
        status: 401,
        is_right: |response| response["error"]["type"].is_string(),
        request: |source, _, rng, out| {
            out.extend_from_slice(b"GET /phones/get?device_id=");
            Kind::Phone.write(rng.below(source.registry.phones), out);
            finish_request(None, None, out);
        },
        effect: Effect::Nothing,
        variables: |_| String::new(),
        transaction: &[],
        keyless: &[],
        minimal: &[],
        is_first: false,
    },
    Operation {
        name: "health",
        about: "health check with a query",
        status: 200,
        is_right: |response| response["ok"] == true,
        request: |_, _, _, out| {
            out.extend_from_slice(b"GET /health");
            finish_request(None, None, out);
        },
        effect: Effect::Nothing,
        variables: |_| String::new(),
        transaction: &[Step::Stored("select 1", |_| Vec::new())],
        keyless: &[],
        minimal: &[],
        is_first: false,
    },
];

/// Request whose response has a page cursor with the binding.
pub const FIRST_PAGE: &str = "GET /phones/list?limit=20";

/// Context of a statement that changes something: author and opt-in event types.
fn context() -> String {
    let id = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";
    let context = json!({
        "credential_kind": "api_key", "credential_id": id, "request_id": id, "address": "127.0.0.1",
        "opt_in_types": opt_in_types().collect::<Vec<_>>(),
    });
    format!("'{context}'::jsonb")
}

fn name(event_type: EventType) -> String {
    format!("'{}'::text", event_type.into_str())
}

const ASSA_ABLOY: &str = r#"'{"application_version": "1.0.0", "seos_applet_version": "1.0.0", "ble_capability": true,
    "hce_capability": false, "nfc_capability": false, "seos_tsm_endpoint_id": 1.0}'::jsonb"#;

/// First keyset position of a list.
const FIRST_TIME: &str = "to_timestamp(0)";
const FIRST_ID: &str = "'00000000-0000-0000-0000-000000000000'::uuid";

/// Variables of a random phone, its person and its workspace.
fn one_phone(registry: &Registry) -> String {
    let (phones, per_workspace) = (registry.phones, registry.phones_of_workspace());
    format!(
        "\\set n random(0, {phones} - 1)\n\\set w :n / {per_workspace}\n\\set phone {BASE} + :n\n\
         \\set workspace {BASE} + :w\n\\set person {BASE} + :n / {PHONES_OF_PERSON}\n"
    )
}

/// Parameters of a batched statement, for one request: the hash of the API key, and the rest.
pub fn key_and(registry: &Registry, rest: &[String]) -> Vec<String> {
    [registry.sql_token_hash(":w")].into_iter().chain(rest.iter().cloned()).map(one).collect()
}

/// Array of one, for a batched statement.
pub fn one(key: String) -> String {
    format!("array[{key}]")
}

/// Workspace id of pgbench's variable.
pub fn workspace() -> String {
    Kind::Workspace.sql(":workspace")
}
