//! Webhooks in the console: created, pinged, rotated, disabled, enabled, deleted.

use crate::audit::audit_rows;
use crate::support::console::Browser;
use crate::support::page::{field, links, refused, secret};
use crate::support::receiver::Receiver;
use crate::support::webhook_worker::{Webhook, WebhookWorker, register_and_deactivate_phone};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::{Value, json};

/// Creates a webhook for all events; returns its id and its secret.
async fn create(world: &World, admin: &Browser, url: &str) -> (String, String) {
    let id = field(&admin.get(&world.page("/webhooks/new")).await, "id");
    let created = admin.post(&world.page("/webhooks"), &[("id", &id), ("url", url), ("which", "all")]).await;
    (id, secret(&created))
}

async fn webhook(world: &World, id: &str) -> Value {
    world.key().post("/webhooks/get", json!({ "webhook_id": id })).await.ok()["webhook"].clone()
}

#[tokio::test]
async fn a_created_webhook_gets_events_signed_with_the_secret_that_was_shown_once() {
    let world = World::new().await;
    let (admin, receiver) = (world.operator(Role::Admin).await, Receiver::new().await);
    let (id, secret) = create(&world, &admin, &receiver.url()).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    let message = receiver.wait_for_messages(1).await.remove(0);
    assert_eq!(message.signatures(), [message.signature_of(&secret)]);
    for path in ["/webhooks".to_owned(), format!("/webhooks/{id}")] {
        let page = admin.get(&world.page(&path)).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(!page.text.contains(&secret), "{page:?}");
    }
    // The form sent again creates no second one and shows no secret.
    let fields = [("id", &*id), ("url", "https://example.com/"), ("which", "all")];
    let again = admin.post(&world.page("/webhooks"), &fields).await;
    assert_eq!(again.status, 409, "{again:?}");
    assert!(!again.text.contains("whsec_"), "{again:?}");
    assert_eq!(webhook(&world, &id).await["url"], receiver.url());
}

#[tokio::test]
async fn a_webhook_needs_an_address_and_events() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let id = field(&admin.get(&world.page("/webhooks/new")).await, "id");
    for url in ["", "example.com", "ftp://example.com/", "javascript:alert(1)", "\"><script>alert(1)</script>"] {
        let page = admin.post(&world.page("/webhooks"), &[("id", &id), ("url", url), ("which", "all")]).await;
        refused(&page, "url", "Enter a whole address");
        assert_eq!((field(&page, "url").as_str(), field(&page, "id")), (url, id.clone()));
        assert!(!page.text.contains("<script>alert"), "it is escaped");
    }
    let url = "https://example.com/hook";
    let none = admin.post(&world.page("/webhooks"), &[("id", &id), ("url", url), ("which", "these")]).await;
    refused(&none, "event_type", "Choose at least one");
    let fields = [("id", &*id), ("url", url), ("which", "these"), ("event_type", "lost.<b>")];
    let unknown = admin.post(&world.page("/webhooks"), &fields).await;
    refused(&unknown, "event_type", "There is no event type");
    let fields = [
        ("id", &*id),
        ("url", url),
        ("which", "these"),
        ("event_type", "phone.deactivated"),
        ("event_type", "phone.registered"),
    ];
    secret(&admin.post(&world.page("/webhooks"), &fields).await);
    assert_eq!(webhook(&world, &id).await["event_types"], json!(["phone.deactivated", "phone.registered"]));
}

#[tokio::test]
async fn an_operator_pings_a_webhook_and_sees_the_answer() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let operator = world.operator(Role::Operator).await;
    let pinged = operator.post(&world.page(&format!("/webhooks/{}/ping", webhook.id)), &[]).await;
    let address = pinged.location().to_owned();
    assert!(address.starts_with(&world.page("/deliveries/")), "{address}");
    let page = operator.get(&address).await;
    assert!(page.text.contains("There was no attempt yet"), "{page:?}");
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    let page = operator.get(&address).await;
    assert!(page.text.contains("Delivered") && page.text.contains("webhook.ping"), "{page:?}");
    let rows = audit_rows(&world, &world).await;
    let row = rows.iter().find(|row| row["action"] == "webhook.pinged").expect("it is in the audit trail");
    assert_eq!(row["credential_kind"], "operator_account", "{row}");
}

#[tokio::test]
async fn a_secret_is_rotated_once_however_often_the_form_is_sent() {
    let world = World::new().await;
    let (admin, receiver) = (world.operator(Role::Admin).await, Receiver::new().await);
    let webhook = Webhook::create(&world, &receiver).await;
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    let version = field(&admin.get(&path).await, "version");
    let rotated = admin.post(&format!("{path}/rotate"), &[("version", &version)]).await;
    let secret = secret(&rotated);
    assert_ne!(secret, webhook.secret);
    let again = admin.post(&format!("{path}/rotate"), &[("version", &version)]).await;
    assert_eq!(again.status, 409, "{again:?}");
    assert!(!again.text.contains("whsec_"), "{again:?}");
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    let message = receiver.wait_for_messages(1).await.remove(0);
    assert_eq!(message.signatures(), [message.signature_of(&secret), message.signature_of(&webhook.secret)]);
}

