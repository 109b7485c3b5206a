//! Invariants of every committed state of the registry, as SQL. Each query returns the rows that violate its rule, so an
//! incomplete operation is found, whether or not it was acknowledged. All of them assume that a webhook was created before
//! the first event of its workspace, and that no event has been old enough to be deleted.

use crate::support::numbers::number;
use crate::support::phone_com::Extension;
use crate::support::receiver::closed_port_url;
use crate::support::ucwa::Person;
use crate::support::webhook_worker::Webhook;
use crate::support::world::World;
use serde_json::json;
use sqlx::{Connection, PgConnection};

/// A rule, and the query that returns its violations.
type Rule = (&'static str, &'static str);

const RULES: [Rule; 12] = [
    ("a phone is deactivated if and only if its event says so", PHONE_EVENTS),
    ("an event has one audit row of the change that caused it", EVENTS_AND_AUDIT),
    ("an event has a delivery for each webhook that wants it, and no other", DELIVERIES),
    ("each field of the current phone, credential or number is the result of an audited change", AUDITED_ROWS),
    ("each field of a slot with a phone number is the result of an audited change", AUDITED_SLOTS),
    ("what the audit trail created and did not delete is there", CREATED_ROWS),
    ("no credential is on a deactivated phone, and each phone has its child credentials", CREDENTIALS),
    ("a number is claimed if and only if its register is not finished", CLAIMED_NUMBERS),
    ("a contact has the numbers of its document, and none once it is deleted", CONTACT_NUMBERS),
    ("contact_count is the number of contacts", CONTACT_COUNT),
    ("a deleted client session is gone", CLIENT_SESSIONS),
    ("no two events of a workspace share a time, and none is ahead of its clock", EVENT_CLOCK),
];

const PHONE_EVENTS: &str = "
    select device_id::text || case when deactivated_at is null then ' lives' else ' is deactivated' end
        || ' with ' || registered || ' phone.registered and ' || deactivated || ' phone.deactivated'
    from phone cross join lateral (
        select count(*) filter (where event_type = 'phone.registered') as registered,
            count(*) filter (where event_type = 'phone.deactivated') as deactivated
        from event where event.workspace_id = phone.workspace_id and event.device_id = phone.device_id
    ) as events
    where registered <> 1 or deactivated <> (deactivated_at is not null)::int
    union all
    select event_type || ' of a phone that is not there: ' || device_id
    from event
    where device_id is not null
        and not exists (select from phone where (workspace_id, device_id) = (event.workspace_id, event.device_id))";

const EVENTS_AND_AUDIT: &str = "
    select concat_ws(' ', coalesce(event.cause, audit.cause), coalesce(event.subject_id, audit.subject_id), 'has',
        coalesce(event.count, 0), 'events and', coalesce(audit.count, 0), 'audit rows')
    from (
        select workspace_id, cause, subject_id, count(*)
        from event cross join lateral (
            select coalesce(details ->> 'device_id', details ->> 'acs_credential_id', details ->> 'register_id')::uuid
                as subject_id,
                case event_type
                    when 'phone_number.assigned' then 'number assigned'
                    when 'phone_number.release_scheduled' then 'number.release_scheduled'
                    when 'phone_number.released' then 'number.released'
                    when 'phone_number.finished' then 'number.finished'
                    when 'acs_credential.deleted' then 'credential.deleted'
                    when 'phone.registered' then event_type
                    when 'phone.deactivated' then event_type
                end as cause
        ) as told
        where cause is not null
        group by workspace_id, cause, subject_id
    ) as event
    full join (
        select workspace_id, cause, subject_id, count(*)
        from audit cross join lateral (
            select case when action in ('number.imported', 'number.assigned') then 'number assigned' else action end as cause
        ) as told
        where cause in ('number assigned', 'number.release_scheduled', 'number.released', 'number.finished',
            'credential.deleted', 'phone.registered', 'phone.deactivated')
        group by workspace_id, cause, subject_id
    ) as audit using (workspace_id, cause, subject_id)
    where event.count is distinct from audit.count";

