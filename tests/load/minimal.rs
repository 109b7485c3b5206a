//! The smallest durable statements of the same effects as the server's writes, for pgbench: the row, its event in order and
//! its audit row, with all indexes and foreign keys of the tables. They know the row to change, check nothing, and have no
//! credentials to end or to issue.

/// Deactivates a phone.
pub fn deactivate(workspace: &str, device: &str) -> String {
    let change = format!(
        "update phone set deactivated_at = now()
        where workspace_id = {workspace} and device_id = {device} and deactivated_at is null
        returning device_id, user_identity_id"
    );
    with_event("phone.deactivated", workspace, &change)
}

/// Creates a phone.
pub fn create(workspace: &str, person: &str, device: &str) -> String {
    let change = format!(
        "insert into phone (workspace_id, created_at, user_identity_id, device_id, operating_system, os_version,
            device_manufacturer, device_model)
        values ({workspace}, now(), {person}, {device}, 'android', '10', 'Samsung', 'Samsung Galaxy S10')
        returning device_id, user_identity_id"
    );
    with_event("phone.registered", workspace, &change)
}

/// Creates a contact with a number.
pub fn create_contact(workspace: &str, person: &str, emails: &str, numbers: &str) -> String {
    format!(
        "with counted as (
            update user_identity set contact_count = contact_count + 1
            where workspace_id = {workspace} and user_identity_id = {person}
            returning workspace_id, user_identity_id
        ), made as (
            insert into contact (workspace_id, user_identity_id, prefix, first_name, middle_name, last_name, suffix,
                nickname, company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title,
                emails, phone_numbers, addresses, created_at, updated_at)
            select workspace_id, user_identity_id, '', 'Ada', '', 'Lovelace', '', '', 'Example', '', '', '', '', '',
                {emails}, {numbers}, '[]'::jsonb, now(), now()
            from counted
            returning workspace_id, contact_id, user_identity_id
        )
        insert into contact_number (workspace_id, contact_id, place, user_identity_id, normalized, entered)
        select workspace_id, contact_id, 1, user_identity_id, '+12125550123', '+12125550123' from made"
    )
    .replace('\n', " ")
}

fn with_event(event_type: &str, workspace: &str, change: &str) -> String {
    format!(
        "with changed as ({change}), tick as (
            insert into event_clock as clock (workspace_id, last_at)
            select {workspace}, now() from changed
            on conflict (workspace_id) do update
            set last_at = greatest(excluded.last_at, clock.last_at + interval '1 microsecond')
            returning last_at
        ), happened as (
            insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, user_identity_id,
                details)
            select {workspace}, gen_random_uuid(), '{event_type}', false, last_at, now(), user_identity_id,
                jsonb_build_object('device_id', device_id)
            from changed, tick
        )
        insert into audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
        select {workspace}, now(), gen_random_uuid(), 'api_key', '{event_type}', device_id,
            jsonb_build_object('device_id', device_id)
        from changed"
    )
    .replace('\n', " ")
}
