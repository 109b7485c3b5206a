-- One notion of sameness for the e-mail addresses of user identities, when they are written and when they are looked up:
-- normalised and in lower case, by the rules of the function folded and not by the locale of the database. Canonically equal
-- texts are equal, and addresses that differ in case belong to one user identity of a workspace.
alter table user_identity
    -- An address that another user identity of the workspace had in another spelling before there was this rule. It stays,
    -- and is not looked up.
    add column duplicate_email_address text;
update user_identity
set duplicate_email_address = email_address
from (
    select workspace_id, user_identity_id, row_number() over (
            partition by workspace_id, folded(normalize(email_address, nfc))
            order by password_hash is null, created_at, user_identity_id
        ) as place
    from user_identity
    where email_address is not null
) as ranked
where user_identity.workspace_id = ranked.workspace_id and user_identity.user_identity_id = ranked.user_identity_id
    and place > 1;

-- Computed by the schema, so that what a server of the previous version writes follows the rule, too.
alter table user_identity
    add column email_address_folded text generated always as (
        case when email_address is distinct from duplicate_email_address then folded(normalize(email_address, nfc)) end
    ) stored;
create unique index user_identity_email_address_folded_unique on user_identity (workspace_id, email_address_folded);
-- A sign-in names no workspace. The index over lower(email_address) stays for servers of the previous version.
create index user_identity_signing_in on user_identity (email_address_folded) where password_hash is not null;
