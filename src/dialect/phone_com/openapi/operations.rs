//! The operations, with their examples.

use super::super::accounts::NAMED;
use super::super::contacts::FIELDS;
use super::super::input::query::Fields;
use super::examples::*;
use super::responses::response;
use super::{Auth, Body, Operation, parameters};
use serde_json::{Value, json};

const EXTENSION: &str = "/v4/accounts/{account_id}/extensions/{extension_id}";
const CONTACTS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts";
const CONTACT: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts/{contact_id}";
const GROUPS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups";
const GROUP: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups/{group_id}";

/// All of them, in the order of the document.
pub fn all() -> Vec<Operation> {
    let mut all = vec![hello(), ping(), token()];
    all.extend(accounts());
    all.extend(contacts());
    all.extend(groups());
    all
}

/// An operation that takes the numbers in its path.
fn plain(
    (path, method): (&'static str, &'static str),
    id: &'static str,
    (summary, description): (&'static str, &'static str),
    success: (&'static str, Value),
) -> Operation {
    let names: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
    let (auth, parameters) = (Auth::Token, parameters::path(&names));
    Operation { path, method, id, summary, description, auth, parameters, body: None, success }
}

/// An operation that lists.
fn list<F>(
    at: &'static str,
    id: &'static str,
    words: (&'static str, &'static str),
    fields: &Fields<F>,
    (schema, item): (&'static str, Value),
) -> Operation {
    let mut operation = plain((at, "get"), id, words, ("200", response(schema, "OK", schema, list_example(item))));
    operation.parameters.extend(parameters::list(fields));
    operation
}

fn hello() -> Operation {
    let example = json!({ "name": "Handset", "version": "v4" });
    let success = ("200", response("PhoneComHello", "OK", "PhoneComHello", example));
    let words = ("Get the version", "Returns the name of the service and the version of the API.");
    Operation { auth: Auth::Open, ..plain(("/v4", "get"), "phone_com_hello", words, success) }
}

fn ping() -> Operation {
    let success = ("200", response("PhoneComPing", "OK", "PhoneComPing", json!({ "ping": "pong" })));
    let words = ("Ping", "Returns `pong`.");
    Operation { auth: Auth::Open, ..plain(("/v4/ping", "get"), "phone_com_ping", words, success) }
}

fn token() -> Operation {
    let granted = json!({ "access_token": "handset_1A2b3C4d_5E6f7G8h9J1k2L3m4N5p6Q7r", "token_type": "Bearer",
        "expires_in": 3600, "scope": "account-owner" });
    let words = (
        "Create a token",
        "Returns a bearer token for the id and secret of an API key (client credentials), or for the name and password \
         of a user identity. The body is a form or JSON; clients may authenticate with HTTP Basic instead.",
    );
    let success = ("200", response("PhoneComToken", "OK", "PhoneComToken", granted));
    Operation {
        auth: Auth::Client,
        body: Some(Body {
            schema: "PhoneComTokenRequest",
            is_required: true,
            example: json!({ "grant_type": "client_credentials" }),
        }),
        ..plain(("/v4/oauth/access-token", "post"), "phone_com_get_token", words, success)
    }
}

fn accounts() -> Vec<Operation> {
    let account = || ("200", response("PhoneComAccount", "OK", "PhoneComAccount", account_example()));
    let extension = || ("200", response("PhoneComExtension", "OK", "PhoneComExtension", extension_example()));
    vec![
        list(
            "/v4/accounts",
            "phone_com_list_accounts",
            ("List accounts", "Returns the workspaces of the caller with their account numbers."),
            &NAMED,
            ("PhoneComAccountList", account_example()),
        ),
        plain(
            ("/v4/accounts/{account_id}", "get"),
            "phone_com_get_account",
            ("Get an account", "Returns one workspace."),
            account(),
        ),
        list(
            "/v4/accounts/{account_id}/extensions",
            "phone_com_list_extensions",
            ("List extensions", "Returns the user identities of the workspace with their extension numbers."),
            &NAMED,
            ("PhoneComExtensionList", extension_example()),
        ),
        plain(
            (EXTENSION, "get"),
            "phone_com_get_extension",
            ("Get an extension", "Returns one user identity."),
            extension(),
        ),
    ]
}

fn contacts() -> Vec<Operation> {
    let contact =
        |status, name, description| (status, response(name, description, "PhoneComContact", contact_example()));
    let body = |is_required| Some(Body { schema: "PhoneComContactInput", is_required, example: input_example() });
    vec![
        list(
            CONTACTS,
            "phone_com_list_contacts",
            ("List contacts", "Returns the contacts of the extension, in full or as summaries."),
            &FIELDS,
            ("PhoneComContactList", contact_example()),
        ),
        Operation {
            body: body(false),
            ..plain(
                (CONTACTS, "post"),
                "phone_com_create_contact",
                ("Create a contact", "Creates a contact. Absent members are empty."),
                contact("201", "PhoneComContactCreated", "Created"),
            )
        },
        plain(
            (CONTACT, "get"),
            "phone_com_get_contact",
            ("Get a contact", "Returns one contact in full."),
            contact("200", "PhoneComContact", "OK"),
        ),
        Operation {
            body: body(false),
            ..plain(
                (CONTACT, "put"),
                "phone_com_replace_contact",
                ("Replace a contact", "Replaces all members. Absent members become empty."),
                contact("200", "PhoneComContact", "OK"),
            )
        },
        Operation {
            body: body(false),
            ..plain(
                (CONTACT, "patch"),
                "phone_com_update_contact",
                ("Update a contact", "Updates the given members. Absent members stay as they are."),
                contact("200", "PhoneComContact", "OK"),
            )
        },
        plain((CONTACT, "delete"), "phone_com_delete_contact", ("Delete a contact", "Deletes a contact."), deleted()),
    ]
}

fn groups() -> Vec<Operation> {
    let group = |status, name, description| (status, response(name, description, "PhoneComGroup", group_example()));
    let named = |method, id, words| Operation {
        body: Some(Body { schema: "PhoneComGroupInput", is_required: true, example: json!({ "name": "Family" }) }),
        ..plain((GROUP, method), id, words, group("200", "PhoneComGroup", "OK"))
    };
    vec![
        list(
            GROUPS,
            "phone_com_list_contact_groups",
            ("List contact groups", "Returns the contact groups of the extension."),
            &NAMED,
            ("PhoneComGroupList", group_example()),
        ),
        Operation {
            path: GROUPS,
            parameters: parameters::path(&["account_id", "extension_id"]),
            success: group("201", "PhoneComGroupCreated", "Created"),
            ..named(
                "post",
                "phone_com_create_contact_group",
                ("Create a contact group", "Creates a contact group without contacts."),
            )
        },
        plain(
            (GROUP, "get"),
            "phone_com_get_contact_group",
            ("Get a contact group", "Returns one contact group."),
            group("200", "PhoneComGroup", "OK"),
        ),
        named(
            "put",
            "phone_com_replace_contact_group",
            ("Replace a contact group", "Sets the name of the contact group."),
        ),
        named(
            "patch",
            "phone_com_update_contact_group",
            ("Update a contact group", "Sets the name of the contact group."),
        ),
        plain(
            (GROUP, "delete"),
            "phone_com_delete_contact_group",
            ("Delete a contact group", "Deletes a contact group. Its contacts stay, without a group."),
            deleted(),
        ),
    ]
}

fn deleted() -> (&'static str, Value) {
    ("200", response("PhoneComDeleted", "OK", "PhoneComDeleted", json!({ "success": true })))
}
