//! Registrations concurrent with a deactivation: none slips through.

use super::{deactivate, device_id, register};
use crate::support::concurrency::CONNECTIONS;
use crate::support::world::World;
use serde_json::json;

const ROUNDS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn no_registration_concurrent_with_a_deactivation_leaves_the_phone_or_its_sessions_alive() {
    let world = World::with_connections(CONNECTIONS).await;
    let mut outcomes = [0, 0];
    for round in 0..ROUNDS {
        let jane = world.person(&format!("jane{round}")).await;
        let (installation, another) = (format!("lost{round}"), format!("another{round}"));
        let (app, late) = (world.session(&jane).await, world.session(&jane).await);
        let lost = device_id(&register(&app, &installation).await);
        let all = json!({ "user_identity_id": jane });
        let (deactivated, again, first, elsewhere) = tokio::join!(
            async {
                match round % 2 {
                    0 => deactivate(world.key(), &lost).await,
                    _ => world.key().post("/user_identities/deactivate_phones", all).await,
                }
            },
            register(&app, &installation),
            // Speaks for the phone for the first time.
            register(&late, &installation),
            register(&app, &another),
        );
        deactivated.ok();
        if again.status == 200 {
            assert_eq!(device_id(&again), lost);
        }
        outcomes[usize::from(first.status == 200)] += 1;
        // A session that was told of the phone spoke for it, and has ended with it; any other one is refused.
        match first.status {
            200 => _ = late.get("/devices/list").await.refused(401, "client_session_not_found"),
            _ => _ = first.refused(400, "phone_deactivated"),
        }
        app.get("/devices/list").await.refused(401, "client_session_not_found");
        world.key().post("/phones/get", json!({ "device_id": lost })).await.refused(404, "device_not_found");
        register(&world.session(&jane).await, &installation).await.refused(400, "phone_deactivated");
        // A phone of another installation is one that was registered before; the ended session registers no more.
        assert!([200, 401].contains(&elsewhere.status), "{elsewhere:?}");
        let phones = world.key().post("/phones/list", json!({ "owner_user_identity_id": jane })).await.ok();
        let count = phones["phones"].as_array().expect("a list").len();
        assert!(count <= usize::from(elsewhere.status == 200), "{phones}");
    }
    println!("refused and answered: {outcomes:?}");
    assert_eq!(world.events("phone.deactivated").await.len(), world.deactivated_count().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_deactivations_of_phones_that_share_client_sessions_succeed() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..ROUNDS / 4 {
        let jane = world.person(&format!("jane{round}")).await;
        let mut phones = Vec::new();
        let apps = [world.session(&jane).await, world.session(&jane).await, world.session(&jane).await];
        for phone in 0..6 {
            for app in &apps {
                phones.push(device_id(&register(app, &format!("{round}-{phone}")).await));
            }
        }
        phones.dedup();
        let all = json!({ "user_identity_id": jane });
        let each = phones.iter().map(|phone| deactivate(world.key(), phone));
        let (responses, together) = tokio::join!(
            futures_util::future::join_all(each),
            world.key().post("/user_identities/deactivate_phones", all),
        );
        responses.iter().for_each(|response| _ = response.ok());
        together.ok();
        assert_eq!(world.events("client_session.deleted").await.len(), 3 * (round + 1), "one for each session");
    }
    assert!(world.phone_ids().await.is_empty());
}

impl World {
    async fn deactivated_count(&self) -> usize {
        let sql = "select count(*) from phone where deactivated_at is not null";
        let count = crate::support::concurrency::count(self, sql).await;
        usize::try_from(count).expect("a count")
    }
}
