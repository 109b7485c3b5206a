//! Every text that is stored has a maximum length, and every list a maximum number of items: in each input of each
//! operation of the document, and for each column of the schema.

use crate::support::client::Client;
use crate::support::document::{Dialect, Field, Location, Operation, example, operations, operations_of};
use crate::support::phone_com::Extension;
use crate::support::private_postgres::TestDir;
use crate::support::program::handset_in;
use crate::support::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Inputs without a maximum, with reasons.
const UNBOUNDED: [(&str, &str); 14] = [
    ("filters[", "the conditions of a list are not stored; a query has 32 KiB"),
    (" group", "a name by which a group is looked up; the rule bounds it"),
    ("If-None-Match", "an etag is compared, not stored"),
    ("If-Match", "an etag is compared, not stored"),
    ("originalDomain", "it is ignored"),
    ("sipuri", "it is ignored"),
    ("/phones type", "it names one of four slots, in any case"),
    ("supportedModalities", "they are ignored"),
    (" filter", "the filter of a list is not stored, and has 8 KiB"),
    (" sortBy", "the name of an attribute is looked up, not stored"),
    (" cursor", "a cursor is opened, not stored"),
    ("ttributes", "names of attributes are looked up, not stored"),
    (" schemas", "the server derives them again, and stores none"),
    ("/v4/oauth/access-token", "credentials are compared, not stored"),
];

/// What bounds a column.
enum Bound {
    /// The rule of this field of a body.
    Field(&'static str, &'static str),
    /// The rule of an argument of the command line.
    Argument,
    /// A check constraint that lists the values, or gives a length.
    Check,
    /// The server makes the value, of bounded parts.
    Made,
}

use Bound::{Argument, Check, Field as Input, Made};

const CONTACTS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contacts";
const GROUPS: &str = "/v4/accounts/{account_id}/extensions/{extension_id}/contact-groups";

