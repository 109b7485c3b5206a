//! Isolation in the SCIM dialect: a directory that names a user or a group of another workspace, in a path, a body or a filter,
//! gets the same response as for an unknown id, and changes nothing there.

use super::fixture::whole;
use super::rows;
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Location, Operation, operations_of};
use crate::support::scim::{GROUPS, USERS, active, filtered, new_user, operations};
use crate::support::world::{Tenant, World, list, text};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A directory with a user who has a phone, and is in a group.
struct Company {
    tenant: Tenant,
    directory: Client,
    user: String,
    group: String,
}

impl Company {
    async fn create(world: &World, name: &str) -> Company {
        let tenant = world.sandbox(name).await;
        let directory = world.directory_of(&tenant).await;
        let user = directory.create_scim_user(name).await;
        tenant.phone(&text(&user["id"])).await;
        let group = directory.create_scim_group(&format!("{name} group"), &[&user]).await;
        Company { tenant, directory, user: text(&user["id"]), group: text(&group["id"]) }
    }

    fn id(&self, path: &str) -> String {
        if path.starts_with(GROUPS) { self.group.clone() } else { self.user.clone() }
    }
}

/// A valid body of an operation that names this user.
fn body(operation: &Operation, user: &str) -> Value {
    match (operation.method, operation.path) {
        ("POST", path) if path.ends_with("/.search") => json!({ "filter": format!("id eq \"{user}\"") }),
        ("POST", "/scim/v2/Bulk") => json!({ "Operations": [
            { "method": "DELETE", "path": format!("/Users/{user}") },
            { "method": "PATCH", "path": format!("/Users/{user}"), "data": active(false) },
            { "method": "POST", "path": "/Groups", "bulkId": "g",
                "data": { "displayName": "new", "members": [{ "value": user }] } },
        ] }),
        ("PUT" | "POST", path) if path.starts_with(GROUPS) => {
            json!({ "displayName": "changed", "members": [{ "value": user }] })
        }
        ("PUT" | "POST", _) => new_user("changed"),
        ("PATCH", path) if path.starts_with(GROUPS) => {
            operations(json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]))
        }
        ("PATCH", _) => active(false),
        _ => Value::Null,
    }
}

async fn call(company: &Company, operation: &Operation, id: &str, user: &str) -> Response {
    let parameters = operation.fields().into_iter().filter(|field| field.location == Location::Path);
    let arguments: Map<String, Value> = parameters.map(|field| (field.name.to_owned(), json!(id))).collect();
    let request = company.directory.request(operation.method, &operation.path_with(&arguments));
    match body(operation, user) {
        Value::Null => company.directory.send(request).await,
        body => company.directory.send(request.json(&body)).await,
    }
}

/// A response without the id that was named, and without ids of what was made.
fn comparable(response: &Response, named: &[&str]) -> (u16, Vec<String>, String) {
    let (status, headers, text) = whole(response);
    let text = named.iter().fold(text, |text, named| text.replace(named, "(named)"));
    (status, headers.into_iter().filter(|header| !header.starts_with("content-length")).collect(), text)
}

#[tokio::test]
async fn scim_responds_to_ids_of_another_workspaces_resources_as_to_unknown_ids() {
    let world = World::new().await;
    let other = Company::create(&world, "othr").await;
    let mut database = world.database().await;
    let before = rows(&mut database, &other.tenant).await;
    let mut count = 0;
    for operation in operations_of(Dialect::Scim) {
        let has_id = operation.path.contains("{id}");
        if !has_id && body(&operation, "").is_null() {
            continue;
        }
        let mut received = Vec::new();
        for is_foreign in [true, false] {
            let unknown: String = world.random.id::<Uuid>(world.clock.now()).to_string();
            let mine = Company::create(&world, "mine").await;
            let (id, user) = match is_foreign {
                true => (other.id(operation.path), other.user.clone()),
                false => (unknown.clone(), unknown),
            };
            let response = call(&mine, &operation, &id, &user).await;
            assert!(!response.text.contains("othr"), "{operation}: {response:?}");
            if has_id {
                assert_eq!(response.status, 404, "{operation}: {response:?}");
            }
            received.push(comparable(&response, &[&id, &user]));
            // Its own group with a member of another workspace.
            if operation.path == "/scim/v2/Groups/{id}" && !body(&operation, "").is_null() {
                let response = call(&mine, &operation, &mine.group, &user).await;
                response.scim_error(400, Some("invalidValue"));
            }
        }
        if !operation.path.ends_with("/Users") {
            assert_eq!(received[0], received[1], "{operation}");
        }
        assert_eq!(rows(&mut database, &other.tenant).await, before, "{operation}");
        count += 1;
    }
    assert!(count >= 15, "only {count} operations");
}

#[tokio::test]
async fn lists_and_filters_of_scim_contain_only_the_workspaces_own_resources() {
    let world = World::new().await;
    let (mine, other) = (Company::create(&world, "mine").await, Company::create(&world, "othr").await);
    for filter in [
        format!("id eq \"{}\"", other.user),
        "userName eq \"othr@example.com\"".to_owned(),
        "externalId eq \"ext-othr\"".to_owned(),
        "emails.value eq \"othr@example.com\"".to_owned(),
        format!("groups.value eq \"{}\"", other.group),
        "displayName co \"othr\"".to_owned(),
    ] {
        assert!(mine.directory.user_names(&filter).await.is_empty(), "{filter}");
        assert_eq!(other.directory.user_names(&filter).await, ["othr@example.com"], "{filter}");
    }
    for filter in [
        "displayName eq \"othr group\"".to_owned(),
        format!("members.value eq \"{}\"", other.user),
        format!("members[value eq \"{}\"]", other.user),
    ] {
        let found = async |company: &Company| {
            company.directory.get(&filtered(GROUPS, &filter)).await.body["totalResults"].clone()
        };
        assert_eq!((found(&mine).await, found(&other).await), (json!(0), json!(1)), "{filter}");
    }
    for path in [USERS.to_owned(), GROUPS.to_owned(), format!("{USERS}?cursor"), format!("{GROUPS}?sortBy=displayName")]
    {
        let listed = mine.directory.get(&path).await;
        assert_eq!(list(&listed.of_scim(200)["Resources"]).len(), 1, "{path}");
        assert!(!listed.text.contains("othr"), "{path}");
    }
    // The name is taken in one workspace only.
    mine.directory.create_scim_user("othr").await;
}
