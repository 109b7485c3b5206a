-- How many pairs a JSON object has.
create function pairs(object jsonb) returns bigint
    language sql immutable strict parallel safe
    return (select count(*) from jsonb_object_keys(object));

-- A handset with the app on it. A deactivated phone stays as a tombstone: absent from every answer, there for audit.
create table phone (
    workspace_id uuid not null,
    device_id uuid not null,
    -- Null only on the tombstones of a person who was deleted.
    user_identity_id uuid,
    -- Which installation of the app this is; the same one registered again is the same phone.
    custom_sdk_installation_id text,
    operating_system text not null,
    os_version text not null,
    device_manufacturer text not null,
    device_model text not null,
    nickname text,
    custom_metadata jsonb not null default '{}',
    -- What a sandbox phone pretends to know of its mobile credential service; null on real phones.
    assa_abloy_metadata jsonb,
    created_at timestamptz not null,
    deactivated_at timestamptz,
    deactivation_reason text,
    -- Moves on when a credential is hung on this phone after its registration. A deactivation takes only a phone
    -- whose number is still the one it saw, so it cannot overlook a key that was given out beside it.
    credentials_version integer not null default 0,
    constraint phone_pkey primary key (workspace_id, device_id),
    constraint phone_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete set null (user_identity_id),
    constraint phone_operating_system_known check (operating_system in ('ios', 'android')),
    constraint phone_custom_metadata_is_object check (jsonb_typeof(custom_metadata) = 'object'),
    constraint phone_custom_metadata_small check (pairs(custom_metadata) <= 50),
    -- A living phone has an owner. So a person cannot be deleted beside a registration that is just under way.
    constraint phone_active_has_owner check (deactivated_at is not null or user_identity_id is not null)
);
-- One living phone an installation; a tombstone does not stand in the way of the same installation coming back.
create unique index phone_installation_unique
    on phone (workspace_id, user_identity_id, custom_sdk_installation_id) where deactivated_at is null;
create index phone_in_order on phone (workspace_id, created_at, device_id) where deactivated_at is null;
create index phone_of_person_in_order
    on phone (workspace_id, user_identity_id, created_at, device_id) where deactivated_at is null;
