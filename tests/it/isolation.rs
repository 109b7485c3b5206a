//! Tenant isolation. Every operation of the document is called with the names of another workspace's resources, one
//! parameter at a time and all at once, and responds byte for byte as if they did not exist. The same holds for a
//! client session and another person of its workspace. Operations and parameters come from the document, so a new one
//! is tested at once.

mod diga;
pub mod fixture;
mod phone_com;
pub mod random_walk;
mod scim;
mod ucwa;

use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, committed, example, operations_of, schema};
use crate::support::world::{Tenant, World};
use fixture::{Fixture, Resources, masked, without_request_texts};
use handset::random::Random;
use random_walk::Step;
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Resources that the persons of a workspace share.
const SHARED: [&str; 5] =
    ["action_attempt_id", "acs_system_id", "acs_system_ids", "connected_account_id", "connected_account_ids"];

/// Operations that find nothing in any workspace, because what they are about is not here.
const NEVER_SUCCESSFUL: [&str; 15] = [
    "/acs/credentials/create_offline_code",
    "/acs/credentials/unmanaged/get",
    "/devices/simulate/connect_to_hub",
    "/devices/simulate/disconnect_from_hub",
    "/devices/simulate/paid_subscription",
    "/devices/unmanaged/",
    "/seam/mobile_sdk/v1/report_salto_space_audit_trail",
    "/user_identities/add_acs_user",
    "/user_identities/enrollment_automations/delete",
    "/user_identities/enrollment_automations/get",
    "/user_identities/enrollment_automations/launch",
    "/user_identities/remove_acs_user",
    "/user_identities/unmanaged/get",
    "/user_identities/unmanaged/update",
    "/workspaces/customization_profiles/",
];

/// A call of an operation in which these parameters name resources.
struct Case {
    operation: Operation,
    named: Vec<&'static str>,
}

/// The caller of a case, and its own resources.
#[derive(Clone, Copy)]
struct Caller<'a> {
    client: &'a Client,
    own: &'a Resources,
}

/// The other resources of a case, and the texts that must stay hidden.
struct Comparison<'a> {
    foreign: &'a Resources,
    unknown: &'a Resources,
    hidden: &'a [String],
}

#[tokio::test]
async fn reads_of_another_workspaces_resources_respond_as_reads_of_unknown_resources() {
    let world = World::new().await;
    let random = Random::seeded(2);
    let mine = Fixture::create(world.sandbox("Mine").await, "mine", &random).await;
    let other = Fixture::create(world.sandbox("Other").await, "othr", &random).await;
    let unknown = Resources::nonexistent("none", &random);
    let hidden = other.resources.identifying_texts();
    let mut database = world.database().await;
    let before = rows(&mut database, &other.tenant).await;
    let account = account(&world, &mine.tenant).await;
    for case in cases(&[]).into_iter().filter(|case| case.operation.only_reads()) {
        let side = mine.side(&case.operation, &account);
        let comparison = Comparison { foreign: &other.resources, unknown: &unknown, hidden: &hidden };
        comparison.run(&case, side, side).await;
    }
    assert_eq!(rows(&mut database, &other.tenant).await, before);
}

#[tokio::test]
async fn changes_of_another_workspaces_resources_change_nothing_and_respond_as_for_unknown_resources() {
    let world = World::new().await;
    let random = Random::seeded(3);
    let other = Fixture::create(world.sandbox("Other").await, "othr", &random).await;
    let hidden = other.resources.identifying_texts();
    let mut database = world.database().await;
    let before = rows(&mut database, &other.tenant).await;
    assert!(before.len() > 15, "too few rows: {before:#?}");
    for case in cases(&[]).into_iter().filter(|case| !case.operation.only_reads()) {
        let mine = Fixture::create(world.sandbox("Mine").await, "mine", &random).await;
        let twin = Fixture::create(world.sandbox("Mine").await, "mine", &random).await;
        let account = account(&world, &mine.tenant).await;
        let unknown = Resources::nonexistent("none", &random);
        let comparison = Comparison { foreign: &other.resources, unknown: &unknown, hidden: &hidden };
        comparison.run(&case, mine.side(&case.operation, &account), twin.side(&case.operation, &account)).await;
        assert_eq!(rows(&mut database, &other.tenant).await, before, "{case}");
    }
}

