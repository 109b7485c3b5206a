//! Simulated workspaces whose receivers never respond, and newcomers beside them.

use super::*;
use uuid::Uuid;

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn workspace(number: u128) -> WorkspaceId {
    WorkspaceId(Uuid::from_u128(number))
}

/// An endpoint of a workspace on a host.
fn endpoint(number: u128, webhook: u128, host: &str) -> Endpoint {
    let webhook_id = WebhookId(Uuid::from_u128(number << 32 | webhook));
    Endpoint { workspace_id: workspace(number), webhook_id, host: host.to_owned(), is_failing: false }
}

/// This many endpoints of a workspace, each on a host of its own.
fn endpoints(number: u128, count: u128) -> Vec<Endpoint> {
    (0..count).map(|webhook| endpoint(number, webhook, &format!("{webhook}.{number}.example"))).collect()
}

/// Grants and starts attempts until no more are granted, with many due deliveries for each endpoint. The filter must
/// agree with what is granted.
fn start_all(places: &mut Places, due: &[Endpoint], now: Instant) {
    start_all_at(places, due, NOON, now);
}

fn start_all_at(places: &mut Places, due: &[Endpoint], at: DateTime<Utc>, now: Instant) {
    loop {
        let filter = places.filter(at, now, 0);
        let is_busy = |endpoint: &Endpoint| {
            filter.busy_workspaces.contains(&endpoint.workspace_id.0)
                || filter.busy_webhooks.contains(&endpoint.webhook_id.0)
                || filter.busy_hosts.contains(&endpoint.host)
        };
        let grants = places.grant(due, now);
        if grants.is_empty() {
            return;
        }
        for (webhook, count) in &grants {
            let endpoint = due.iter().find(|endpoint| endpoint.webhook_id == *webhook).expect("it is due");
            assert!(!is_busy(endpoint), "{endpoint:?} is granted attempts and skipped");
            for _ in 0..*count {
                places.start(endpoint.clone(), now);
            }
        }
    }
}

fn held(places: &Places, is_counted: impl Fn(&Endpoint) -> bool) -> usize {
    places.flights.values().filter(|flight| is_counted(&flight.endpoint)).count()
}

fn held_by(places: &Places, number: u128) -> usize {
    held(places, |endpoint| endpoint.workspace_id == workspace(number))
}

/// Ends all attempts of a workspace.
fn finish_all(places: &mut Places, number: u128, ended: Ended, at: DateTime<Utc>, now: Instant) {
    let is_its = |(_, flight): &(&u64, &Flight)| flight.endpoint.workspace_id == workspace(number);
    let flights: Vec<u64> = places.flights.iter().filter(is_its).map(|(id, _)| *id).collect();
    flights.into_iter().for_each(|flight| places.finish(flight, ended, at, now));
}

#[test]
fn a_workspace_has_at_most_an_eighth_of_the_places_and_an_endpoint_eight() {
    let (mut places, now) = (Places::default(), Instant::now());
    start_all(&mut places, &endpoints(1, 1), now);
    assert_eq!(held_by(&places, 1), PER_ENDPOINT);
    start_all(&mut places, &endpoints(1, 100), now);
    assert_eq!(held_by(&places, 1), ALL.places / 8);
    start_all(&mut places, &endpoints(2, 1), now);
    assert!(held_by(&places, 2) >= PER_ENDPOINT - 1, "another workspace is hardly affected");
}

#[test]
fn a_workspace_with_twenty_hanging_endpoints_has_places_for_another_endpoint_of_its_own() {
    let (mut places, start) = (Places::default(), Instant::now());
    start_all(&mut places, &endpoints(1, 20), start);
    for now in [start, start + 2 * SLOW] {
        let healthy = endpoint(1, 1_000, "healthy.example");
        start_all(&mut places, std::slice::from_ref(&healthy), now);
        assert!(held(&places, |endpoint| *endpoint == healthy) >= 1);
        let flight = places.flights.iter().find(|(_, flight)| flight.endpoint == healthy).map(|(id, _)| *id);
        places.finish(flight.expect("it has a place"), Ended::Responded, NOON, now);
    }
}

#[test]
fn hanging_endpoints_of_a_hundred_workspaces_leave_places_for_newcomers() {
    let (mut places, start) = (Places::default(), Instant::now());
    // One after the other, then all of them again.
    for number in 1..=100 {
        start_all(&mut places, &endpoints(number, 20), start);
        assert!(held_by(&places, number) >= 1, "workspace {number} has a place");
    }
    let due: Vec<Endpoint> = (1..=100).flat_map(|number| endpoints(number, 20)).collect();
    for now in [start, start + 2 * SLOW] {
        start_all(&mut places, &due, now);
        let newcomer = held(&places, |_| true) as u128 + 1_000;
        start_all(&mut places, &endpoints(newcomer, 1), now);
        assert!(held_by(&places, newcomer) >= 1);
    }
}

