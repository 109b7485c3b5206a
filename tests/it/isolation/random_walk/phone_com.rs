//! The walk in the Phone.com dialect: two extensions per account, with its key, a member's token and a person's client
//! session.

use super::{DialectWalk, Rng, WalkedWorkspace, walk};
use crate::isolation::phone_com::{count_from_millions, kind};
use crate::support::client::Response;
use crate::support::document::{Dialect, Field, Operation, operations_of};
use crate::support::phone_com::Extension;
use crate::support::world::World;
use serde_json::{Value, json};

pub(super) struct PhoneCom;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_phone_com_are_isolated() {
    walk::<PhoneCom>().await;
}

impl DialectWalk for PhoneCom {
    fn operations() -> Vec<Operation> {
        let all = operations_of(Dialect::PhoneCom).into_iter().filter(|it| it.takes_any(&["PhoneComOAuth"]));
        // The deletion of its own token would end a caller's walk.
        all.filter(|it| it.method != "DELETE" || it.path != "/v4/oauth/access-token").collect()
    }

    fn creates(operation: &Operation) -> bool {
        operation.method == "POST"
    }

    fn named(operation: &Operation, field: &Field) -> Option<String> {
        kind(operation, field).map(str::to_owned)
    }

    fn value(_: &Operation, field: &Field, rng: &mut Rng) -> Option<Value> {
        Some(match field.name {
            "filters[name]" => json!([format!("contains:{}", rng.below(10))]),
            "filters[phone]" => json!([rng.number()]),
            "filters[updated_at]" => json!(["gt:0"]),
            "If-Match" => json!("*"),
            "phone_numbers" => json!([{ "number": rng.number() }]),
            _ => return None,
        })
    }

    fn names_in(operation: &Operation, response: &Response) -> Vec<(String, String)> {
        let kind = match operation.path.rsplit('/').next() {
            Some("contacts") => "contact_id",
            Some("contact-groups") => "group_id",
            _ => return Vec::new(),
        };
        let id = response.body["id"].as_i64();
        id.map(|id| (kind.to_owned(), id.to_string())).into_iter().collect()
    }

    async fn begin(world: &World, label: &str) -> WalkedWorkspace {
        count_from_millions(world).await;
        let tenant = world.sandbox(label).await;
        let mut known = Vec::new();
        let mut extensions = Vec::new();
        for which in 1..=2 {
            extensions.push(Extension::of(&tenant, &format!("{label}{which}")).await);
        }
        known.push(("account_id", extensions[0].account.to_string()));
        known.extend(extensions.iter().map(|extension| ("extension_id", extension.extension_id.to_string())));
        let token = world.anonymous().bearer(world.access_token(&[&tenant]).await.reveal());
        WalkedWorkspace::new(vec![tenant.key().clone(), token, tenant.session(&extensions[0].person).await], known)
    }
}
