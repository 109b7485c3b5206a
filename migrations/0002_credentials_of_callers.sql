-- What callers show to be let in. Tokens are kept as SHA-256 of 140 random bits, never as themselves. These tables
-- are looked up before the workspace is known, so they are small tables beside workspace, not scoped ones.

create table api_key (
    token_hash bytea not null,
    api_key_id uuid not null,
    workspace_id uuid not null,
    name text not null,
    -- The first, not secret part of the key, so that a person can tell keys apart.
    hint text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint api_key_pkey primary key (token_hash),
    constraint api_key_id_unique unique (api_key_id),
    constraint api_key_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);

-- A personal access token: one person over one or more workspaces.
create table access_token (
    token_hash bytea not null,
    access_token_id uuid not null,
    name text not null,
    hint text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint access_token_pkey primary key (token_hash),
    constraint access_token_id_unique unique (access_token_id)
);

create table access_token_workspace (
    access_token_id uuid not null,
    workspace_id uuid not null,
    constraint access_token_workspace_pkey primary key (access_token_id, workspace_id),
    constraint access_token_workspace_token_fkey
        foreign key (access_token_id) references access_token (access_token_id) on delete cascade,
    constraint access_token_workspace_workspace_fkey
        foreign key (workspace_id) references workspace on delete cascade
);

-- Keys that sign console sessions. The newest that is not retired signs; all that are not retired verify.
create table console_key (
    console_key_id uuid not null,
    secret_sealed bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    constraint console_key_pkey primary key (console_key_id)
);

create table console_session (
    console_session_id uuid not null,
    name text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint console_session_pkey primary key (console_session_id)
);

create table console_session_workspace (
    console_session_id uuid not null,
    workspace_id uuid not null,
    constraint console_session_workspace_pkey primary key (console_session_id, workspace_id),
    constraint console_session_workspace_session_fkey
        foreign key (console_session_id) references console_session on delete cascade,
    constraint console_session_workspace_workspace_fkey
        foreign key (workspace_id) references workspace on delete cascade
);
