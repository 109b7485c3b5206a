//! Property tests of a server: random queries and bodies are accepted or refused in the dialect's format, and never cause a
//! server error. proptest reports a failing input in its smallest form.

use crate::support::client::Response;
use crate::support::phone_com::Extension;
use crate::support::property_test::{check_property, runtime};
use crate::support::scim::path_of;
use crate::support::ucwa::Person;
use crate::support::world::World;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

/// Texts, both valid and invalid.
fn texts() -> impl Strategy<Value = String> {
    let known = select(vec![
        "",
        "+14255550100",
        "01a201a4-3531-7be1-a5d5-2320b5052a3f",
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01",
        "-271821-04-20T00:00:00Z",
        "1e400",
        "9223372036854775808",
        "-1",
        "true",
        "jane@example.com",
        "a\0b",
    ]);
    prop_oneof![
        3 => known.prop_map(str::to_owned),
        1 => "[0-9]{1,20}",
        1 => "[0-9]{4,6}-[0-9]{2}-[0-3][0-9][T ]?[0-9:.]{0,8}Z?",
        1 => any::<String>(),
    ]
}

/// JSON whose objects have these names.
fn values(names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        4 => texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let members = vec((select(names.clone()), inner.clone()), 0..4);
        let object = members.prop_map(|members| members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect());
        prop_oneof![1 => vec(inner, 0..3).prop_map(Value::Array), 2 => object.prop_map(Value::Object)]
    })
}

#[track_caller]
fn is_proper(response: &Response, what: &str) {
    let is_empty = response.text.is_empty() && matches!(response.status, 200..=304);
    assert!(
        response.status < 500 && (is_empty || response.body.is_object() || response.body.is_array()),
        "{what}: {response:?}"
    );
}

#[test]
fn random_queries_never_cause_a_server_error() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let jane = runtime.block_on(Person::new(&world, "jane"));
    let directory = runtime.block_on(world.directory());
    let names = select(vec![
        "filter",
        "sortBy",
        "startIndex",
        "count",
        "cursor",
        "attributes",
        "excludedAttributes",
        "limit",
        "offset",
        "page_cursor",
        "since",
        "before",
        "between",
        "search",
        "custom_metadata_has.a",
        "after",
        "start_assigned_at",
        "end_assigned_at",
        "status",
        "page",
        "order",
        "inbound_agent_id",
        "user_identity_id",
        "event_types",
        "number",
        "includeInContactCard",
        "endpointId",
        "user",
        "sipuri",
    ]);
    let pairs = vec((names, texts()), 0..4);
    let query = pairs.prop_map(|pairs| Serializer::new(String::new()).extend_pairs(pairs).finish());
    check_property(&runtime, 60, query, async |query: String| {
        for path in ["/phones/list", "/events/list", "/v1/phone/", "/v4/accounts"] {
            is_proper(&world.key().get(&format!("{path}?{query}")).await, path);
        }
        for path in ["/scim/v2/Users", "/scim/v2/Groups"] {
            is_proper(&directory.get(&format!("{path}?{query}")).await, path);
        }
        for path in ["/me/phones", "/autodiscover/autodiscoverservice.svc/root"] {
            is_proper(&jane.client.get(&format!("{path}?{query}")).await, path);
        }
        is_proper(&jane.client.call("POST", &format!("/me/phones/home/changeNumber?{query}")).await, "changeNumber");
    });
}

#[test]
fn random_bodies_never_cause_a_server_error() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let (jane, extension) =
        runtime.block_on(async { (Person::new(&world, "jane").await, Extension::new(&world).await) });
    let contact = runtime.block_on(extension.add_contact(json!({})));
    let directory = runtime.block_on(world.directory());
    let user = path_of(&runtime.block_on(directory.create_scim_user("random")));
    let group = path_of(&runtime.block_on(directory.create_scim_group("random", &[])));
    let (contacts, groups, contact) = (extension.contacts(), extension.groups(), extension.contact(&contact["id"]));
    let names = vec![
        "userName",
        "displayName",
        "active",
        "members",
        "Operations",
        "op",
        "path",
        "value",
        "method",
        "bulkId",
        "data",
        "filter",
        "urn:acme:2.0:User",
        "first_name",
        "emails",
        "email",
        "phone_numbers",
        "number",
        "addresses",
        "street",
        "type",
        "group",
        "id",
        "name",
        "phone_number",
        "sip_config",
        "termination_uri",
        "username",
        "password",
        "nickname",
        "provider",
        "grant_type",
        "includeInContactCard",
        "UserAgent",
        "EndpointId",
        "Culture",
        "custom_metadata_has",
        "limit",
    ];
    check_property(&runtime, 60, values(names), async |body: Value| {
        for (client, method, path) in [
            (world.key(), "POST", "/phones/list"),
            (world.key(), "POST", "/v1/phone/import"),
            (world.key(), "POST", "/v1/phone/reserve"),
            (&directory, "POST", "/scim/v2/Users"),
            (&directory, "PUT", &*user),
            (&directory, "PATCH", &*user),
            (&directory, "POST", "/scim/v2/Groups"),
            (&directory, "PATCH", &*group),
            (&directory, "POST", "/scim/v2/Bulk"),
            (&directory, "POST", "/scim/v2/.search"),
            (&extension.client, "POST", &*contacts),
            (&extension.client, "PUT", &*contact),
            (&extension.client, "POST", &*groups),
            (&jane.client, "POST", "/me/phones/home/changeNumber"),
            (&jane.client, "POST", "/ucwa/v1/applications"),
            (&world.anonymous(), "POST", "/v4/oauth/access-token"),
        ] {
            is_proper(&client.json(method, path, body.clone()).await, path);
        }
    });
}
