-- The trail of who did what to which phone, credential, number or slot: a row is written by the statement that made the
-- change, so there is no change without its row and no row without its change. Rows are added, never changed, and go
-- when the events of their time go.

-- A UUID of a time (RFC 9562, version 7) whose other bits come from a name: the same name at the same time is the same UUID.
create function uuid_at(at timestamptz, name text) returns uuid
    language sql immutable strict parallel safe
    return (
        select encode(
            substring(int8send(floor(extract(epoch from at) * 1000)::bigint) from 3)
                || substring(set_byte(set_byte(hash,
                    6, get_byte(hash, 6) & 15 | 112),
                    8, get_byte(hash, 8) & 63 | 128) from 7), 'hex')::uuid
        from (select decode(md5(name), 'hex') as hash) as hashed
    );

-- A row as the trail shows it: without what is secret, what every row has, and what only counts.
create function shown(document jsonb) returns jsonb
    language sql immutable strict parallel safe
    return jsonb_strip_nulls(document - '{workspace_id,credentials_version,version,due_at,sip_config_sealed}'::text[]);

create table audit (
    workspace_id uuid not null,
    at timestamptz not null,
    audit_id uuid not null,
    -- Null if no request was the cause.
    request_id uuid,
    credential_kind text not null,
    -- Null where there is only one of its kind.
    credential_id uuid,
    address inet,
    -- The kind of the subject, a point, and what became of it.
    action text not null,
    subject_kind text not null generated always as (split_part(action, '.', 1)) stored,
    -- A slot's subject is its person; which slot it is stands in the documents.
    subject_id uuid not null,
    -- Null: there was nothing before, or there is nothing after.
    before jsonb,
    after jsonb,
    -- The phone itself, or the one that a credential is on.
    device_id uuid generated always as ((coalesce(after, before) ->> 'device_id')::uuid) stored,
    constraint audit_pkey primary key (workspace_id, at, audit_id),
    -- Without a cascade: what is never changed does not go with its workspace either.
    constraint audit_workspace_fkey foreign key (workspace_id) references workspace,
    constraint audit_tells_of_a_change check (before is distinct from after)
);
create index audit_of_phone on audit (workspace_id, device_id, at, audit_id) where device_id is not null;
create index audit_by_age on audit (at);

-- Whoever tries to change the trail is refused, whoever they are, but for the one function that forgets what is old.
create function refuse_to_change_the_trail() returns trigger
    language plpgsql
    as $$
begin
    raise exception 'the audit trail is append-only'
        using hint = 'Rows go when they are as old as --keep-events-days says.';
end
$$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement when (current_setting('handset.forgets', true) is distinct from 'yes')
    execute function refuse_to_change_the_trail();

-- Forgets some rows from before a time, and tells how many. What is set here is set only while it runs.
create function forget_audit(until timestamptz, most bigint) returns bigint
    language sql
    set handset.forgets = 'yes'
    begin atomic
        with old as materialized (
            select workspace_id, at, audit_id from audit where at < until limit most
        ), forgotten as (
            delete from audit
            using old
            where audit.workspace_id = old.workspace_id and audit.at = old.at and audit.audit_id = old.audit_id
            returning 1
        )
        select count(*) from forgotten;
    end;

-- Citus lays out no table that has a trigger, so there the trail is guarded by nothing but the statements.
alter function distribute() rename to lay_out_tables;
create function distribute() returns setof text
    language plpgsql
    as $$
begin
    drop trigger if exists audit_append_only on audit;
    return query select lay_out_tables();
end
$$;
