//! What a role may do at each node: the copies of functions on the workers may be called by every role.

use crate::support::citus::{ClusterDatabase, connect};
use crate::support::world::World;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

/// A role without any right, or with those of the page, dropped on all nodes at the end.
struct Role<'d> {
    database: &'d ClusterDatabase,
    name: String,
}

impl<'d> Role<'d> {
    async fn new(database: &'d ClusterDatabase, kind: &str) -> Role<'d> {
        let name = format!("handset_{kind}_{}", uuid::Uuid::now_v7().simple());
        let role = Role { database, name };
        role.run(&format!("create role {} login", role.name)).await;
        role
    }

    /// The URL at a node, for this role.
    fn url(&self, url: &str) -> String {
        let mut url: url::Url = url.parse().expect("a URL");
        url.set_username(&self.name).expect("it has a host");
        url.into()
    }

    async fn run(&self, statements: &str) {
        let mut owner = self.database.coordinator().await;
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut owner).await.unwrap_or_else(|fault| panic!("{fault}"));
        owner.close().await.expect("the connection still stands");
    }

    async fn drop(self) {
        self.run(&format!("drop owned by {0}; drop role {0}", self.name)).await;
    }
}

/// The grants of the page, for this role.
fn grants(role: &str) -> String {
    let page = include_str!("../../../.github/docs/scale-out.md");
    let block = page.split("```sql").find(|block| block.contains("grant usage on schema public"));
    let block = block.and_then(|block| block.split("```").next()).expect("the page has the grants");
    block.replace("handset_server", role)
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn at_no_node_may_another_role_forget_the_trail_or_lock_a_shard() {
    let database = ClusterDatabase::distributed().await;
    let world = World::at(&database.url, 5).await;
    world.phone(&world.person("jane").await).await;
    let role = Role::new(&database, "stranger").await;
    let old = "insert into audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
        select workspace_id, now() - interval '400 days', workspace_id, 'sweeper', 'phone.old', workspace_id, '{}' from workspace";
    role.run(old).await;
    let trail = "select count(*) from audit";
    let before: i64 = database.coordinator().await.fetch_one(trail).await.expect("it answers").get(0);
    assert!(before > 0);
    let shard = "select shardid from pg_dist_shard where logicalrelid = 'event_clock'::regclass limit 1";
    let shard: i64 = database.coordinator().await.fetch_one(shard).await.expect("it answers").get(0);
    for url in database.urls() {
        let mut stranger = connect(&role.url(url)).await;
        let attempts = ["select forget_audit('infinity', 10)".to_owned(), format!("select lock_shard({shard})")];
        for attempt in attempts {
            let refused = stranger.execute(AssertSqlSafe(attempt.as_str())).await.expect_err(&attempt).to_string();
            assert!(refused.contains("permission denied for function"), "{url}: {attempt}: {refused}");
        }
    }
    let after: i64 = database.coordinator().await.fetch_one(trail).await.expect("it answers").get(0);
    assert_eq!(after, before);
    role.drop().await;
}

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_role_with_the_grants_of_the_page_serves_at_a_worker() {
    let database = ClusterDatabase::distributed().await;
    let role = Role::new(&database, "server").await;
    role.run(&grants(&role.name)).await;
    // The owner has migrated at the coordinator; this role's server knows a worker only.
    let world = World::at(&role.url(&database.workers[0]), 5).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(world.key().post("/v1/phone/reserve", json!({ "number": "+34675897655" })).await.status / 100, 2);
    world.key().post("/workspaces/reset_sandbox", json!({})).await.ok();
    world.store.prune_audit(world.clock.now(), 10).await.expect("the sweeper may");
    world.store.close().await;
    role.drop().await;
}

/// As Citus copies them, a new node has the tables before it has their rows.
#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn a_node_whose_copies_are_not_complete_finds_each_api_key() {
    let database = ClusterDatabase::empty().await;
    let last = database.workers.len() - 1;
    let mut coordinator = database.coordinator().await;
    let remove = format!("select citus_remove_node({})", database.address_of_worker(last));
    coordinator.execute(AssertSqlSafe(remove)).await.expect("it has nothing");
    database.migrate_and_distribute().await;
    let world = World::at(&database.url, 5).await;
    world.person("jane").await;
    database.add_worker(last).await;
    let mut worker = connect(&database.workers[last]).await;
    let unfinished = "set citus.enable_ddl_propagation = off;
        do $$
        declare copied text;
        begin
            foreach copied in array array['api_key', 'workspace'] loop
                execute format('create table %s (like %I including all)',
                    shard_name(copied::regclass, get_shard_id_for_distribution_column(copied::regclass)), copied);
            end loop;
        end
        $$";
    sqlx::raw_sql(unfinished).execute(&mut worker).await.expect("the shards are not there");
    let found = "select count(*) from find_api_keys(array(select token_hash from api_key))";
    assert_eq!(worker.fetch_one(found).await.expect("it answers").get::<i64, _>(0), 1);
    world.store.close().await;
}