const DELIVERIES: &str = "
    select event_type || ' ' || event_id || case when delivery.event_id is null then ' lacks' else ' has' end
        || ' a delivery to ' || webhook_id
    from event
    join webhook using (workspace_id)
    left join delivery using (workspace_id, event_id, webhook_id)
    where webhook_wants(event_types, event_type, is_opt_in) <> (delivery.delivery_id is not null)";

const AUDITED_ROWS: &str = "
    select kind || ' ' || subject_id
    from (
        select workspace_id, 'phone' as kind, device_id as subject_id, redacted(to_jsonb(phone)) as document from phone
        union all
        select workspace_id, 'credential', acs_credential_id, redacted(to_jsonb(credential)) from credential
        union all
        select workspace_id, 'number', register_id, redacted(to_jsonb(number_register)) from number_register
    ) as row
    where exists (
        select from jsonb_each(document)
        where not exists (
            select from audit
            where (audit.workspace_id, audit.subject_id) = (row.workspace_id, row.subject_id) and after -> key = value))
        or exists (
            select from audit cross join jsonb_object_keys(after) as key
            where (audit.workspace_id, audit.subject_id) = (row.workspace_id, row.subject_id) and not document ? key
                and not exists (
                    select from audit as removal
                    where (removal.workspace_id, removal.subject_id) = (row.workspace_id, row.subject_id)
                        and removal.before ? key and not removal.after ? key))";

const AUDITED_SLOTS: &str = "
    select slot_type || ' of ' || user_identity_id || ': ' || number
    from slot
    where (number <> '' or include_in_contact_card)
        and exists (
            select from jsonb_each(redacted(to_jsonb(slot)))
            -- A slot begins as an empty one, which no change has made.
            where value::text not in (repeat(chr(34), 2), 'false') and not exists (
                select from audit
                where (audit.workspace_id, audit.subject_id) = (slot.workspace_id, slot.user_identity_id)
                    and after ->> 'slot_type' = slot.slot_type and after -> key = value))";

const CREATED_ROWS: &str = "
    select distinct action || ' ' || subject_id
    from audit
    where action in ('phone.registered', 'credential.created', 'number.reserved', 'number.imported')
        and not exists (
            select from audit as later
            where (later.workspace_id, later.subject_id) = (audit.workspace_id, audit.subject_id) and later.after is null)
        and not exists (select from phone where (workspace_id, device_id) = (audit.workspace_id, subject_id))
        and not exists (select from credential where (workspace_id, acs_credential_id) = (audit.workspace_id, subject_id))
        and not exists (select from number_register where (workspace_id, register_id) = (audit.workspace_id, subject_id))";

const CREDENTIALS: &str = "
    select 'on the deactivated phone ' || device_id
    from credential join phone using (workspace_id, device_id)
    where deactivated_at is not null
    union all
    select 'none of ' || parent.acs_credential_id || ' on ' || phone.device_id
    from credential as parent
    join phone using (workspace_id, user_identity_id)
    where is_multi_phone_sync_credential and deactivated_at is null
        and not exists (
            select from credential as child
            where child.workspace_id = phone.workspace_id and child.device_id = phone.device_id
                and child.parent_acs_credential_id = parent.acs_credential_id)";

const CLAIMED_NUMBERS: &str = "
    select coalesce(register.number, claimed_number.number) || ' ' || coalesce(status, 'without a register')
        || ' ' || coalesce(claimed_number.register_id::text, 'not claimed')
    from number_register as register
    full join claimed_number using (workspace_id, register_id)
    where (coalesce(status, 'finished') <> 'finished') <> (claimed_number.register_id is not null)
        or register.number <> claimed_number.number";

const CONTACT_NUMBERS: &str = "
    select 'contact ' || contact_id || ' has ' || count || ' numbers'
    from contact cross join lateral (
        select count(*), coalesce(jsonb_agg(entered order by place), '[]') as entered
        from contact_number
        where contact_number.workspace_id = contact.workspace_id and contact_number.contact_id = contact.contact_id
    ) as numbers
    where entered <> case
        when deleted_at is not null then '[]'
        else jsonb_path_query_array(phone_numbers, '$[*].number') end";

