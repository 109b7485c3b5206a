//! Plans of the hot statements before any table has statistics: a connection keeps a plan, and those of foreign keys, that
//! it made for an almost empty table.

use crate::support::receiver::Receiver;
use crate::support::webhook_worker::Webhook;
use crate::support::world::{World, text};
use serde_json::json;

/// Requests of each kind: more than the custom plans that Postgres tries first.
const REQUESTS: u32 = 8;

/// Tables that grow with the use of a workspace.
const GROWING: &str = "'phone', 'event', 'delivery', 'audit', 'credential', 'client_session', 'phone_client_session', \
    'user_identity', 'contact', 'contact_number', 'number_register', 'slot'";

#[tokio::test]
async fn hot_operations_scan_no_table_of_a_registry_without_statistics() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    Webhook::create(&world, &receiver).await;
    let accounts = world.key().get("/v4/accounts").await.body;
    let contacts = format!("/v4/accounts/{}/extensions/1/contacts", accounts["items"][0]["id"]);
    for turn in 0..REQUESTS {
        let person = world.person(&format!("person{turn}")).await;
        world.sync_credential(&person).await;
        let phone = world.phone(&person).await;
        let number = world.import_number(&crate::support::numbers::number(turn)).await;
        for path in [
            format!("/phones/get?device_id={phone}"),
            format!("/phones/list?owner_user_identity_id={person}"),
            "/phones/list?limit=20".to_owned(),
            "/events/list?since=2020-01-01&limit=20".to_owned(),
            format!("/v1/phone/{}", text(&number["id"])),
        ] {
            assert_eq!(world.key().get(&path).await.status, 200, "{path}");
        }
        let contact = json!({ "first_name": "Ada", "phone_numbers": [{ "type": "mobile", "number": "+12125550123" }] });
        assert_eq!(world.key().post(&contacts, contact).await.status, 201);
        assert_eq!(world.key().get(&contacts).await.status, 200);
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    // A session reports its statistics when it ends.
    world.store.close().await;
    let mut session = world.database().await;
    let scanned = format!(
        "select relname || ': ' || seq_scan from pg_stat_user_tables where seq_scan > 0 and relname in ({GROWING})"
    );
    let scanned: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(scanned)).fetch_all(&mut session).await.expect("the query succeeds");
    let used = "select count(*) from pg_stat_user_tables where relname = 'phone' and idx_scan > 0";
    let used: i64 = sqlx::query_scalar(used).fetch_one(&mut session).await.expect("the query succeeds");
    assert_eq!((scanned, used), (Vec::new(), 1));
}
