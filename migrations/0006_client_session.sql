-- The token of one person (or of one anonymous browser), made by a key of the workspace or by its publishable key.
create table client_session (
    workspace_id uuid not null,
    client_session_id uuid not null,
    token_hash bytea not null,
    -- The protocol shows the token again on every read, so beside the hash stands the token itself, sealed.
    token_sealed bytea not null,
    user_identifier_key text,
    user_identity_id uuid,
    connected_account_ids uuid[] not null,
    connect_webview_ids uuid[] not null,
    customer_key text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint client_session_pkey primary key (workspace_id, client_session_id),
    constraint client_session_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint client_session_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade
);
-- A revoked session gives its key free.
create unique index client_session_user_identifier_key_unique
    on client_session (workspace_id, user_identifier_key) where revoked_at is null;
-- Not unique: 140 random bits need no referee, and a unique index would have to contain workspace_id.
create index client_session_by_token on client_session (token_hash);
create index client_session_in_order on client_session (workspace_id, created_at, client_session_id);
create index client_session_of_person on client_session (workspace_id, user_identity_id);
