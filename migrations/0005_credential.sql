-- What a person or a phone may open. A multi-phone sync credential is a parent without a phone; each phone of its
-- person holds a child of it. Any other mobile key of a person is held by one phone.
create table credential (
    workspace_id uuid not null,
    acs_credential_id uuid not null,
    parent_acs_credential_id uuid,
    user_identity_id uuid,
    acs_user_id uuid,
    device_id uuid,
    acs_system_id uuid not null,
    access_method text not null,
    is_multi_phone_sync_credential boolean not null,
    allowed_acs_entrance_ids uuid[] not null,
    starts_at timestamptz,
    ends_at timestamptz,
    issued_at timestamptz,
    created_at timestamptz not null,
    constraint credential_pkey primary key (workspace_id, acs_credential_id),
    constraint credential_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint credential_parent_fkey foreign key (workspace_id, parent_acs_credential_id)
        references credential on delete cascade,
    constraint credential_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    constraint credential_phone_fkey foreign key (workspace_id, device_id) references phone on delete cascade,
    constraint credential_access_method_known
        check (access_method in ('code', 'card', 'mobile_key', 'cloud_key')),
    constraint credential_child_is_on_a_phone check (parent_acs_credential_id is null or device_id is not null),
    constraint credential_parent_is_on_none check (not is_multi_phone_sync_credential or device_id is null)
);
create index credential_in_order on credential (workspace_id, created_at, acs_credential_id);
create index credential_of_person on credential (workspace_id, user_identity_id);
create index credential_of_phone on credential (workspace_id, device_id);
create index credential_children on credential (workspace_id, parent_acs_credential_id);
