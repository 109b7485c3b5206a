//! Event streams of user identities that are merged meanwhile.

use crate::support::second_server::SecondServer;
use crate::support::sse::EventStream;
use crate::support::wait::TIMEOUT;
use crate::support::world::World;
use serde_json::json;
use tokio::time::timeout;

/// The phones of so many events. Heartbeats would keep a stream that misses one open.
async fn phones(stream: &mut EventStream, count: usize) -> Vec<String> {
    let events = timeout(TIMEOUT, stream.receive(count)).await.expect("the events arrive in time");
    events.iter().map(|event| event.of("device_id")).collect()
}

#[tokio::test]
async fn a_stream_of_a_client_session_has_the_events_before_and_after_a_merge() {
    let world = World::with_connections(8).await;
    // It looks for the events of the first one from time to time, so it reads those before and after a merge together.
    let another = SecondServer::start(&world).await;
    for round in 0..3 {
        let jane = world.person(&format!("jane{round}")).await;
        let joe = world.person(&format!("joe{round}")).await;
        let session = world.client_session(json!({ "user_identity_id": joe })).await;
        let session = another.key(&world).anonymous().bearer(session["token"].as_str().expect("a token"));
        let lost = [world.phone(&joe).await, world.phone(&joe).await, world.phone(&jane).await];
        let mut stream = EventStream::open(&session, "?event_type=phone.deactivated").await;
        world.key().post("/phones/deactivate", json!({ "device_id": lost[0] })).await.ok();
        world.merge(&jane, &[&joe]).await;
        for phone in &lost[1..] {
            world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
        }
        assert_eq!(phones(&mut stream, 3).await, lost);
    }
}

#[tokio::test]
async fn a_stream_that_names_a_user_identity_has_the_events_of_its_primary_after_a_merge() {
    let world = World::new().await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    let lost = [world.phone(&joe).await, world.phone(&joe).await, world.phone(&jane).await, world.phone(&jim).await];
    let query = format!("?event_type=phone.deactivated&user_identity_id={joe}");
    let mut stream = EventStream::open(world.key(), &query).await;
    for (phone, merge) in lost.iter().zip([None, Some((&jane, &joe)), None, Some((&jim, &jane))]) {
        if let Some((primary, merged)) = merge {
            world.merge(primary, &[merged]).await;
        }
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    assert_eq!(phones(&mut stream, 4).await, lost);
    // A stream that begins later reads the same from the log.
    let mut later = EventStream::open(world.key(), &format!("{query}&since=2000-01-01")).await;
    assert_eq!(phones(&mut later, 4).await, lost);
}