/// Every column of text, JSON or a list.
const COLUMNS: [(&str, Bound); 114] = [
    ("access_token.hint", Made),
    ("access_token.name", Argument),
    ("action_attempt.action_type", Made),
    ("api_key.hint", Made),
    ("api_key.name", Argument),
    ("application.application_type", Input("/v1/applications", "type")),
    ("application.availability", Made),
    ("application.culture", Input("/v1/applications", "culture")),
    ("application.endpoint_id", Input("/v1/applications", "endpointId")),
    ("application.instance_id", Input("/v1/applications", "instanceId")),
    ("application.location", Input("/v1/applications/{application_id}/me/location", "location")),
    ("application.note", Input("/v1/applications/{application_id}/me/note", "message")),
    ("application.user_agent", Input("/v1/applications", "userAgent")),
    ("audit.action", Made),
    ("audit.after", Made),
    ("audit.before", Made),
    ("audit.credential_kind", Made),
    ("audit.subject_kind", Made),
    ("claimed_number.number", Input("/v1/phone/import", "phone_number")),
    ("client_session.connect_webview_ids", Check),
    ("client_session.connected_account_ids", Check),
    ("client_session.customer_key", Input("/client_sessions/create", "customer_key")),
    // An id for each key that has created or extended it.
    ("client_session.issuer_ids", Made),
    ("client_session.user_identifier_key", Input("/client_sessions/create", "user_identifier_key")),
    ("console_session.name", Argument),
    ("contact.addresses", Input(CONTACTS, "addresses")),
    ("contact.company", Input(CONTACTS, "company")),
    ("contact.department", Input(CONTACTS, "department")),
    ("contact.emails", Input(CONTACTS, "emails")),
    ("contact.first_name", Input(CONTACTS, "first_name")),
    ("contact.job_title", Input(CONTACTS, "job_title")),
    ("contact.last_name", Input(CONTACTS, "last_name")),
    ("contact.middle_name", Input(CONTACTS, "middle_name")),
    ("contact.name_folded", Made),
    ("contact.nickname", Input(CONTACTS, "nickname")),
    ("contact.phone_numbers", Input(CONTACTS, "phone_numbers")),
    ("contact.phonetic_first_name", Input(CONTACTS, "phonetic_first_name")),
    ("contact.phonetic_last_name", Input(CONTACTS, "phonetic_last_name")),
    ("contact.phonetic_middle_name", Input(CONTACTS, "phonetic_middle_name")),
    ("contact.prefix", Input(CONTACTS, "prefix")),
    ("contact.said", Made),
    ("contact.suffix", Input(CONTACTS, "suffix")),
    ("contact_group.name", Input(GROUPS, "name")),
    ("contact_group.name_folded", Made),
    ("contact_number.entered", Input(CONTACTS, "phone_numbers")),
    ("contact_number.entered_folded", Made),
    ("contact_number.normalized", Made),
    ("credential.access_method", Check),
    ("credential.allowed_acs_entrance_ids", Input("/acs/credentials/create", "allowed_acs_entrance_ids")),
    ("credential.code_sealed", Input("/acs/credentials/update", "code")),
    ("delivery.attempt_log", Made),
    ("delivery.fault", Made),
    ("delivery.status", Check),
    ("event.details", Made),
    ("event.event_type", Made),
    // An id for each use.
    ("instant_key.further_client_session_ids", Made),
    ("merged_user_identity.user_identity_key", Made),
    ("number_register.nickname", Input("/v1/phone/import", "nickname")),
    ("number_register.number", Check),
    ("number_register.status", Check),
    ("number_register.telephony_provider", Check),
    ("operator.email", Check),
    ("operator.email_folded", Made),
    ("operator.password_hash", Made),
    ("operator.role", Check),
    ("operator.sso_role", Check),
    ("operator.sso_subject", Check),
    ("operator_link.purpose", Check),
    ("operator_role.role", Check),
    ("operator_session.method", Check),
    ("phone.assa_abloy_metadata", Input("/phones/simulate/create_sandbox_phone", "assa_abloy_metadata")),
    ("phone.custom_metadata", Input("/devices/update", "custom_metadata")),
    ("phone.custom_sdk_installation_id", Input(crate::hostile::stays_off::REGISTER, "custom_sdk_installation_id")),
    ("phone.deactivation_reason", Input("/phones/deactivate", "reason")),
    ("phone.device_manufacturer", Input(crate::hostile::stays_off::REGISTER, "phone_device_metadata")),
    ("phone.device_manufacturer_folded", Made),
    ("phone.device_model", Input(crate::hostile::stays_off::REGISTER, "phone_device_metadata")),
    ("phone.nickname", Input("/devices/update", "name")),
    ("phone.operating_system", Check),
    ("phone.os_version", Input(crate::hostile::stays_off::REGISTER, "phone_device_metadata")),
    ("phone.search_text", Made),
    ("scim_group.attributes", Made),
    ("scim_group.display_name", Input("/scim/v2/Groups", "displayName")),
    ("scim_group.display_name_folded", Made),
    ("scim_group.external_id", Input("/scim/v2/Groups", "externalId")),
    ("scim_token.hint", Made),
    ("scim_token.name", Argument),
    ("scim_user.attributes", Made),
    ("scim_user.emails", Input("/scim/v2/Users", "emails")),
    ("scim_user.external_id", Input("/scim/v2/Users", "externalId")),
    ("scim_user.user_name", Input("/scim/v2/Users", "userName")),
    ("scim_user.user_name_folded", Made),
    ("slot.number", Input("/me/phones", "number")),
    ("slot.slot_type", Check),
    ("user_identity.duplicate_email_address", Made),
    ("user_identity.duplicate_phone_number", Made),
    ("user_identity.duplicate_user_identity_key", Made),
    ("user_identity.email_address", Input("/user_identities/create", "email_address")),
    ("user_identity.email_address_folded", Made),
    ("user_identity.extension_name_folded", Made),
    ("user_identity.full_name", Input("/user_identities/create", "full_name")),
    ("user_identity.password_hash", Made),
    ("user_identity.phone_number", Input("/user_identities/create", "phone_number")),
    ("user_identity.phone_number_folded", Made),
    ("user_identity.search_text", Made),
    ("user_identity.user_identity_key", Input("/user_identities/create", "user_identity_key")),
    ("webhook.event_types", Input("/webhooks/create", "event_types")),
    ("webhook.host", Made),
    ("webhook.url", Input("/webhooks/create", "url")),
    ("workspace.connect_partner_name", Input("/workspaces/create", "connect_partner_name")),
    ("workspace.name", Input("/workspaces/create", "name")),
    ("workspace.publishable_key", Made),
    ("workspace.publishable_key_sessions", Check),
    // Sealed, of a JSON document.
    ("number_register.sip_config_sealed", Input("/v1/phone/import", "sip_config")),
];

