//! `/Users`: user identities. Changes and deletions use the connections that are reserved for deactivation, since any may be
//! the end of a person's access.

mod representation;

use super::answer::{Answer, precondition};
use super::input::{Listed, Searched, Viewed, Written};
use super::openapi::{body, examples, list, list_errors, patch_errors, resource};
use super::patch::{self, PatchOperation};
use super::resource;
use super::route::{Call, Context, Nothing, Operation, Shown};
use super::schema::USERS;
use super::search::{self, Source};
use crate::deactivation;
use crate::domain::id::UserIdentityId;
use crate::domain::scim::{ScimUser, ScimUserChange};
use crate::domain::slot::SlotType;
use crate::error::{Error, Reason, ResourceKind, Result};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use representation::shown;
use representation::{change_of, writable};

const USERS_PATH: &str = "/scim/v2/Users";
const USER_PATH: &str = "/scim/v2/Users/{id}";

/// Every route.
pub fn routes() -> Vec<Operation> {
    let unknown = || Error::NotFound(ResourceKind::UserIdentity, examples::ID.to_owned());
    let taken = || Error::Conflict(Reason::UserIdentityExists("userName"));
    vec![
        Operation::new(USERS_PATH, &["GET"], list_users)
            .about("scim_list_users", "List users")
            .describe("Returns the users of the workspace, in order of creation unless the query says otherwise.")
            .succeeds("200", list("UserList", examples::user()))
            .fails(list_errors()),
        Operation::new(USERS_PATH, &["POST"], create_user)
            .about("scim_create_user", "Create a user")
            .describe(
                "Creates a user identity. A user that was deleted is taken up again, with its contacts, by its `userName`, \
                 `externalId` or e-mail address.",
            )
            .example(body("ScimNewUser", examples::new_user()))
            .succeeds("201", resource("UserCreated", "Created", "ScimUser", examples::user()))
            .fails([taken()]),
        Operation::new("/scim/v2/Users/.search", &["POST"], search_users)
            .about("scim_search_users", "Search users")
            .describe("Returns users as the list does, by a query in the body.")
            .example(body("ScimSearchRequest", examples::search()))
            .succeeds("200", list("UserList", examples::user()))
            .fails(list_errors()),
        Operation::new(USER_PATH, &["GET"], get_user)
            .about("scim_get_user", "Get a user")
            .describe("Returns one user.")
            .succeeds("200", resource("User", "OK", "ScimUser", examples::user()))
            .fails([unknown()])
            .conditional(),
        Operation::new(USER_PATH, &["PUT"], replace_user)
            .about("scim_replace_user", "Replace a user")
            .describe("Replaces all attributes. A user that becomes inactive loses its phones.")
            .example(body("ScimNewUser", examples::new_user()))
            .succeeds("200", resource("User", "OK", "ScimUser", examples::user()))
            .fails([unknown(), taken()])
            .conditional()
            .urgent(),
        Operation::new(USER_PATH, &["PATCH"], patch_user)
            .about("scim_update_user", "Update a user")
            .describe("Applies operations to a user. A user that becomes inactive loses its phones.")
            .example(body("ScimPatch", examples::patch()))
            .succeeds("200", resource("User", "OK", "ScimUser", examples::user()))
            .fails(patch_errors())
            .fails([unknown(), taken()])
            .conditional()
            .urgent(),
        Operation::new(USER_PATH, &["DELETE"], delete_user)
            .about("scim_delete_user", "Delete a user")
            .describe(
                "Deactivates the person's phones, and ends the credentials and sessions. The user identity stays, inactive, \
                 with its contacts.",
            )
            .succeeds("204", super::openapi::no_content())
            .fails([unknown()])
            .conditional()
            .urgent(),
    ]
}

async fn list_users(call: Call, Listed(query): Listed) -> Result<Answer> {
    search::find(&Context::of(&call), &[Source::Users], query).await
}

async fn search_users(call: Call, Searched(query): Searched) -> Result<Answer> {
    search::find(&Context::of(&call), &[Source::Users], query).await
}

async fn get_user(call: Call, Viewed(projection): Viewed) -> Result<Answer> {
    let context = Context::of(&call);
    let user = context.workspace.scim_user(id(call.head.param(0))?, call.now).await?;
    Ok(shown(&user, &context).answer(StatusCode::OK, &USERS, &projection))
}

async fn create_user(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let created = create(&Context::of(&call), body).await?;
    Ok(created.answer(StatusCode::CREATED, &USERS, &projection))
}

