//! The calls: where they are, what they take and what they give.

use super::responses::response;
use super::schemas::{account_example, contact_example, extension_example, group_example, list_example};
use super::{Body, Door, Operation, parameters};
use serde_json::{Value, json};

const EXTENSION: &str = "/v4/accounts/{account_id}/extensions/{extension_id}";
const CONTACTS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts";
const CONTACT: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts/{contact_id}";
const GROUPS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups";
const GROUP: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups/{group_id}";

const NAMED: (&[&str], &[&str]) = (&["id", "name"], &["id", "name"]);
const OF_CONTACTS: (&[&str], &[&str]) = (&["id", "group_id", "updated_at", "name", "phone"], &["id", "updated_at"]);

/// All of them, in the order of the document.
pub fn all() -> Vec<Operation> {
    let mut all = vec![hello(), ping(), token()];
    all.extend(accounts());
    all.extend(contacts());
    all.extend(groups());
    all
}

/// A call that takes the numbers in its path and gives what is said of it.
fn plain(
    (path, method): (&'static str, &'static str),
    id: &'static str,
    (summary, description): (&'static str, &'static str),
    success: (&'static str, Value),
) -> Operation {
    let names: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
    let (door, parameters) = (Door::Token, parameters::path(&names));
    Operation { path, method, id, summary, description, door, parameters, body: None, success }
}

/// A call that lists.
fn list(
    at: &'static str,
    id: &'static str,
    words: (&'static str, &'static str),
    (filters, sorts): (&[&str], &[&str]),
    (schema, item): (&'static str, Value),
) -> Operation {
    let mut operation =
        plain((at, "get"), id, words, ("200", response("A part of the list", schema, list_example(item))));
    operation.parameters.extend(parameters::list(filters, sorts));
    operation
}

fn hello() -> Operation {
    let example = json!({ "name": "Handset", "version": "v4" });
    let success = ("200", response("Somebody is there", "PhoneComHello", example));
    let words = ("Say hello", "Answers everybody.");
    Operation { door: Door::Open, ..plain(("/v4", "get"), "phone_com_hello", words, success) }
}

fn ping() -> Operation {
    let success = ("200", response("Somebody is there", "PhoneComPing", json!({ "ping": "pong" })));
    let words = ("Ping", "Answers everybody.");
    Operation { door: Door::Open, ..plain(("/v4/ping", "get"), "phone_com_ping", words, success) }
}

fn token() -> Operation {
    let granted = json!({ "access_token": "handset_1A2b3C4d_5E6f7G8h9J1k2L3m4N5p6Q7r", "token_type": "Bearer",
        "expires_in": 3600, "scope": "account-owner" });
    let words = (
        "Get a token",
        "Gives a bearer token for the id and secret of an API key (client credentials), or for a person's name and \
         password. The body is a form or JSON; a client may also say which it is by HTTP Basic.",
    );
    let success = ("200", response("A token", "PhoneComToken", granted));
    Operation {
        door: Door::Client,
        body: Some(Body {
            schema: "PhoneComTokenRequest",
            is_required: true,
            example: json!({ "grant_type": "client_credentials" }),
        }),
        ..plain(("/v4/oauth/access-token", "post"), "phone_com_get_token", words, success)
    }
}

fn accounts() -> Vec<Operation> {
    let account = || ("200", response("The account", "PhoneComAccount", account_example()));
    let extension = || ("200", response("The extension", "PhoneComExtension", extension_example()));
    vec![
        list(
            "/v4/accounts",
            "phone_com_list_accounts",
            ("List accounts", "The workspaces that the caller may see, with the numbers by which they are accounts."),
            NAMED,
            ("PhoneComAccountList", account_example()),
        ),
        plain(
            ("/v4/accounts/{account_id}", "get"),
            "phone_com_get_account",
            ("Show an account", "One workspace."),
            account(),
        ),
        list(
            "/v4/accounts/{account_id}/extensions",
            "phone_com_list_extensions",
            ("List extensions", "The persons of the workspace, with the numbers by which they are extensions."),
            NAMED,
            ("PhoneComExtensionList", extension_example()),
        ),
        plain((EXTENSION, "get"), "phone_com_get_extension", ("Show an extension", "One person."), extension()),
    ]
}

fn contacts() -> Vec<Operation> {
    let contact = |status, description| (status, response(description, "PhoneComContact", contact_example()));
    let body = |is_required| Some(Body { schema: "PhoneComContactInput", is_required, example: input_example() });
    vec![
        list(
            CONTACTS,
            "phone_com_list_contacts",
            ("List contacts", "The contacts of the extension, whole or in brief."),
            OF_CONTACTS,
            ("PhoneComContactList", contact_example()),
        ),
        Operation {
            body: body(false),
            ..plain(
                (CONTACTS, "post"),
                "phone_com_create_contact",
                ("Keep a contact", "What is not said is empty."),
                contact("201", "The new contact"),
            )
        },
        plain(
            (CONTACT, "get"),
            "phone_com_get_contact",
            ("Show a contact", "One contact, whole."),
            contact("200", "The contact"),
        ),
        Operation {
            body: body(false),
            ..plain(
                (CONTACT, "put"),
                "phone_com_replace_contact",
                ("Replace a contact", "Forgets what is not said again."),
                contact("200", "The contact as it is now"),
            )
        },
        Operation {
            body: body(false),
            ..plain(
                (CONTACT, "patch"),
                "phone_com_update_contact",
                ("Change a contact", "Leaves what is not spoken of."),
                contact("200", "The contact as it is now"),
            )
        },
        plain(
            (CONTACT, "delete"),
            "phone_com_delete_contact",
            ("Delete a contact", "It is gone for every caller."),
            deleted(),
        ),
    ]
}

fn groups() -> Vec<Operation> {
    let group = |status, description| (status, response(description, "PhoneComGroup", group_example()));
    let named = |method, id, words| Operation {
        body: Some(Body { schema: "PhoneComGroupInput", is_required: true, example: json!({ "name": "Family" }) }),
        ..plain((GROUP, method), id, words, group("200", "The group as it is now"))
    };
    vec![
        list(
            GROUPS,
            "phone_com_list_contact_groups",
            ("List contact groups", "The groups of the extension."),
            NAMED,
            ("PhoneComGroupList", group_example()),
        ),
        Operation {
            path: GROUPS,
            parameters: parameters::path(&["account_id", "extension_id"]),
            success: group("201", "The new group"),
            ..named("post", "phone_com_create_contact_group", ("Make a contact group", "It begins without contacts."))
        },
        plain(
            (GROUP, "get"),
            "phone_com_get_contact_group",
            ("Show a contact group", "One group."),
            group("200", "The group"),
        ),
        named("put", "phone_com_replace_contact_group", ("Rename a contact group", "A name is all that a group has.")),
        named("patch", "phone_com_update_contact_group", ("Rename a contact group", "The same as replacing it.")),
        plain(
            (GROUP, "delete"),
            "phone_com_delete_contact_group",
            ("Delete a contact group", "Its contacts stay, without a group."),
            deleted(),
        ),
    ]
}

fn deleted() -> (&'static str, Value) {
    ("200", response("It is gone", "PhoneComDeleted", json!({ "success": true })))
}

fn input_example() -> Value {
    json!({
        "first_name": "Jane",
        "last_name": "Doe",
        "emails": [{ "type": "primary", "email": "jane@example.com" }],
        "phone_numbers": [{ "type": "mobile", "number": "(999) 999-9999" }],
        "group": { "name": "Family" },
    })
}
