//! The life cycle of numbers and its events: reservations that expire, scheduled releases, quarantine and its end. The tests
//! fix and move the clock.

use crate::support::numbers::{call_action, number, path};
use crate::support::receiver::Receiver;
use crate::support::second_server::SecondServer;
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker, second_store};
use crate::support::world::{Tenant, World, list, text};
use chrono::{DateTime, TimeDelta, Utc};
use handset::store::Store;
use handset::sweeper::Sweeper;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Makes all due transitions; returns how many.
async fn sweep(store: &Store, now: DateTime<Utc>) -> i64 {
    let mut count = 0;
    loop {
        let due = store.workspaces_with_due_numbers(now, 100).await.expect("the database answers");
        if due.is_empty() {
            return count;
        }
        for workspace in due {
            count += store.move_due_numbers(workspace, now, 100).await.expect("the database answers");
        }
    }
}

async fn moved(world: &World) -> i64 {
    sweep(&world.store, world.clock.now()).await
}

/// Moves the clock to this time.
fn advance_to(world: &World, time: &str) {
    let time: DateTime<Utc> = time.parse().expect("a time");
    world.advance(time - world.clock.now());
}

/// Runs a sweeper until the guard is dropped.
fn sweeper(store: Store, world: &World) -> DropGuard {
    let (clock, tick) = (world.clock.clone(), Duration::from_millis(10));
    let sweeper = Sweeper { store, clock, keep_events: TimeDelta::days(36_500), metrics: world.metrics.clone(), tick };
    let stop = CancellationToken::new();
    tokio::spawn(sweeper.run(stop.clone()));
    stop.drop_guard()
}

/// Numbers in the events of this type, in order.
async fn numbers_in_events(tenant: &Tenant, event_type: &str) -> Vec<String> {
    tenant.events(event_type).await.iter().map(|event| text(&event["number"])).collect()
}

#[tokio::test]
async fn a_reservation_expires_after_a_day_and_its_number_can_be_reserved_again() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let reserved = world.reserve_number(&number(1)).await;
    world.advance(TimeDelta::days(1) - TimeDelta::microseconds(1));
    assert_eq!(moved(&world).await, 0);
    assert_eq!(world.read_number(&reserved).await, reserved);
    world.advance(TimeDelta::microseconds(1));
    assert_eq!(moved(&world).await, 1);
    let mut finished = reserved.clone();
    finished["status"] = json!("finished");
    assert_eq!(world.read_number(&reserved).await, finished, "it was neither assigned nor released");
    call_action(world.key(), &reserved, "assign", json!({})).await.is_diga_error(409, "PHONE_NOT_ASSIGNABLE");
    assert_eq!(other.reserve_number(&number(1)).await["status"], "reserved");
    world.advance(TimeDelta::days(400));
    assert_eq!(moved(&world).await, 1, "only the other reservation expires");
    assert_eq!(world.read_number(&reserved).await, finished);
}

#[tokio::test]
async fn an_assigned_reservation_does_not_expire() {
    let world = World::new().await;
    let reserved = world.reserve_number(&number(1)).await;
    world.advance(TimeDelta::hours(23));
    let assigned = call_action(world.key(), &reserved, "assign", json!({})).await.phone_number();
    world.advance(TimeDelta::days(400));
    assert_eq!(moved(&world).await, 0);
    assert_eq!(world.read_number(&reserved).await, assigned);
}