#[test]
fn every_input_of_every_operation_has_a_maximum() {
    let mut unbounded = Vec::new();
    let mut count = 0;
    for operation in operations() {
        for field in operation.fields().into_iter().filter(|field| field.location != Location::Path) {
            count += 1;
            collect(&format!("{operation} {}", field.name), field.schema, &mut unbounded);
        }
    }
    for (part, _) in UNBOUNDED {
        assert!(unbounded.iter().any(|place| place.contains(part)), "{part} has a maximum; remove it from UNBOUNDED");
    }
    unbounded.retain(|place| !UNBOUNDED.iter().any(|(part, _)| place.contains(part)));
    assert!(unbounded.is_empty(), "give these a maximum, or a reason in UNBOUNDED: {unbounded:#?}");
    assert!(count > 200, "only {count} inputs");
    let mut found = Vec::new();
    collect("x", &json!({ "type": "array", "items": { "type": "string" }, "maxItems": 1 }), &mut found);
    collect("y", &json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } }), &mut found);
    assert_eq!(found, ["x[]", "y.a"], "the rule finds what has none");
}

/// Collects the places of texts, lists and records without a maximum.
fn collect(place: &str, schema: &Value, unbounded: &mut Vec<String>) {
    // A maximum beside branches is the one of each.
    if schema["maxLength"].is_null() {
        for branch in ["oneOf", "anyOf", "allOf"].iter().flat_map(|name| schema[*name].as_array().into_iter().flatten())
        {
            collect(place, branch, unbounded);
        }
    }
    let is = |name: &str| {
        schema["type"] == name || schema["type"].as_array().is_some_and(|types| types.contains(&name.into()))
    };
    let is_fixed = schema["enum"].is_array() || ["uuid", "date-time"].iter().any(|format| schema["format"] == *format);
    if is("string") && !is_fixed && schema["maxLength"].is_null() {
        unbounded.push(place.to_owned());
    }
    if is("array") {
        if schema["maxItems"].is_null() {
            unbounded.push(place.to_owned());
        }
        collect(&format!("{place}[]"), &schema["items"], unbounded);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(&format!("{place}.{name}"), property, unbounded);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| **values != Value::Bool(false)) {
        if schema["maxProperties"].is_null() || schema["propertyNames"]["maxLength"].is_null() {
            unbounded.push(place.to_owned());
        }
        collect(&format!("{place}.*"), values, unbounded);
    }
}

#[tokio::test]
async fn every_column_of_text_is_bounded() {
    let world = World::new().await;
    let sql = "select table_name || '.' || column_name from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like '\\_sqlx%'
            and data_type in ('text', 'character varying', 'json', 'jsonb', 'ARRAY')";
    let columns: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut world.database().await).await.expect("columns");
    let columns: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = COLUMNS.iter().map(|(column, _)| *column).collect();
    let unknown: Vec<_> = columns.difference(&known).collect();
    assert!(unknown.is_empty(), "add these to COLUMNS, with the rule that bounds them: {unknown:?}");
    let gone: Vec<_> = known.difference(&columns).filter(|column| !column.ends_with("_sealed")).collect();
    assert!(gone.is_empty(), "remove these from COLUMNS: {gone:?}");
    let sql = "select string_agg(pg_get_constraintdef(oid), ' ') from pg_constraint where contype = 'c'";
    let checks: String = sqlx::query_scalar(sql).fetch_one(&mut world.database().await).await.expect("constraints");
    for (column, bound) in &COLUMNS {
        let name = column.split('.').next_back().expect("a column");
        match bound {
            Input(path, field) => {
                let fields = operations().into_iter().filter(|operation| operation.path == *path);
                let fields: Vec<Field> = fields.flat_map(|operation| operation.fields()).collect();
                let found = fields.iter().find(|known| known.location == Location::Body && known.name == *field);
                let mut unbounded = Vec::new();
                collect(column, found.unwrap_or_else(|| panic!("{path} has no {field}")).schema, &mut unbounded);
                assert!(unbounded.is_empty(), "{unbounded:?}");
            }
            Check => assert!(checks.contains(name), "no constraint is about {column}"),
            Argument | Made => {}
        }
    }
}

