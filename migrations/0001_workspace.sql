-- Workspaces are the tenants. This table is small and is read together with every credential, so in a distributed
-- deployment it is copied to each node; every table of a tenant's own things starts its keys with workspace_id.
create table workspace (
    workspace_id uuid not null,
    name text not null,
    is_sandbox boolean not null,
    -- Public by nature: it only lets a browser open an empty client session, so it is kept as it is.
    publishable_key text not null,
    connect_partner_name text,
    created_at timestamptz not null,
    constraint workspace_pkey primary key (workspace_id),
    constraint workspace_publishable_key_unique unique (publishable_key),
    constraint workspace_name_present check (name <> '')
);

-- One row about the deployment as a whole.
create table deployment (
    only_row boolean not null default true,
    -- Tells which key seals the secrets in this database, so that a server with another key refuses to start
    -- instead of writing what the others cannot open.
    seal_fingerprint bytea,
    demo_made_at timestamptz,
    constraint deployment_pkey primary key (only_row),
    constraint deployment_is_one_row check (only_row)
);
insert into deployment default values;
