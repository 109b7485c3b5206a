-- Accounts of the people who use the console, and their roles. They belong to the deployment and are looked up before a
-- workspace is known, so they are small tables beside workspace, not scoped ones. A server of the previous version neither
-- reads nor writes them.

create table operator (
    operator_id uuid not null,
    email text not null,
    email_folded text not null generated always as (folded(email)) stored,
    -- Null until a password is set by an invitation.
    password_hash text,
    -- The role in all workspaces, also in later ones: as given on the command line, and as single sign-on said last.
    role text,
    sso_role text,
    -- Issuer and subject of single sign-on.
    sso_subject text,
    created_at timestamptz not null,
    constraint operator_pkey primary key (operator_id),
    constraint operator_email_unique unique (email_folded),
    constraint operator_sso_subject_unique unique (sso_subject),
    constraint operator_email_length check (length(email) <= 320),
    constraint operator_sso_subject_length check (length(sso_subject) <= 1000),
    constraint operator_role_known check (role in ('viewer', 'operator', 'admin')),
    constraint operator_sso_role_known check (sso_role in ('viewer', 'operator', 'admin'))
);

create table operator_role (
    operator_id uuid not null,
    workspace_id uuid not null,
    role text not null,
    constraint operator_role_pkey primary key (operator_id, workspace_id),
    constraint operator_role_operator_fkey foreign key (operator_id) references operator on delete cascade,
    constraint operator_role_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint operator_role_role_known check (role in ('viewer', 'operator', 'admin'))
);
