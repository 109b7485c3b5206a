-- Where a workspace wants to hear of its events, and what each place is still owed.
create table webhook (
    workspace_id uuid not null,
    webhook_id uuid not null,
    url text not null,
    event_types text[] not null,
    secret_sealed bytea not null,
    -- After a rotation the secret before goes on signing beside the new one for a while.
    former_secret_sealed bytea,
    former_secret_until timestamptz,
    -- Since when every attempt has failed; null after a success.
    failing_since timestamptz,
    -- An endpoint that failed for too long hears of nothing more.
    disabled_at timestamptz,
    created_at timestamptz not null,
    constraint webhook_pkey primary key (workspace_id, webhook_id),
    constraint webhook_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint webhook_former_secret_ends check ((former_secret_sealed is null) = (former_secret_until is null))
);

-- One event owed to one webhook.
create table delivery (
    workspace_id uuid not null,
    event_id uuid not null,
    webhook_id uuid not null,
    delivery_id uuid generated always as (name_uuid(webhook_id, event_id::text)) stored,
    status text not null default 'pending',
    -- Counts the claims. Whoever records what came of an attempt must name its number, so one who was given up for dead
    -- and comes back late changes nothing.
    attempt integer not null default 0,
    -- Counts the attempts that came to nothing, for the schedule.
    failures integer not null default 0,
    -- When it is due; while an attempt is under way, when that is given up for dead.
    next_attempt_at timestamptz not null,
    last_attempt_at timestamptz,
    response_status integer,
    latency_ms integer,
    fault text,
    constraint delivery_pkey primary key (workspace_id, event_id, webhook_id),
    -- Without a cascade: an event that is owed to somebody cannot be deleted, so no delivery is lost before its end.
    constraint delivery_event_fkey foreign key (workspace_id, event_id) references event,
    constraint delivery_webhook_fkey foreign key (workspace_id, webhook_id) references webhook on delete cascade,
    constraint delivery_status_known check (status in ('pending', 'delivered', 'failed'))
);
create index delivery_due on delivery (workspace_id, webhook_id, next_attempt_at) where status = 'pending';
create index delivery_of_webhook on delivery (workspace_id, webhook_id, event_id);

-- Whether a webhook that names these types is owed such an event. The star means all but the opt-in types.
create function webhook_wants(wanted text[], event_type text, is_opt_in boolean) returns boolean
    language sql immutable parallel safe
    return event_type = any (wanted) or ('*' = any (wanted) and not is_opt_in);
