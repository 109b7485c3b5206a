//! `people`: the user identities of the workspace as contacts, to search and to list (UCWA reference, "people", "search",
//! "myContacts", "contact"). Groups, subscriptions and privacy relationships are not kept, so their lists are empty.

use super::access::Subscribed;
use super::answer;
use super::input::{Input, fault};
use super::me::{uri, whole};
use super::openapi::examples::{directory_entry, example_base};
use super::openapi::inputs::query;
use super::presence;
use super::resource::Resource;
use super::route::{Call, Operation};
use crate::domain::directory::{DirectoryEntry, DirectoryFilter};
use crate::domain::e164::plain;
use crate::domain::slot::SlotType;
use crate::domain::slot_number as number;
use crate::error::{Limit, Problem, Result};
use axum::response::Response;
use serde_json::json;

/// Maximum characters of a search, and of its results (UCWA reference, "search").
const LONGEST_QUERY: usize = 256;
const MOST_RESULTS: u32 = 100;

/// Number of entries of `myContacts`, that of contacts of a user in the default policy of real servers.
const MOST_CONTACTS: i64 = 250;

/// Least digits of a search by number.
const LEAST_DIGITS: usize = 3;

/// A list that is always empty: its path below `people`, its name, the name of its entries, and the id of its operation.
type EmptyList = (&'static str, &'static str, &'static str, &'static str);

const EMPTY: [EmptyList; 6] = [
    ("/presenceSubscriptions", "presenceSubscriptions", "presenceSubscription", "get_presence_subscriptions"),
    ("/subscribedContacts", "subscribedContacts", "contact", "get_subscribed_contacts"),
    (
        "/presenceSubscriptionMemberships",
        "presenceSubscriptionMemberships",
        "presenceSubscriptionMembership",
        "get_presence_subscription_memberships",
    ),
    ("/groups", "myGroups", "group", "get_my_groups"),
    ("/groupMemberships", "myGroupMemberships", "myGroupMembership", "get_my_group_memberships"),
    ("/privacyRelationships", "myPrivacyRelationships", "myPrivacyRelationship", "get_my_privacy_relationships"),
];

/// The routes below an application.
pub fn routes(base: &str) -> Vec<Operation> {
    let at = |path: &str| format!("{base}/people{path}");
    let (all, entry) = (example_base(), directory_entry());
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MOST_RESULTS });
    let text = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_QUERY, "example": "jane" });
    let mut wanted = query("query", "Part of a name, an e-mail address, a sip URI or a shared number", text);
    wanted["required"] = true.into();
    wanted["example"] = json!("jane");
    let mut routes = vec![
        Operation::new(at(""), &["GET"], get)
            .about("get_people", "Get the hub of people")
            .describe("Returns the links to the people of the workspace.")
            .returns("People", "UcwaResource", &[], &people(&all)),
        Operation::new(at("/search"), &["GET"], search)
            .about("search_people", "Search people")
            .describe("Returns the user identities of the workspace that match, the oldest first.")
            .takes(wanted)
            .takes(query("limit", "The maximum number of results; 100 if absent", limit))
            .returns("Search", "UcwaSearch", &[], &example())
            .fails([fault("query", Problem::Missing)]),
        Operation::new(at("/contacts"), &["GET"], my_contacts)
            .about("list_my_contacts", "List contacts")
            .describe("Returns the other user identities of the workspace: the 250 oldest. All are found by a search.")
            .returns("MyContacts", "UcwaContacts", &[], &contacts(&all, vec![entry.clone()])),
        Operation::new(at("/contactsAndGroupsSubscription"), &["GET"], get_subscription)
            .about("get_my_contacts_and_groups_subscription", "Get the subscription to contacts")
            .describe("Returns a subscription that is not connected: contacts cause no events.")
            .returns("Subscription", "UcwaSubscription", &[], &subscription(&all)),
        Operation::new(at("/{contact_id}"), &["GET"], get_contact)
            .about("get_contact", "Get a contact")
            .describe("Returns one user identity of the workspace as others see it.")
            .returns("Contact", "UcwaContact", &[], &contact(&all, &entry)),
    ];
    routes.extend(EMPTY.map(|list| {
        Operation::new(at(list.0), &["GET"], get_empty_list)
            .about(list.3, "Get an empty list")
            .describe("Returns a list that clients require and that is always empty.")
            .returns("List", "UcwaEmptyList", &[], &empty_list(&all, EMPTY[0]))
    }));
    routes.extend(presence::routes_of_contact(&at("/{contact_id}")));
    routes
}

/// The results of a search.
pub fn example() -> Resource {
    search_results(&example_base(), "query=jane", vec![directory_entry()], false)
}

/// The hub, with what real servers link.
pub fn people(base: &str) -> Resource {
    let at = |path: &str| format!("{base}/people{path}");
    let mut people = Resource::new("people", at(""));
    for (path, rel, ..) in EMPTY {
        people = people.link(rel, at(path));
    }
    people
        .link("myContacts", at("/contacts"))
        .link("myContactsAndGroupsSubscription", at("/contactsAndGroupsSubscription"))
        .link("search", at("/search"))
}

