//! Operations that the walks leave out, and what the console, the command line, the webhook worker and the sweeper do.

use super::merges;
use crate::instant_keys;
use crate::isolation::call_each_operation;
use crate::isolation::random_walk::Step;
use crate::support::client::Client;
use crate::support::document::{Dialect, Operation, example, operations_of};
use crate::support::numbers::{call_action, number};
use crate::support::scim::{GROUPS, USERS, active, path_of};
use crate::support::webhook_worker::{Webhook, register_and_deactivate_phone};
use crate::support::world::{World, noon, text};
use chrono::{DateTime, TimeDelta, Utc};
use handset::domain::event::EventType;
use handset::domain::id::{AccessTokenId, ApiKeyId, DeviceId, OperatorSessionId, UserIdentityId, WebhookId};
use handset::domain::instant_key::KEPT_EXPIRED;
use handset::domain::operator::{LinkPurpose, Role, SsoIdentity};
use handset::domain::page::Paging;
use handset::domain::password::Password;
use handset::domain::token::Token;
use handset::domain::user_identity::UserIdentityFields;
use handset::domain::webhook::{Attempted, Claim, RedeliveryRange};
use handset::domain::workspace::PublishableKeySessions;
use handset::store::{ClaimFilter, EndedSessions, ImportedContact, Origin, Workspace};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";

pub async fn play(world: &World) -> Vec<Step> {
    let mut steps = call_each_operation(world).await;
    steps.extend(call_open_operations(world).await);
    let workspace = world.store.workspace_of_operator(world.record.workspace_id).await.expect("the workspace is there");
    manage_people(world, &workspace).await;
    steps.extend(manage_directory(world).await);
    manage_phones(world, &workspace).await;
    use_instant_keys(world).await;
    merges::play(world).await;
    deliver(world, &workspace).await;
    manage_credentials(world, &workspace).await;
    manage_operators(world).await;
    sweep(world, &workspace).await;
    steps
}

/// Calls what needs no credential or ends one, of the dialects other than Seam's.
async fn call_open_operations(world: &World) -> Vec<Step> {
    let person = world.person("amy").await;
    let body = json!({ "user_identity_id": person, "password": PASSWORD });
    world.console().await.post("/user_identities/set_password", body).await.ok();
    let mut steps = Vec::new();
    for dialect in [Dialect::Ucwa, Dialect::PhoneCom] {
        for operation in operations_of(dialect) {
            let is_end = operation.method == "DELETE" && operation.path.ends_with("/oauth/access-token");
            let is_begin = operation.method == "POST" && operation.path.ends_with("/oauth/access-token");
            let client = match is_end {
                true => world.session(&person).await,
                false if !is_begin && !operation.is_open() => continue,
                false => world.anonymous(),
            };
            steps.push(call(world, operation, &client).await);
        }
    }
    steps
}

async fn call(world: &World, operation: Operation, client: &Client) -> Step {
    let required = operation.fields().into_iter().filter(|field| field.is_required);
    let mut arguments: Map<String, Value> =
        required.map(|field| (field.name.to_owned(), example(field.schema))).collect();
    if operation.path.ends_with("/.search") {
        // Of users that were created at the same time, the order is that of their ids.
        arguments.insert("filter".to_owned(), json!("userName sw \"kim\""));
    }
    if operation.path.to_lowercase().ends_with("/oauthtoken") {
        for (name, value) in [("grant_type", "password"), ("username", "amy@example.com"), ("password", PASSWORD)] {
            arguments.insert(name.to_owned(), json!(value));
        }
    }
    if operation.path.ends_with("/oauth/access-token") && operation.method == "POST" {
        let key = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers").remove(0);
        for (name, value) in [
            ("grant_type", "client_credentials"),
            ("client_id", &key.api_key_id.to_string()),
            ("client_secret", world.api_key.reveal()),
        ] {
            arguments.insert(name.to_owned(), json!(value));
        }
    }
    Step::new(operation, &arguments, &operation.call(client, &arguments).await)
}

/// A group of a company's directory, whose members leave.
async fn manage_directory(world: &World) -> Vec<Step> {
    let directory = world.directory().await;
    let (suspended, deleted) = (directory.create_scim_user("sue").await, directory.create_scim_user("del").await);
    let kept = directory.create_scim_user("kim").await;
    directory.create_scim_group("doors", &[&suspended, &deleted, &kept]).await;
    for leaver in [&suspended, &deleted] {
        world.phone(&text(&leaver["id"])).await;
    }
    directory.patch(&path_of(&suspended), active(false)).await.of_scim(200);
    directory.delete(&path_of(&deleted)).await;
    directory.patch(&path_of(&suspended), active(true)).await.of_scim(200);
    let mut steps = Vec::new();
    for operation in operations_of(Dialect::Scim) {
        // The walk has the others.
        if ![USERS, GROUPS].iter().any(|path| operation.path.starts_with(path)) {
            steps.push(call(world, operation, &directory).await);
        }
    }
    steps
}

