//! The schemas. Resources are written member by member, so these types describe them for the document only.

mod people;

use super::super::error::ErrorBody;
use super::super::token::{Token, TokenError};
use crate::api::openapi::{Schemas, enum_schema};
use crate::domain::presence::Availability;
use crate::domain::slot::SlotType;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// All of them.
pub fn all() -> Schemas {
    people::with(Schemas::default())
        .with::<Phone>()
        .with::<Phones>()
        .with::<Me>()
        .with::<Application>()
        .with::<NamedResource>()
        .with::<Events>()
        .with::<Discovery>()
        .with::<ChangeNumber>()
        .with::<ChangeVisibility>()
        .with::<NewPhone>()
        .with::<NewApplication>()
        .with::<MakeMeAvailable>()
        .with::<TokenRequest>()
        .with::<Token>()
        .with::<TokenError>()
        .with::<ErrorBody>()
        .with::<ResourceXml>()
        .with::<ErrorXml>()
        .with::<Xml>()
        .with::<Page>()
}

/// A link.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaLink)]
struct Link {
    /// A URI of this server.
    href: String,
}

/// The operations that are possible now, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaLinks)]
struct Links(BTreeMap<String, Link>);

enum_schema!(Availability, "UcwaPreferredAvailability", "An availability that a user identity chooses");
enum_schema!(SlotType, "UcwaSlot", "One of the four slots for telephone numbers");

/// A resource with a name and a URI, and nothing else.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaResource)]
struct NamedResource {
    /// The name of the resource.
    rel: String,
    _links: Links,
}

/// One of the four telephone numbers of a user identity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaPhone)]
struct Phone {
    /// `phone`.
    rel: String,
    #[schema(value_type = SlotType)]
    r#type: String,
    /// A tel URI or digits; empty if there is none.
    number: String,
    /// Whether the number is on the contact card.
    include_in_contact_card: bool,
    /// Changes with the resource.
    etag: String,
    #[serde(rename = "_links")]
    links: Links,
}

/// The telephone numbers of a user identity.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaPhones)]
struct Phones {
    /// `phones`.
    rel: String,
    _links: Links,
    _embedded: EmbeddedPhones,
}

/// The four numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaEmbeddedPhones)]
struct EmbeddedPhones {
    /// `work`, `mobile`, `home`, `other`.
    #[schema(min_items = 4, max_items = 4)]
    phone: Vec<Phone>,
}

/// The user identity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaMe)]
struct Me {
    /// `me`.
    rel: String,
    name: String,
    /// The sip address.
    uri: String,
    #[schema(nullable = false)]
    email_addresses: Option<Vec<String>>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A client of the user identity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaApplication)]
struct Application {
    /// `application`.
    rel: String,
    /// The language of the client.
    culture: String,
    /// The name of the client.
    user_agent: String,
    /// The instance that the windows of one client share.
    #[schema(nullable = false)]
    instance_id: Option<String>,
    /// The kind of client.
    #[schema(nullable = false)]
    r#type: Option<String>,
    /// Changes with the resource.
    etag: String,
    #[serde(rename = "_links")]
    links: Links,
    #[serde(rename = "_embedded")]
    embedded: EmbeddedApplication,
}

/// The resources of an application.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaEmbeddedApplication)]
struct EmbeddedApplication {
    me: Me,
    people: NamedResource,
    online_meetings: NamedResource,
    communication: NamedResource,
}

/// The event channel, which is always empty.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaEvents)]
struct Events {
    /// `events`.
    rel: String,
    _links: Links,
    #[schema(max_items = 0, value_type = Vec<Object>)]
    sender: Vec<Map<String, Value>>,
}

/// The entry points.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaDiscovery)]
struct Discovery {
    /// Absolute URIs of the next steps, by name.
    _links: BTreeMap<String, Link>,
}

/// A number to set. Without a number the slot is cleared.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaChangeNumber)]
struct ChangeNumber {
    /// The number as written by a person, or a tel URI.
    #[schema(max_length = 80, example = "tel:+14255550199")]
    number: Option<String>,
    /// Whether the number is on the contact card.
    include_in_contact_card: Option<bool>,
}

/// The visibility to set; false if absent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaChangeVisibility)]
struct ChangeVisibility {
    /// Whether the number is on the contact card.
    include_in_contact_card: Option<bool>,
}

/// A number to create.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaNewPhone)]
struct NewPhone {
    /// `work`, `mobile`, `home` or `other`, in any case.
    #[schema(min_length = 1, example = "home")]
    r#type: String,
    /// The number as written by a person, or a tel URI.
    #[schema(min_length = 1, max_length = 80, example = "tel:+14255550199")]
    number: String,
    /// Whether the number is on the contact card.
    include_in_contact_card: Option<bool>,
}

/// An application to create. Names of members are case-insensitive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaNewApplication)]
struct NewApplication {
    /// The language of the client.
    #[schema(min_length = 1, max_length = 100, example = "en-US")]
    culture: String,
    /// The id of the endpoint, which tells the clients of a user identity apart.
    #[schema(min_length = 1, max_length = 100, example = "d9b02541-8b9c-4b1e-b4a2-7d0a33a7a7d4")]
    endpoint_id: String,
    /// The name of the client.
    #[schema(min_length = 1, max_length = 100, example = "curl")]
    user_agent: String,
    /// The instance that the windows of one client share; it has one application.
    #[schema(max_length = 100, example = "browser-1")]
    instance_id: Option<String>,
    /// The kind of client.
    #[schema(max_length = 100, example = "Browser")]
    r#type: Option<String>,
}

/// The availability of the user identity; its modalities are accepted and not stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UcwaMakeMeAvailable)]
struct MakeMeAvailable {
    #[schema(nullable = false, value_type = Option<Availability>)]
    sign_in_as: Option<String>,
    #[schema(nullable = false)]
    supported_modalities: Option<Vec<String>>,
}

/// The credentials for an access token.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaTokenRequest)]
struct TokenRequest {
    // In place, because the Rust generator cannot refer to it from a form.
    #[schema(inline)]
    grant_type: GrantType,
    /// The e-mail address or key of the user identity, with or without `sip:`.
    #[schema(min_length = 1)]
    username: String,
    /// The password, set with `handset user set-password`.
    #[schema(min_length = 1)]
    password: String,
    /// The id of a workspace, or of an API key of it, to sign in to that workspace only. Other ids are ignored.
    #[schema(nullable = false)]
    client_id: Option<String>,
}

/// The type of a grant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UcwaGrantType)]
#[expect(dead_code, reason = "it is in the document only")]
enum GrantType {
    Password,
}

/// A resource in XML. Properties, lists of texts, links and embedded resources are elements; `href` is the `self` link.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaResourceXml)]
struct ResourceXml(String);

/// An error in XML. Its members are elements.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaErrorXml)]
struct ErrorXml(String);

/// The same in XML, in the namespace of UCWA.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaXml)]
struct Xml(String);

/// An HTML page.
#[derive(Serialize, ToSchema)]
#[schema(as = UcwaPage)]
struct Page(String);
