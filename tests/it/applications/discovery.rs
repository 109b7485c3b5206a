//! Autodiscover: from a domain to the applications of a user identity.

use crate::support::ucwa::{hrefs, jane, links, new_application};
use crate::support::world::World;
use handset::http::App;
use serde_json::Value;

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";

/// Link targets in lower case, because the case of these paths does not matter.
fn link_target(resource: &Value, rel: &str) -> String {
    crate::support::ucwa::href(resource, rel).to_ascii_lowercase()
}

/// The root as returned for this host.
async fn root_of(world: &World, host: &str, address: &str) -> Value {
    let request = format!("GET {address} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    world.raw(request).await.of_ucwa(200).body.clone()
}

#[tokio::test]
async fn the_root_needs_no_credentials_and_links_to_user() {
    let world = World::new().await;
    let (anonymous, url) = (world.anonymous(), world.url.as_str());
    let response = anonymous.get(ROOT).await;
    let root = &response.of_ucwa(200).body;
    assert_eq!(links(root), ["self", "user", "xframe"].into());
    assert_eq!(root.get("rel"), None, "Microsoft's servers send no rel: {root}");
    assert_eq!(link_target(root, "user"), format!("{url}/autodiscover/autodiscoverservice.svc/root/oauth/user"));
    for href in hrefs(root) {
        assert!(href.starts_with(&format!("{url}/")), "{href}");
    }
    for spelling in [
        "/autodiscover/autodiscoverservice.svc/root",
        "/AUTODISCOVER/AUTODISCOVERSERVICE.SVC/ROOT",
        "//Autodiscover//AutodiscoverService.svc/root",
        "/?sipuri=sip:jane@example.com",
    ] {
        assert_eq!(
            link_target(&anonymous.get(spelling).await.of_ucwa(200).body, "user"),
            link_target(root, "user"),
            "{spelling}"
        );
    }
    // Credentials, even invalid ones, are ignored here.
    anonymous.bearer("unknown").get(ROOT).await.of_ucwa(200);
    anonymous.post(ROOT, new_application("here")).await.is_ucwa_error(405, "MethodNotAllowed", "");
}

#[tokio::test]
async fn links_and_challenges_use_the_configured_public_url() {
    let public_url = "https://phones.example/below";
    let world = World::with(|app| App { public_url: Some(public_url.into()), ..app }).await;
    let root = world.anonymous().get(ROOT).await.of_ucwa(200).body.clone();
    for href in hrefs(&root) {
        assert!(href.starts_with(&format!("{public_url}/Autodiscover/")), "{href}");
    }
    let challenged = world.anonymous().get("/ucwa/oauth/v1/applications").await;
    let ways: Vec<_> = challenged.headers.get_all("www-authenticate").iter().collect();
    let ways = format!("{ways:?}");
    assert!(ways.contains(&format!("{public_url}/WebTicket")) && !ways.contains(&world.url), "{ways}");
}

#[tokio::test]
async fn original_domain_is_kept_in_links() {
    let world = World::new().await;
    for address in [format!("{ROOT}?originalDomain=example.com"), "/?originalDomain=example.com".to_owned()] {
        let root = world.anonymous().get(&address).await.of_ucwa(200).body.clone();
        let user = link_target(&root, "user");
        assert_eq!(
            user,
            format!("{}/autodiscover/autodiscoverservice.svc/root/oauth/user?originaldomain=example.com", world.url)
        );
    }
}

#[tokio::test]
async fn original_domain_is_escaped_in_links() {
    let world = World::new().await;
    let root =
        world.anonymous().get(&format!("{ROOT}?originalDomain=%22%3E%0d%0ax%26y=z")).await.of_ucwa(200).body.clone();
    let user = crate::support::ucwa::href(&root, "user");
    assert!(!user.contains(['"', '>', '\r', '\n', ' ']) && !user.contains("&y="), "{user}");
}

#[tokio::test]
async fn lyncdiscover_hosts_serve_the_root_at_slash() {
    let world = World::new().await;
    for host in ["lyncdiscover.example.com", "LyncDiscoverInternal.example.com:8443"] {
        for address in ["/", "/?x=y", ROOT] {
            let root = root_of(&world, host, address).await;
            assert!(
                link_target(&root, "user").starts_with(&format!("http://{}/", host.to_ascii_lowercase())),
                "{root}"
            );
        }
    }
    let request = "GET / HTTP/1.1\r\nHost: phones.example.com\r\nConnection: close\r\n\r\n";
    world.raw(request).await.refused(404, "not_found");
    world.anonymous().get("/?domain=example.com").await.refused(404, "not_found");
}

#[tokio::test]
async fn user_requires_credentials_and_links_to_applications() {
    let (world, jane) = jane().await;
    let host = world.url.trim_start_matches("http://");
    for path in
        [format!("{ROOT}/oauth/user"), format!("{ROOT}/user"), format!("{ROOT}/OAuth/User?originalDomain=example.com")]
    {
        world.anonymous().get(&path).await.is_challenge(host);
        let user = jane.client.get(&path).await.of_ucwa(200).body.clone();
        assert_eq!(user.get("rel"), None, "{user}");
        assert_eq!(
            crate::support::ucwa::href(&user, "applications"),
            format!("{}/ucwa/oauth/v1/applications", world.url)
        );
        assert!(
            link_target(&user, "self").starts_with(&format!("{}/autodiscover/autodiscoverservice.svc/root", world.url)),
            "{user}"
        );
        assert!(hrefs(&user).iter().all(|href| href.starts_with(&world.url)), "{user}");
    }
}

#[tokio::test]
async fn a_client_follows_links_from_the_root_to_change_number() {
    let (world, jane) = jane().await;
    let local = |href: String| href.strip_prefix(&world.url).expect("the link is to this server").to_owned();
    let root = jane.client.get("/?sipuri=sip:jane@example.com").await.of_ucwa(200).body.clone();
    let user = jane.client.get(&local(crate::support::ucwa::href(&root, "user"))).await.of_ucwa(200).body.clone();
    let collection = local(crate::support::ucwa::href(&user, "applications"));
    let application = jane.client.post(&collection, new_application("here")).await.of_ucwa(201).body.clone();
    let phones = crate::support::ucwa::href(&application["_embedded"]["me"], "phones");
    let phones = jane.client.get(&phones).await.of_ucwa(200).body.clone();
    let change = crate::support::ucwa::href(&phones["_embedded"]["phone"][1], "changeNumber");
    jane.client.call("POST", &format!("{change}?number=tel:+14255550199")).await.is_no_content();
    assert_eq!(jane.number_and_visibility("mobile").await, ("tel:+14255550199".to_owned(), false));
}
