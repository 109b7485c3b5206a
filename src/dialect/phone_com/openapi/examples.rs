//! Examples of resources.

use crate::domain::contact::Text;
use serde_json::{Map, Value, json};
use strum::VariantArray;

/// A contact.
pub fn contact_example() -> Value {
    let mut example = Map::from_iter([("id".to_owned(), json!(1))]);
    example.extend(Text::VARIANTS.iter().map(|name| (name.into_str().to_owned(), json!(""))));
    let mut example = Value::from(example);
    example["first_name"] = json!("Jane");
    example["last_name"] = json!("Doe");
    example["emails"] = json!([{ "type": "primary", "email": "jane@example.com" }]);
    example["phone_numbers"] = json!([{ "type": "mobile", "number": "(999) 999-9999", "normalized": "+19999999999" }]);
    example["addresses"] = json!([]);
    example["group"] = group_example();
    example["created_at"] = json!(1_767_268_800);
    example["updated_at"] = json!(1_767_268_800);
    example
}

/// What a contact is created with.
pub fn input_example() -> Value {
    json!({
        "first_name": "Jane",
        "last_name": "Doe",
        "emails": [{ "type": "primary", "email": "jane@example.com" }],
        "phone_numbers": [{ "type": "mobile", "number": "(999) 999-9999" }],
        "group": { "name": "Family" },
    })
}

/// A contact group.
pub fn group_example() -> Value {
    json!({ "id": 1, "name": "Family" })
}

/// An account.
pub fn account_example() -> Value {
    json!({ "id": 1, "name": "Demo", "workspace_id": "01a20068-eae0-7db8-b448-15c4f79e31e0" })
}

/// An extension.
pub fn extension_example() -> Value {
    json!({ "id": 1, "name": "Jane Doe", "user_identity_id": "01a20068-eae5-738a-b167-1fdb72ae93a6",
        "user_identity_key": "jane" })
}
