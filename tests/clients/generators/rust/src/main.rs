//! Reads phones and events with the client that openapi-generator made for Rust.

use handset_client::apis::{configuration::Configuration, events_api, phones_api};
use handset_client::models::{EventType, EventsListRequest, PhonesListRequest};
use std::env;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let configuration = Configuration {
        base_path: env::var("CLIENTS_ENDPOINT")?,
        bearer_access_token: Some(env::var("CLIENTS_API_KEY")?),
        ..Configuration::default()
    };
    let phones = phones_api::phones_list_post(&configuration, Some(PhonesListRequest::new())).await?;
    println!("phones {}", phones.phones.len());
    let names = env::var("CLIENTS_EVENT_TYPES")?;
    let event_types: Result<Vec<EventType>, _> =
        names.split(',').map(|name| serde_json::from_value(name.into())).collect();
    let request = EventsListRequest {
        since: Some(env::var("CLIENTS_SINCE")?.parse()?),
        event_types: Some(event_types?),
        ..EventsListRequest::new()
    };
    let events = events_api::events_list_post(&configuration, Some(request)).await?;
    for event in events.events {
        println!("event {}", serde_json::to_value(&event)?["event_type"].as_str().unwrap_or_default());
    }
    Ok(())
}