#[tokio::test]
async fn a_client_session_reads_and_changes_nothing_of_another_person_of_its_workspace() {
    let world = World::new().await;
    let random = Random::seeded(4);
    let mut database = world.database().await;
    let mut count = 0;
    for case in cases(&SHARED).into_iter().filter(|case| case.operation.takes_any(&["client_session"])) {
        let mine = Fixture::create(world.sandbox("Ours").await, "mine", &random).await;
        let twin = Fixture::create(world.sandbox("Ours").await, "mine", &random).await;
        let (others, _) = Resources::of_person(&mine.tenant, "othr", &random).await;
        let unknown = Resources::nonexistent("none", &random);
        let common = mine.resources.identifying_texts();
        let hidden: Vec<String> = others
            .identifying_texts()
            .into_iter()
            .filter(|identifying_text| !common.contains(identifying_text))
            .collect();
        let before = rows_with(&mut database, &mine.tenant, &hidden).await;
        assert!(before.len() > 4, "too few rows: {before:#?}");
        let comparison = Comparison { foreign: &others, unknown: &unknown, hidden: &hidden };
        let [my_caller, twin_caller] = [&mine, &twin].map(|it| Caller { client: &it.session, own: &it.resources });
        comparison.run(&case, my_caller, if case.operation.only_reads() { my_caller } else { twin_caller }).await;
        assert_eq!(rows_with(&mut database, &mine.tenant, &hidden).await, before, "{case}");
        count += 1;
    }
    assert!(count > 50, "only {count} cases");
}

#[tokio::test]
async fn a_client_session_without_a_person_sees_nothing_of_any_person() {
    let world = World::new().await;
    let random = Random::seeded(5);
    let ours = Fixture::create(world.sandbox("Ours").await, "mine", &random).await;
    let session = ours.tenant.client_session(json!({})).await;
    let anonymous = world.anonymous().bearer(session["token"].as_str().expect("a session has a token"));
    let unknown = Resources::nonexistent("none", &random);
    let hidden: Vec<String> = ours.resources.identifying_texts();
    let shared: Vec<Value> = SHARED.iter().filter_map(|name| ours.resources.value("", name)).collect();
    let mut database = world.database().await;
    for case in cases(&SHARED).into_iter().filter(|case| case.operation.takes_any(&["client_session"])) {
        let before = rows_with(&mut database, &ours.tenant, &hidden).await;
        let given = case.arguments(&ours.resources, &unknown);
        let response = case.operation.call(&anonymous, &given).await;
        let without = case.operation.call(&anonymous, &case.arguments(&unknown, &unknown)).await;
        assert_eq!(response.status, without.status, "{case}: {response:?}");
        let revealable = without_request_texts(&response.text, &given);
        let actual: Vec<_> = hidden.iter().filter(|identifying_text| revealable.contains(*identifying_text)).collect();
        assert!(
            actual.iter().all(|identifying_text| shared.contains(&json!(identifying_text))),
            "{case} reveals {actual:?}: {revealable}"
        );
        assert_eq!(rows_with(&mut database, &ours.tenant, &hidden).await, before, "{case}");
    }
}

impl Comparison<'_> {
    /// Calls as `mine` with the other's names and with its own, and as its `twin` with unknown names.
    async fn run(&self, case: &Case, mine: Caller<'_>, twin: Caller<'_>) {
        let operation = &case.operation;
        if case.named.is_empty() {
            // There is nothing to compare.
            let given = case.arguments(mine.own, mine.own);
            return self.check(case, &operation.call(mine.client, &given).await, &given);
        }
        let unknown = case.arguments(self.unknown, twin.own);
        let foreign = case.arguments(self.foreign, mine.own);
        let own = case.arguments(mine.own, mine.own);
        let of_unknown = operation.call(twin.client, &unknown).await;
        let of_foreign = operation.call(mine.client, &foreign).await;
        let of_own = operation.call(mine.client, &own).await;
        assert_eq!(comparable(&of_foreign, &foreign), comparable(&of_unknown, &unknown), "{case}");
        // A response may repeat what an earlier request said.
        let mut revealable = own.clone();
        revealable.insert("said before".to_owned(), foreign.clone().into());
        for (response, given) in [(&of_unknown, &unknown), (&of_foreign, &foreign), (&of_own, &revealable)] {
            self.check(case, response, given);
        }
        if let [name] = case.named.as_slice() {
            // The case only counts if the same call succeeds with one's own resources.
            let kind = of_own.body["error"]["type"].as_str();
            let is_reference = name.ends_with("_id") || name.ends_with("_ids");
            let is_good = match kind {
                None => true,
                _ if NEVER_SUCCESSFUL.iter().any(|path| operation.path.starts_with(path)) => true,
                Some("client_session_token_already_exists" | "user_identity_already_exists") => !is_reference,
                Some(_) => false,
            };
            assert!(is_good, "{case}: add the arguments that {name} requires: {of_own:?}");
        }
    }

    /// Checks that a response conforms to the document and reveals nothing hidden, except what the request said.
    fn check(&self, case: &Case, response: &Response, given: &Map<String, Value>) {
        is_as_documented(case, response);
        let revealable = without_request_texts(&response.text, given);
        let seen: Vec<&String> =
            self.hidden.iter().filter(|identifying_text| revealable.contains(*identifying_text)).collect();
        assert!(seen.is_empty(), "{case} reveals {seen:?}: {response:?}");
    }
}

