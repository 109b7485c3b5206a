-- Access of a user identity to phones of others, as devices. One whose phone is deactivated is not read, and is deleted with the
-- next grant. A server of the previous version does not know them.
create table device_access (
    workspace_id uuid not null,
    user_identity_id uuid not null,
    device_id uuid not null,
    granted_at timestamptz not null,
    constraint device_access_pkey primary key (workspace_id, user_identity_id, device_id),
    constraint device_access_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    constraint device_access_phone_fkey foreign key (workspace_id, device_id) references phone on delete cascade
);
create index device_access_of_phone on device_access (workspace_id, device_id);
