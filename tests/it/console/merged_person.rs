//! Pages of a person that was merged into another one.

use crate::support::html::visible;
use crate::support::world::World;
use handset::domain::operator::Role;

#[tokio::test]
async fn pages_of_a_merged_person_lead_to_those_of_the_primary() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.phone(&joe).await;
    world.merge(&jane, &[&joe]).await;
    let mut operator = world.operator(Role::Operator).await;
    for page in ["", "/slots", "/contacts?q=ann", "/lost", "/off?since=1"] {
        for id in [joe.clone(), joe.to_uppercase(), joe.replace('-', "%2d")] {
            let response = operator.get(&world.page(&format!("/users/{id}{page}"))).await;
            assert_eq!(response.location(), world.page(&format!("/users/{jane}{page}")), "{id}{page}");
            operator.keep(&response);
        }
        let shown = operator.get(&world.page(&format!("/users/{jane}{page}"))).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        assert!(visible(&shown.text).contains("was merged into this one"), "{shown:?}");
        operator.keep(&shown);
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(operator.get(&world.page(&format!("/users/{unknown}"))).await.status, 404);
    let other = world.sandbox("Other").await;
    let of_other = world.operator_in(&[(&other, Role::Viewer)]).await;
    assert_eq!(of_other.get(&format!("/console/w/{}/users/{joe}", other.id)).await.status, 404);
}

#[tokio::test]
async fn a_form_of_a_merged_person_changes_nothing_and_leads_to_the_primary() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phone = world.phone(&joe).await;
    world.merge(&jane, &[&joe]).await;
    let operator = world.operator(Role::Operator).await;
    let slot = [("number", "+34675897654"), ("version", "1")];
    for (form, fields) in [("deactivate-phones", &[][..]), ("slots/home", &slot[..])] {
        let mut operator = operator.clone();
        let response = operator.post(&world.page(&format!("/users/{joe}/{form}")), fields).await;
        assert_eq!(response.location(), world.page(&format!("/users/{jane}")));
        operator.keep(&response);
        let shown = visible(&operator.get(response.location()).await.text);
        assert!(shown.contains("was merged into this one. Nothing was changed."), "{shown}");
    }
    assert_eq!(world.phone_ids().await, [phone]);
}
