//! Comparison of texts of phones: in any case and canonically equivalent form, of any script.

use crate::support::world::{World, list, text};
use serde_json::{Value, json};

async fn phone_with(world: &World, name: &str, manufacturer: &str, metadata: Value) -> String {
    let person = world.key().post("/user_identities/create", json!({})).await.ok();
    let fields = json!({
        "user_identity_id": person["user_identity"]["user_identity_id"],
        "phone_metadata": { "device_manufacturer": manufacturer },
    });
    let made = world.key().post("/phones/simulate/create_sandbox_phone", fields).await.ok();
    let id = text(&made["phone"]["device_id"]);
    let change = json!({ "device_id": id, "name": name, "custom_metadata": metadata });
    world.key().post("/devices/update", change).await.ok();
    id
}

async fn found(world: &World, path: &str, key: &str, filter: &Value) -> Vec<String> {
    let listed = world.key().post(path, filter.clone()).await.ok();
    list(&listed[key]).iter().map(|item| text(&item["device_id"])).collect()
}

#[tokio::test]
async fn lists_of_phones_and_devices_search_in_any_case_and_form_of_any_script() {
    let world = World::new().await;
    let phone = phone_with(&world, "Żółć", "Élan", json!({ "desk": "Дмитрия" })).await;
    phone_with(&world, "Zolc", "Elan", json!({ "desk": "Dmitri" })).await;
    for search in ["żółć", "ŻÓŁĆ", "z\u{307}o\u{301}łć", "дмитрия", "ДМИТР"] {
        for (path, key) in [("/phones/list", "phones"), ("/devices/list", "devices")] {
            let filter = json!({ "search": search });
            assert_eq!(found(&world, path, key, &filter).await, [phone.as_str()], "{path} {search}");
        }
    }
    for manufacturer in ["élan", "ÉLAN", "E\u{301}LAN"] {
        let filter = json!({ "manufacturer": manufacturer });
        assert_eq!(found(&world, "/devices/list", "devices", &filter).await, [phone.as_str()], "{manufacturer}");
    }
    for name in ["Żółć", "Z\u{307}o\u{301}łc\u{301}"] {
        for body in [json!({ "name": name }), json!({ "name": name, "device_id": phone })] {
            let device = world.key().post("/devices/get", body).await.ok();
            assert_eq!(device["device"]["device_id"], phone);
            assert_eq!(device["device"]["properties"]["name"], "Żółć");
        }
    }
    world.key().post("/devices/get", json!({ "name": "żółć" })).await.refused(404, "device_not_found");
}

#[tokio::test]
async fn searches_of_phones_find_each_text_as_it_is_now_and_none_across_two() {
    let world = World::new().await;
    let phone = phone_with(&world, "Blue", "Acme", json!({ "desk": "Élan", "room": "b\u{1f}c", "floor": true })).await;
    let finds = async |search: &str| {
        let filter = json!({ "search": search });
        found(&world, "/phones/list", "phones", &filter).await == [phone.as_str()]
    };
    for search in ["BLUE", "éLAN", "B\u{1f}C", "TRUE"] {
        assert!(finds(search).await, "{search:?}");
    }
    for search in ["blue\u{1f}", "\u{1f}élan", "n\u{1f}t", "desk", "blueélan", "élantrue"] {
        assert!(!finds(search).await, "{search:?}");
    }
    let update = async |change: Value| {
        let mut body = json!({ "device_id": phone });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        world.key().post("/devices/update", body).await.ok();
    };
    update(json!({ "name": "Ögrün" })).await;
    assert!(finds("ÖGR").await && finds("élan").await && !finds("blue").await);
    update(json!({ "custom_metadata": { "desk": null, "room": "Süd" } })).await;
    assert!(finds("SÜD").await && finds("ögr").await && !finds("élan").await);
    let device = world.key().post("/devices/get", json!({ "device_id": phone })).await.ok();
    let model = text(&device["device"]["properties"]["model"]["display_name"]);
    update(json!({ "name": null })).await;
    assert!(finds(&model.to_uppercase()).await && !finds("ögr").await, "without a name it is searched by its model");
}

#[tokio::test]
async fn canonically_equivalent_metadata_matches_and_replaces() {
    let world = World::new().await;
    let phone = phone_with(&world, "One", "Acme", json!({ "cafe\u{301}": "Mu\u{308}nchen", "desk": "4" })).await;
    phone_with(&world, "Two", "Acme", json!({ "cafe": "Munchen" })).await;
    for filter in [
        json!({ "café": "München" }),
        json!({ "cafe\u{301}": "Mu\u{308}nchen" }),
        json!({ "café": "München", "desk": "4", "cafe": null }),
        json!({ "desk": "4" }),
    ] {
        let filter = json!({ "custom_metadata_has": filter });
        assert_eq!(found(&world, "/phones/list", "phones", &filter).await, [phone.as_str()], "{filter}");
    }
    for filter in [json!({ "café": null, "desk": "4" }), json!({ "café": "MÜNCHEN" })] {
        let filter = json!({ "custom_metadata_has": filter });
        assert_eq!(found(&world, "/phones/list", "phones", &filter).await, Vec::<String>::new(), "{filter}");
    }
    let metadata = async || {
        let device = world.key().post("/devices/get", json!({ "device_id": phone })).await.ok();
        device["device"]["custom_metadata"].clone()
    };
    let update = async |metadata: Value| {
        world.key().post("/devices/update", json!({ "device_id": phone, "custom_metadata": metadata })).await.ok();
    };
    update(json!({ "café": "Bern" })).await;
    assert_eq!(metadata().await, json!({ "café": "Bern", "desk": "4" }));
    update(json!({ "cafe\u{301}": null })).await;
    assert_eq!(metadata().await, json!({ "desk": "4" }));
}
