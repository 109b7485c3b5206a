//! `/phone/…`: the managed phone numbers. The published operations list, get, update, import and release numbers; what
//! the vendor keeps in its dashboard (reserve, assign, cancel a release) is added in the same style, since without it
//! there would be no bought numbers.

use super::access::Project;
use super::answer::{Body, NoContent};
use super::input::*;
use super::openapi::RESPONSES;
use super::route::*;
use super::wire::{Page, Phone};
use crate::api::input::*;
use crate::domain::e164::E164;
use crate::domain::id::{PhoneNumberId, UserIdentityId};
use crate::domain::number::*;
use crate::domain::token::Token;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Prefetch;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};
use uuid::Uuid;

/// Every route, in the order of the document.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/v1/phone/", &["GET"], list)
            .about("diga_list_phones", "List phones")
            .describe(
                "Returns the phones of the workspace, newest first by default, by page number or, with \
                 `after` or `before`, by cursor: an id of an earlier response, which is excluded.",
            )
            .succeeds("200", RESPONSES.json("PhonePage", "OK", "DigaPhonePage", None)),
        Operation::with_prefetch("/v1/phone/{phone_id}", &["GET"], get, Some(prefetch))
            .about("diga_get_phone", "Get a phone")
            .describe("Returns one phone.")
            .returns_phone()
            .fails([no_phone()]),
        Operation::new("/v1/phone/{phone_id}", &["PATCH"], update)
            .about("diga_update_phone", "Update a phone")
            .describe("Sets the nickname and the agents. Absent members stay as they are; null clears.")
            .example(json!({ "nickname": "Front desk" }))
            .returns_phone()
            .fails([no_phone(), Error::Conflict(Reason::NumberNotAssigned(Status::Reserved.into_str()))]),
        Operation::new("/v1/phone/{phone_id}", &["DELETE"], release)
            .about("diga_release_phone", "Release a phone")
            .describe(
                "A purchased phone is released at the end of the paid month and works until then; an \
                 imported one is released at once. Idempotent.",
            )
            .succeeds("204", RESPONSES.response("NoContent", "No Content", Value::Null))
            .fails([no_phone(), Error::Conflict(Reason::NumberNotReleasable(Status::Reserved.into_str()))]),
        Operation::new("/v1/phone/import", &["POST"], import)
            .about("diga_import_phone", "Import a number")
            .describe("Adds a number that the workspace already owns. It can be used at once.")
            .example(json!({ "phone_number": "+34675897654", "nickname": "Front desk" }))
            .returns_phone()
            .fails([Error::Conflict(Reason::NumberInUse)]),
        Operation::new("/v1/phone/reserve", &["POST"], reserve)
            .about("diga_reserve_phone", "Reserve a number")
            .describe("Holds a number until it is assigned or the reservation expires.")
            .example(json!({ "number": "+34675897654" }))
            .returns_phone()
            .fails([Error::Conflict(Reason::NumberInUse)]),
        Operation::new("/v1/phone/{phone_id}/assign", &["POST"], assign)
            .about("diga_assign_phone", "Assign a phone")
            .describe(
                "Assigns a reserved phone to the workspace and to a user identity, or to none. An assigned \
                 phone is reassigned.",
            )
            .example(json!({ "user_identity_id": EXAMPLE }))
            .returns_phone()
            .fails([
                no_phone(),
                Error::NotFound(ResourceKind::UserIdentity, EXAMPLE.to_string()),
                Error::Conflict(Reason::NumberNotAssignable(Status::Finished.into_str())),
                Error::Conflict(Reason::UserHasNumber),
            ]),
        Operation::new("/v1/phone/{phone_id}/cancel_release", &["POST"], cancel_release)
            .about("diga_cancel_release_of_phone", "Cancel a scheduled release")
            .describe("Cancels the scheduled release of a phone that is not released yet.")
            .returns_phone()
            .fails([no_phone(), Error::Conflict(Reason::ReleaseNotScheduled)]),
    ]
}

/// The phone of examples.
pub const EXAMPLE: Uuid = Uuid::from_u128(0x3fa8_5f64_5717_4562_b3fc_2c96_3f66_afa6);

fn no_phone() -> Error {
    Error::NotFound(ResourceKind::Number, EXAMPLE.to_string())
}

input! {
    /// The phone in the path.
    pub struct Which {
        /// The id of the phone.
        phone_id: PhoneNumberId = any_uuid(),
    }
}

/// The order by time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

input! {
    /// Filter and window of a list.
    pub struct List {
        /// Only phones after this one.
        after: Option<PhoneNumberId> = any_uuid().optional(),
        /// Only phones before this one.
        before: Option<PhoneNumberId> = any_uuid().optional(),
        /// The page number.
        page: Option<i64> = integer().at_least(1).optional(),
        /// The maximum number of phones.
        limit: i64 = integer().at_least(1).at_most(100).or(20),
        /// The order by time of creation.
        order: Order = choice().or("desc"),
        /// Only phones with this inbound agent.
        inbound_agent_id: Option<Uuid> = any_uuid().optional(),
        /// Only phones with this outbound agent.
        outbound_agent_id: Option<Uuid> = any_uuid().optional(),
        /// Only phones with this status.
        status: Option<Status> = choice().optional(),
        /// Only phones assigned at this time or later.
        start_assigned_at: Option<DateTime<Utc>> = any_time().optional(),
        /// Only phones assigned at this time or earlier.
        end_assigned_at: Option<DateTime<Utc>> = any_time().optional(),
    }
}

