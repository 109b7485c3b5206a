-- The ids and keys of user identities that were merged into another one, which they name since then. A server of the previous
-- version does not resolve them.
create table merged_user_identity (
    workspace_id uuid not null,
    merged_user_identity_id uuid not null,
    -- The user identity that it is now, never a merged one.
    user_identity_id uuid not null,
    user_identity_key text,
    merged_at timestamptz not null,
    constraint merged_user_identity_pkey primary key (workspace_id, merged_user_identity_id),
    constraint merged_user_identity_user_identity_fkey foreign key (workspace_id, user_identity_id)
        references user_identity on delete cascade
);
create index merged_user_identity_in_order
    on merged_user_identity (workspace_id, user_identity_id, merged_at, merged_user_identity_id);
create index merged_user_identity_by_key on merged_user_identity (workspace_id, normalize(user_identity_key, nfc))
    where user_identity_key is not null;
