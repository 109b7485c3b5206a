//! The layout of the tables: which node has what.

use crate::support::citus::ClusterDatabase;
use sqlx::Executor;
use sqlx::Row;

#[tokio::test]
#[ignore = "needs a Citus cluster: HANDSET_TEST_CLUSTER"]
async fn tables_of_an_empty_registry_are_laid_out() {
    let database = ClusterDatabase::distributed().await;
    let mut coordinator = database.coordinator().await;
    let misplaced = coordinator
        .fetch_all(
            "select table_placement.table_name from table_placement
             left join citus_tables on citus_tables.table_name = table_placement.table_name::regclass
             where citus_table_type is distinct from case when is_distributed then 'distributed' else 'reference' end",
        )
        .await
        .expect("the coordinator knows its tables");
    let names: Vec<String> = misplaced.iter().map(|row| row.get(0)).collect();
    assert!(names.is_empty(), "{names:?}");
}
