//! Directories with many groups, and groups with many members.

use crate::support::scim::{GROUPS, filtered};
use crate::support::world::{World, list, text};
use serde_json::json;
use sqlx::AssertSqlSafe;

/// Groups with 4,000 members each: a group has 650 KB as JSON.
const LARGE_GROUPS: &str = "
    insert into user_identity (workspace_id, user_identity_id, created_at)
    select workspace_id, gen_random_uuid(), created_at from scim_group cross join generate_series(1, 4000);
    insert into scim_group (workspace_id, scim_group_id, display_name, attributes, created_at, updated_at)
    select workspace_id, gen_random_uuid(), 'Group ' || lpad(n::text, 2, '0'), '{}',
        created_at + n * interval '1 second', created_at
    from scim_group cross join generate_series(1, 30) as n;
    insert into scim_group_member (workspace_id, scim_group_id, user_identity_id)
    select workspace_id, scim_group_id, user_identity_id
    from scim_group join user_identity using (workspace_id) where display_name <> 'Sales'";

/// Groups in order of creation behind the one that is there, the last of another name.
const MANY_GROUPS: &str = "
    insert into scim_group (workspace_id, scim_group_id, display_name, attributes, created_at, updated_at)
    select workspace_id, gen_random_uuid(), case when n = 50300 then 'Sales of all' else 'x' end, '{}',
        created_at + n * interval '1 second', created_at
    from scim_group cross join generate_series(1, 50300) as n";

async fn world_with(groups: &str) -> World {
    let world = World::new().await;
    world.directory().await.create_scim_group("Sales", &[]).await;
    let done = sqlx::raw_sql(AssertSqlSafe(groups)).execute(&mut world.database().await).await;
    done.unwrap_or_else(|fault| panic!("{groups}: {fault}"));
    world
}

#[tokio::test]
async fn a_page_of_large_groups_is_limited_and_sorting_reads_no_other_members() {
    let world = world_with(LARGE_GROUPS).await;
    let directory = world.directory().await;
    for query in ["", "?cursor", "?sortBy=displayName", "?filter=displayName%20sw%20%22group%22"] {
        directory.get(&format!("{GROUPS}{query}")).await.scim_error(400, Some("tooMany"));
    }
    for query in ["count=2&startIndex=2", "count=2&sortBy=displayName", "count=2&filter=displayName%20sw%20%22group%22"]
    {
        let listed = directory.get(&format!("{GROUPS}?{query}")).await;
        let groups = list(&listed.of_scim(200)["Resources"]);
        assert_eq!(groups.iter().map(|group| list(&group["members"]).len()).collect::<Vec<_>>(), [4_000; 2], "{query}");
        assert_eq!((&listed.body["itemsPerPage"], groups.len()), (&json!(2), 2));
    }
    let names = directory.get(&format!("{GROUPS}?sortBy=displayName&excludedAttributes=members")).await;
    let names: Vec<String> =
        list(&names.of_scim(200)["Resources"]).iter().map(|group| text(&group["displayName"])).collect();
    assert_eq!((names.len(), names[0].as_str(), names[30].as_str()), (31, "Group 01", "Sales"));
}

#[tokio::test]
async fn a_scan_by_cursor_goes_on_where_its_limit_has_ended_it() {
    let world = world_with(MANY_GROUPS).await;
    let directory = world.directory().await;
    let query = format!("{}&count=1&excludedAttributes=members", filtered(GROUPS, "displayName sw \"sales\""));
    directory.get(&query).await.scim_error(400, Some("tooMany"));
    let first = directory.get(&format!("{query}&cursor")).await;
    assert_eq!(first.of_scim(200)["Resources"][0]["displayName"], "Sales");
    let next = text(&first.body["nextCursor"]);
    let second = directory.get(&format!("{query}&cursor={next}")).await;
    assert_eq!(second.of_scim(200)["Resources"][0]["displayName"], "Sales of all");
    assert!(second.body["nextCursor"].is_null(), "{second:?}");
    directory.get(&format!("{GROUPS}?sortBy=displayName")).await.scim_error(400, Some("tooMany"));
}
