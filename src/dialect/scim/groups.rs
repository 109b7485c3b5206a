//! `/Groups`: labels of user identities. They change nothing in other dialects.

use super::answer::{Answer, precondition};
use super::input::{Listed, Searched, Viewed, Written};
use super::openapi::{body, examples, list, list_errors, no_content, patch_errors, resource as response};
use super::patch;
use super::resource;
use super::route::{Call, Context, Nothing, Operation, Shown, location};
use super::schema::{GROUPS, USERS};
use super::search::{self, Source};
use crate::domain::id::{ScimGroupId, UserIdentityId};
use crate::domain::scim::{MAX_GROUPS, ScimGroup, ScimGroupChange};
use crate::error::{Error, Issue, Problem, Reason, ResourceKind, Result};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const GROUPS_PATH: &str = "/scim/v2/Groups";
const GROUP_PATH: &str = "/scim/v2/Groups/{id}";

/// Every route.
pub fn routes() -> Vec<Operation> {
    let unknown = || Error::NotFound(ResourceKind::ScimGroup, examples::GROUP_ID.to_owned());
    vec![
        Operation::new(GROUPS_PATH, &["GET"], list_groups)
            .about("scim_list_groups", "List groups")
            .describe("Returns the groups of the workspace. Exclude `members` for a quick answer.")
            .succeeds("200", list("GroupList", examples::group()))
            .fails(list_errors()),
        Operation::new(GROUPS_PATH, &["POST"], create_group)
            .about("scim_create_group", "Create a group")
            .describe("Creates a group of users. Its members are ids of users.")
            .example(body("ScimNewGroup", examples::new_group()))
            .succeeds("201", response("GroupCreated", "Created", "ScimGroup", examples::group()))
            .fails([Error::Conflict(Reason::TooManyGroups(MAX_GROUPS))]),
        Operation::new("/scim/v2/Groups/.search", &["POST"], search_groups)
            .about("scim_search_groups", "Search groups")
            .describe("Returns groups as the list does, by a query in the body.")
            .example(body("ScimSearchRequest", examples::search()))
            .succeeds("200", list("GroupList", examples::group()))
            .fails(list_errors()),
        Operation::new(GROUP_PATH, &["GET"], get_group)
            .about("scim_get_group", "Get a group")
            .describe("Returns one group.")
            .succeeds("200", response("Group", "OK", "ScimGroup", examples::group()))
            .fails([unknown()])
            .conditional(),
        Operation::new(GROUP_PATH, &["PUT"], replace_group)
            .about("scim_replace_group", "Replace a group")
            .describe("Replaces the name and all members.")
            .example(body("ScimNewGroup", examples::new_group()))
            .succeeds("200", response("Group", "OK", "ScimGroup", examples::group()))
            .fails([unknown()])
            .conditional(),
        Operation::new(GROUP_PATH, &["PATCH"], patch_group)
            .about("scim_update_group", "Update a group")
            .describe("Applies operations to a group.")
            .example(body("ScimPatch", examples::group_patch()))
            .succeeds("200", response("Group", "OK", "ScimGroup", examples::group()))
            .fails(patch_errors())
            .fails([unknown()])
            .conditional(),
        Operation::new(GROUP_PATH, &["DELETE"], delete_group)
            .about("scim_delete_group", "Delete a group")
            .describe("Deletes a group. Its members stay.")
            .succeeds("204", no_content())
            .fails([unknown()])
            .conditional(),
    ]
}

async fn list_groups(call: Call, Listed(query): Listed) -> Result<Answer> {
    search::find(&Context::of(&call), &[Source::Groups], query).await
}

async fn search_groups(call: Call, Searched(query): Searched) -> Result<Answer> {
    search::find(&Context::of(&call), &[Source::Groups], query).await
}

async fn get_group(call: Call, Viewed(projection): Viewed) -> Result<Answer> {
    let context = Context::of(&call);
    let with_members = projection.includes("members", &GROUPS);
    let group = context.workspace.scim_group(id(call.head.param(0))?, with_members).await?;
    Ok(shown(&group, with_members, &context.base).answer(StatusCode::OK, &GROUPS, &projection))
}

async fn create_group(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let created = create(&Context::of(&call), body).await?;
    Ok(created.answer(StatusCode::CREATED, &GROUPS, &projection))
}

async fn replace_group(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let replaced = replace(&Context::of(&call), call.head.param(0), body, call.head.headers()).await?;
    Ok(replaced.answer(StatusCode::OK, &GROUPS, &projection))
}

async fn patch_group(call: Call, Written { body, projection }: Written) -> Result<Answer> {
    let patched = update(&Context::of(&call), call.head.param(0), &body, call.head.headers()).await?;
    Ok(patched.answer(StatusCode::OK, &GROUPS, &projection))
}

async fn delete_group(call: Call, _: Nothing) -> Result<Answer> {
    delete(&Context::of(&call), call.head.param(0), call.head.headers()).await?;
    Ok(Answer::no_content())
}

/// Creates a group.
pub async fn create(context: &Context, body: Map<String, Value>) -> Result<Shown> {
    let change = change_of(resource::read(&GROUPS, body)?)?;
    let id = context.app.random.id(context.now);
    let created = context.workspace.create_scim_group(id, change, context.now).await;
    Ok(shown(&created.map_err(unknown_member)?, true, &context.base))
}

