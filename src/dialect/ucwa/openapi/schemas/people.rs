//! The schemas of presence and of people.

use super::Links;
use crate::api::openapi::Schemas;
use crate::domain::presence::Availability;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Adds all of them.
pub fn with(schemas: Schemas) -> Schemas {
    schemas
        .with::<Presence>()
        .with::<Note>()
        .with::<Location>()
        .with::<Contact>()
        .with::<Contacts>()
        .with::<Search>()
        .with::<EmptyList>()
        .with::<Subscription>()
        .with::<ChangePresence>()
        .with::<ChangeNote>()
        .with::<ChangeLocation>()
}

/// What a user identity shows of its availability.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaPresence)]
struct Presence {
    /// `presence`, or `contactPresence`.
    rel: String,
    /// `Online`, `Busy`, `DoNotDisturb`, `BeRightBack`, `Away` or `Offline`.
    availability: String,
    /// The same for people; `Off Work` is a kind of `Away`.
    activity: String,
    _links: Links,
}

/// What a user identity tells others.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaNote)]
struct Note {
    /// `note`, or `contactNote`.
    rel: String,
    /// The text; empty if there is none.
    message: String,
    /// `Personal`.
    r#type: String,
    _links: Links,
}

/// Where a user identity is.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaLocation)]
struct Location {
    /// `location`, or `contactLocation`.
    rel: String,
    /// The text; empty if there is none.
    location: String,
    _links: Links,
}

/// A user identity as others see it. Its numbers are those on the contact card.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaContact)]
struct Contact {
    /// `contact`.
    rel: String,
    name: String,
    /// The sip address.
    uri: String,
    email_addresses: Vec<String>,
    /// `SameEnterprise`.
    source_network: String,
    /// `User`.
    r#type: String,
    #[schema(nullable = false)]
    work_phone_number: Option<String>,
    #[schema(nullable = false)]
    mobile_phone_number: Option<String>,
    #[schema(nullable = false)]
    home_phone_number: Option<String>,
    #[schema(nullable = false)]
    other_phone_number: Option<String>,
    #[serde(rename = "_links")]
    links: Links,
}

/// User identities of the workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaContacts)]
struct Contacts {
    /// `myContacts`.
    rel: String,
    _links: Links,
    _embedded: EmbeddedContacts,
}

/// The user identities.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaEmbeddedContacts)]
struct EmbeddedContacts {
    contact: Vec<Contact>,
}

/// The results of a search.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaSearch)]
struct Search {
    /// `search`.
    rel: String,
    /// Whether there are more results than the limit.
    more_results_available: bool,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_embedded")]
    embedded: EmbeddedContacts,
}

/// A list that is always empty.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaEmptyList)]
struct EmptyList {
    /// The name of the list.
    rel: String,
    _links: Links,
    /// No entries, by their name.
    #[schema(value_type = BTreeMap<String, Vec<Object>>)]
    _embedded: BTreeMap<String, Vec<Map<String, Value>>>,
}

/// A subscription to contacts and groups.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaSubscription)]
struct Subscription {
    /// `myContactsAndGroupsSubscription`.
    rel: String,
    /// `Disconnected`.
    state: String,
    _links: Links,
}

/// The availability to set; reset if absent.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaChangePresence)]
struct ChangePresence {
    #[schema(value_type = Option<Availability>)]
    availability: Option<String>,
}

/// The note to set; reset if absent.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaChangeNote)]
struct ChangeNote {
    #[schema(max_length = 500, example = "Back at three")]
    message: Option<String>,
}

/// The location to set; reset if absent.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaChangeLocation)]
struct ChangeLocation {
    #[schema(max_length = 60, example = "By the beach")]
    location: Option<String>,
}
