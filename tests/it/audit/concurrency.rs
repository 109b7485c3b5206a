//! The trail under concurrent changes of one thing: each row's `before` is the previous row's `after`.

use super::audit_rows;
use crate::support::client::Client;
use crate::support::numbers::number;
use crate::support::ucwa::Person;
use crate::support::world::World;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const AT_ONCE: usize = 12;

/// The values of a field in `before` and in `after`, over the rows of an action.
async fn found_and_left(world: &World, action: &str, name: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut rows = audit_rows(world, world).await;
    rows.retain(|row| row["action"] == action);
    assert_eq!(rows.len(), AT_ONCE, "{rows:?}");
    let values = |side: &str| rows.iter().map(|row| row[side][name].to_string()).collect();
    (values("before"), values("after"))
}

/// Checks that `before` and `after` have the same values, except the first `before` and the last `after`.
#[track_caller]
fn is_chain((mut found, mut left): (BTreeSet<String>, BTreeSet<String>), first: Value, last: &Value) {
    assert!(found.remove(&first.to_string()), "no row has {first} before: {found:?}");
    assert!(left.remove(&last.to_string()), "no row has {last} after: {left:?}");
    assert_eq!(found, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_updates_of_one_phone_form_a_chain_of_audit_rows() {
    let world = World::with_connections(8).await;
    let phone = world.phone(&world.person("jane").await).await;
    let rename = async |which: usize| {
        let body = json!({ "device_id": phone, "name": format!("name {which}") });
        world.key().patch("/devices/update", body).await.ok();
    };
    join_all((0..AT_ONCE).map(rename)).await;
    let last = world.key().post("/phones/get", json!({ "device_id": phone })).await.ok();
    let last = &last["phone"]["display_name"];
    is_chain(found_and_left(&world, "phone.updated", "nickname").await, Value::Null, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_one_slot_form_a_chain_of_audit_rows() {
    let world = World::with_connections(8).await;
    let jane = Person::new(&world, "jane").await;
    let put = async |which: usize| jane.put("home", &format!("+142555501{which:02}"), true).await;
    join_all((0..AT_ONCE).map(put)).await;
    let last = &jane.slot("home").await["number"];
    is_chain(found_and_left(&world, "slot.changed", "number").await, json!(""), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_updates_of_one_number_form_a_chain_of_audit_rows() {
    let world = World::with_connections(8).await;
    let phone_number = world.reserve_number(&number(1)).await;
    let path = crate::support::numbers::path(&phone_number);
    let rename = async |which: usize| {
        world.key().patch(&path, json!({ "nickname": format!("name {which}") })).await.phone_number();
    };
    join_all((0..AT_ONCE).map(rename)).await;
    let last = &world.read_number(&phone_number).await["nickname"];
    is_chain(found_and_left(&world, "number.updated", "nickname").await, Value::Null, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_deactivations_of_one_phone_write_one_audit_row() {
    let world = World::with_connections(8).await;
    let phone = world.phone(&world.person("jane").await).await;
    let turn_off = async |client: &Client| client.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    join_all((0..AT_ONCE).map(|_| turn_off(world.key()))).await;
    let rows = audit_rows(&world, &world).await;
    assert_eq!(rows.iter().filter(|row| row["action"] == "phone.deactivated").count(), 1, "{rows:?}");
}
