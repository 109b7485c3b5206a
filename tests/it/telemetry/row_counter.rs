//! Figures of the registry that a task counts in the database, so that scrapes do not.

use super::metrics::{count_rows, counting, figures, seconds, until_figures};
use crate::support::receiver::Receiver;
use crate::support::webhook_worker::Webhook;
use chrono::TimeDelta;
use serde_json::json;

const ACTIVE: &str = "handset_phones{state=\"active\",environment=\"sandbox\"}";
const COUNTED_AT: &str = "handset_counts_timestamp_seconds";

#[tokio::test]
async fn the_registry_is_counted_by_state_and_environment() {
    let (world, operator, _) = counting().await;
    let before = figures(&operator).await;
    assert_eq!(before[COUNTED_AT], 0.0, "there was no count");
    assert!(before["handset_barred_installations"].is_nan());
    assert_eq!(before.get(ACTIVE), None);

    let production = world.production("Second").await;
    let person = world.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..3 {
        phones.push(world.phone(&person).await);
    }
    world.key().post("/phones/deactivate", json!({ "device_id": phones[0] })).await.ok();
    production.person("joe").await;
    let session = production.session(&production.person("ann").await).await;
    let registration = json!({ "custom_sdk_installation_id": "app", "phone_os": "ios" });
    session.post("/seam/mobile_sdk/v1/phone_sessions/get_or_create", registration).await.ok();
    let [registered] = &production.phone_ids().await[..] else { panic!("one phone") };
    production.key().post("/phones/deactivate", json!({ "device_id": registered })).await.ok();
    world.reserve_number("+34675897655").await;
    world.reserve_and_assign_number("+34675897656").await;
    let receiver = Receiver::new().await;
    Webhook::create(&world, &receiver).await;

    let _counting = count_rows(&world);
    let counted = until_figures(&operator, &[(COUNTED_AT, seconds(world.clock.now()))]).await;
    for (name, count) in [
        (ACTIVE, 2.0),
        ("handset_phones{state=\"deactivated\",environment=\"sandbox\"}", 1.0),
        ("handset_phones{state=\"active\",environment=\"production\"}", 0.0),
        ("handset_phones{state=\"deactivated\",environment=\"production\"}", 1.0),
        ("handset_barred_installations", 1.0),
        ("handset_user_identities{environment=\"sandbox\"}", 1.0),
        ("handset_user_identities{environment=\"production\"}", 2.0),
        ("handset_workspaces{environment=\"sandbox\"}", 1.0),
        ("handset_workspaces{environment=\"production\"}", 1.0),
        ("handset_numbers{status=\"reserved\"}", 1.0),
        ("handset_numbers{status=\"assigned\"}", 1.0),
        ("handset_numbers{status=\"released\"}", 0.0),
        ("handset_numbers{status=\"finished\"}", 0.0),
        ("handset_webhooks{state=\"enabled\"}", 1.0),
        ("handset_webhooks{state=\"failing\"}", 0.0),
        ("handset_webhooks{state=\"disabled\"}", 0.0),
        ("handset_audit_retention_seconds", 90.0 * 86_400.0),
        ("handset_audit_oldest_entry_timestamp_seconds", seconds(world.clock.now())),
    ] {
        assert_eq!(counted.get(name), Some(&count), "{name}: {counted:#?}");
    }
    assert!(counted["handset_counts_duration_seconds"] > 0.0);
}

#[tokio::test]
async fn a_scrape_counts_nothing_in_the_database() {
    let (world, operator, _) = counting().await;
    let person = world.person("jane").await;
    world.phone(&person).await;
    let counting = count_rows(&world);
    until_figures(&operator, &[(ACTIVE, 1.0), (COUNTED_AT, seconds(world.clock.now()))]).await;
    drop(counting);
    world.advance(TimeDelta::seconds(1));
    world.phone(&person).await;
    let mut database = world.database().await;
    // Locks out every statement that reads phones.
    for statement in ["begin", "lock table phone, user_identity, delivery, webhook, number_register"] {
        sqlx::query(statement).execute(&mut database).await.expect("the database answers");
    }
    let scraped = figures(&operator).await;
    assert_eq!(scraped[ACTIVE], 1.0, "the figure is that of the last count");
    assert_eq!(scraped[COUNTED_AT], seconds(world.clock.now()) - 1.0);
}

#[tokio::test]
async fn one_server_counts_at_a_time() {
    let (world, operator, _) = counting().await;
    let mut other = world.database().await;
    let lock = i64::from_be_bytes(*b"counting");
    for statement in ["begin".to_owned(), format!("select pg_advisory_xact_lock({lock})")] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut other).await.expect("the database answers");
    }
    let _counting = count_rows(&world);
    // Counted on the same intervals, without the lock.
    until_figures(&operator, &[("handset_outbox_messages", 0.0)]).await;
    assert_eq!(figures(&operator).await[COUNTED_AT], 0.0);
    sqlx::query("rollback").execute(&mut other).await.expect("the database answers");
    until_figures(&operator, &[(COUNTED_AT, seconds(world.clock.now()))]).await;
}

#[tokio::test]
async fn figures_stay_when_the_database_is_away_and_tell_their_age() {
    let (world, operator, _) = counting().await;
    world.phone(&world.person("jane").await).await;
    let counting = count_rows(&world);
    until_figures(&operator, &[(ACTIVE, 1.0)]).await;
    world.store.close().await;
    until_figures(&operator, &[("handset_database_up", 0.0), (ACTIVE, 1.0)]).await;
    drop(counting);
}
