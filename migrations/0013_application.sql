-- A person's client at work: what it calls itself, and whether it has made the person available. Its number is in every
-- address that it is given, and is never used again.
create table application (
    workspace_id uuid not null,
    application_id bigint not null,
    user_identity_id uuid not null,
    endpoint_id text not null,
    instance_id text,
    culture text not null,
    user_agent text not null,
    application_type text,
    is_available boolean not null default false,
    created_at timestamptz not null,
    constraint application_pkey primary key (workspace_id, application_id),
    constraint application_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    -- One that begins again at the same endpoint takes the place of the one before.
    constraint application_endpoint_unique unique (workspace_id, user_identity_id, endpoint_id)
);
