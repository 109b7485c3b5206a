-- What an operator sees of the credentials of callers and of deliveries: when a key was last used, and how each attempt
-- of a delivery ended. Servers of the previous version write neither, and go on working.

-- When an API key or an access token was last used. Each server collects the uses in memory and writes them in batches, at
-- most once a minute for each. The tables are their own, since creating a client session share-locks the row of its key: a
-- write to that row would wait for those, and they for it.
create table api_key_use (
    api_key_id uuid not null,
    last_used_at timestamptz not null,
    constraint api_key_use_pkey primary key (api_key_id),
    constraint api_key_use_key_fkey foreign key (api_key_id) references api_key (api_key_id) on delete cascade
);
create table access_token_use (
    access_token_id uuid not null,
    last_used_at timestamptz not null,
    constraint access_token_use_pkey primary key (access_token_id),
    constraint access_token_use_token_fkey
        foreign key (access_token_id) references access_token (access_token_id) on delete cascade
);

-- The credentials of a workspace, in order.
create index api_key_of_workspace on api_key (workspace_id, created_at, api_key_id);
create index access_token_workspace_of_workspace on access_token_workspace (workspace_id, access_token_id);

-- The last attempts of a delivery, oldest first: number, time, status, latency, fault and the beginning of the answer. It is
-- part of the row, which each attempt writes anyway, and goes with it.
alter table delivery add column attempt_log jsonb not null default '[]';
-- Finds the failed deliveries of a webhook, which are few.
create index delivery_failed on delivery (workspace_id, webhook_id, event_id) where status = 'failed';
