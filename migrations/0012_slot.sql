-- Whether a person may use voice at all; who may not has no telephone numbers to show.
alter table user_identity add column enterprise_voice boolean not null default true;

-- A person's telephone numbers, one of a kind. A slot without a row is empty and private.
create table slot (
    workspace_id uuid not null,
    user_identity_id uuid not null,
    slot_type text not null,
    -- As it is shown: a tel URI, or the digits of what has no country; empty when there is none.
    number text not null,
    include_in_contact_card boolean not null,
    -- Moves when something that is seen of the slot changes. A number that the workspace gives to the person moves it by
    -- two when it comes, and is taken off by one while it is there, so that coming and going are both seen.
    version bigint not null,
    constraint slot_pkey primary key (workspace_id, user_identity_id, slot_type),
    constraint slot_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade,
    constraint slot_type_known check (slot_type in ('work', 'mobile', 'home', 'other'))
);
