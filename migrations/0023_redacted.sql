-- The function that redacts a row for the audit trail, by the name of what it does. shown stays as it is: servers of the
-- previous version call it while a deployment is upgraded, and a migration changes nothing that they use.
create function redacted(document jsonb) returns jsonb
    language sql immutable strict parallel safe
    return jsonb_strip_nulls(document - '{workspace_id,credentials_version,version,due_at,sip_config_sealed}'::text[]);
