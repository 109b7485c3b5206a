-- People and groups as a company's directory describes them by SCIM 2.0 (RFC 7643), and the tokens by which directories call. A
-- server of the previous version neither reads nor writes the new tables, and lets a suspended user identity in.

alter table user_identity
    -- Since when the person is not let in: no registration, no client session, no sign-in, no credential.
    add column suspended_at timestamptz;

-- Looked up before the workspace is known, as API keys are. No client session depends on one, so its last use is in the row.
create table scim_token (
    token_hash bytea not null,
    scim_token_id uuid not null,
    workspace_id uuid not null,
    name text not null,
    -- The first, not secret part of the token.
    hint text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz,
    constraint scim_token_pkey primary key (token_hash),
    constraint scim_token_id_unique unique (scim_token_id),
    constraint scim_token_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);
create index scim_token_of_workspace on scim_token (workspace_id, created_at, scim_token_id);

-- What a directory says of a user identity. A user identity without a row is known by its own key, e-mail address or id.
create table scim_user (
    workspace_id uuid not null,
    user_identity_id uuid not null,
    user_name text not null,
    -- Text is compared by us, as that of e-mail addresses is.
    user_name_folded text collate "C" not null generated always as (folded(normalize(user_name, nfc))) stored,
    external_id text,
    -- All e-mail addresses, folded.
    emails text[] not null,
    -- The attributes as given, without those that have a column.
    attributes jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- Since when the directory does not know the person. The user identity stays.
    deleted_at timestamptz,
    constraint scim_user_pkey primary key (workspace_id, user_identity_id),
    constraint scim_user_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade
);
create unique index scim_user_name_unique on scim_user (workspace_id, user_name_folded) where deleted_at is null;
create index scim_user_deleted_by_name on scim_user (workspace_id, user_name_folded) where deleted_at is not null;
create index scim_user_by_external_id on scim_user (workspace_id, external_id) where external_id is not null;
create index scim_user_by_email on scim_user using gin (emails) with (fastupdate = off);
create index scim_user_by_update on scim_user (workspace_id, updated_at);

-- Labels of user identities.
create table scim_group (
    workspace_id uuid not null,
    scim_group_id uuid not null,
    display_name text not null,
    display_name_folded text collate "C" not null generated always as (folded(normalize(display_name, nfc))) stored,
    external_id text,
    attributes jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint scim_group_pkey primary key (workspace_id, scim_group_id),
    constraint scim_group_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);
create index scim_group_in_order on scim_group (workspace_id, created_at, scim_group_id);
create index scim_group_by_name on scim_group (workspace_id, display_name_folded);
create index scim_group_by_external_id on scim_group (workspace_id, external_id) where external_id is not null;

create table scim_group_member (
    workspace_id uuid not null,
    scim_group_id uuid not null,
    user_identity_id uuid not null,
    constraint scim_group_member_pkey primary key (workspace_id, scim_group_id, user_identity_id),
    constraint scim_group_member_group_fkey foreign key (workspace_id, scim_group_id)
        references scim_group on delete cascade,
    constraint scim_group_member_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade
);
create index scim_group_member_of_user on scim_group_member (workspace_id, user_identity_id);
