-- The log of what others must hear of. An event row is written by the statement that caused it, together with a
-- delivery row for each webhook that wants it.

-- The same name in the same namespace is always the same UUID (RFC 9562, version 3). Things that can happen to a
-- subject only once take their event id from it, so the primary key itself keeps the log free of doubles.
create function name_uuid(namespace uuid, name text) returns uuid
    language sql immutable strict parallel safe
    return (
        select encode(set_byte(set_byte(hash,
            6, get_byte(hash, 6) & 15 | 48),
            8, get_byte(hash, 8) & 63 | 128), 'hex')::uuid
        from (select decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex') as hash) as hashed
    );

create table event (
    workspace_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    created_at timestamptz not null,
    occurred_at timestamptz not null,
    -- What the event is about, for filters and for the scope of client sessions. No foreign keys: the log outlives
    -- its subjects.
    user_identity_id uuid,
    device_id uuid,
    acs_credential_id uuid,
    acs_system_id uuid,
    client_session_id uuid,
    -- A type of our own, which only those hear of who name it; clients of old know a closed list of types.
    is_opt_in boolean not null default false,
    -- The properties that this type of event shows beyond the common ones, as they are shown.
    details jsonb not null,
    constraint event_pkey primary key (workspace_id, event_id),
    constraint event_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);
create index event_in_order on event (workspace_id, created_at, event_id);
create index event_of_phone on event (workspace_id, device_id, created_at, event_id) where device_id is not null;

create table webhook (
    workspace_id uuid not null,
    webhook_id uuid not null,
    url text not null,
    event_types text[] not null,
    secret_sealed bytea not null,
    created_at timestamptz not null,
    constraint webhook_pkey primary key (workspace_id, webhook_id),
    constraint webhook_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);

-- One event owed to one webhook.
create table delivery (
    workspace_id uuid not null,
    event_id uuid not null,
    webhook_id uuid not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    constraint delivery_pkey primary key (workspace_id, event_id, webhook_id),
    constraint delivery_event_fkey foreign key (workspace_id, event_id) references event on delete cascade,
    constraint delivery_webhook_fkey foreign key (workspace_id, webhook_id) references webhook on delete cascade
);
create index delivery_of_webhook on delivery (workspace_id, webhook_id);

-- Whether a webhook that names these types is owed such an event. The star means all but the opt-in types.
create function webhook_wants(wanted text[], event_type text, is_opt_in boolean) returns boolean
    language sql immutable parallel safe
    return event_type = any (wanted) or ('*' = any (wanted) and not is_opt_in);
