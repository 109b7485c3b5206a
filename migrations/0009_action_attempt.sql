-- Work that a caller may poll for. All of it is done when the call answers, so an attempt is always a success.
create table action_attempt (
    workspace_id uuid not null,
    action_attempt_id uuid not null,
    action_type text not null,
    created_at timestamptz not null,
    constraint action_attempt_pkey primary key (workspace_id, action_attempt_id),
    constraint action_attempt_workspace_fkey foreign key (workspace_id) references workspace on delete cascade
);
