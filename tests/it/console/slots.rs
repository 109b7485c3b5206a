//! The slots of a user in the console.

use crate::audit::audit_rows;
use crate::support::page::links;
use crate::support::ucwa::Person;
use crate::support::world::World;
use handset::domain::operator::Role;
use serde_json::json;

#[tokio::test]
async fn an_operator_fills_changes_and_clears_a_slot() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let operator = world.operator(Role::Operator).await;
    let path = world.page(&format!("/users/{jane}/slots"));
    for (version, typed, shared, shown) in [
        ("1", "(425) 555-0199", true, "tel:+14255550199"),
        ("2", "tel:+34675897654", false, "tel:+34675897654"),
        ("3", "", false, ""),
    ] {
        let mut fields = vec![("version", version), ("number", typed)];
        fields.extend(shared.then_some(("shared", "on")));
        let saved = operator.post(&format!("{path}/mobile"), &fields).await;
        assert_eq!(saved.location(), path, "{typed}");
        let page = operator.get(&path).await;
        assert!(page.text.contains(&format!("value=\"{shown}\"")), "{typed}: {page:?}");
    }
    let rows = audit_rows(&world, &world).await;
    let of_slot: Vec<_> = rows.iter().filter(|row| row["action"] == "slot.changed").collect();
    assert_eq!(of_slot.len(), 3, "{rows:?}");
    assert!(of_slot.iter().all(|row| row["credential_kind"] == "operator_account"));
}

#[tokio::test]
async fn a_refused_slot_keeps_what_was_typed() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let operator = world.operator(Role::Operator).await;
    let path = world.page(&format!("/users/{jane}/slots"));
    operator.post(&format!("{path}/home"), &[("version", "1"), ("number", "4255550199")]).await.location();
    for (version, typed, message) in [
        ("2", "<b>no number</b>\"", "This is no telephone number"),
        ("1", "4255550100", "This slot was changed meanwhile"),
    ] {
        let fields = [("version", version), ("number", typed), ("shared", "on")];
        let page = operator.post(&format!("{path}/home"), &fields).await;
        assert_eq!(page.status, 422, "{page:?}");
        let (_, rest) = page.text.split_once("id=\"number-home-fault\"").unwrap_or_else(|| panic!("{page:?}"));
        assert!(rest.contains(message), "{page:?}");
        assert!(page.text.contains("aria-describedby=\"number-home-fault\""), "{page:?}");
        let typed = typed.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.text.contains(&format!("value=\"{typed}\"")), "{page:?}");
    }
    assert!(operator.get(&path).await.text.contains("tel:+14255550199"));
    let wrong = operator.post(&format!("{path}/fax"), &[("version", "1"), ("number", "4255550100")]).await;
    assert_eq!(wrong.status, 404);
}

#[tokio::test]
async fn a_viewer_sees_slots_and_no_forms() {
    let world = World::new().await;
    let Person { id: jane, client } = Person::new(&world, "jane").await;
    let filled = json!({ "type": "other", "number": "4255550199", "includeInContactCard": true });
    assert_eq!(client.post("/me/phones", filled).await.status, 201);
    let viewer = world.operator(Role::Viewer).await;
    let page = viewer.get(&world.page(&format!("/users/{jane}/slots"))).await;
    assert!(page.text.contains("tel:+14255550199") && page.text.contains("On the contact card"), "{page:?}");
    assert!(!page.text.contains("name=\"number\""), "{page:?}");
    // Found by name, and by the number of the extension.
    for search in ["jane", "1"] {
        let list = viewer.get(&world.page(&format!("/extensions?q={search}"))).await;
        assert_eq!(links(&list, &world.page(&format!("/users/{jane}/slots"))).len(), 1, "{search}: {list:?}");
    }
}