#[test]
fn slow_workspaces_leave_places_to_others_however_many_they_are() {
    let (mut places, mut now) = (Places::default(), Instant::now());
    // Each has been slow before.
    for number in 1..=1_000 {
        let flight = places.start(endpoint(number, 1, "slow.example"), now);
        places.finish(flight, Ended::Responded, NOON, now + SLOW);
    }
    now += 2 * SLOW;
    let due: Vec<Endpoint> = (1..=1_000).flat_map(|number| endpoints(number, 3)).collect();
    start_all(&mut places, &due, now);
    assert_eq!(places.flights.len(), ALL.slow);
    let due: Vec<Endpoint> = (2_001..=2_030).flat_map(|number| endpoints(number, 1)).collect();
    start_all(&mut places, &due, now);
    assert!((2_001..=2_030).all(|number| held_by(&places, number) == 1));
    assert!(!places.is_full());
    let filter = places.filter(NOON, now, 0);
    assert!((1..=1_000).all(|number| filter.busy_workspaces.contains(&workspace(number).0)));
    now += SLOW_FOR;
    (1..=1_000).for_each(|number| finish_all(&mut places, number, Ended::Responded, NOON, now - SLOW_FOR));
    assert!(places.filter(NOON, now, 0).busy_workspaces.len() <= 30, "they are not slow for ever");
}

#[test]
fn workspaces_share_the_places_of_a_host() {
    let (mut places, start) = (Places::default(), Instant::now());
    let at_host = |numbers: std::ops::RangeInclusive<u128>, count: u128| -> Vec<Endpoint> {
        numbers.flat_map(|number| (0..count).map(move |webhook| endpoint(number, webhook, "shared.example"))).collect()
    };
    start_all(&mut places, &at_host(1..=1, 100), start);
    assert!(held_by(&places, 1) <= PER_HOST.places / SHARE, "{}", held_by(&places, 1));
    (2..=20).for_each(|number| start_all(&mut places, &at_host(number..=number, 10), start));
    start_all(&mut places, &at_host(1_001..=1_001, 1), start);
    assert!(held_by(&places, 1_001) >= 1, "a newcomer finds a place at the host");
    start_all(&mut places, &at_host(1_002..=1_100, 1), start);
    assert_eq!(places.flights.len(), PER_HOST.places, "the host has no more places");
    assert_eq!(places.filter(NOON, start, 0).busy_hosts, ["shared.example"]);
    start_all(&mut places, &endpoints(1_101, 1), start);
    assert!(held_by(&places, 1_101) >= 1, "another host has");
}

#[test]
fn a_hanging_endpoint_is_tried_once_at_a_time_with_growing_pauses() {
    let (mut places, mut now, mut at) = (Places::default(), Instant::now(), NOON);
    let (due, id) = (endpoints(1, 1), endpoint(1, 0, "").webhook_id.0);
    start_all(&mut places, &due, now);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        (now, at) = (now + 15 * SLOW, at + TimeDelta::seconds(15));
        finish_all(&mut places, 1, Ended::Hung, at, now);
        let pause = TimeDelta::seconds(pause);
        let is_paused = |at| places.filter(at, now, 0).busy_webhooks.contains(&id);
        assert!(
            is_paused(at) && is_paused(at + pause - TimeDelta::milliseconds(1)) && !is_paused(at + pause),
            "{pause}"
        );
        assert!(!is_paused(at - TimeDelta::hours(1)), "a clock that was set back does not prolong it");
        at += pause;
        start_all_at(&mut places, &due, at, now);
        assert_eq!(held_by(&places, 1), 1);
    }
    finish_all(&mut places, 1, Ended::Responded, at, now);
    start_all_at(&mut places, &due, at, now);
    assert_eq!(held_by(&places, 1), PER_ENDPOINT);
}

#[test]
fn an_endpoint_that_asks_for_a_pause_has_one_of_at_most_a_minute() {
    let (mut places, now) = (Places::default(), Instant::now());
    for (asked, seconds) in [(5, 5), (3_600, 60)] {
        let flight = places.start(endpoint(1, 1, "a.example"), now);
        places.finish(flight, Ended::Throttled(TimeDelta::seconds(asked)), NOON, now);
        let is_paused = |at| !places.filter(at, now, 0).busy_webhooks.is_empty();
        let end = NOON + TimeDelta::seconds(seconds);
        assert!(is_paused(end - TimeDelta::milliseconds(1)) && !is_paused(end), "{asked}");
    }
}

#[test]
fn a_failing_endpoint_is_tried_once_at_a_time() {
    let (mut places, now) = (Places::default(), Instant::now());
    let failing = Endpoint { is_failing: true, ..endpoint(1, 1, "a.example") };
    start_all(&mut places, std::slice::from_ref(&failing), now);
    assert_eq!(places.flights.len(), 1);
}

#[test]
fn a_bounded_number_of_endpoints_is_remembered() {
    let (mut places, now) = (Places::default(), Instant::now());
    for number in 0..2 * MAX_REMEMBERED as u128 {
        let flight = places.start(endpoint(number, 1, "a.example"), now);
        places.finish(flight, Ended::Hung, NOON, now + SLOW);
    }
    assert_eq!((places.pauses.len(), places.slow_until.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
}
