-- Where a client session comes from, so that it can end with it: with the key that issued it, with the password that it was
-- signed in with, or soon if it was created with a public key and no key has granted it anything. Sessions from before have
-- none of these.
alter table client_session
    -- The API keys, access tokens and console sessions that created or extended it.
    add column issuer_ids uuid[] not null default '{}',
    -- The user identity whose password it was created with.
    add column password_of uuid,
    -- Created with a publishable key, and without access until a key grants it some: it expires at this time.
    add column anonymous_until timestamptz,
    -- Not checked for what is there already, and never in the way of a revocation.
    add constraint client_session_grants_few check (
        revoked_at is not null or (cardinality(connected_account_ids) <= 1000 and cardinality(connect_webview_ids) <= 1000)
    ) not valid;
create index client_session_by_issuer on client_session using gin (issuer_ids);
create index client_session_by_password on client_session (workspace_id, password_of) where password_of is not null;
create index client_session_anonymous on client_session (workspace_id, anonymous_until) where anonymous_until is not null;
