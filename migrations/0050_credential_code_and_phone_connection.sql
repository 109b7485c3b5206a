-- What callers change of a credential, and simulate of a phone. A server of the previous version neither reads nor writes the
-- new columns.

-- In a block, since Citus sends the whole text around such a statement to the other nodes, which take one statement.
do $do$
begin
    alter table credential
        -- The PIN of a credential with the access method code. Sealed, since it opens doors.
        add column code_sealed bytea;
    alter table phone
        -- Since when the phone is offline, as a sandbox simulates it; null if it is online.
        add column disconnected_at timestamptz;
    -- Lists of action attempts.
    create index action_attempt_in_order on action_attempt (workspace_id, created_at, action_attempt_id);
end
$do$;

create or replace function redacted(document jsonb) returns jsonb
    language sql immutable strict parallel safe
    return jsonb_strip_nulls(document
        - '{workspace_id,credentials_version,version,due_at,sip_config_sealed,code_sealed,search_text,device_manufacturer_folded}'::text[]);

-- A credential that is taken from its holder and given to another one is issued again, so the id of the event has the phone.
do $do$
declare
    definition text := pg_get_functiondef('register_phones'::regproc);
    event_id text := 'name_uuid(issued.acs_credential_id, credential_type)';
begin
    assert strpos(definition, event_id) > 0, 'register_phones has no event ids to change';
    execute replace(definition, event_id, 'name_uuid(issued.acs_credential_id, credential_type || device::text)');
end
$do$;
