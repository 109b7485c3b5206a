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

-- Transactions commit in another order than they begin in, so times that they bring along would let an event appear
-- behind one that a reader has already seen. Each workspace therefore has a clock of its own: whoever writes an event
-- moves it on, never back, and holds its row until commit. So the order of created_at is the order of commits, no two
-- events of a workspace share a time, and whoever has read up to a time has read all there will ever be up to it.
create table event_clock (
    workspace_id uuid not null,
    last_at timestamptz not null,
    constraint event_clock_pkey primary key (workspace_id),
    constraint event_clock_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);

create table event (
    workspace_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    -- A type of our own, which only those hear of who name it; clients of old know a closed list of types.
    is_opt_in boolean not null,
    created_at timestamptz not null,
    occurred_at timestamptz not null,
    -- Whose event it is, for the scope of client sessions. The log outlives its subjects, so nothing here refers to them.
    user_identity_id uuid,
    -- The properties that this type of event shows beyond the common ones, as they are shown.
    details jsonb not null,
    -- What the event is about, for filters.
    device_id uuid generated always as ((details ->> 'device_id')::uuid) stored,
    acs_credential_id uuid generated always as ((details ->> 'acs_credential_id')::uuid) stored,
    acs_system_id uuid generated always as ((details ->> 'acs_system_id')::uuid) stored,
    constraint event_pkey primary key (workspace_id, event_id),
    constraint event_order_unique unique (workspace_id, created_at),
    constraint event_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);
create index event_of_phone on event (workspace_id, device_id, created_at) where device_id is not null;
create index event_by_age on event (created_at);
