//! The walk in the Phone.com dialect: two extensions per account, with its key, a member's token and a person's client
//! session.

use super::{Choices, Life, Manner, walk};
use crate::isolation::phone_com::{count_from_millions, kind};
use crate::support::client::Answer;
use crate::support::document::{Dialect, Field, Operation, operations_of};
use crate::support::phone_com::Line;
use crate::support::world::World;
use serde_json::{Value, json};

struct PhoneCom;

#[tokio::test]
async fn two_workspaces_with_random_requests_in_phone_com_are_isolated() {
    walk::<PhoneCom>().await;
}

impl Manner for PhoneCom {
    fn operations() -> Vec<Operation> {
        operations_of(Dialect::PhoneCom).into_iter().filter(|it| it.takes_any(&["PhoneComOAuth"])).collect()
    }

    fn creates(operation: &Operation) -> bool {
        operation.method == "POST"
    }

    fn named(operation: &Operation, field: &Field) -> Option<String> {
        kind(operation, field).map(str::to_owned)
    }

    fn value(_: &Operation, field: &Field, choices: &mut Choices) -> Option<Value> {
        Some(match field.name {
            "filters[name]" => json!([format!("contains:{}", choices.below(10))]),
            "filters[phone]" => json!([choices.number()]),
            "filters[updated_at]" => json!(["gt:0"]),
            "phone_numbers" => json!([{ "number": choices.number() }]),
            _ => return None,
        })
    }

    fn learnt(operation: &Operation, answer: &Answer) -> Vec<(String, String)> {
        let kind = match operation.path.rsplit('/').next() {
            Some("contacts") => "contact_id",
            Some("contact-groups") => "group_id",
            _ => return Vec::new(),
        };
        let id = answer.body["id"].as_i64();
        id.map(|id| (kind.to_owned(), id.to_string())).into_iter().collect()
    }

    async fn begin(world: &World, label: &str) -> Life {
        count_from_millions(world).await;
        let tenant = world.sandbox(label).await;
        let mut known = Vec::new();
        let mut lines = Vec::new();
        for which in 1..=2 {
            lines.push(Line::of(&tenant, &format!("{label}{which}")).await);
        }
        known.push(("account_id", lines[0].account.to_string()));
        known.extend(lines.iter().map(|line| ("extension_id", line.extension.to_string())));
        let token = world.anonymous().bearer(world.access_token(&[&tenant]).await.reveal());
        Life::new(vec![tenant.key().clone(), token, tenant.session(&lines[0].person).await], known)
    }
}
