-- A pass stands for an API key for a while: whoever has the key may have passes, and each ends with it. Like the key it is
-- looked up before the workspace is known, so this is a small table beside workspace.
create table api_key_pass (
    token_hash bytea not null,
    api_key_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint api_key_pass_pkey primary key (token_hash),
    constraint api_key_pass_key_fkey foreign key (api_key_id) references api_key (api_key_id) on delete cascade
);
create index api_key_pass_of_key on api_key_pass (api_key_id, expires_at);