async fn manage_people(world: &World, workspace: &Workspace) {
    let (now, random) = (world.clock.now(), &world.random);
    let person: UserIdentityId = UserIdentityId(id(&world.person("bea").await));
    let named = |name: &str| UserIdentityFields { user_identity_key: Some(name.to_owned()), ..Default::default() };
    let imported = vec![(random.id(now), named("cleo")), (random.id(now), named("bea"))];
    let are_new = workspace.import_user_identities(imported, now).await.expect("they are imported");
    assert_eq!(are_new, [true, false]);
    let known = workspace.known_users(&[named("cleo"), named("unknown")]).await.expect("the database answers");
    assert!(known[0].by_key.is_some() && known[1].by_key.is_none());
    for (key, exported) in [("one", None), ("two", None), ("one", None), ("three", Some(()))] {
        let first = workspace.export_contacts(person, handset::domain::id::ContactId(0), 1).await.expect("a page");
        let exported = exported.and(first.first().map(|(id, _)| *id));
        let contact = ImportedContact { key: key.into(), exported, fields: Default::default() };
        workspace.import_contacts(person, vec![contact], now).await.expect("it is imported");
    }
    world.store.set_enterprise_voice(person, false).await.expect("it is set");
    let password = Password::given(PASSWORD);
    world.store.set_password_anywhere(person, password, random, now).await.expect("it is set");
    world.session(&person.to_string()).await;
    let phone = world.phone(&person.to_string()).await;
    world.sync_credential(&person.to_string()).await;
    // The audit trail has a change at a time once.
    world.advance(TimeDelta::seconds(1));
    let now = world.clock.now();
    workspace.set_password(person, Password::given(PASSWORD), random, now).await.expect("it is set");
    let ids = [DeviceId(id(&phone))];
    workspace.phone_ties(&ids).await.expect("the database answers");
    workspace.preview_deactivation(&ids).await.expect("the database answers");
    // A session of this person has registered a phone; both end with the person.
    let app = json!({ "custom_sdk_installation_id": "Installation 0", "phone_os": "android" });
    let session = world.session(&person.to_string()).await;
    session.post("/seam/mobile_sdk/v1/phone_sessions/get_or_create", app).await.ok();
    workspace.delete_user_identity(person, now).await.expect("it is deleted");
}

async fn manage_phones(world: &World, workspace: &Workspace) {
    let person = world.person("dora").await;
    let session = world.session(&person).await;
    let installation = json!({ "custom_sdk_installation_id": "Installation 1", "user_identity_id": person });
    let made = world.key().post("/phones/simulate/create_sandbox_phone", installation.clone()).await.ok();
    let phone = text(&made["phone"]["device_id"]);
    world.sync_credential(&person).await;
    world.advance(TimeDelta::seconds(1));
    // The session speaks for the phone, and ends with it.
    let app = json!({ "custom_sdk_installation_id": "Installation 1", "phone_os": "ios" });
    session.post("/seam/mobile_sdk/v1/phone_sessions/get_or_create", app).await.ok();
    let now = world.clock.now();
    let reason = Some("lost".to_owned());
    let deactivated = workspace.deactivate_phones_of(UserIdentityId(id(&person)), reason, now).await;
    assert_eq!(deactivated.expect("they are deactivated").len(), 1);
    world.key().post("/phones/simulate/create_sandbox_phone", installation.clone()).await;
    let barred = workspace.barred_installations(&Paging::default()).await.expect("the database answers");
    assert_eq!(barred.items.len(), 2);
    workspace.readmit_phone(DeviceId(id(&phone)), now).await.expect("it is readmitted");
    world.key().post("/phones/simulate/create_sandbox_phone", installation).await.ok();
}

