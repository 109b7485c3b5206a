-- The life of a phone number with a workspace: held for a while, assigned, given up, over. When the same number is had
-- again later it begins a new life, so this is a register of lives and not of numbers.
create table number_register (
    workspace_id uuid not null,
    register_id uuid not null,
    -- In E.164, which is how numbers are compared.
    number text not null,
    nickname text,
    telephony_provider text not null,
    status text not null,
    -- Times at which something happens by itself.
    reserved_until timestamptz,
    scheduled_release_at timestamptz,
    quarantined_until timestamptz,
    assigned_at timestamptz,
    released_at timestamptz,
    inbound_agent_id uuid,
    outbound_agent_id uuid,
    -- Whose number it is, if it was given to a person.
    user_identity_id uuid,
    -- How to reach an imported number, with its password; no caller is ever shown it.
    sip_config_sealed bytea,
    created_at timestamptz not null,
    -- When the sweeper has something to do here.
    due_at timestamptz generated always as (
        case status
            when 'reserved' then reserved_until
            when 'assigned' then scheduled_release_at
            when 'released' then quarantined_until
        end
    ) stored,
    constraint number_register_pkey primary key (workspace_id, register_id),
    constraint number_register_workspace_fkey foreign key (workspace_id) references workspace on delete cascade,
    constraint number_register_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete set null (user_identity_id),
    constraint number_register_number_is_e164 check (number ~ '^\+[1-9][0-9]{1,14}$'),
    constraint number_register_provider_known check (telephony_provider in ('netelip', 'custom')),
    constraint number_register_status_known check (status in ('reserved', 'assigned', 'released', 'finished')),
    constraint number_register_reserved_for_a_while check ((status = 'reserved') = (reserved_until is not null)),
    constraint number_register_assigned_since
        check (assigned_at is not null or status not in ('assigned', 'released')),
    constraint number_register_reserved_was_never_assigned check (status <> 'reserved' or assigned_at is null),
    -- One that is over was released if, and only if, it had been assigned.
    constraint number_register_released_since check (
        (released_at is not null) = (status = 'released' or status = 'finished' and assigned_at is not null)),
    constraint number_register_quarantined check ((status = 'released') = (quarantined_until is not null)),
    constraint number_register_release_ordered check (scheduled_release_at is null or status = 'assigned'),
    constraint number_register_agents_at_work
        check (status = 'assigned' or inbound_agent_id is null and outbound_agent_id is null),
    constraint number_register_given_while_assigned check (status = 'assigned' or user_identity_id is null),
    constraint number_register_sip_is_of_imported check (sip_config_sealed is null or telephony_provider = 'custom')
);
-- A person holds one number.
create unique index number_register_of_person_unique
    on number_register (workspace_id, user_identity_id) where status = 'assigned';
create index number_register_in_order on number_register (workspace_id, created_at, register_id);
create index number_register_due on number_register (due_at) where due_at is not null;

-- Who has a number now, in the whole deployment: a number has at most one register that is not over. A unique index on
-- the registers could not say so once they are distributed by workspace, so this small table does, and each row is
-- written and taken away together with the change of the register that it stands for.
create table claimed_number (
    number text not null,
    workspace_id uuid not null,
    register_id uuid not null,
    constraint claimed_number_pkey primary key (number),
    constraint claimed_number_register_fkey foreign key (workspace_id, register_id)
        references number_register on delete cascade
);
create index claimed_number_of_register on claimed_number (workspace_id, register_id);