/// Replaces a group.
pub async fn replace(context: &Context, text: &str, body: Map<String, Value>, headers: &HeaderMap) -> Result<Shown> {
    let id = id(text)?;
    let given = change_of(resource::read(&GROUPS, body)?)?;
    change(context, id, headers, move |_| Ok(Some(given))).await
}

/// Applies operations to a group.
pub async fn update(context: &Context, text: &str, body: &Map<String, Value>, headers: &HeaderMap) -> Result<Shown> {
    let id = id(text)?;
    let operations = patch::read(body)?;
    let base = context.base.clone();
    let patched = move |group: &ScimGroup| {
        let before = writable(group, true, &base);
        let mut after = before.clone();
        patch::apply(&GROUPS, &mut after, operations)?;
        let (before, after) = (change_of(before)?, change_of(patch::read_result(&GROUPS, after)?)?);
        Ok((before != after).then_some(after))
    };
    change(context, id, headers, patched).await
}

async fn change(
    context: &Context,
    id: ScimGroupId,
    headers: &HeaderMap,
    change: impl FnOnce(&ScimGroup) -> Result<Option<ScimGroupChange>> + Send + 'static,
) -> Result<Shown> {
    let check = tag_check(context, headers);
    let change = move |group: &ScimGroup| {
        check(group)?;
        change(group)
    };
    let changed = context.workspace.change_scim_group(id, change, context.now).await;
    Ok(shown(&changed.map_err(unknown_member)?, true, &context.base))
}

/// Deletes a group.
pub async fn delete(context: &Context, text: &str, headers: &HeaderMap) -> Result<()> {
    context.workspace.delete_scim_group(id(text)?, tag_check(context, headers), context.now).await
}

/// The preconditions of a request, on a group as it is shown.
fn tag_check(context: &Context, headers: &HeaderMap) -> impl FnOnce(&ScimGroup) -> Result<()> + Send + 'static {
    let check = precondition(headers);
    let base = context.base.clone();
    move |group| check(shown(group, true, &base).tag.as_deref().unwrap_or_default())
}

/// The attributes of a group that requests may set.
fn writable(group: &ScimGroup, with_members: bool, base: &str) -> Map<String, Value> {
    let mut resource = group.attributes.clone();
    resource.insert("displayName".to_owned(), group.display_name.as_str().into());
    if let Some(external_id) = &group.external_id {
        resource.insert("externalId".to_owned(), external_id.as_str().into());
    }
    if with_members && !group.members.is_empty() {
        let member = |id: &UserIdentityId| json!({ "value": id, "$ref": location(base, &USERS, id), "type": "User" });
        resource.insert("members".to_owned(), group.members.iter().map(member).collect());
    }
    resource
}

/// A group as it is shown.
pub fn shown(group: &ScimGroup, with_members: bool, base: &str) -> Shown {
    let mut resource = writable(group, with_members, base);
    resource.insert("id".to_owned(), group.scim_group_id.to_string().into());
    let times = [group.created_at, group.updated_at];
    Shown::new(&GROUPS, resource, with_members, location(base, &GROUPS, group.scim_group_id), times)
}

/// A change to what a resource says.
fn change_of(mut resource: Map<String, Value>) -> Result<ScimGroupChange> {
    let mut text = |name: &str| match resource.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (display_name, external_id) = (text("displayName").unwrap_or_default(), text("externalId"));
    let members = match resource.remove("members") {
        Some(Value::Array(members)) => members.iter().map(member_id).collect::<Result<_>>()?,
        _ => Vec::new(),
    };
    let mut members: Vec<UserIdentityId> = members;
    members.sort_unstable();
    members.dedup();
    Ok(ScimGroupChange { display_name, external_id, attributes: resource, members })
}

/// The user that a member is, by its `value` or the end of its `$ref`.
fn member_id(member: &Value) -> Result<UserIdentityId> {
    let reference = || member["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    let text = member["value"].as_str().or_else(reference).unwrap_or_default();
    let is_user = member["type"].as_str().is_none_or(|name| name.eq_ignore_ascii_case(USERS.name));
    match Uuid::try_parse(text) {
        Ok(id) if is_user => Ok(UserIdentityId(id)),
        _ => Err(no_member(text)),
    }
}

/// The error of a member that no directory knows.
fn unknown_member(error: Error) -> Error {
    match error {
        Error::NotFound(ResourceKind::UserIdentity, id) => no_member(&id),
        error => error,
    }
}

fn no_member(text: &str) -> Error {
    let message = format!("there is no user {text}; members are ids of users");
    Error::Invalid(vec![Issue::field("members", Problem::Rule(message.into()))])
}

/// The id in a path. A text that is none names no group.
fn id(text: &str) -> Result<ScimGroupId> {
    let id = Uuid::try_parse(text).ok().filter(|id| id.to_string().eq_ignore_ascii_case(text));
    id.map(ScimGroupId).ok_or_else(|| Error::NotFound(ResourceKind::ScimGroup, text.to_owned()))
}