/// A webhook whose receiver fails, then answers, then is gone.
async fn deliver(world: &World, workspace: &Workspace) {
    let webhook = Webhook::create_at(
        world,
        "https://example.com/hook",
        &["phone.deactivated", "phone.registered", "webhook.disabled"],
    )
    .await;
    let other = Webhook::create_at(world, "https://example.org/hook", &["phone.deactivated"]).await;
    let (webhook_id, other_id) = (WebhookId(id(&webhook.id)), WebhookId(id(&other.id)));
    for status in [500, 200, 410] {
        world.advance(TimeDelta::seconds(1));
        register_and_deactivate_phone(world).await;
        world.advance(TimeDelta::minutes(5));
        let mut claims = claims(world, workspace).await;
        claims.sort_by_key(|claim| (claim.event.created_at, claim.delivery_id));
        assert!(!claims.is_empty());
        for claim in claims {
            let attempted = attempted(world.clock.now(), status);
            match status {
                200 => world.store.record_delivered(&claim, &attempted).await,
                _ => {
                    let next = (status == 500).then(|| world.clock.now() + TimeDelta::seconds(30));
                    world.store.record_failed(&claim, &attempted, next).await
                }
            }
            .expect("it is recorded");
        }
    }
    let now = world.clock.now();
    workspace.enable_webhook(webhook_id, now).await.expect("it is enabled");
    workspace.enable_webhook(other_id, now).await.expect("it is enabled");
    workspace.redeliver_failed(webhook_id, DateTime::UNIX_EPOCH, now).await.expect("they are restarted");
    let range = RedeliveryRange {
        from: DateTime::UNIX_EPOCH,
        until: now + TimeDelta::days(1),
        includes_delivered: true,
        unattempted_since: now + TimeDelta::days(1),
    };
    workspace.redeliver_range(other_id, range, now).await.expect("they are restarted");
    let overview = workspace.webhook_overview(webhook_id).await.expect("it is there");
    let (secret, until) = (Token::signing_secret(&world.random), now + TimeDelta::days(1));
    let rotated =
        workspace.rotate_webhook_secret(webhook_id, Some(overview.secret_version.as_str()), &secret, until, now).await;
    assert!(rotated.expect("the database answers").is_some());
    workspace.receivers_of(EventType::PhoneDeactivated).await.expect("the database answers");
    world.advance(TimeDelta::seconds(1));
    let now = world.clock.now();
    workspace.disable_webhook(webhook_id, now).await.expect("it is disabled");
    register_and_deactivate_phone(world).await;
    world.store.cancel_deliveries_of_disabled_webhooks().await.expect("the database answers");
    workspace.delete_webhook(other_id, now).await.expect("it is deleted");
    world.store.pending_deliveries().await.expect("the database answers");
}

/// Claims all due deliveries of the workspace.
async fn claims(world: &World, workspace: &Workspace) -> Vec<Claim> {
    let (now, filter) = (world.clock.now(), ClaimFilter::default());
    world.store.due_workspaces(&filter, 100, now).await.expect("the database answers");
    let due = world.store.due_endpoints(workspace.id(), &filter, now).await.expect("the database answers");
    let webhooks: Vec<_> = due.iter().map(|endpoint| (endpoint.webhook_id, 100)).collect();
    let claimed = world.store.claim_deliveries(workspace.id(), &webhooks, now, now + TimeDelta::seconds(60)).await;
    claimed.expect("the database answers")
}

fn attempted(at: DateTime<Utc>, status: u16) -> Attempted {
    let fault = (status != 200).then(|| format!("status {status}"));
    Attempted { at, response_status: Some(status), latency_ms: 5, fault, answer: None }
}

/// An instant key that lets two phones in, one that ends, and one that expires.
async fn use_instant_keys(world: &World) {
    let person = world.person("holder").await;
    let expiring = json!({ "expires_at": (world.clock.now() + TimeDelta::seconds(1)).to_rfc3339() });
    instant_keys::generate(world, &person, expiring).await;
    let key = instant_keys::generate(world, &person, json!({ "max_use_count": 2 })).await;
    for installation in ["first", "second"] {
        let app = instant_keys::exchanged(world, &key).await;
        instant_keys::register(&app, installation).await;
    }
    instant_keys::exchange(world, &key).await.refused(400, "instant_key_used");
    assert_eq!(world.anonymous().get(&instant_keys::path(&key)).await.status, 404);
    let deleted = instant_keys::generate(world, &person, json!({ "max_use_count": 2 })).await;
    instant_keys::exchange(world, &deleted).await.ok();
    instant_keys::exchange(world, &deleted).await.ok();
    let id = json!({ "instant_key_id": deleted["instant_key_id"] });
    world.key().post("/instant_keys/delete", id).await.ok();
}

