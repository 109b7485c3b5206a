//! Normalization of phone numbers, and invalid ones.

use crate::support::ucwa::{Person, jane};
use crate::support::world::World;
use handset::http::App;
use serde_json::json;

#[tokio::test]
async fn a_number_of_a_known_country_is_stored_as_a_tel_uri() {
    let (_world, jane) = jane().await;
    for (actual, kept) in [
        ("4255552222", "tel:+14255552222"),
        ("tel:4255552222", "tel:+14255552222"),
        ("TEL:+14255552222", "tel:+14255552222"),
        ("  +14255552222 ", "tel:+14255552222"),
        ("(425) 555-2222", "tel:+14255552222"),
        ("425.555.2222", "tel:+14255552222"),
        ("+1-425-555-2222", "tel:+14255552222"),
        ("1 425 555 2222", "tel:+14255552222"),
        ("tel:+14255550100;ext=100", "tel:+14255550100;ext=100"),
        ("+1 425 555 0100;ext=100", "tel:+14255550100;ext=100"),
        ("(425) 555-0100 x123", "tel:+14255550100;ext=123"),
        ("tel:4255551212;phone-context=defaultprofile", "tel:+14255551212"),
        ("+34 675 89 76 54", "tel:+34675897654"),
        ("tel:+34675897654", "tel:+34675897654"),
        // As address books copy them, and as they are typed in other scripts.
        ("\u{202a}+34 675 89 76 54\u{202c}", "tel:+34675897654"),
        ("\u{feff}tel:+34675897654\u{200e}", "tel:+34675897654"),
        ("＋３４　６７５　８９７　６５４", "tel:+34675897654"),
        ("+٣٤ ٦٧٥ ٨٩٧ ٦٥٤", "tel:+34675897654"),
        ("۴۲۵ ۵۵۵ ۲۲۲۲", "tel:+14255552222"),
        // Numbers without a country keep their digits.
        ("911", "911"),
        ("tel:12345", "12345"),
        ("1-23-45", "12345"),
    ] {
        let body = json!({ "number": actual });
        jane.client.post("/me/phones/other/changeNumber", body).await.is_no_content();
        assert_eq!(jane.number_and_visibility("other").await.0, kept, "{actual:?}");
    }
}

#[tokio::test]
async fn an_extension_is_kept_in_every_notation() {
    let (_world, jane) = jane().await;
    for suffix in [
        ";100",
        " ;100",
        ";ext=100",
        ";EXT=100",
        ";ext=100;",
        "x100",
        " x100",
        " x 100",
        " ext. 100",
        " Ext 100",
        " extension 100",
        " extension: 100",
        ",100",
        ",,100",
        ", 100",
        ", x100",
        ", ext. 100",
    ] {
        for number in ["+1 (425) 555-0100", "tel:+14255550100", "4255550100"] {
            let body = json!({ "number": format!("{number}{suffix}") });
            jane.client.post("/me/phones/other/changeNumber", body.clone()).await.is_no_content();
            assert_eq!(jane.number_and_visibility("other").await.0, "tel:+14255550100;ext=100", "{body}");
            jane.client.delete("/me/phones/other").await.is_no_content();
        }
    }
    jane.put("home", "911;100", false).await;
    assert_eq!(jane.number_and_visibility("home").await.0, "911;ext=100");
}

#[tokio::test]
async fn a_number_with_an_unknown_suffix_is_refused() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550199", true).await;
    for suffix in [
        ";isub=100",
        ";x",
        ";foo=100",
        ";ext=",
        ";ext=100;ext=200",
        ";100;200",
        " x100;ext=200",
        " x100;200",
        ",100,200",
        ",100;200",
        ";1-a",
        " p100",
        " w100",
        "*100",
        "#100",
        " ext 100 ext 200",
        ",",
        ";postd=100",
    ] {
        let number = format!("+1 (425) 555-0100{suffix}");
        let response = jane.client.post("/me/phones/home/changeNumber", json!({ "number": number })).await;
        response.is_ucwa_error(400, "BadRequest", "NormalizationFailed");
        let response = jane.client.post("/me/phones", json!({ "type": "other", "number": number })).await;
        response.is_ucwa_error(400, "BadRequest", "NormalizationFailed");
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550199".to_owned(), true));
    assert_eq!(jane.number_and_visibility("other").await, (String::new(), false));
}

#[tokio::test]
async fn normalization_is_idempotent() {
    let (_world, jane) = jane().await;
    for actual in ["(425) 555-0100 x123", "+34 675 89 76 54", "911"] {
        jane.put("home", actual, false).await;
        let (kept, _) = jane.number_and_visibility("home").await;
        jane.put("home", &kept, false).await;
        assert_eq!(jane.number_and_visibility("home").await.0, kept);
    }
}

#[tokio::test]
async fn a_number_with_letters_or_without_digits_is_refused() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    for actual in
        ["none", "1-800-FLOWERS", "call 4255552222", "sip:jane@example.com", "--", "()", "+", "tel:", "tel:+", "٪"]
    {
        let response = jane.client.post("/me/phones/home/changeNumber", json!({ "number": actual })).await;
        response.is_ucwa_error(400, "BadRequest", "NormalizationFailed");
        let response = jane.client.post("/me/phones", json!({ "type": "other", "number": actual })).await;
        response.is_ucwa_error(400, "BadRequest", "NormalizationFailed");
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true));
    assert_eq!(jane.number_and_visibility("other").await, (String::new(), false));
}

#[tokio::test]
async fn a_number_has_eighty_characters_at_most_before_normalization() {
    let (_world, jane) = jane().await;
    let padded = |count: usize| format!("+1{}4255550199", "-".repeat(count));
    let blank = |count: usize| format!("{}+14255550199", " ".repeat(count));
    for actual in [padded(68), blank(68)] {
        assert_eq!(actual.len(), 80);
        jane.put("home", &actual, false).await;
        assert_eq!(jane.number_and_visibility("home").await.0, "tel:+14255550199");
        jane.client.delete("/me/phones/home").await.is_no_content();
    }
    for actual in [padded(69), blank(69), "x".repeat(81), "1".repeat(100_000)] {
        let body = json!({ "number": actual });
        jane.client.post("/me/phones/home/changeNumber", body.clone()).await.is_invalid(&["number"]);
        let body = json!({ "type": "home", "number": actual });
        jane.client.post("/me/phones", body).await.is_invalid(&["number"]);
    }
    let path = format!("/me/phones/home/changeNumber?number={}", padded(69));
    jane.client.call("POST", &path).await.is_invalid(&["number"]);
    assert_eq!(jane.number_and_visibility("home").await.0, "");
}

#[tokio::test]
async fn a_leading_00_is_dialled_as_the_region_dials() {
    let region = "ES".parse().expect("a region");
    let world = World::with(|app| App { region, ..app }).await;
    let jane = Person::new(&world, "jane").await;
    for actual in ["0034 675 89 76 54", "tel:0034675897654", "００３４６７５８９７６５４", "675 89 76 54"]
    {
        jane.put("other", actual, false).await;
        assert_eq!(jane.number_and_visibility("other").await.0, "tel:+34675897654", "{actual:?}");
    }
}