#[tokio::test]
async fn a_scheduled_release_happens_at_the_end_of_the_month_and_quarantine_lasts_thirty_days() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let bought = world.reserve_and_assign_number(&number(1)).await;
    let agents = json!({ "inbound_agent_id": bought["id"], "outbound_agent_id": bought["id"], "nickname": "Shop" });
    let used = world.key().patch(&path(&bought), agents).await.phone_number();
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    advance_to(&world, "2026-02-01T11:59:59.999999Z");
    assert_eq!(moved(&world).await, 0);
    assert_eq!(world.read_number(&bought).await["status"], "assigned");
    advance_to(&world, "2026-02-01T12:00:00Z");
    assert_eq!(moved(&world).await, 1);
    let mut released = used.clone();
    released["status"] = json!("released");
    released["released_at"] = json!("2026-02-01T12:00:00Z");
    released["inbound_agent_id"] = Value::Null;
    released["outbound_agent_id"] = Value::Null;
    assert_eq!(world.read_number(&bought).await, released);

    world.key().delete(&path(&bought)).await.is_diga_error(409, "PHONE_NOT_RELEASABLE");
    call_action(world.key(), &bought, "assign", json!({})).await.is_diga_error(409, "PHONE_NOT_ASSIGNABLE");
    call_action(world.key(), &bought, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
    world
        .key()
        .patch(&path(&bought), json!({ "inbound_agent_id": bought["id"] }))
        .await
        .is_diga_error(409, "PHONE_NOT_ASSIGNED");
    let claim = json!({ "number": number(1) });
    for tenant in [&*world, &other] {
        tenant.key().post("/v1/phone/reserve", claim.clone()).await.is_diga_error(409, "PHONE_ALREADY_IN_USE");
    }

    advance_to(&world, "2026-03-03T11:59:59.999999Z");
    assert_eq!(moved(&world).await, 0);
    assert_eq!(world.read_number(&bought).await, released);
    advance_to(&world, "2026-03-03T12:00:00Z");
    assert_eq!(moved(&world).await, 1);
    released["status"] = json!("finished");
    assert_eq!(world.read_number(&bought).await, released, "released_at is kept");
    assert_eq!(other.reserve_number(&number(1)).await["number"], number(1));
}

#[tokio::test]
async fn a_month_ends_at_the_anniversary_or_on_the_last_day_of_a_shorter_month() {
    let world = World::new().await;
    let scheduled = async |phone_number: &Value| {
        assert_eq!(world.key().delete(&path(phone_number)).await.status, 204);
        let at = text(&world.read_number(phone_number).await["scheduled_release_at"]);
        call_action(world.key(), phone_number, "cancel_release", json!({})).await.phone_number();
        at
    };
    advance_to(&world, "2026-01-31T12:00:00Z");
    let bought = world.reserve_and_assign_number(&number(1)).await;
    for (now, end) in [
        ("2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"),
        ("2026-02-28T11:59:59Z", "2026-02-28T12:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-31T12:00:00Z"),
        ("2026-04-05T00:00:00Z", "2026-04-30T12:00:00Z"),
        ("2026-12-31T13:00:00Z", "2027-01-31T12:00:00Z"),
        ("2028-02-01T00:00:00Z", "2028-02-29T12:00:00Z"),
    ] {
        advance_to(&world, now);
        assert_eq!(scheduled(&bought).await, end, "scheduled at {now}");
    }
}

#[tokio::test]
async fn due_transitions_take_effect_before_a_sweeper_runs() {
    let world = World::new().await;
    let reserved = world.reserve_number(&number(1)).await;
    world.advance(TimeDelta::days(1));
    call_action(world.key(), &reserved, "assign", json!({})).await.is_diga_error(409, "PHONE_NOT_ASSIGNABLE");

    let bought = world.reserve_and_assign_number(&number(2)).await;
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    world.advance(TimeDelta::days(40));
    call_action(world.key(), &bought, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
    assert_eq!(moved(&world).await, 2);
}

#[tokio::test]
async fn a_cancelled_release_does_not_happen() {
    let world = World::new().await;
    let bought = world.reserve_and_assign_number(&number(1)).await;
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    call_action(world.key(), &bought, "cancel_release", json!({})).await.phone_number();
    world.advance(TimeDelta::days(400));
    assert_eq!(moved(&world).await, 0);
    assert_eq!(world.read_number(&bought).await, bought);
}

#[tokio::test]
async fn a_finished_number_can_be_imported_again_with_a_new_id() {
    let world = World::new().await;
    let mut lives: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let life = world.import_number(&number(1)).await;
        assert!(lives.iter().all(|other| other["id"] != life["id"]), "a new import has a new id");
        assert_eq!(world.key().delete(&path(&life)).await.status, 204);
        lives.push(world.read_number(&life).await);
        world.advance(TimeDelta::days(1));
    }
    assert_eq!(world.import_number(&number(1)).await["status"], "assigned");
    for life in &lives {
        assert_eq!(world.read_number(life).await, *life, "a finished entry does not change");
        assert_eq!(life["status"], "finished");
    }
    assert_eq!(world.key().get("/v1/phone/").await.page().len(), 4);
}