async fn manage_credentials(world: &World, workspace: &Workspace) {
    let (store, now, random) = (&world.store, world.clock.now(), &world.random);
    let key: ApiKeyId = random.id(now);
    assert!(workspace.create_api_key(key, "key", now, random).await.expect("it is created").is_some());
    workspace.revoke_api_key(key, now).await.expect("it is revoked");
    let token: AccessTokenId = random.id(now);
    assert!(workspace.create_access_token(token, "token", now, random).await.expect("it is created").is_some());
    workspace.revoke_access_token(token, now).await.expect("it is revoked");
    let other = world.production("Other").await;
    let ids = [workspace.id(), other.record.workspace_id];
    let (token, _) = store.create_access_token("shared", &ids, now, random).await.expect("it is created");
    workspace.revoke_access_token(token, now).await.expect("it is revoked here");
    store.create_access_token("kept", &ids, now, random).await.expect("it is created");
    store.rotate_console_key(true, now, random).await.expect("it is rotated");
    let until = now + TimeDelta::hours(1);
    let (session, _) = store.create_console_session("session", &ids, now, until, random).await.expect("it is created");
    store.revoke_console_session(session, now).await.expect("it is revoked");
    store.set_publishable_key_sessions(workspace.id(), PublishableKeySessions::AnyUser).await.expect("it is set");
    let anonymous = json!({ "user_identifier_key": "browser" });
    world.browser().post("/client_sessions/create", anonymous).await.ok();
    store.rotate_publishable_key(workspace.id(), random).await.expect("it is rotated");
    let issuer = store.api_keys(Some(workspace.id())).await.expect("the database answers")[0].api_key_id;
    store.end_client_sessions_of(issuer.0, EndedSessions::Issued, now).await.expect("they are ended");
    workspace.rename(Some("Renamed"), None).await.expect("it is renamed");
}

async fn manage_operators(world: &World) {
    let (store, now, random, origin) = (&world.store, world.clock.now(), &world.random, Origin::default());
    let ids = [world.record.workspace_id];
    let added = store.add_operator("eve@example.com", Role::Viewer, Some(&ids), now, random).await;
    let operator = added.expect("the database answers").expect("it is new");
    store.set_operator_role(operator, Some(ids[0]), Some(Role::Operator)).await.expect("it is set");
    store.set_operator_role(operator, None, Some(Role::Admin)).await.expect("it is set");
    let link = store.create_operator_link(operator, LinkPurpose::Invitation, now, random).await.expect("a link");
    let opened = store.accept_invitation(link.reveal(), Password::given(PASSWORD), origin, now, random).await;
    let opened = opened.expect("the database answers").expect("it is valid");
    let link = store.create_operator_link(operator, LinkPurpose::SignIn, now, random).await.expect("a link");
    assert!(store.sign_in_by_link(link.reveal(), origin, now, random).await.expect("it answers").is_some());
    let session = store.operator_session(opened.token.reveal(), Some(ids[0]), origin, now).await;
    assert!(session.expect("the database answers").is_some_and(|session| session.workspace.is_some()));
    store.end_operator_session(operator, OperatorSessionId(Uuid::nil())).await.expect("nothing is ended");
    let identity = SsoIdentity {
        subject: "issuer subject".to_owned(),
        email: "fay@example.com".to_owned(),
        is_email_verified: true,
        role: Some(Role::Viewer),
    };
    assert!(store.sign_in_by_sso(identity, origin, now, random).await.expect("it answers").is_some());
    let local = store.local_operator(now, random).await.expect("it is there");
    store.remove_operator(local.operator_id).await.expect("it is removed");
}

/// All that the sweeper does, at a time at which numbers are due.
async fn sweep(world: &World, workspace: &Workspace) {
    world.reserve_number(&number(9_000_001)).await;
    let released = world.reserve_and_assign_number(&number(9_000_002)).await;
    call_action(world.key(), &released, "release", json!({})).await;
    for _ in 0..2 {
        world.advance(TimeDelta::days(40));
        let now = world.clock.now();
        for due in world.store.workspaces_with_due_numbers(now, 100).await.expect("the database answers") {
            world.store.move_due_numbers(due, now, 100).await.expect("they move");
        }
    }
    // The first rows go, and the others stay to be compared.
    let (now, early) = (world.clock.now(), noon() + TimeDelta::seconds(120));
    world.store.prune_events(early, 10_000).await.expect("the database answers");
    world.store.prune_audit(early, 10_000).await.expect("the database answers");
    world.store.prune_anonymous_client_sessions(now, 10_000).await.expect("the database answers");
    world.store.prune_instant_keys(early + KEPT_EXPIRED, 10_000).await.expect("the database answers");
    world.store.prune_operator_sessions(early).await.expect("the database answers");
    world.store.write_last_used().await.expect("they are written");
    register_and_deactivate_phone(world).await;
    workspace.webhook_overviews().await.expect("the database answers");
}

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}
