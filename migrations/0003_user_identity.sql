-- A person of a workspace: who phones, client sessions and credentials belong to.
create table user_identity (
    workspace_id uuid not null,
    user_identity_id uuid not null,
    user_identity_key text,
    email_address text,
    phone_number text,
    full_name text,
    created_at timestamptz not null,
    constraint user_identity_pkey primary key (workspace_id, user_identity_id),
    constraint user_identity_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint user_identity_key_unique unique (workspace_id, user_identity_key),
    constraint user_identity_email_address_unique unique (workspace_id, email_address),
    constraint user_identity_phone_number_unique unique (workspace_id, phone_number)
);
create index user_identity_in_order on user_identity (workspace_id, created_at, user_identity_id);
