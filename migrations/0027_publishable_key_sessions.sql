-- What the publishable key of a workspace may do. The key is public, so it may do nothing unless the operator says so; that
-- is also what a workspace gets that a server of the previous version creates. Sandboxes, where clients are tried, let it
-- create client sessions without access.
alter table workspace
    add column publishable_key_sessions text not null default 'off',
    add constraint workspace_publishable_key_sessions_known
        check (publishable_key_sessions in ('off', 'anonymous', 'any-user'));
update workspace set publishable_key_sessions = 'anonymous' where is_sandbox;
