//! Paths that are spelled otherwise: with a slash at the end, and with percent-encoded letters.

use crate::support::phone_com::Extension;
use crate::support::ucwa::jane;

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let (world, jane) = jane().await;
    let key = world.key();
    key.get("/phones/list/").await.ok();
    key.post("/phones/list/", serde_json::json!({})).await.ok();
    key.get("/health/").await.ok();
    let application = jane.begin("/ucwa/oauth/v1/applications", "here").await;
    for path in ["/me/", "/me/phones/", "/me/phones/home/"] {
        jane.client.get(path).await.of_ucwa(200);
        jane.client.get(&format!("{application}{path}")).await.of_ucwa(200);
    }
    jane.client.get("/autodiscover/autodiscoverservice.svc/root/").await.of_ucwa(200);
    for path in ["/v1/phone", "/v1/phone/", "/v4", "/v4/", "/v4/accounts/"] {
        assert_eq!(key.get(path).await.status, 200, "{path}");
    }
    key.get("/phones/list//").await.refused(404, "not_found");
}

#[tokio::test]
async fn percent_encoded_letters_of_a_path_are_decoded_in_every_dialect() {
    let (world, jane) = jane().await;
    let extension = Extension::of_person(world.key(), &jane.id).await;
    for path in ["/phones/l%69st", "/%70hones/list", "/phones%2Flist", "/v1/ph%6fne/", "/v4/%61ccounts", "/h%65alth"] {
        let status = world.raw(format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            world.api_key.reveal()
        ));
        let expected = if path.contains("%2F") { 404 } else { 200 };
        assert_eq!(status.await.status, expected, "{path}: a slash is no letter");
    }
    jane.client.get("/me/phones/%68ome").await.of_ucwa(200);
    jane.client.get("/me/%70hones").await.of_ucwa(200);
    let contacts = extension.contacts().replace("contacts", "c%6Fntacts");
    assert_eq!(extension.client.get(&contacts).await.status, 200);
}
