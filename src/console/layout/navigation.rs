//! The navigation: pages of the workspace, and those of the server.

use crate::console::context::PageContext;
use crate::domain::operator::Role;
use maud::{Markup, html};

/// Pages of a workspace, below its address: name, path, and the role that they are for.
const OF_WORKSPACE: [(&str, &str, Role); 8] = [
    ("Search", "", Role::Viewer),
    ("What happened", "/timeline", Role::Viewer),
    ("Barred installations", "/installations", Role::Viewer),
    ("Webhooks", "/webhooks", Role::Viewer),
    ("Keys", "/keys", Role::Viewer),
    ("Sessions", "/sessions", Role::Viewer),
    ("Numbers", "/numbers", Role::Viewer),
    ("Extensions", "/extensions", Role::Viewer),
];

/// Pages of the server: name, whole path, and the role in all workspaces that they are for.
const OF_SERVER: [(&str, &str, Role); 1] = [("Status", "/console/status", Role::Viewer)];

/// The links to the pages that the operator may see.
pub fn navigation(context: &PageContext) -> Markup {
    let of_workspace = OF_WORKSPACE.iter().filter(|(_, _, role)| context.workspace.is_some() && context.can(*role));
    let of_workspace = of_workspace.map(|(name, path, _)| (*name, context.address(path)));
    let of_server = OF_SERVER.iter().filter(|(_, _, role)| context.everywhere >= Some(*role));
    let of_server = of_server.map(|(name, path, _)| (*name, (*path).to_owned()));
    let links: Vec<(&str, String)> = of_workspace.chain(of_server).collect();
    // Deliveries belong to webhooks, and events to the timeline.
    let path = context.path.replace("/deliveries/", "/webhooks/").replace("/events/", "/timeline/");
    // The page of the workspace itself is a prefix of all others.
    let current = links.iter().map(|(_, address)| address).filter(|address| is_at(&path, address));
    let current = current.max_by_key(|address| address.len()).cloned();
    html! {
        @if !links.is_empty() {
            nav aria-label="Pages" {
                ul {
                    @for (name, address) in &links {
                        li {
                            a href=(address) aria-current=[(current.as_ref() == Some(address)).then_some("page")] { (name) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a path is this address, or below it.
fn is_at(path: &str, address: &str) -> bool {
    path.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
