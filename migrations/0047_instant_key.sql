-- Instant keys: links by which phones of a person get client sessions, a limited number of times. A server of the previous version
-- does not know them.
create table instant_key (
    workspace_id uuid not null,
    instant_key_id uuid not null,
    code_hash bytea not null,
    -- The protocol shows the link again on every read.
    code_sealed bytea not null,
    -- The client session of the first use, which is created with the instant key. The person of the instant key is that of this
    -- session. No foreign key: the instant key has ended if one of its sessions is gone, so that what deletes a session, the
    -- deactivation of a phone first of all, need not know of instant keys.
    client_session_id uuid not null,
    -- The client sessions of further uses.
    further_client_session_ids uuid[] not null,
    max_use_count bigint not null,
    use_count bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint instant_key_pkey primary key (workspace_id, instant_key_id),
    constraint instant_key_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint instant_key_uses_are_limited check (use_count between 0 and max_use_count),
    constraint instant_key_uses_have_sessions check (cardinality(further_client_session_ids) = greatest(use_count - 1, 0))
);
-- A code names its workspace. Not unique: it has more than 140 random bits.
create index instant_key_by_code on instant_key (workspace_id, code_hash);
create index instant_key_in_order on instant_key (workspace_id, created_at, instant_key_id);
create index instant_key_of_session on instant_key (workspace_id, client_session_id);
create index instant_key_by_expiry on instant_key (expires_at);
