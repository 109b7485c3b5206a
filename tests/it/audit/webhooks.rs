//! Audit rows of webhooks, redeliveries and revoked client sessions, by whichever dialect or page they are changed.

use super::audit_rows;
use crate::support::webhook_worker::{Webhook, register_and_deactivate_phone};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn each_change_of_a_webhook_writes_an_audit_row_without_its_url_and_secret() {
    let world = World::new().await;
    let url = "https://jane:s3cret@example.com:8443/t0ken?k=t0ken";
    let webhook = Webhook::create_at(&world, url, &["phone.deactivated"]).await;
    let which = json!({ "webhook_id": webhook.id });
    register_and_deactivate_phone(&world).await;
    let delivery = json!({ "delivery_id": webhook.deliveries(&world).await[0]["delivery_id"] });
    let since = json!({ "webhook_id": webhook.id, "since": "2026-01-01" });
    sqlx::query("update delivery set status = 'failed'").execute(&mut world.database().await).await.expect("it fails");
    for (path, body) in [
        ("/webhooks/ping", which.clone()),
        ("/webhooks/rotate_secret", which.clone()),
        ("/webhooks/update", json!({ "webhook_id": webhook.id, "event_types": ["*"] })),
        ("/webhooks/redeliver", since.clone()),
        ("/webhooks/redeliver", delivery),
        ("/webhooks/delete", which.clone()),
    ] {
        world.advance(TimeDelta::seconds(1));
        world.key().post(path, body).await.ok();
    }
    let rows = audit_rows(&world, &world).await;
    let rows: Vec<_> = rows.iter().filter(|row| row["subject_kind"] != "phone").collect();
    let actions: Vec<String> = rows.iter().map(|row| text(&row["action"])).collect();
    let expected = [
        "webhook.created",
        "webhook.pinged",
        "webhook.secret_rotated",
        "webhook.updated",
        "webhook.redelivered",
        "delivery.redelivered",
        "webhook.deleted",
    ];
    assert_eq!(actions, expected);
    assert_eq!(rows[0]["after"], json!({ "host": "example.com:8443", "event_types": ["phone.deactivated"] }));
    assert_eq!(
        (&rows[3]["before"], &rows[3]["after"]),
        (&json!({ "event_types": ["phone.deactivated"] }), &json!({ "event_types": ["*"] }),)
    );
    for row in rows {
        assert_eq!(row["credential_kind"], "api_key", "{row}");
        for secret in ["s3cret", "t0ken", "whsec_", "sealed"] {
            assert!(!row.to_string().contains(secret), "{row}");
        }
    }
}

#[tokio::test]
async fn what_changes_nothing_writes_no_audit_row() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["*"]).await;
    let session = world.client_session(json!({})).await;
    let revoke = json!({ "client_session_id": session["client_session_id"] });
    let count = async || audit_rows(&world, &world).await.len();
    let before = count().await;
    let same = json!({ "webhook_id": webhook.id, "event_types": ["*"] });
    world.key().post("/webhooks/update", same).await.ok();
    let since = json!({ "webhook_id": webhook.id, "since": "2026-01-01" });
    assert_eq!(world.key().post("/webhooks/redeliver", since).await.ok()["redelivering_count"], 0);
    assert_eq!(count().await, before);
    for _ in 0..2 {
        world.key().post("/client_sessions/revoke", revoke.clone()).await.ok();
    }
    assert_eq!(count().await, before + 1, "it is revoked once");
}
