//! Isolation in the UCWA dialect: another workspace's application or person gets the same response as an unknown one, and so
//! does another person's application of the same workspace. Changes there are not visible here.

use super::fixture::whole;
use super::rows;
use crate::support::client::{Client, Response};
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::numbers::{call_action, number};
use crate::support::ucwa::{COLLECTIONS, Person};
use crate::support::world::{Tenant, World, text};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The resources of another person, and the texts that must stay hidden.
struct OtherTenant {
    person: Person,
    application: String,
    hidden: Vec<String>,
}

impl OtherTenant {
    /// A person with a number in each slot, the work number assigned by the workspace, and an available application.
    async fn create(tenant: &Tenant, which: u32) -> OtherTenant {
        let person = Person::new(tenant, "othr").await;
        let given = number(which);
        let phone_number = tenant.import_number(&given).await;
        call_action(tenant.key(), &phone_number, "assign", json!({ "user_identity_id": person.id }))
            .await
            .phone_number();
        for (index, kind) in ["mobile", "home", "other"].iter().enumerate() {
            person.put(kind, &format!("+1425555777{index}"), true).await;
        }
        let base = person.begin(COLLECTIONS[0], "othr-endpoint").await;
        person.client.call("POST", &format!("{base}/me/makeMeAvailable")).await.is_no_content();
        let application = base.rsplit('/').next().expect("an id").to_owned();
        let hidden = vec![given, "+1425555777".to_owned(), "othr".to_owned()];
        OtherTenant { person, application, hidden }
    }
}

/// An unknown application.
const UNKNOWN: &str = "1";

/// Calls the operation with this application, the mobile slot, and this contact.
async fn call(operation: &Operation, client: &Client, application: &str, contact: &str) -> Response {
    let arguments: Map<String, Value> = [("application_id", application), ("type", "mobile"), ("contact_id", contact)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let path = operation.path_with(&arguments);
    let body = &operation.value["requestBody"]["content"]["application/json"]["example"];
    match operation.method {
        "POST" if body.is_object() => client.post(&path, body.clone()).await,
        "GET" => client.get(&format!("{path}?timeout=0&query=othr")).await,
        method => client.call(method, &path).await,
    }
}

#[tokio::test]
async fn ucwa_responds_to_another_persons_application_as_to_an_unknown_one() {
    let world = World::new().await;
    let jane = Person::new(&world, "jane").await;
    let other = world.sandbox("Other").await;
    let other_tenants =
        [(&other, OtherTenant::create(&other, 1).await), (&*world, OtherTenant::create(&world, 2).await)];
    let mut database = world.database().await;
    let mut count = 0;
    for operation in operations_of(Dialect::Ucwa).into_iter().filter(|it| it.path.contains("{application_id}")) {
        for (tenant, other_tenant) in &other_tenants {
            let before = rows(&mut database, tenant).await;
            for client in [jane.client.clone(), world.key().with("x-ucwa-user", &jane.id)] {
                let foreign = call(&operation, &client, &other_tenant.application, &other_tenant.person.id).await;
                let unknown = call(&operation, &client, UNKNOWN, &other_tenant.person.id).await;
                foreign.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
                assert_eq!(whole(&foreign), whole(&unknown), "{operation}");
                count += 1;
            }
            assert_eq!(rows(&mut database, tenant).await, before, "{operation}");
        }
    }
    assert!(count > 150, "only {count} cases");
}

#[tokio::test]
async fn ucwa_responds_to_a_person_of_another_workspace_as_to_an_unknown_one() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let other_tenant = OtherTenant::create(&other, 1).await;
    let mut database = world.database().await;
    let before = rows(&mut database, &other).await;
    assert!(before.len() > 8, "too few rows: {before:#?}");
    for operation in operations_of(Dialect::Ucwa).into_iter().filter(|operation| !operation.is_open()) {
        for application in [UNKNOWN, other_tenant.application.as_str()] {
            let unknown = world.random.id::<Uuid>(world.clock.now()).to_string();
            let named = |person: &str| world.key().with("x-ucwa-user", person);
            let contact = &other_tenant.person.id;
            let foreign = call(&operation, &named(&other_tenant.person.id), application, contact).await;
            let anonymous = call(&operation, &named(&unknown), application, contact).await;
            assert_eq!(foreign.of_ucwa(404).body["code"], "NotFound", "{operation}");
            assert_eq!(whole(&foreign), whole(&anonymous), "{operation}");
            let seen: Vec<&String> = other_tenant
                .hidden
                .iter()
                .filter(|identifying_text| foreign.text.contains(*identifying_text))
                .collect();
            assert!(seen.is_empty(), "{operation} reveals {seen:?}: {foreign:?}");
        }
    }
    assert_eq!(rows(&mut database, &other).await, before);
}

