//! The audit trail of operators: each change names who made it, and from where.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, World};
use handset::deactivation;
use handset::domain::id::DeviceId;
use handset::domain::operator::Role;
use handset::domain::scope::Scope;
use handset::store::Origin;
use serde_json::Value;

#[tokio::test]
async fn a_change_of_an_operator_has_the_operator_in_the_audit_trail() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let browser = world.operator(Role::Operator).await;
    let phone = world.phone(&world.person("jane").await).await;
    let token = browser.session_token();
    let origin = Origin { request_id: None, address: Some([203, 0, 113, 7].into()) };
    let now = world.clock.now();
    let session = world.store.operator_session(&token, Some(world.record.workspace_id), origin, now).await;
    let workspace =
        session.expect("the database answers").and_then(|session| session.workspace).expect("a role").workspace;
    let id = DeviceId(phone.parse().expect("a UUID"));
    deactivation::of_phone(&workspace, id, Scope::Workspace, Some("lost".to_owned()), now).await.expect("it is there");

    let mut command = handset_in(&test_dir, &["audit", "--workspace", "First", "--phone", &phone, "--json"]);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let printed = Outcome::of(command).await;
    let last = printed.stdout_of_success().lines().last().expect("an entry").to_owned();
    let entry: Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!((&entry["action"], &entry["address"]), (&"phone.deactivated".into(), &"203.0.113.7".into()), "{entry}");
    let operator = browser.operator_id.expect("it is signed in").to_string();
    assert_eq!((&entry["credential_kind"], &entry["credential_id"]), (&"operator_account".into(), &operator.into()));
}
