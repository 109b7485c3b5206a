-- A person may have a password, for protocols whose clients sign people in. Kept as an Argon2id hash in PHC form.
alter table user_identity add column password_hash text;
-- Whoever signs in gives a name and no workspace, so these are looked up before the workspace is known.
create index user_identity_signing_in_by_email_address
    on user_identity (lower(email_address)) where password_hash is not null;
create index user_identity_signing_in_by_key
    on user_identity (user_identity_key) where password_hash is not null;