#[tokio::test]
async fn each_step_of_a_number_life_cycle_writes_one_event() {
    let world = World::new().await;
    let (bought, expired) = (world.reserve_and_assign_number(&number(1)).await, world.reserve_number(&number(2)).await);
    assert_eq!(numbers_in_events(&world, "phone_number.assigned").await, [number(1)]);
    for _ in 0..2 {
        assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    }
    let scheduled = world.events("phone_number.release_scheduled").await;
    assert_eq!(scheduled.len(), 1, "{scheduled:?}");
    assert_eq!(scheduled[0]["number"], number(1));
    let actual: DateTime<Utc> = text(&scheduled[0]["scheduled_release_at"]).parse().expect("a time");
    assert_eq!(actual.to_rfc3339(), "2026-02-01T12:00:00+00:00");
    advance_to(&world, "2026-02-01T12:00:00Z");
    assert_eq!(moved(&world).await, 2);
    assert_eq!(numbers_in_events(&world, "phone_number.released").await, [number(1)]);
    assert_eq!(numbers_in_events(&world, "phone_number.finished").await, [number(2)]);
    world.advance(TimeDelta::days(30));
    assert_eq!((moved(&world).await, moved(&world).await), (1, 0));
    assert_eq!(numbers_in_events(&world, "phone_number.finished").await, [number(2), number(1)]);

    let imported = world.import_number(&number(3)).await;
    assert_eq!(world.key().delete(&path(&imported)).await.status, 204);
    assert_eq!(numbers_in_events(&world, "phone_number.assigned").await, [number(1), number(3)]);
    assert_eq!(numbers_in_events(&world, "phone_number.finished").await, [number(2), number(1), number(3)]);
    assert_eq!(numbers_in_events(&world, "phone_number.release_scheduled").await.len(), 1);

    let request = json!({
        "since": "2000-01-01", "event_types": ["phone_number.finished", "phone_number.released"], "limit": 100,
    });
    let several = list(&world.key().post("/events/list", request).await.ok()["events"]);
    assert!(several.len() >= 4, "{several:?}");
    let ids: Vec<&Value> = several.iter().map(|event| &event["register_id"]).collect();
    assert!(ids.contains(&&bought["id"]) && ids.contains(&&expired["id"]) && ids.contains(&&imported["id"]), "{ids:?}");
    let all = list(&world.key().get("/events/list?since=2000-01-01").await.ok()["events"]);
    assert!(
        all.iter().all(|event| !text(&event["event_type"]).starts_with("phone_number.")),
        "only listed by name: {all:?}"
    );
}

#[tokio::test]
async fn refused_requests_write_no_number_event() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (first, second) = (world.import_number(&number(1)).await, world.reserve_number(&number(2)).await);
    let give = json!({ "user_identity_id": jane });
    call_action(world.key(), &first, "assign", give.clone()).await.phone_number();
    let before = numbers_in_events(&world, "phone_number.assigned").await;
    call_action(world.key(), &second, "assign", give).await.is_diga_error(409, "USER_ALREADY_HAS_NUMBER");
    call_action(world.key(), &second, "assign", json!({ "user_identity_id": second["id"] }))
        .await
        .is_diga_error(404, "USER_IDENTITY_NOT_FOUND");
    world.key().delete(&path(&second)).await.is_diga_error(409, "PHONE_NOT_RELEASABLE");
    assert_eq!(numbers_in_events(&world, "phone_number.assigned").await, before);
    assert!(numbers_in_events(&world, "phone_number.release_scheduled").await.is_empty());
}

