//! What an app shows of an instant key before it is used.

use super::*;
use crate::support::world::World;
use chrono::TimeDelta;

async fn preview(world: &World, code: &Value) -> Value {
    let response = world.anonymous().post(PREVIEW, json!({ "instant_key_url": code })).await;
    response.ok()["instant_key_preview"].clone()
}

#[tokio::test]
async fn a_preview_tells_workspace_person_and_expiry_and_uses_nothing_up() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({})).await;
    let url = &key["instant_key_url"];
    let shown = preview(&world, url).await;
    assert_eq!(shown, preview(&world, &json!(short_code(&key))).await, "by link and by code");
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("instant_key_url", &text(url)).finish();
    let got = world.anonymous().get(&format!("{PREVIEW}?_strict=true&{query}")).await.ok();
    assert_eq!(got["instant_key_preview"], shown);
    assert_eq!(shown["shortcode"], short_code(&key));
    assert_eq!((&shown["key_status"], &shown["expires_at"]), (&json!("ready"), &key["expires_at"]));
    assert_eq!((&shown["hotel"]["hotel_name"], &shown["hotel"]["verified"]), (&json!("First"), &json!(false)));
    assert_eq!(shown["guest"]["full_name"], "Person jane");
    assert_eq!((&shown["guest"]["first_name"], &shown["guest"]["last_name"]), (&json!("Person"), &json!("jane")));
    assert_eq!((&shown["access"], &shown["room"]["room_number"]), (&json!([]), &json!("")), "there are no rooms");
    exchange(&world, &key).await.ok();
}

#[tokio::test]
async fn a_preview_of_a_used_or_expired_instant_key_does_not_tell_whose_it_is() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let used = generate(&world, &jane, json!({})).await;
    exchange(&world, &used).await.ok();
    let expired = generate(&world, &jane, json!({ "expires_at": "2026-01-01T13:00:00Z" })).await;
    world.advance(TimeDelta::hours(1));
    for (key, status) in [(&used, "used"), (&expired, "expired")] {
        let shown = preview(&world, &key["instant_key_url"]).await;
        assert_eq!(shown["key_status"], status);
        assert!(!shown.to_string().contains("jane"), "{shown}");
    }
    for unknown in ["x", "https://ik.seam.co/ABCXYZ", &format!("{}/ik/", world.url)] {
        let response = world.anonymous().post(PREVIEW, json!({ "instant_key_url": unknown })).await;
        response.refused(404, "instant_key_not_found");
    }
}