#[tokio::test]
async fn a_disabled_webhook_gets_nothing_until_it_is_enabled() {
    let world = World::new().await;
    let (admin, receiver) = (world.operator(Role::Admin).await, Receiver::new().await);
    let other = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let observer = Webhook::create_at(&world, &other.url(), &["webhook.disabled"]).await;
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    register_and_deactivate_phone(&world).await;
    for _ in 0..2 {
        world.advance(chrono::TimeDelta::seconds(1));
        admin.post(&format!("{path}/disable"), &[]).await.location();
    }
    assert_eq!(webhook.deliveries(&world).await[0]["status"], "failed");
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    observer.wait_until_delivered(&world).await;
    assert_eq!(other.received().len(), 1, "the second form changes nothing");
    assert_eq!(webhook.deliveries(&world).await.len(), 1, "no delivery while it is disabled");
    let page = admin.get(&path).await;
    assert!(page.text.contains("Disabled"), "{page:?}");
    assert_eq!(admin.post(&format!("{path}/ping"), &[]).await.status, 409);

    world.advance(chrono::TimeDelta::seconds(1));
    admin.post(&format!("{path}/enable"), &[]).await.location();
    assert!(webhook.get(&world).await["disabled_at"].is_null());
    register_and_deactivate_phone(&world).await;
    receiver.wait_for_messages(1).await;
    let actions: Vec<String> = audit_rows(&world, &world).await.iter().map(|row| text(&row["action"])).collect();
    let of_webhook: Vec<&String> = actions.iter().filter(|action| action.starts_with("webhook.")).collect();
    assert_eq!(of_webhook, ["webhook.created", "webhook.created", "webhook.disabled", "webhook.enabled"]);
}

#[tokio::test]
async fn event_types_are_changed_and_those_of_a_program_are_kept() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["lock.unlocked", "phone.deactivated"]).await;
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    let page = admin.get(&path).await;
    assert!(page.text.contains("value=\"lock.unlocked\" checked"), "{page:?}");
    let none = admin.post(&format!("{path}/event-types"), &[("which", "these")]).await;
    refused(&none, "event_type", "Choose at least one");
    assert!(links(&none, &format!("{path}?status=")).len() >= 3, "links are those of the page: {none:?}");
    let fields = [("which", "these"), ("event_type", "lock.unlocked"), ("event_type", "phone.registered")];
    admin.post(&format!("{path}/event-types"), &fields).await.location();
    assert_eq!(webhook.get(&world).await["event_types"], json!(["lock.unlocked", "phone.registered"]));
    admin.post(&format!("{path}/event-types"), &[("which", "all")]).await.location();
    assert_eq!(webhook.get(&world).await["event_types"], json!(["*"]));
}

#[tokio::test]
async fn a_webhook_is_deleted_with_its_deliveries() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    let delivery = text(&webhook.deliveries(&world).await[0]["delivery_id"]);
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    assert_eq!(admin.get(&world.page(&format!("/deliveries/{delivery}"))).await.status, 200);
    assert_eq!(admin.post(&format!("{path}/delete"), &[]).await.location(), world.page("/webhooks"));
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(admin.get(&world.page(&format!("/deliveries/{delivery}"))).await.status, 404);
    let page = admin.get(&world.page("/webhooks")).await;
    assert!(page.text.contains("There are no webhooks"), "{page:?}");
}

#[tokio::test]
async fn pages_show_no_secret_part_of_an_address_and_the_audit_trail_only_its_host() {
    let world = World::new().await;
    let admin = world.operator(Role::Admin).await;
    let url = "https://jane:s3cret@example.com/hook?token=t0ken#fr4gment";
    let (id, _) = create(&world, &admin, url).await;
    let path = world.page(&format!("/webhooks/{id}"));
    admin.post(&format!("{path}/ping"), &[]).await.location();
    for path in [world.page("/webhooks"), path.clone()] {
        let page = admin.get(&path).await;
        assert!(page.text.contains("example.com/hook"), "{page:?}");
        for part in ["s3cret", "t0ken", "fr4gment"] {
            assert!(!page.text.contains(part), "{path} shows {part}");
        }
    }
    admin.post(&format!("{path}/delete"), &[]).await.location();
    for row in audit_rows(&world, &world).await {
        for part in ["s3cret", "t0ken", "fr4gment", "/hook"] {
            assert!(!row.to_string().contains(part), "{row}");
        }
    }
}