async fn list(call: Call<Project>, Query(input): Query<List>) -> Result<Body<Page>> {
    let page = input.page.unwrap_or(1);
    let (start, page) = match (input.after, input.before) {
        (Some(_), Some(_)) => {
            return Err(Error::Conflict(Reason::ExclusiveOptions("after and before exclude each other")));
        }
        (Some(id), None) => (Start::After(id), None),
        (None, Some(id)) => (Start::Before(id), None),
        (None, None) => (Start::Page(page), Some(page)),
    };
    let filter = PhoneNumberFilter {
        inbound_agent_id: input.inbound_agent_id,
        outbound_agent_id: input.outbound_agent_id,
        status: input.status,
        assigned_from: input.start_assigned_at,
        assigned_until: input.end_assigned_at,
    };
    let window = Window { ascending: input.order == Order::Asc, limit: input.limit, start };
    Ok(Body(Page::of(call.grant.workspace.numbers(&filter, window).await?, page)))
}

async fn get(call: Call<Project>, Path(Which { phone_id }): Path<Which>) -> Result<Body<Phone>> {
    phone(call.grant.workspace.number_with(call.prefetched, phone_id).await?)
}

fn prefetch(Path(Which { phone_id }): &Path<Which>) -> Prefetch {
    Prefetch::Number(*phone_id)
}

input! {
    /// A change of a phone. Absent members stay as they are; null clears.
    pub struct PhoneUpdate {
        /// A free label.
        nickname: Option<Option<String>> = text().nullable().optional(),
        /// The agent that answers calls to this number.
        inbound_agent_id: Option<Option<Uuid>> = any_uuid().nullable().optional(),
        /// An alias of `inbound_agent_id`.
        inbound_version_id: Option<Option<Uuid>> = any_uuid().nullable().optional(),
        /// The agent that places calls from this number.
        outbound_agent_id: Option<Option<Uuid>> = any_uuid().nullable().optional(),
        /// An alias of `outbound_agent_id`.
        outbound_version_id: Option<Option<Uuid>> = any_uuid().nullable().optional(),
    }
}

/// The published request names agent versions; here an agent has one version, so either name is accepted.
async fn update(
    call: Call<Project>,
    (Path(which), Json(input)): (Path<Which>, Json<PhoneUpdate>),
) -> Result<Body<Phone>> {
    let change = PhoneNumberChange {
        nickname: input.nickname,
        inbound_agent_id: input.inbound_agent_id.or(input.inbound_version_id),
        outbound_agent_id: input.outbound_agent_id.or(input.outbound_version_id),
    };
    phone(call.grant.workspace.update_number(which.phone_id, change, call.now).await?)
}

input! {
    /// The phone in the path. The published document calls the parameter `id` in this operation only.
    pub struct Release {
        /// The id of the phone.
        id: PhoneNumberId = any_uuid(),
    }
}

async fn release(call: Call<Project>, Path(Release { id }): Path<Release>) -> Result<NoContent> {
    call.grant.workspace.release_number(id, call.app.random.id(call.now), call.now).await?;
    Ok(NoContent)
}

input! {
    /// A SIP trunk.
    pub struct SipConfig {
        /// The host, without `sip:`.
        termination_uri: String = text().min(1),
        /// The user name.
        username: Option<String> = text().nullish(),
        /// The password.
        password: Option<String> = text().nullish(),
    }
}

input! {
    /// A number to import.
    pub struct PhoneImport {
        /// The number in E.164.
        phone_number: E164 = phone_number(),
        /// A free label.
        nickname: Option<String> = text().nullish(),
        /// The SIP trunk of the number. It is stored encrypted and never returned.
        sip_config: Option<SipConfig> = object().named("DigaSipConfig").nullish(),
    }
}

async fn import(call: Call<Project>, Json(input): Json<PhoneImport>) -> Result<Body<Phone>> {
    // The SIP configuration is one secret.
    let sip_config = input.sip_config.map(|SipConfig { termination_uri, username, password }| {
        let config = json!({ "termination_uri": termination_uri, "username": username, "password": password });
        Token::from(config.to_string())
    });
    let register_id = call.app.random.id(call.now);
    let new = NewPhoneNumber { register_id, number: input.phone_number, nickname: input.nickname };
    phone(call.grant.workspace.import_number(new, sip_config, call.now).await?)
}

input! {
    /// A number to reserve.
    pub struct PhoneReserve {
        /// The number in E.164.
        number: E164 = phone_number(),
        /// A free label.
        nickname: Option<String> = text().nullish(),
    }
}

async fn reserve(
    call: Call<Project>,
    Json(PhoneReserve { number, nickname }): Json<PhoneReserve>,
) -> Result<Body<Phone>> {
    let new = NewPhoneNumber { register_id: call.app.random.id(call.now), number, nickname };
    phone(call.grant.workspace.reserve_number(new, call.now, call.now + call.app.reservation).await?)
}

input! {
    /// The assignment of a phone.
    pub struct PhoneAssign {
        /// The user identity that gets the number; null for none.
        user_identity_id: Option<UserIdentityId> = any_uuid().nullish(),
    }
}

async fn assign(
    call: Call<Project>,
    (Path(which), input): (Path<Which>, Option<Json<PhoneAssign>>),
) -> Result<Body<Phone>> {
    let person = input.and_then(|Json(input)| input.user_identity_id);
    let event_id = call.app.random.id(call.now);
    let workspace = &call.grant.workspace;
    let assign = |person| workspace.assign_number(which.phone_id, person, event_id, call.now);
    phone(workspace.for_optional_user_identity(person, assign).await?)
}

async fn cancel_release(call: Call<Project>, Path(Which { phone_id }): Path<Which>) -> Result<Body<Phone>> {
    phone(call.grant.workspace.cancel_release(phone_id, call.now).await?)
}

fn phone(number: PhoneNumber) -> Result<Body<Phone>> {
    Ok(Body(Phone::from(number)))
}
