//! A readmission concerns what was deactivated before it, also if the request is sent again later.

use super::{READMIT, deactivate, device_id, register};
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn a_repeated_readmission_does_not_lift_a_later_deactivation() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let first = device_id(&register(&world.session(&jane).await, "lost").await);
    deactivate(world.key(), &first).await.ok();
    world.key().post(READMIT, json!({ "device_id": first })).await.ok();
    let second = device_id(&register(&world.session(&jane).await, "lost").await);
    // The same instant, as on servers whose clocks differ; then later.
    deactivate(world.key(), &second).await.ok();
    for _ in 0..2 {
        assert_eq!(world.key().post(READMIT, json!({ "device_id": first })).await.ok(), json!({ "ok": true }));
        register(&world.session(&jane).await, "lost").await.refused(400, "phone_deactivated");
        world.advance(TimeDelta::seconds(1));
    }
    world.key().post(READMIT, json!({ "device_id": second })).await.ok();
    register(&world.session(&jane).await, "lost").await.ok();
}

#[tokio::test]
async fn a_readmission_leaves_the_bar_of_a_phone_that_was_deactivated_later() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let older = device_id(&register(&world.session(&jane).await, "shared").await);
    let younger = device_id(&register(&world.session(&joe).await, "shared").await);
    deactivate(world.key(), &older).await.ok();
    // A phone that is active bars nothing, so there is nothing to readmit.
    world.key().post(READMIT, json!({ "device_id": younger })).await.ok();
    register(&world.session(&jane).await, "shared").await.refused(400, "phone_deactivated");
    world.advance(TimeDelta::seconds(1));
    deactivate(world.key(), &younger).await.ok();
    world.key().post(READMIT, json!({ "device_id": older })).await.ok();
    register(&world.session(&jane).await, "shared").await.refused(400, "phone_deactivated");
    world.key().post(READMIT, json!({ "device_id": younger })).await.ok();
    register(&world.session(&jane).await, "shared").await.ok();
}