const CONTACT_COUNT: &str = "
    select user_identity_id || ' counts ' || contact_count || ' and has ' || count
    from user_identity cross join lateral (
        select count(*) from contact
        where contact.workspace_id = user_identity.workspace_id
            and contact.user_identity_id = user_identity.user_identity_id and deleted_at is null
    ) as contacts
    where contact_count <> count";

const CLIENT_SESSIONS: &str = "
    select client_session_id::text
    from client_session
    join event using (workspace_id)
    where event_type = 'client_session.deleted' and details ->> 'client_session_id' = client_session_id::text";

const EVENT_CLOCK: &str = "
    select event_type || ' ' || event_id || ' at ' || created_at
    from event left join event_clock using (workspace_id)
    where last_at is null or created_at > last_at
    union all
    select count(*) || ' events at ' || created_at from event group by workspace_id, created_at having count(*) > 1";

/// Violations of all rules; empty if the registry is consistent.
pub async fn violations(session: &mut PgConnection) -> Vec<String> {
    let mut violations = Vec::new();
    for (rule, query) in RULES {
        let rows: Vec<String> =
            sqlx::query_scalar(query).fetch_all(&mut *session).await.unwrap_or_else(|fault| panic!("{rule}: {fault}"));
        violations.extend(rows.into_iter().map(|row| format!("{rule}: {row}")));
    }
    violations
}

/// An excerpt for messages.
pub fn some(violations: &[String]) -> String {
    format!("{} violations: {:#?}", violations.len(), violations.iter().take(20).collect::<Vec<_>>())
}

/// A statement that violates each rule, in the order of the rules.
const BREACHES: [&str; RULES.len()] = [
    "update phone set deactivated_at = created_at",
    "insert into audit (workspace_id, at, audit_id, credential_kind, action, subject_id, before, after)
        select workspace_id, at, gen_random_uuid(), credential_kind, action, subject_id, before, after
        from audit where action = 'phone.registered'",
    "delete from delivery",
    "update phone set nickname = 'not audited'",
    "update slot set number = 'tel:+14255550100'",
    "delete from number_register",
    "delete from credential where device_id is not null",
    "delete from claimed_number",
    "delete from contact_number",
    "update user_identity set contact_count = contact_count + 1",
    "insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
        select workspace_id, gen_random_uuid(), 'client_session.deleted', false, 'epoch', 'epoch',
            jsonb_build_object('client_session_id', client_session_id)
        from client_session limit 1",
    "update event_clock set last_at = 'epoch'",
];

#[tokio::test]
async fn each_consistency_rule_finds_its_violation() {
    let world = World::new().await;
    Webhook::create_at(&world, &closed_port_url(), &["phone.registered", "phone_number.assigned"]).await;
    let jane = Person::new(&world, "jane").await;
    world.sync_credential(&jane.id).await;
    world.phone(&jane.id).await;
    world.import_number(&number(1)).await;
    jane.put("mobile", &format!("tel:{}", number(2)), true).await;
    let contact = json!({ "first_name": "Joe", "phone_numbers": [{ "number": number(3), "type": "business" }] });
    Extension::of_person(world.key(), &jane.id).await.add_contact(contact).await;
    let mut session = world.snapshot().await;
    assert_eq!(violations(&mut session).await, Vec::<String>::new());
    for ((rule, _), breach) in RULES.iter().zip(BREACHES) {
        let mut broken = session.begin().await.expect("it begins");
        let rows = sqlx::query(breach).execute(&mut *broken).await.unwrap_or_else(|fault| panic!("{breach}: {fault}"));
        assert!(rows.rows_affected() > 0, "{breach}");
        let found = violations(&mut broken).await;
        assert!(found.iter().any(|violation| violation.starts_with(rule)), "{rule}: {found:?}");
        broken.rollback().await.expect("it rolls back");
    }
}
