//! Comparison of texts of user identities: in any case and canonically equivalent form, of any script, and blank ones.

use crate::support::client::Response;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};

async fn create(world: &World, fields: Value) -> Response {
    world.key().post("/user_identities/create", fields).await
}

async fn id_of(world: &World, fields: Value) -> String {
    text(&create(world, fields).await.ok()["user_identity"]["user_identity_id"])
}

#[tokio::test]
async fn list_user_identities_searches_in_any_case_and_form_of_any_script() {
    let world = World::new().await;
    for (name, searches) in [
        ("Żółć Kowalska", ["żółć", "ŻÓŁĆ", "Z\u{307}o\u{301}łc\u{301}"]),
        ("Дмитрия Йод", ["дмитрия", "ДМИТРИЯ", "и\u{306}од"]),
        ("u\u{308}ber Muller", ["ÜBER", "über", "U\u{308}BER"]),
        ("Nguyễn Ấp", ["nguyễn", "NGUYE\u{302}\u{303}N ẤP", "a\u{302}\u{301}p"]),
        ("ΣΊΣΥΦΟΣ", ["σίσυφος", "Σίσυφος", "σι\u{301}συφοσ"]),
        ("J\u{30c}orge", ["\u{1f0}ORGE", "j\u{30c}orge", "J\u{30c}ORGE"]),
        ("İlker", ["i\u{307}LKER", "İLKER", "I\u{307}lker"]),
        ("山田太郎", ["山田", "太郎", "山田太郎"]),
    ] {
        let person = id_of(&world, json!({ "full_name": name })).await;
        for search in searches {
            let listed = world.key().post("/user_identities/list", json!({ "search": search })).await.ok();
            let found: Vec<String> =
                list(&listed["user_identities"]).iter().map(|it| text(&it["user_identity_id"])).collect();
            assert_eq!(found, [person.as_str()], "{search:?} in {name:?}");
        }
    }
    let listed = world.key().post("/user_identities/list", json!({ "search": "uber" })).await.ok();
    assert_eq!(listed["user_identities"], json!([]), "accents are not ignored");
}

#[tokio::test]
async fn canonically_equivalent_user_identity_keys_are_one_key_and_keep_their_form() {
    let world = World::new().await;
    let (composed, decomposed) = ("Café", "Cafe\u{301}");
    let jane = id_of(&world, json!({ "user_identity_key": decomposed })).await;
    for key in [composed, decomposed] {
        let error =
            create(&world, json!({ "user_identity_key": key })).await.refused(400, "user_identity_already_exists");
        assert_eq!(error["data"], json!({ "field": "user_identity_key" }));
        let found = world.key().post("/user_identities/get", json!({ "user_identity_key": key })).await.ok();
        assert_eq!(found["user_identity"]["user_identity_id"], jane);
        assert_eq!(found["user_identity"]["user_identity_key"], decomposed, "it is shown as given");
    }
    let other = id_of(&world, json!({ "user_identity_key": "café" })).await;
    let change = json!({ "user_identity_id": other, "user_identity_key": composed });
    world.key().post("/user_identities/update", change).await.refused(400, "user_identity_already_exists");
    let phone = world.phone(&jane).await;
    let devices = world.key().post("/devices/list", json!({ "user_identifier_key": composed })).await.ok();
    assert_eq!(devices["devices"][0]["device_id"], phone);
    let change = json!({ "user_identity_id": jane, "user_identity_key": composed });
    world.key().post("/user_identities/update", change).await.ok();
}

#[tokio::test]
async fn phone_numbers_that_differ_in_case_or_form_are_one_number_and_keep_their_form() {
    let world = World::new().await;
    let given = "+14255550100 Poste E\u{301}tage";
    let jane = id_of(&world, json!({ "phone_number": given })).await;
    let other = id_of(&world, json!({ "phone_number": "+14255550100 poste etage" })).await;
    for number in [given, "+14255550100 Poste Étage", "+14255550100 POSTE ÉTAGE"] {
        let error =
            create(&world, json!({ "phone_number": number })).await.refused(400, "user_identity_already_exists");
        assert_eq!(error["data"], json!({ "field": "phone_number" }));
        let change = json!({ "user_identity_id": other, "phone_number": number });
        world.key().post("/user_identities/update", change).await.refused(400, "user_identity_already_exists");
        let listed = world.key().post("/user_identities/list", json!({ "search": number })).await.ok();
        assert_eq!(listed["user_identities"][0]["user_identity_id"], jane, "{number}");
        assert_eq!(listed["user_identities"][0]["phone_number"], given, "it is shown as given");
    }
    let change = json!({ "user_identity_id": jane, "phone_number": "+14255550100 poste étage" });
    world.key().post("/user_identities/update", change).await.ok();
    world.key().post("/user_identities/create", json!({ "phone_number": "+14255550101" })).await.ok();
}

#[tokio::test]
async fn blank_phone_numbers_and_keys_are_absent() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for blank in ["", " ", "\t", "\u{a0}\u{200b}"] {
        let created = create(&world, json!({ "full_name": "Row", "phone_number": blank })).await.ok();
        assert_eq!(created["user_identity"]["phone_number"], Value::Null, "{blank:?}");
        ids.push(text(&created["user_identity"]["user_identity_id"]));
    }
    for blank in [" ", "\u{feff}"] {
        let created = create(&world, json!({ "user_identity_key": blank })).await.ok();
        assert_eq!(created["user_identity"]["user_identity_key"], Value::Null, "{blank:?}");
    }
    for (id, blank) in ids.iter().zip(["", " "]) {
        let set = json!({ "user_identity_id": id, "phone_number": "+14255550100", "user_identity_key": "row" });
        world.key().post("/user_identities/update", set).await.ok();
        let clear = json!({ "user_identity_id": id, "phone_number": blank, "user_identity_key": " " });
        world.key().post("/user_identities/update", clear).await.ok();
        let person = world.key().post("/user_identities/get", json!({ "user_identity_id": id })).await.ok();
        let fields = ["phone_number", "user_identity_key"].map(|name| person["user_identity"][name].clone());
        assert_eq!(fields, [Value::Null, Value::Null]);
    }
    // Seam's rules for these two have a minimum and a format.
    let message = "String must contain at least 1 character(s)";
    create(&world, json!({ "user_identity_key": "" })).await.invalid("user_identity_key", message);
    create(&world, json!({ "email_address": "" })).await.invalid("email_address", "Invalid email");
}
