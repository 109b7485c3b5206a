//! Barred installations, and letting one in again.

use crate::support::client::Response;
use crate::support::html::{attributes, link, visible};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::json;

async fn register(world: &World, person: &str, installation: &str) -> Response {
    let fields = json!({ "user_identity_id": person, "custom_sdk_installation_id": installation });
    world.key().post("/phones/simulate/create_sandbox_phone", fields).await
}

#[tokio::test]
async fn a_barred_installation_is_listed_and_let_in_again() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let jane = world.person("jane").await;
    let empty = visible(&operator.get(&world.page("/installations")).await.text);
    assert!(empty.contains("None. The installation of a lost phone"), "{empty}");
    let phone = text(&register(&world, &jane, "app 1").await.ok()["phone"]["device_id"]);
    let without = world.phone(&jane).await;
    for id in [&phone, &without] {
        operator.post(&world.page(&format!("/phones/{id}/deactivate")), &[("reason", "Lost")]).await.location();
    }
    assert_eq!(register(&world, &jane, "app 1").await.status, 400);

    let listed = operator.get(&world.page("/installations")).await;
    link(&listed.text, &format!("/phones/{phone}"));
    let says = visible(&listed.text);
    assert!(says.contains("app 1") && says.contains("Person jane") && says.contains("Lost"), "{says}");
    assert!(!listed.text.contains(&without), "a phone without an installation bars none");
    let forms: Vec<_> = attributes(&listed.text, "action").into_iter().filter(|it| it.ends_with("/readmit")).collect();
    let response = operator.post(&forms[0], &[]).await;
    assert_eq!((forms.len(), response.location()), (1, &*world.page(&format!("/phones/{phone}"))));
    let page = visible(&operator.get(response.location()).await.text);
    assert!(page.contains("may register again since"), "{page}");
    assert!(visible(&operator.get(&world.page("/installations")).await.text).contains("None."));
    let again = text(&register(&world, &jane, "app 1").await.ok()["phone"]["device_id"]);
    assert_ne!(again, phone);
    let id = operator.operator_id.expect("it is signed in");
    let author = "select credential_id from audit where action = 'phone.readmitted'";
    let author: uuid::Uuid =
        sqlx::query_scalar(author).fetch_one(&mut world.database().await).await.expect("the query succeeds");
    assert_eq!(author, id.0);
}

#[tokio::test]
async fn barred_installations_page_by_cursor_the_last_first() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    let mut phones = Vec::new();
    for index in 0..60 {
        let phone = text(&register(&world, &jane, &format!("app {index}")).await.ok()["phone"]["device_id"]);
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
        world.advance(chrono::TimeDelta::seconds(1));
        phones.push(phone);
    }
    let (mut listed, mut path) = (Vec::new(), world.page("/installations"));
    loop {
        let page = viewer.get(&path).await.text;
        let shown =
            attributes(&page, "href").into_iter().filter_map(|it| Some(it.split_once("/phones/")?.1.to_owned()));
        listed.extend(shown);
        match attributes(&page, "href").into_iter().find(|it| it.contains("after=")) {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(listed.len(), 60);
    assert_eq!(
        (&listed[..3], &listed[59]),
        (&[phones[59].clone(), phones[58].clone(), phones[57].clone()][..], &phones[0])
    );
    for cursor in ["x", "1.2", "9223372036854775807.0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f", "%00"] {
        let page = viewer.get(&world.page(&format!("/installations?after={cursor}"))).await;
        assert_eq!(page.status, 200, "{cursor}: {page:?}");
    }
}
