//! Roles: each page and action of the list is tried without a session, with each role, and by the operator of another
//! workspace. The list is the one that the router is made of, so a new action is tried at once.

use crate::support::client::Response;
use crate::support::console::Browser;
use crate::support::world::World;
use axum::http::Method;
use handset::console::{Access, Action, actions};
use handset::domain::operator::Role;

const ROLES: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

/// The path of an action in a workspace, with ids that nothing has.
fn path(action: &Action, workspace: &str) -> String {
    let segments = action.path.split('/').map(|segment| match segment {
        "{workspace_id}" => workspace.to_owned(),
        segment if segment.starts_with('{') => "01a20068-eae5-738a-b167-000000000000".to_owned(),
        segment => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

async fn call(browser: &Browser, action: &Action, workspace: &str) -> Response {
    let path = path(action, workspace);
    if action.method == Method::GET { browser.get(&path).await } else { browser.post(&path, &[]).await }
}

fn is_refused(response: &Response) -> bool {
    response.status == 403 && response.text.contains("Your role does not allow this")
}

/// Actions that end the session with which they are called.
fn ends_session(action: &Action) -> bool {
    action.path.starts_with("/console/sign-out")
}

#[tokio::test]
async fn every_action_but_public_ones_needs_a_session() {
    let world = World::new().await;
    let (anonymous, signed_in) = (Browser::new(&world.url), world.operator(Role::Admin).await);
    let token = signed_in.csrf_token().await;
    for action in actions() {
        let path = path(&action, &world.id);
        if action.method == Method::GET {
            let response = anonymous.get(&path).await;
            let leads_to_sign_in = response.header("location").is_some_and(|to| to.starts_with("/console/sign-in"));
            assert_eq!(leads_to_sign_in, action.access != Access::Public, "{path}: {response:?}");
        } else if action.access != Access::Public {
            // With the token of a living session, but without its cookie.
            let response = anonymous.send_form(&path, &[("csrf", &token)]).await;
            assert_eq!(response.status, 401, "{path}: {response:?}");
        }
    }
}

#[tokio::test]
async fn every_action_of_a_workspace_needs_its_role_there() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let mut count = 0;
    for role in ROLES {
        let (of_one, of_all) = (world.operator(role).await, world.operator_everywhere(role).await);
        for action in actions() {
            let Access::Workspace(wanted) = action.access else { continue };
            count += 1;
            let response = call(&of_one, &action, &world.id).await;
            assert_eq!(is_refused(&response), role < wanted, "{} as {role:?}: {response:?}", action.path);
            // The role of one workspace is none in another one, which is unknown.
            let foreign = call(&of_one, &action, &other.id).await;
            let unknown = call(&of_one, &action, "01a20068-eae5-738a-b167-000000000000").await;
            for response in [&foreign, &unknown] {
                assert_eq!(response.status, 404, "{} as {role:?}: {response:?}", action.path);
                assert!(response.text.contains("There is no such workspace"), "{response:?}");
            }
            let response = call(&of_all, &action, &other.id).await;
            assert_eq!(is_refused(&response), role < wanted, "{} as {role:?}: {response:?}", action.path);
        }
    }
    assert!(count > 0, "no action of a workspace");
}

#[tokio::test]
async fn every_action_of_the_server_needs_its_role_in_all_workspaces() {
    let world = World::new().await;
    let of_one = world.operator(Role::Admin).await;
    for role in ROLES {
        let of_all = world.operator_everywhere(role).await;
        for action in actions() {
            let Access::Everywhere(wanted) = action.access else { continue };
            let response = call(&of_all, &action, "").await;
            assert_eq!(is_refused(&response), role < wanted, "{} as {role:?}: {response:?}", action.path);
            let response = call(&of_one, &action, "").await;
            assert!(is_refused(&response), "{} with a role in one workspace: {response:?}", action.path);
        }
    }
}

#[tokio::test]
async fn every_form_is_refused_without_the_token_of_its_session_and_from_other_origins() {
    let world = World::new().await;
    let (mine, other) = (world.operator_everywhere(Role::Admin).await, world.operator_everywhere(Role::Admin).await);
    let foreign = other.csrf_token().await;
    let own = mine.csrf_token().await;
    let mut count = 0;
    for action in actions().into_iter().filter(|action| action.method == Method::POST) {
        count += 1;
        let path = path(&action, &world.id);
        let is_forged = |response: &Response| response.status == 403 && response.text.contains("another page");
        let tokens: &[&[(&str, &str)]] = &[&[], &[("csrf", "")], &[("csrf", "nonsense")], &[("csrf", &foreign)]];
        for fields in tokens.iter().filter(|_| action.access != Access::Public) {
            let response = mine.send_form(&path, fields).await;
            assert!(is_forged(&response), "{path} with {fields:?}: {response:?}");
        }
        let elsewhere = [Some("https://evil.example"), Some("null"), None].map(|origin| mine.at_origin(origin));
        let sites = ["cross-site", "same-site", "none"].map(|site| mine.with("sec-fetch-site", site));
        for browser in elsewhere.iter().chain(&sites) {
            let response = browser.send_form(&path, &[("csrf", &own)]).await;
            assert!(is_forged(&response), "{path}: {response:?}");
        }
        assert!(!ends_session(&action) || mine.get("/console/account").await.status == 200, "{path} ended the session");
    }
    assert!(count >= 4, "only {count} forms");
}

#[tokio::test]
async fn every_path_refuses_other_methods_and_is_a_page_of_the_console() {
    let world = World::new().await;
    let browser = world.operator_everywhere(Role::Admin).await;
    for action in actions() {
        let path = path(&action, &world.id);
        let response = world.anonymous().call("PUT", &path).await;
        if path == "/" {
            continue;
        }
        assert_eq!(response.status, 405, "{path}: {response:?}");
        assert!(response.header("allow").is_some_and(|allow| allow.contains(action.method.as_str())), "{response:?}");
        assert!(path.starts_with("/console"), "{path}");
    }
    let response = browser.get("/console/nowhere").await;
    assert_eq!(response.status, 404);
    assert!(response.text.contains("There is no page at this address"), "{response:?}");
}
