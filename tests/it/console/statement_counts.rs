//! The number of statements of each page, in a small workspace as in a large one. Each is bounded and reads along an index.

use crate::cancellation::proxy::Proxy;
use crate::support::shared_postgres::Database;
use crate::support::world::World;
use handset::domain::operator::Role;
use serde_json::json;

const CONNECTIONS: u32 = 4;

/// More requests than connections, so that each connection has prepared the statements.
const WARM_UP: usize = 12;

#[tokio::test]
async fn pages_take_as_few_statements_as_promised() {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    let operator = world.operator(Role::Operator).await;
    let jane = world.person("jane").await;
    let (phone, off) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": off })).await.ok();
    // With the statement for the session of the operator.
    for (path, count) in [
        ("".to_owned(), 1),
        ("/search?q=jane".to_owned(), 3),
        (format!("/search?q={phone}"), 5),
        (format!("/users/{jane}"), 14),
        (format!("/users/{jane}/lost"), 5),
        (format!("/phones/{phone}"), 10),
        (format!("/phones/{phone}/lost"), 5),
        (format!("/phones/{off}/off"), 7),
        ("/installations".to_owned(), 2),
        ("/timeline".to_owned(), 6),
        (format!("/timeline?phone={phone}&type=phone.registered"), 8),
    ] {
        let path = world.page(&path);
        for _ in 0..WARM_UP {
            assert_eq!(operator.get(&path).await.status, 200, "{path}");
        }
        proxy.record(None);
        operator.get(&path).await;
        let statements = proxy.statements();
        assert_eq!(statements.len(), count, "{path}: {statements:#?}");
    }
}
