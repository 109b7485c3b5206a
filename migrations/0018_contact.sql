-- The contacts that a person keeps, and the groups into which they sort them.
create sequence contact_id_sequence as bigint;
create sequence contact_group_id_sequence as bigint;

create table contact_group (
    workspace_id uuid not null,
    contact_group_id bigint not null default nextval('contact_group_id_sequence'),
    user_identity_id uuid not null,
    name text not null,
    name_folded text collate "C" not null generated always as (folded(name)) stored,
    constraint contact_group_pkey primary key (workspace_id, contact_group_id),
    -- So that a contact can be in a group of the same person only.
    constraint contact_group_of_person_unique unique (workspace_id, user_identity_id, contact_group_id),
    constraint contact_group_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    constraint contact_group_name_present check (name <> '')
);

create table contact (
    workspace_id uuid not null,
    contact_id bigint not null default nextval('contact_id_sequence'),
    user_identity_id uuid not null,
    contact_group_id bigint,
    prefix text not null,
    first_name text not null,
    middle_name text not null,
    last_name text not null,
    suffix text not null,
    nickname text not null,
    company text not null,
    phonetic_first_name text not null,
    phonetic_middle_name text not null,
    phonetic_last_name text not null,
    department text not null,
    job_title text not null,
    -- Lists in the order in which they were given, shown as they are.
    emails jsonb not null,
    phone_numbers jsonb not null,
    addresses jsonb not null,
    -- First, middle and last name with one space between, by which contacts are looked for.
    name_folded text collate "C" not null generated always as (folded(
        first_name || case when first_name <> '' and middle_name <> '' then ' ' else '' end
        || middle_name || case when first_name || middle_name <> '' and last_name <> '' then ' ' else '' end
        || last_name)) stored,
    -- Whole seconds, which is what is shown and compared.
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint contact_pkey primary key (workspace_id, contact_id),
    constraint contact_deleted_is_in_no_group check (deleted_at is null or contact_group_id is null),
    constraint contact_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    -- Whoever deletes a group, or a person, takes the contacts out of it first.
    constraint contact_group_fkey foreign key (workspace_id, user_identity_id, contact_group_id)
        references contact_group (workspace_id, user_identity_id, contact_group_id)
);
-- One for each way to look for contacts; each ends with the order of a list.
create index contact_in_order on contact (workspace_id, user_identity_id, contact_id) where deleted_at is null;
-- With the deleted ones, who are in no group: what goes with a person or a group is found by it, too.
create index contact_of_group on contact (workspace_id, user_identity_id, contact_group_id, contact_id)
    include (deleted_at);
create index contact_by_update on contact (workspace_id, user_identity_id, updated_at, contact_id)
    where deleted_at is null;
create index contact_by_name on contact (workspace_id, user_identity_id, name_folded, contact_id)
    where deleted_at is null;

-- The numbers of living contacts, by which they are looked for.
create table contact_number (
    workspace_id uuid not null,
    contact_id bigint not null,
    -- Its place among the contact's numbers.
    place integer not null,
    user_identity_id uuid not null,
    -- In E.164, and as it was entered.
    normalized text collate "C" not null,
    entered text not null,
    entered_folded text collate "C" not null generated always as (folded(entered)) stored,
    constraint contact_number_pkey primary key (workspace_id, contact_id, place),
    constraint contact_number_contact_fkey foreign key (workspace_id, contact_id)
        references contact on delete cascade
);
create index contact_number_by_e164 on contact_number (workspace_id, user_identity_id, normalized);
create index contact_number_as_entered on contact_number (workspace_id, user_identity_id, entered_folded);
