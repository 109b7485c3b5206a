//! The event types that Handset emits are those of the OpenAPI document, and documented.

use crate::support::document::committed;
use handset::domain::event::{EventType, opt_in_types};
use serde_json::Value;
use std::collections::BTreeSet;
use strum::VariantArray;

#[test]
fn the_document_has_a_variant_for_each_event_type() {
    let event = &committed()["components"]["schemas"]["Event"];
    let mapping = event["discriminator"]["mapping"].as_object().expect("events have a discriminator");
    let documented: BTreeSet<&str> = mapping.keys().map(String::as_str).collect();
    assert_eq!(documented, EventType::VARIANTS.iter().map(|known| known.into_str()).collect());
    for (name, reference) in mapping {
        let schema = reference.as_str().and_then(|path| path.strip_prefix('#')).expect("a variant is a component");
        let types = &committed().pointer(schema).expect("the component exists")["properties"]["event_type"]["enum"];
        assert_eq!(types, &Value::from(vec![name.as_str()]), "{schema}");
    }
}

#[test]
fn the_documentation_of_seam_names_each_opt_in_event_type() {
    let page = include_str!("../../../.github/docs/seam.md");
    for name in opt_in_types() {
        assert!(page.contains(&format!("`{name}`")), ".github/docs/seam.md does not name {name}");
    }
}