/// Calls each operation of the Seam dialect with one's own resources, the changes each in a workspace of its own.
pub async fn call_each_operation(world: &World) -> Vec<Step> {
    let random = Random::seeded(6);
    let (mut mine, mut steps) = (None, Vec::new());
    let mut called = BTreeSet::new();
    // With one parameter that names something, where there is one.
    let cases = cases(&[]).into_iter().filter(|case| case.named.len() == 1);
    let others = self::cases(&[]).into_iter().filter(|case| case.named.is_empty());
    for case in cases.chain(others).filter(|case| called.insert(case.operation.to_string())) {
        let fixture = match mine.take() {
            Some(fixture) => fixture,
            None => Fixture::create(world.sandbox("Mine").await, "mine", &random).await,
        };
        let account = account(world, &fixture.tenant).await;
        let side = fixture.side(&case.operation, &account);
        let arguments = case.arguments(side.own, side.own);
        let response = case.operation.call(side.client, &arguments).await;
        steps.push(Step::new(case.operation, &arguments, &response));
        if case.operation.only_reads() {
            mine = Some(fixture);
        }
    }
    steps
}

/// A response without ids and without what the request said.
fn comparable(response: &Response, given: &Map<String, Value>) -> (u16, Vec<(String, String)>, String) {
    let changing = ["seam-request-id", "date"];
    let headers = response.headers.keys().map(|name| name.as_str()).filter(|name| !changing.contains(name));
    let mut headers: Vec<_> =
        headers.map(|name| (name.to_owned(), response.header(name).unwrap_or_default().to_owned())).collect();
    headers.sort();
    (response.status, headers, masked(&response.text, given))
}

/// Checks that the document has this status, and that the body matches its schema.
fn is_as_documented(case: &Case, response: &Response) {
    let documented = case.operation.response(response.status);
    let documented = documented.unwrap_or_else(|| panic!("{case}: {} is not documented", response.status));
    let header = case.operation.dialect().request_id_header();
    assert!(response.header(header).is_some(), "{case}: no {header} in {response:?}");
    if response.header("content-type") == Some("text/event-stream") {
        assert!(documented["content"]["text/event-stream"].is_object(), "{case}: a stream is not documented");
        return;
    }
    if documented["content"].is_null() {
        return assert!(response.text.is_empty(), "{case}: {response:?}");
    }
    let content = ["application/json", "application/scim+json"].map(|media_type| &documented["content"][media_type]);
    let content = content.into_iter().find(|content| content.is_object()).unwrap_or(&Value::Null);
    let faults = schema::faults(committed(), &content["schema"], &response.body);
    assert!(faults.is_empty(), "{case}: {faults:#?} in {response:?}");
}

impl Fixture {
    /// A client that may call it.
    fn side<'a>(&'a self, operation: &Operation, account: &'a Client) -> Caller<'a> {
        let client = if operation.takes_any(&["api_key"]) || operation.is_open() {
            self.tenant.key()
        } else if operation.takes_any(&["client_session"]) {
            &self.session
        } else {
            account
        };
        Caller { client, own: &self.resources }
    }
}

/// A console session of an account that is a member of the workspace.
async fn account(world: &World, tenant: &Tenant) -> Client {
    world.anonymous().bearer(world.console_session(&[tenant]).await.reveal()).in_workspace(&tenant.id)
}