async fn get(call: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::resource(call.grant.form, &people(&call.grant.base)))
}

async fn search(call: Call<Subscribed>, input: Input) -> Result<Response> {
    let text = input.required("query", LONGEST_QUERY)?;
    let limit = whole(&input, "limit")?.unwrap_or(MOST_RESULTS);
    if !(1..=MOST_RESULTS).contains(&limit) {
        return Err(fault("limit", Problem::Range(Limit::AtMost(f64::from(MOST_RESULTS)))));
    }
    let filter = DirectoryFilter::Text { text: without_scheme(&text).to_owned(), digits: digits(&text) };
    let most = i64::from(limit);
    let mut entries = call.grant.workspace.directory(filter, most + 1, call.now).await?;
    let has_more = entries.len() as u64 > u64::from(limit);
    entries.truncate(limit as usize);
    let query = call.head.parts.uri.query().unwrap_or_default();
    Ok(answer::resource(call.grant.form, &search_results(&call.grant.base, query, entries, has_more)))
}

/// The text of a search without the scheme of a sip or tel URI.
fn without_scheme(text: &str) -> &str {
    let text = text.trim();
    match text.split_at_checked(4) {
        Some((scheme, rest)) if ["sip:", "tel:"].iter().any(|it| scheme.eq_ignore_ascii_case(it)) => rest,
        _ => text,
    }
}

/// The digits of a search by number; none if it is not one.
fn digits(text: &str) -> Option<String> {
    let digits = number::digits(without_scheme(&plain(text)).trim_start_matches('+'))?;
    (digits.len() >= LEAST_DIGITS).then_some(digits)
}

async fn my_contacts(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let filter = DirectoryFilter::AllBut(call.grant.user_identity_id());
    let entries = call.grant.workspace.directory(filter, MOST_CONTACTS, call.now).await?;
    Ok(answer::resource(call.grant.form, &contacts(&call.grant.base, entries)))
}

async fn get_contact(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let entry = call.grant.workspace.directory_entry(call.grant.contact_id(), call.now).await?;
    Ok(answer::resource(call.grant.form, &contact(&call.grant.base, &entry)))
}

async fn get_subscription(call: Call<Subscribed>, _: Input) -> Result<Response> {
    Ok(answer::resource(call.grant.form, &subscription(&call.grant.base)))
}

async fn get_empty_list(call: Call<Subscribed>, _: Input) -> Result<Response> {
    let list = EMPTY.into_iter().find(|(path, ..)| call.head.path.ends_with(path)).unwrap_or(EMPTY[0]);
    Ok(answer::resource(call.grant.form, &empty_list(&call.grant.base, list)))
}

fn empty_list(base: &str, (path, rel, entries, _): EmptyList) -> Resource {
    Resource::new(rel, format!("{base}/people{path}")).many(entries, Vec::new())
}

fn subscription(base: &str) -> Resource {
    let href = format!("{base}/people/contactsAndGroupsSubscription");
    Resource::new("myContactsAndGroupsSubscription", href).text("state", "Disconnected")
}

fn search_results(base: &str, query: &str, entries: Vec<DirectoryEntry>, has_more: bool) -> Resource {
    let contacts = entries.iter().map(|entry| contact(base, entry)).collect();
    let search = Resource::new("search", format!("{base}/people/search?{query}"));
    search.flag("moreResultsAvailable", has_more).many("contact", contacts)
}

fn contacts(base: &str, entries: Vec<DirectoryEntry>) -> Resource {
    let contacts = entries.iter().map(|entry| contact(base, entry)).collect();
    Resource::new("myContacts", format!("{base}/people/contacts")).many("contact", contacts)
}

/// A user identity as others see it: its numbers are those on the contact card.
fn contact(base: &str, entry: &DirectoryEntry) -> Resource {
    let DirectoryEntry { person, numbers, .. } = entry;
    let own = format!("{base}/people/{}", person.user_identity_id);
    let mut contact = Resource::new("contact", own.clone())
        .link("contactPresence", format!("{own}/presence"))
        .link("contactLocation", format!("{own}/location"))
        .link("contactNote", format!("{own}/note"))
        .text("name", person.display_name())
        .text("uri", uri(person))
        .list("emailAddresses", person.email_address.iter().cloned().collect())
        .text("sourceNetwork", "SameEnterprise")
        .text("type", "User");
    for (slot, number) in numbers {
        contact = contact.text(property(*slot), number.as_str());
    }
    contact
}

/// Property of a contact with the number of this slot.
fn property(slot: SlotType) -> &'static str {
    match slot {
        SlotType::Work => "workPhoneNumber",
        SlotType::Mobile => "mobilePhoneNumber",
        SlotType::Home => "homePhoneNumber",
        SlotType::Other => "otherPhoneNumber",
    }
}
