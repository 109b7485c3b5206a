//! HEAD: where GET is ours to define it has the response's head; elsewhere it is refused as by the original.

use crate::support::phone_com::Extension;
use crate::support::ucwa::jane;
use crate::support::world::World;
use serde_json::json;

#[tokio::test]
async fn head_returns_the_head_of_get() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contact = extension.add_contact(json!({ "first_name": "Ada" })).await;
    for path in [
        "/health".to_owned(),
        "/health/get_health".to_owned(),
        "/openapi.json".to_owned(),
        "/v4".to_owned(),
        "/v4/ping".to_owned(),
        "/v4/accounts".to_owned(),
        extension.contacts(),
        extension.contact(&contact["id"]),
        extension.contact(&json!(999_999)),
        "/Autodiscover/AutodiscoverService.svc/root".to_owned(),
    ] {
        let (get, head) = (world.key().get(&path).await, world.key().call("HEAD", &path).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}: {head:?}");
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        assert!(head.header("content-length") != Some("0"), "{path}: {head:?}");
    }
    let etag = world.key().call("HEAD", &extension.contacts()).await.header("etag").map(str::to_owned);
    let known = world.key().with("if-none-match", &etag.expect("an entity tag"));
    assert_eq!(known.call("HEAD", &extension.contacts()).await.status, 304);
    assert_eq!(world.anonymous().call("HEAD", "/v4/accounts").await.status, 401);
}

#[tokio::test]
async fn head_of_an_event_stream_ends() {
    let world = World::new().await;
    let response = world.key().request("HEAD", "/events/stream").send().await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"text/event-stream".parse().expect("text"))
    );
    assert_eq!(response.text().await.expect("an end"), "");
}

#[tokio::test]
async fn head_is_refused_where_the_original_refuses_it() {
    let (world, jane) = jane().await;
    let refused = world.key().call("HEAD", "/phones/list").await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, POST")));
    assert_eq!(world.key().call("HEAD", "/v1/phone/").await.status, 405, "FastAPI's GET has no HEAD");
    assert_eq!(jane.client.call("HEAD", "/me/phones").await.status, 405, "UCWA has GET only");
    assert_eq!(world.key().call("HEAD", "/webticket/oauthtoken").await.status, 405, "it has no GET");
}
