//! A wrong seal key is noticed before anything is created or changed.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in};
use crate::support::shared_postgres::Database;
use sqlx::{Connection, PgConnection};

const OTHER_KEY: &str = "b3RoZXIga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM=";

const COUNT: &str = "select count(*) from _sqlx_migrations";

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_the_data_directory_is_created() {
    let test_dir = TestDir::new();
    let outcome =
        Outcome::of(handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--seal-key", "short"])).await;
    assert!(outcome.error_message().starts_with("HANDSET_SEAL_KEY is wrong"), "{outcome:?}");
    assert!(!test_dir.data().exists(), "nothing was created");
}

#[tokio::test]
async fn another_key_and_a_missing_key_are_refused_before_the_migrations() {
    let (database, test_dir) = (Database::empty(10).await, TestDir::new());
    Server::start_on(&database.url, &test_dir).await.stop().await;
    let mut connection = PgConnection::connect(&database.url).await.expect("it accepts");
    let forget = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    sqlx::query(forget).execute(&mut connection).await.expect("it is ours");
    let before: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut connection).await.expect("a number");

    let other = TestDir::new();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database-url", &database.url];
    for command in [&serve[..], &["workspace", "list", "--database-url", &database.url]] {
        let outcome = Outcome::of(handset_in(&other, &[command, &["--seal-key", OTHER_KEY]].concat())).await;
        assert!(outcome.error_message().contains("sealed with another key"), "{outcome:?}");
        assert!(!outcome.stderr.contains("migrat") && !outcome.stderr.contains("WARN"), "{outcome:?}");

        let outcome = Outcome::of(handset_in(&other, command)).await;
        let message = outcome.error_message();
        assert!(message.contains("sealed with a key that is missing here"), "{message}");
        assert!(message.contains("HANDSET_SEAL_KEY") && message.contains("seal.key"), "{message}");
        assert!(!other.data().join("seal.key").exists(), "no other key was generated");
    }
    let after: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut connection).await.expect("a number");
    assert_eq!(after, before, "nothing was migrated");
}

#[tokio::test]
async fn a_private_postgres_whose_seal_key_was_lost_keeps_its_data_for_the_key() {
    let test_dir = TestDir::new();
    Server::start(&test_dir).await.stop().await;
    let (key, kept) = (test_dir.data().join("seal.key"), test_dir.path().join("kept"));
    std::fs::rename(&key, &kept).expect("the key is there");
    let outcome = Outcome::of(handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0"])).await;
    assert!(outcome.error_message().contains("sealed with a key that is missing here"), "{outcome:?}");
    assert!(!outcome.stderr.contains("WARN"), "{outcome:?}");
    assert!(!key.exists() && !test_dir.is_busy(), "no other key was generated, and its Postgres has stopped");
    std::fs::rename(&kept, &key).expect("it is ours");
    Server::start(&test_dir).await.stop().await;
}
