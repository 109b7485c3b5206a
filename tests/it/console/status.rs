//! The status page.

use crate::support::receiver::Receiver;
use crate::support::world::World;
use chrono::TimeDelta;
use handset::domain::operator::Role;
use handset::sweeper::Sweeper;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_status_page_shows_the_database_the_outbox_and_the_sweeper() {
    let world = World::new().await;
    let browser = world.operator_everywhere(Role::Viewer).await;
    let page = browser.get("/console/status").await;
    assert_eq!(page.status, 200, "{page:?}");
    for part in ["Version", env!("CARGO_PKG_VERSION"), "Postgres", "Standbys", "has not finished a round yet"] {
        assert!(page.text.contains(part), "{part}: {page:?}");
    }
    assert!(!page.text.contains("postgres://"), "{page:?}");

    let receiver = Receiver::new().await;
    let hook = json!({ "url": receiver.url(), "event_types": ["phone.deactivated"] });
    world.key().post("/webhooks/create", hook).await.ok();
    let person = world.person("jane").await;
    let phone = world.phone(&person).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    world.advance(TimeDelta::seconds(91));
    let page = browser.get("/console/status").await;
    assert!(page.text.contains("<dt>Pending deliveries</dt><dd>1</dd>"), "{page:?}");
    assert!(page.text.contains("<dd>90 s, <time"), "{page:?}");

    let sweeper = Sweeper {
        store: world.store.clone(),
        clock: world.clock.clone(),
        keep_events: TimeDelta::days(90),
        metrics: world.metrics.clone(),
        tick: Duration::from_secs(3_600),
    };
    let stop = CancellationToken::new();
    let sweeping = tokio::spawn(sweeper.run(stop.clone()));
    while world.metrics.activity().swept_at().is_none() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    sweeping.await.expect("it ends");
    let page = browser.get("/console/status").await;
    assert!(page.text.contains("finished a round 0 s ago"), "{page:?}");
}

#[tokio::test]
async fn the_status_page_draws_the_rates_and_latencies_of_the_last_hour() {
    let world = World::new().await;
    let browser = world.operator_everywhere(Role::Viewer).await;
    assert!(browser.get("/console/status").await.text.contains("There are no figures yet"));
    for round in 0..3 {
        world.metrics.activity().sample(world.clock.now());
        for _ in 0..round * 10 {
            world.key().get("/phones/list").await.ok();
        }
        world.advance(TimeDelta::seconds(10));
    }
    world.metrics.activity().sample(world.clock.now());
    let page = browser.get("/console/status").await;
    assert!(page.text.contains("now all: 2.00 /s, failed: 0.00 /s, at most 2.00 /s in this hour"), "{page:?}");
    assert!(page.text.matches("<polyline").count() >= 3, "{page:?}");
    assert!(page.text.contains("99 of 100: "), "{page:?}");
}

#[tokio::test]
async fn the_status_page_is_for_operators_with_a_role_in_all_workspaces() {
    let world = World::new().await;
    let of_one = world.operator(Role::Admin).await;
    assert_eq!(of_one.get("/console/status").await.status, 403);
    assert!(!of_one.get("/console/account").await.text.contains("/console/status"), "no link that leads to a refusal");
    let of_all = world.operator_everywhere(Role::Viewer).await;
    assert!(of_all.get("/console/account").await.text.contains("href=\"/console/status\""));
}