#[tokio::test]
async fn only_webhooks_that_name_them_get_number_events() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let naming = Webhook::create_at(&world, &receiver.url(), &["phone_number.finished", "phone_number.released"]).await;
    let star = Webhook::create_at(&world, &receiver.url(), &["*"]).await;
    let other = Webhook::create_at(&world, &receiver.url(), &["phone.deactivated"]).await;
    let _worker = WebhookWorker::start(&world);
    let imported = world.import_number(&number(1)).await;
    assert_eq!(world.key().delete(&path(&imported)).await.status, 204);
    let reserved = world.reserve_number(&number(2)).await;
    world.advance(TimeDelta::days(1));
    assert_eq!(moved(&world).await, 1);
    let finished: Vec<Value> = world.events("phone_number.finished").await;
    assert_eq!(finished.len(), 2);
    let delivered = naming.wait_until_delivered(&world).await;
    let received: Vec<Value> = delivered.iter().map(|row| row["event_id"].clone()).collect();
    for (event, phone_number) in finished.iter().zip([&imported, &reserved]) {
        assert!(received.contains(&event["event_id"]), "{received:?} and {event}");
        assert_eq!(event["register_id"], phone_number["id"]);
    }
    assert!(star.deliveries(&world).await.is_empty() && other.deliveries(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_on_one_database_make_each_transition_once() {
    let world = World::with_connections(10).await;
    let neighbour = world.sandbox("Neighbour").await;
    for which in 0..20 {
        let tenant = if which % 2 == 0 { &*world } else { &neighbour };
        tenant.reserve_number(&number(which)).await;
    }
    world.advance(TimeDelta::days(1));
    let (mine, theirs, now) = (world.store.clone(), second_store(&world).await, world.clock.now());
    let sweeps = [mine, theirs].map(|store| tokio::spawn(async move { sweep(&store, now).await }));
    let mut count = 0;
    for sweep in sweeps {
        count += sweep.await.expect("no sweep panics");
    }
    assert_eq!(count, 20, "each of them once");
    for tenant in [&*world, &neighbour] {
        let mut actual = numbers_in_events(tenant, "phone_number.finished").await;
        assert_eq!(actual.len(), 10);
        actual.sort();
        actual.dedup();
        assert_eq!(actual.len(), 10, "{actual:?}");
        assert_eq!(tenant.key().get("/v1/phone/?status=finished").await.page().len(), 10);
    }
}

#[tokio::test]
async fn sweepers_move_due_numbers_and_all_servers_see_it() {
    let world = World::new().await;
    let server = SecondServer::start(&world).await;
    let _sweepers = [sweeper(world.store.clone(), &world), sweeper(second_store(&world).await, &world)];
    let bought = world.reserve_and_assign_number(&number(1)).await;
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    advance_to(&world, "2026-02-01T12:00:00Z");
    for (status, days) in [("released", 30), ("finished", 0)] {
        until(status, async || (world.read_number(&bought).await["status"] == status).then_some(())).await;
        assert_eq!(server.key(&world).get(&path(&bought)).await.phone_number()["status"], status);
        world.advance(TimeDelta::days(days));
    }
    assert_eq!(numbers_in_events(&world, "phone_number.released").await.len(), 1);
    assert_eq!(numbers_in_events(&world, "phone_number.finished").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_database_refuses_impossible_number_states() {
    let world = World::new().await;
    let assigned = world.reserve_and_assign_number(&number(1)).await;
    let reserved = world.reserve_number(&number(2)).await;
    let imported = world.import_number(&number(3)).await;
    assert_eq!(world.key().delete(&path(&imported)).await.status, 204);
    let mut database = world.database().await;
    for (phone_number, change) in [
        (&assigned, "assigned_at = null"),
        (&assigned, "released_at = now()"),
        (&assigned, "status = 'released'"),
        (&assigned, "status = 'gone'"),
        (&assigned, "status = 'reserved'"),
        (&assigned, "telephony_provider = 'other'"),
        (&assigned, "number = '675897654'"),
        (&reserved, "inbound_agent_id = register_id"),
        (&reserved, "outbound_agent_id = register_id"),
        (&reserved, "scheduled_release_at = now()"),
        (&reserved, "released_at = now()"),
        (&reserved, "assigned_at = now()"),
        (&reserved, "status = 'assigned', reserved_until = null"),
        (&imported, "released_at = null"),
        (&imported, "scheduled_release_at = now()"),
        (&imported, "inbound_agent_id = register_id"),
        (&imported, "status = 'released', assigned_at = null"),
    ] {
        let id = text(&phone_number["id"]);
        let sql = format!("update number_register set {change} where register_id = '{id}'");
        let refused = sqlx::query(AssertSqlSafe(sql)).execute(&mut database).await.expect_err(change);
        let fault = refused.as_database_error().expect("an error of the database");
        assert!(fault.is_check_violation(), "{change}: {fault}");
    }
    let twice = "insert into claimed_number select * from claimed_number";
    let refused = sqlx::query(twice).execute(&mut database).await.expect_err("a number is claimed once");
    assert!(refused.as_database_error().is_some_and(|fault| fault.is_unique_violation()), "{refused}");
    for phone_number in [&assigned, &reserved] {
        assert_eq!(world.read_number(phone_number).await, *phone_number);
    }
}