/// The texts of a body with their paths and maximum lengths.
fn texts(operation: &Operation) -> Vec<(Vec<&'static str>, usize)> {
    let mut found = Vec::new();
    for field in operation.fields().into_iter().filter(|field| field.location == Location::Body) {
        let inner = field.schema["properties"].as_object().into_iter().flatten();
        let inner = inner.map(|(name, schema)| (vec![field.name, name.as_str()], schema));
        for (path, schema) in [(vec![field.name], field.schema)].into_iter().chain(inner) {
            if let (true, Some(most)) = (schema["type"] == "string", schema["maxLength"].as_u64()) {
                found.push((path, usize::try_from(most).expect("a length")));
            }
        }
    }
    found
}

/// A body with examples of what is required, and a text that is one character too long.
fn too_long(operation: &Operation, path: &[&str], most: usize) -> Map<String, Value> {
    let required = operation.fields().into_iter().filter(|field| field.is_required);
    let mut body: Map<String, Value> = required.map(|field| (field.name.to_owned(), example(field.schema))).collect();
    let text = json!("x".repeat(most + 1));
    body.insert(path[0].to_owned(), path[1..].iter().rev().fold(text, |inner, name| json!({ *name: inner })));
    body
}

async fn caller(world: &World, path: &str) -> Client {
    match path {
        "/workspaces/create" => world.anonymous().bearer(world.access_token(&[world]).await.reveal()),
        "/user_identities/set_password" => world.console().await,
        crate::hostile::stays_off::REGISTER | "/seam/mobile_sdk/v1/report_salto_space_audit_trail" => {
            world.session(&world.person(path.rsplit('/').next().unwrap_or_default()).await).await
        }
        _ => world.key().clone(),
    }
}

#[tokio::test]
async fn every_seam_operation_refuses_a_text_that_is_one_character_too_long() {
    let world = World::new().await;
    let mut count = 0;
    for operation in operations_of(Dialect::Seam).into_iter().filter(|operation| operation.method == "POST") {
        let texts = texts(&operation);
        if texts.is_empty() {
            continue;
        }
        let caller = caller(&world, operation.path).await;
        for (path, most) in texts {
            let response = operation.call(&caller, &too_long(&operation, &path, most)).await;
            response.invalid(&path.join("."), &format!("String must contain at most {most} character(s)"));
            count += 1;
        }
    }
    assert!(count > 40, "only {count} texts");
}

#[tokio::test]
async fn every_diga_operation_refuses_a_text_that_is_one_character_too_long() {
    let world = World::new().await;
    let mut count = 0;
    for operation in operations_of(Dialect::Diga) {
        for (path, most) in texts(&operation) {
            let response = operation.call(world.key(), &too_long(&operation, &path, most)).await;
            assert_eq!(response.status, 422, "{operation} {path:?}: {response:?}");
            let message = format!("String should have at most {most} characters");
            assert!(response.text.contains(&message), "{operation} {path:?}: {response:?}");
            count += 1;
        }
    }
    assert!(count >= 6, "only {count} texts");
}

#[tokio::test]
async fn phone_com_refuses_texts_and_lists_that_are_too_long() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contacts = extension.contacts();
    let (long, number) = ("x".repeat(501), json!({ "number": "4255550100" }));
    for body in [
        json!({ "first_name": long }),
        json!({ "job_title": long }),
        json!({ "emails": [{ "email": format!("{long}@example.com") }] }),
        json!({ "addresses": [{ "street": long }] }),
        json!({ "phone_numbers": vec![number; 101] }),
        json!({ "group": long }),
    ] {
        assert_eq!(extension.client.post(&contacts, body.clone()).await.status, 422, "{body}");
    }
    let groups = extension.groups();
    assert_eq!(extension.client.post(&groups, json!({ "name": long })).await.status, 422);
    assert_eq!(extension.client.post(&contacts, json!({ "first_name": "x".repeat(500) })).await.status, 201);
}

