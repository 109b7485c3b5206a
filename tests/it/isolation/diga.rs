//! Isolation in the Diga dialect: the name of another workspace's number, person or agent gets the same response as an
//! unknown name. Only that a number is in use is visible to all, because a number exists once.

use super::fixture::{masked, whole, without_request_texts};
use super::rows;
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Operation, example, operations_of};
use crate::support::numbers::{call_action, number, path};
use crate::support::world::{Tenant, World, text};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The resources of another workspace, and the texts that must stay hidden.
struct OtherTenant {
    tenant: Tenant,
    phone_numbers: Vec<Value>,
    person: String,
    agent: String,
    hidden: Vec<String>,
}

impl OtherTenant {
    /// A workspace with a number in each status that needs no waiting.
    async fn create(world: &World) -> OtherTenant {
        let tenant = world.sandbox("Other").await;
        let key = tenant.key();
        let person = tenant.person("othr").await;
        let agent: String = world.random.id::<Uuid>(world.clock.now()).to_string();
        let given = tenant.import_number(&number(9_001)).await;
        call_action(key, &given, "assign", json!({ "user_identity_id": person })).await.phone_number();
        let fields = json!({ "nickname": "othr line", "inbound_agent_id": agent, "outbound_agent_id": agent });
        key.patch(&path(&given), fields).await.phone_number();
        let leaving = tenant.reserve_and_assign_number(&number(9_002)).await;
        assert_eq!(key.delete(&path(&leaving)).await.status, 204);
        let finished = tenant.import_number(&number(9_003)).await;
        assert_eq!(key.delete(&path(&finished)).await.status, 204);
        let phone_numbers = vec![given, leaving, finished, tenant.reserve_number(&number(9_004)).await];
        let mut hidden: Vec<String> = phone_numbers.iter().map(|phone_number| text(&phone_number["id"])).collect();
        hidden.extend(phone_numbers.iter().map(|phone_number| text(&phone_number["number"])));
        hidden.extend([person.clone(), agent.clone(), "othr line".to_owned()]);
        OtherTenant { tenant, phone_numbers, person, agent, hidden }
    }

    /// The names that a parameter can have here; none if it names nothing.
    fn names(&self, name: &str) -> Vec<String> {
        match name {
            "user_identity_id" => vec![self.person.clone()],
            "id" | "phone_id" | "after" | "before" => {
                self.phone_numbers.iter().map(|phone_number| text(&phone_number["id"])).collect()
            }
            name if name.ends_with("_agent_id") || name.ends_with("_version_id") => vec![self.agent.clone()],
            name => {
                assert!(!name.ends_with("_id"), "unknown parameter {name}");
                Vec::new()
            }
        }
    }
}

#[tokio::test]
async fn diga_responds_to_names_of_another_workspaces_resources_as_to_unknown_names() {
    let world = World::new().await;
    let other = OtherTenant::create(&world).await;
    let mut database = world.database().await;
    let before = rows(&mut database, &other.tenant).await;
    assert!(before.len() > 8, "too few rows: {before:#?}");
    let mut count = 0;
    let mut numbers = (0..).map(number);
    for operation in operations_of(Dialect::Diga) {
        for field in operation.fields() {
            for foreign in other.names(field.name) {
                let unknown = world.random.id::<Uuid>(world.clock.now()).to_string();
                let mut received = Vec::new();
                for name in [&foreign, &unknown] {
                    // One workspace each, so that both start alike.
                    let mine = world.sandbox("Mine").await;
                    let own_number = numbers.next().expect("there are enough");
                    let given = arguments(&mine, &operation, &field, name, &own_number, &mut numbers).await;
                    let response = operation.call(mine.key(), &given).await;
                    let returned = without_request_texts(&response.text, &given);
                    let seen: Vec<&String> =
                        other.hidden.iter().filter(|identifying_text| returned.contains(*identifying_text)).collect();
                    assert!(seen.is_empty(), "{operation} with {} reveals {seen:?}: {response:?}", field.name);
                    received.push(actual(&response, name, &given, &own_number));
                }
                assert_eq!(received[0], received[1], "{operation} with another's {}", field.name);
                assert_eq!(rows(&mut database, &other.tenant).await, before, "{operation} with {}", field.name);
                count += 1;
            }
        }
    }
    assert!(count > 30, "only {count} cases");
}

#[tokio::test]
async fn a_list_of_diga_contains_only_the_workspaces_own_numbers() {
    let world = World::new().await;
    let other = OtherTenant::create(&world).await;
    let own = text(&world.import_number(&number(1)).await["id"]);
    for query in ["", "?limit=100", "?order=asc", "?page=1", "?status=assigned", "?start_assigned_at=2000-01-01"] {
        let response = world.key().get(&format!("/v1/phone/{query}")).await;
        assert_eq!(response.page_ids(), [own.as_str()], "{query}");
        assert_eq!(response.body["has_more"], false, "{query}");
    }
    for query in
        ["?page=2".to_owned(), format!("?after={own}"), format!("?before={own}"), "?status=reserved".to_owned()]
    {
        let response = world.key().get(&format!("/v1/phone/{query}")).await;
        assert!(response.page().is_empty(), "{query}: {response:?}");
    }
    assert_eq!(other.tenant.key().get("/v1/phone/").await.page().len(), other.phone_numbers.len());
}

/// Valid arguments, except for the one field, which is `name`.
async fn arguments(
    mine: &Tenant,
    operation: &Operation,
    field: &Field,
    name: &str,
    own_number: &str,
    numbers: &mut impl Iterator<Item = String>,
) -> Map<String, Value> {
    let mut arguments = Map::new();
    for other in operation.fields().into_iter().filter(|other| other.is_required && other.name != field.name) {
        let value = match other.name {
            "id" | "phone_id" => mine.import_number(own_number).await["id"].clone(),
            "number" | "phone_number" => json!(numbers.next()),
            _ => example(other.schema),
        };
        arguments.insert(other.name.to_owned(), value);
    }
    arguments.insert(field.name.to_owned(), json!(name));
    arguments
}

/// A response without ids and numbers.
fn actual(response: &Response, name: &str, given: &Map<String, Value>, own_number: &str) -> (u16, Vec<String>, String) {
    let (status, headers, text) = whole(response);
    (status, headers, masked(&text.replace(name, "(named)").replace(own_number, "(number)"), given))
}