#[tokio::test]
async fn ucwa_operations_change_and_reveal_nothing_of_other_persons() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let jane = Person::new(&world, "jane").await;
    let other_tenants = [OtherTenant::create(&other, 1).await, OtherTenant::create(&world, 2).await];
    let state_of = async |other_tenant: &OtherTenant| {
        let base = format!("{}/{}", COLLECTIONS[0], other_tenant.application);
        let application = other_tenant.person.client.get(&base).await.of_ucwa(200).body.clone();
        (application, other_tenant.person.client.get("/me/phones").await.of_ucwa(200).body.clone())
    };
    let before = [state_of(&other_tenants[0]).await, state_of(&other_tenants[1]).await];
    let mut database = world.database().await;
    let rows_before = rows(&mut database, &other).await;
    // The session determines the person, and `x-ucwa-user` does not.
    let named = |other_tenant: &OtherTenant| jane.client.with("x-ucwa-user", &other_tenant.person.id);
    let clients = [jane.client.clone(), named(&other_tenants[0]), named(&other_tenants[1])];
    for operation in operations_of(Dialect::Ucwa).into_iter().filter(|operation| !operation.is_open()) {
        for client in &clients {
            // The same endpoint id as the neighbours' applications.
            let base = jane.begin(COLLECTIONS[0], "othr-endpoint").await;
            let application = base.rsplit('/').next().expect("an id");
            let stranger = &other_tenants[0].person.id;
            let response = call(&operation, client, application, stranger).await;
            let is_contact = operation.path.contains("{contact_id}");
            if is_contact {
                let unknown = world.random.id::<Uuid>(world.clock.now()).to_string();
                let unknown = call(&operation, client, application, &unknown).await;
                assert_eq!(whole(&response), whole(&unknown), "{operation}");
            }
            let expected: &[u16] = if is_contact { &[404] } else { &[200, 201, 204, 403, 409] };
            assert!(expected.contains(&response.status), "{operation}: {response:?}");
            // People of a workspace may look each other up: their names, e-mail addresses and shared numbers.
            let is_directory = ["/people/search", "/people/contacts"].iter().any(|end| operation.path.ends_with(end));
            let strangers = [&other_tenants[0].hidden[0], stranger];
            let all = other_tenants.iter().flat_map(|other_tenant| &other_tenant.hidden);
            let hidden: Vec<&String> = if is_directory { strangers.to_vec() } else { all.collect() };
            let seen: Vec<&String> =
                hidden.into_iter().filter(|identifying_text| response.text.contains(*identifying_text)).collect();
            assert!(seen.is_empty(), "{operation} reveals {seen:?}: {response:?}");
            jane.client.delete(&base).await;
        }
    }
    assert_eq!([state_of(&other_tenants[0]).await, state_of(&other_tenants[1]).await], before);
    assert_eq!(rows(&mut database, &other).await, rows_before);
    assert_eq!(text(&jane.client.get("/me").await.of_ucwa(200).body["name"]), "Person jane");
}
