//! `handset number list`.

use crate::support::numbers::number;
use crate::support::program::operator;
use crate::support::world::{World, list, text};
use serde_json::json;

#[tokio::test]
async fn number_list_finds_phone_numbers_by_digits_nickname_id_and_status() {
    let world = World::new().await;
    let reserved = text(&world.reserve_number(&number(1)).await["id"]);
    let assigned = world.reserve_and_assign_number(&number(2)).await;
    let assigned = text(&assigned["id"]);
    world.key().patch(&format!("/v1/phone/{assigned}"), json!({ "nickname": "Empfang Zürich" })).await.phone_number();
    let found = async |arguments: &[&str]| -> Vec<String> {
        let listed = operator(&world, &[&["number", "list", "--json"], arguments].concat()).await.json();
        list(&listed["phone_numbers"]).iter().map(|number| text(&number["phone_number_id"])).collect()
    };
    let mut both = vec![reserved.clone(), assigned.clone()];
    both.sort();
    let mut all = found(&[]).await;
    all.sort();
    assert_eq!(all, both);
    for (arguments, expected) in [
        (&["610 000 002"][..], &assigned),
        (&["+34 61-0000001"], &reserved),
        (&["ZU\u{308}RICH"], &assigned),
        (&[&reserved[..18]], &reserved),
        (&["--status", "assigned"], &assigned),
    ] {
        assert_eq!(found(arguments).await, std::slice::from_ref(expected), "{arguments:?}");
    }
    assert!(found(&["Lobby"]).await.is_empty());
    let table = operator(&world, &["number", "list"]).await;
    assert!(table.stdout_of_success().contains("reserved until") && table.stdout.contains("Empfang"), "{table:?}");
}