/// Each operation without a name, with each parameter that names something, and with all of them.
fn cases(but: &[&str]) -> Vec<Case> {
    let any = Resources::nonexistent("some", &Random::seeded(1));
    let mut cases = Vec::new();
    for operation in operations_of(Dialect::Seam) {
        let fields = operation.fields().into_iter().map(|field| field.name);
        let names = fields.filter(|name| !but.contains(name) && any.value(operation.path, name).is_some());
        let names: Vec<&str> = names.collect();
        cases.push(Case { operation, named: Vec::new() });
        cases.extend(names.iter().map(|name| Case { operation, named: vec![*name] }));
        if names.len() > 1 {
            cases.push(Case { operation, named: names });
        }
    }
    cases
}

impl Case {
    /// Names from `resources` where the case names something, and one's own where others are required.
    fn arguments(&self, resources: &Resources, own: &Resources) -> Map<String, Value> {
        let path = self.operation.path;
        let required = self.operation.fields().into_iter().filter(|field| field.is_required);
        let mut arguments: Map<String, Value> = required
            .map(|field| (field.name.to_owned(), own.value(path, field.name).unwrap_or_else(|| example(field.schema))))
            .collect();
        let names = |name: &str| self.named.contains(&name);
        match path {
            "/events/list" => _ = arguments.insert("since".to_owned(), json!("2000-01-01")),
            "/webhooks/redeliver" if names("webhook_id") && !names("delivery_id") => {
                arguments.insert("since".to_owned(), json!("2000-01-01"));
            }
            "/acs/credentials/create" if !names("acs_user_id") => {
                arguments.extend(own.value(path, "user_identity_id").map(|id| ("user_identity_id".to_owned(), id)));
            }
            "/acs/credentials/assign" | "/acs/credentials/unassign" if names("acs_user_id") => {
                arguments.extend(own.value(path, "card_id").map(|id| ("acs_credential_id".to_owned(), id)));
            }
            "/acs/credentials/assign" | "/acs/credentials/unassign" => {
                arguments.extend(own.value(path, "user_identity_id").map(|id| ("user_identity_id".to_owned(), id)));
            }
            "/user_identities/merge" => {
                let is_by_key = names("user_identity_key") || names("merged_user_identity_keys");
                let by = match is_by_key {
                    true => ["user_identity_key", "merged_user_identity_keys"],
                    false => ["user_identity_id", "merged_user_identity_ids"],
                };
                arguments.extend(by.map(|name| (name.to_owned(), own.value(path, name).expect("a name"))));
            }
            "/client_sessions/grant_access" if !names("client_session_id") && !names("user_identifier_key") => {
                arguments.extend(own.value(path, "client_session_id").map(|id| ("client_session_id".to_owned(), id)));
            }
            _ => {}
        }
        for name in &self.named {
            let value = resources.value(path, name).unwrap_or_else(|| panic!("{self}: nothing has a {name}"));
            arguments.insert((*name).to_owned(), value);
        }
        arguments
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {:?}", self.operation, self.named)
    }
}

/// Every row of a workspace, in every table.
async fn rows(database: &mut PgConnection, tenant: &Tenant) -> BTreeSet<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
         where table_schema = 'public' and column_name = 'workspace_id' order by 1",
    )
    .fetch_all(&mut *database)
    .await
    .expect("the query succeeds");
    assert!(tables.len() > 8, "only {tables:?}");
    let of_table =
        |table: &String| format!("select '{table} ' || to_jsonb(it)::text from {table} as it where workspace_id = $1");
    let sql = tables.iter().map(of_table).collect::<Vec<_>>().join(" union all ");
    let id: Uuid = tenant.id.parse().expect("a workspace's id");
    let rows = sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).fetch_all(database).await;
    rows.expect("the query succeeds").into_iter().collect()
}

/// The rows of a workspace that have any of these ids.
async fn rows_with(database: &mut PgConnection, tenant: &Tenant, identifying_texts: &[String]) -> BTreeSet<String> {
    let all = rows(database, tenant).await;
    let ids: Vec<&String> =
        identifying_texts.iter().filter(|identifying_text| Uuid::try_parse(identifying_text).is_ok()).collect();
    all.into_iter().filter(|row| ids.iter().any(|id| row.contains(*id))).collect()
}