#[tokio::test]
async fn lists_that_are_stored_have_a_maximum() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let ids = |count: u128, from: u128| -> Vec<String> {
        (from..from + count).map(|number| uuid::Uuid::from_u128(number).to_string()).collect()
    };
    for (path, field, most) in [
        ("/client_sessions/create", "connected_account_ids", 1_000),
        ("/client_sessions/create", "connect_webview_ids", 1_000),
        ("/acs/credentials/create", "allowed_acs_entrance_ids", 200),
    ] {
        let mut body = json!({ "user_identity_id": jane, "access_method": "card" });
        body[field] = json!(ids(most + 1, 1));
        let message = format!("Array must contain at most {most} element(s)");
        world.key().post(path, body.clone()).await.invalid(field, &message);
        body[field] = json!(ids(most, 1));
        world.key().post(path, body).await.ok();
    }
    let webhook = json!({ "url": "https://example.com/", "event_types": vec!["phone.deactivated"; 201] });
    world
        .key()
        .post("/webhooks/create", webhook)
        .await
        .invalid("event_types", "Array must contain at most 200 element(s)");
}

#[tokio::test]
async fn the_longest_texts_fit_into_their_indexes() {
    let world = World::new().await;
    // Three bytes a character, and incompressible, is the worst that 500 UTF-16 units can be.
    let longest = |seed: u32| -> String {
        let letter = |n: u32| char::from_u32(0x4e00 + (n * 7_919 + seed * 104_729) % 20_000).expect("a letter");
        (0..500).map(letter).collect()
    };
    let fields = json!({
        "user_identity_key": longest(1), "phone_number": longest(2), "full_name": longest(3),
        "email_address": format!("{}@{}.com", "a".repeat(64), "b".repeat(185)),
    });
    let jane = world.key().post("/user_identities/create", fields).await.ok();
    let jane = jane["user_identity"]["user_identity_id"].clone();
    world.client_session(json!({ "user_identifier_key": longest(4), "user_identity_id": jane })).await;
    let phone = json!({ "user_identity_id": jane, "custom_sdk_installation_id": longest(5) });
    world.key().post("/phones/simulate/create_sandbox_phone", phone).await.ok();
    let extension = Extension::new(&world).await;
    let names = json!({ "first_name": longest(6), "middle_name": longest(7), "last_name": longest(8) });
    assert_eq!(extension.client.post(&extension.contacts(), names).await.status, 201);
    extension.add_group(&longest(9)).await;
}

#[tokio::test]
async fn the_command_line_refuses_names_that_are_too_long() {
    let test_dir = TestDir::new();
    let long = "x".repeat(501);
    for arguments in [
        ["workspace", "create", &long, "--sandbox"].to_vec(),
        ["key", "create", "--workspace", "x", "--name", &long].to_vec(),
        ["token", "create", "--workspace", "x", "--name", &long].to_vec(),
        ["console-session", "create", "--workspace", "x", "--name", &long].to_vec(),
    ] {
        let mut command = handset_in(&test_dir, &arguments);
        let output = command.output().await.expect("it runs");
        let error = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && error.contains("at most 500"), "{error}");
    }
}

#[tokio::test]
async fn phones_with_longer_texts_from_before_the_limit_can_be_read_and_deactivated() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let sql =
        "update phone set device_model = repeat('x', 100000), nickname = repeat('y', 1000) where device_id::text = $1";
    sqlx::query(sql).bind(&phone).execute(&mut world.database().await).await.expect("it is updated");
    let read = world.key().post("/phones/get", json!({ "device_id": phone })).await.ok();
    assert_eq!(read["phone"]["nickname"].as_str().map(str::len), Some(1_000));
    world.key().patch("/devices/update", json!({ "device_id": phone, "custom_metadata": { "a": "b" } })).await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
}