async fn replace_user(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let replaced = replace(&Context::of(&call), call.head.param(0), body, call.head.headers()).await?;
    Ok(replaced.answer(StatusCode::OK, &USERS, &projection))
}

async fn patch_user(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let patched = update(&Context::of(&call), call.head.param(0), &body, call.head.headers()).await?;
    Ok(patched.answer(StatusCode::OK, &USERS, &projection))
}

async fn delete_user(call: Call, _: Nothing) -> Result<Answer> {
    delete(&Context::of(&call), call.head.param(0), call.head.headers()).await?;
    Ok(Answer::no_content())
}

/// Creates a user, or takes up one that was deleted.
pub async fn create(context: &Context, body: Map<String, Value>) -> Result<Shown> {
    let given = resource::read(&USERS, body)?;
    let change = change_of(given, true, context.app.region);
    let id = context.app.random.id(context.now);
    let user = context.workspace.create_scim_user(id, change, context.now).await?;
    Ok(shown(&user, context))
}

/// Replaces a user. What the client does not know of stays: whether it is active, and a number that the workspace has
/// assigned.
pub async fn replace(context: &Context, text: &str, body: Map<String, Value>, headers: &HeaderMap) -> Result<Shown> {
    let id = id(text)?;
    let given = resource::read(&USERS, body)?;
    let region = context.app.region;
    change(context, id, headers, move |user| Ok(Some(change_of(given, user.is_active(), region)))).await
}

/// Applies operations to a user.
pub async fn update(context: &Context, text: &str, body: &Map<String, Value>, headers: &HeaderMap) -> Result<Shown> {
    let id = id(text)?;
    let operations = patch::read(body)?;
    let region = context.app.region;
    change(context, id, headers, move |user| patched(user, operations, region)).await
}

fn patched(
    user: &ScimUser,
    operations: Vec<PatchOperation>,
    region: crate::domain::e164::Region,
) -> Result<Option<ScimUserChange>> {
    let before = writable(user, region);
    let mut after = before.clone();
    patch::apply(&USERS, &mut after, operations)?;
    let after = patch::read_result(&USERS, after)?;
    if after == before {
        return Ok(None);
    }
    let is_unassigned = !after.contains_key("active");
    let mut change = change_of(after, user.is_active(), region);
    if is_unassigned {
        // Removed by the directory: it is not shown, and the person is as active as before.
        change.attributes.insert("active".to_owned(), Value::Null);
    }
    // The number of a person who leaves is taken back, so it is no longer in the way.
    if let Some(managed) = user.managed_number.as_ref().filter(|_| change.is_active) {
        let work = change.numbers.iter().find(|(slot_type, _)| *slot_type == SlotType::Work);
        if work.is_some_and(|(_, number)| number != managed) {
            return Err(Error::Conflict(Reason::ManagedNumber));
        }
    }
    Ok(Some(change))
}

async fn change(
    context: &Context,
    id: UserIdentityId,
    headers: &HeaderMap,
    change: impl FnOnce(&ScimUser) -> Result<Option<ScimUserChange>> + Send + 'static,
) -> Result<Shown> {
    let check = tag_check(context, headers);
    let change = move |user: &ScimUser| {
        check(user)?;
        change(user)
    };
    let user = deactivation::by_directory(&context.workspace, id, change, context.now).await?;
    Ok(shown(&user, context))
}

/// Deletes a user.
pub async fn delete(context: &Context, text: &str, headers: &HeaderMap) -> Result<()> {
    let check = tag_check(context, headers);
    deactivation::of_deleted_user(&context.workspace, id(text)?, check, context.now).await
}

/// The preconditions of a request, on a user as it is shown.
fn tag_check(context: &Context, headers: &HeaderMap) -> impl FnOnce(&ScimUser) -> Result<()> + Send + 'static {
    let check = precondition(headers);
    let (base, region) = (context.base.clone(), context.app.region);
    move |user| check(representation::shown_at(user, &base, region).tag.as_deref().unwrap_or_default())
}

/// The id in a path. A text that is none names no user.
fn id(text: &str) -> Result<UserIdentityId> {
    let id = Uuid::try_parse(text).ok().filter(|id| id.to_string().eq_ignore_ascii_case(text));
    id.map(UserIdentityId).ok_or_else(|| Error::NotFound(ResourceKind::UserIdentity, text.to_owned()))
}
