//! When keys and tokens were last used, as the commands list it.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, admin, handset_in};
use crate::support::world::text;
use serde_json::json;

#[tokio::test]
async fn a_server_that_stops_writes_when_keys_and_tokens_were_last_used() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let workspace = admin(&test_dir, &["workspace", "create", "Acme", "--sandbox"]).await;
    let id = text(&workspace["workspace_id"]);
    let key = admin(&test_dir, &["key", "create", "--workspace", &id, "--name", "used"]).await;
    admin(&test_dir, &["key", "create", "--workspace", &id, "--name", "unused"]).await;
    let token = admin(&test_dir, &["token", "create", "--workspace", &id]).await;
    server.client(&text(&key["api_key"])).get("/phones/list").await.ok();
    server.client(&text(&token["access_token"])).in_workspace(&id).get("/phones/list").await.ok();
    server.stop().await;

    let keys = admin(&test_dir, &["key", "list", "--workspace", &id]).await;
    assert!(keys["api_keys"][0]["last_used_at"].is_string(), "{keys}");
    assert_eq!(keys["api_keys"][1]["last_used_at"], json!(null), "{keys}");
    let tokens = admin(&test_dir, &["token", "list", "--workspace", &id]).await;
    assert!(tokens["access_tokens"][0]["last_used_at"].is_string(), "{tokens}");
    let table = Outcome::of(handset_in(&test_dir, &["key", "list", "--workspace", &id])).await;
    assert!(table.stdout_of_success().contains("LAST USED"), "{table:?}");
    assert!(table.stdout.contains(&text(&keys["api_keys"][0]["last_used_at"])[..19]), "{table:?}");
}
