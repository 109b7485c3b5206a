//! `handset webhook`: what is delivered, what is not, and again.

use crate::support::program::operator;
use crate::support::world::{World, list, text};
use serde_json::json;

#[tokio::test]
async fn webhook_list_shows_webhooks_without_secrets_and_passwords() {
    let world = World::new().await;
    let create = async |url: &str| {
        let webhook = world.key().post("/webhooks/create", json!({ "url": url })).await.ok()["webhook"].clone();
        (text(&webhook["webhook_id"]), text(&webhook["secret"]))
    };
    let (first, secret) = create("https://user:hunter2@one.example.com/hook").await;
    let (second, _) = create("https://two.example.com/hook").await;
    for arguments in [&["webhook", "list"][..], &["webhook", "list", "--json"]] {
        let outcome = operator(&world, arguments).await;
        let printed = outcome.stdout_of_success();
        assert!(printed.contains(&first) && printed.contains(&second), "{outcome:?}");
        assert!(!printed.contains(&secret) && !printed.contains("hunter2"), "{outcome:?}");
    }
    let listed = operator(&world, &["webhook", "list", "TWO.", "--json"]).await.json();
    let listed = list(&listed["webhooks"]);
    assert_eq!((listed.len(), &listed[0]["webhook_id"]), (1, &json!(second)));
    assert_eq!(listed[0]["event_types"], json!(["*"]));
}

#[tokio::test]
async fn webhook_deliveries_are_listed_and_sent_again() {
    let world = World::new().await;
    let webhook = world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
    let webhook = text(&webhook["webhook"]["webhook_id"]);
    let phone = world.phone(&world.person("jane").await).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let deliveries = async |arguments: &[&str]| {
        let listed = operator(&world, &[&["webhook", "deliveries", "--json"], arguments].concat()).await.json();
        list(&listed["webhook_deliveries"])
    };
    let pending = deliveries(&[]).await;
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_eq!((&pending[0]["status"], &pending[0]["webhook_id"]), (&json!("pending"), &json!(webhook)));
    sqlx::query("update delivery set status = 'failed', failures = 8, attempt = 8, fault = 'refused'")
        .execute(&mut world.database().await)
        .await
        .expect("the delivery fails");
    assert_eq!(deliveries(&["--status", "pending"]).await.len(), 0);
    let failed = deliveries(&[&webhook, "--status", "failed"]).await;
    assert_eq!((failed.len(), &failed[0]["error"]), (1, &json!("refused")));
    let table = operator(&world, &["webhook", "deliveries"]).await;
    assert!(table.stdout_of_success().contains("phone.deactivated") && table.stdout.contains("refused"), "{table:?}");

    let id = text(&failed[0]["delivery_id"]);
    let again = operator(&world, &["webhook", "redeliver", &id, "--json"]).await.json();
    assert_eq!(again, json!({ "redelivering_count": 1 }));
    assert_eq!(deliveries(&["--status", "pending"]).await.len(), 1);
    let since = ["webhook", "redeliver", "--webhook", &webhook, "--since", "2020-01-01"];
    let none = operator(&world, &since).await;
    assert_eq!(none.stdout_of_success(), "0 deliveries are sent again.\n");
    sqlx::query("update delivery set status = 'failed'").execute(&mut world.database().await).await.expect("it fails");
    assert_eq!(operator(&world, &since).await.stdout_of_success(), "1 delivery is sent again.\n");

    let unknown = "00000000-0000-4000-8000-000000000000";
    for (arguments, words) in [
        (&["webhook", "redeliver", unknown][..], "there is no delivery"),
        (&["webhook", "deliveries", unknown], "there is no webhook"),
        (&["webhook", "redeliver", "--webhook", unknown, "--since", "2020-01-01"], "there is no webhook"),
    ] {
        let outcome = operator(&world, arguments).await;
        assert!(outcome.error_message().starts_with(words), "{outcome:?}");
    }
    for incomplete in [&["webhook", "redeliver"][..], &["webhook", "redeliver", "--webhook", &webhook]] {
        assert_eq!(operator(&world, incomplete).await.status.code(), Some(2));
    }
    sqlx::query("update webhook set disabled_at = now()")
        .execute(&mut world.database().await)
        .await
        .expect("it is ours");
    let disabled = operator(&world, &["webhook", "redeliver", &id]).await;
    assert!(disabled.error_message().starts_with("the webhook is disabled"), "{disabled:?}");
}
