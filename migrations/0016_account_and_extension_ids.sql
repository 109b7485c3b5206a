-- Numbers that a person can type, for a workspace and for a person: an account and an extension. They come from
-- sequences of the whole deployment and are never given twice, so that neither names something else in another workspace.
create sequence account_id_sequence as bigint;
create sequence extension_id_sequence as bigint;

alter table workspace
    add column account_id bigint not null default nextval('account_id_sequence'),
    add constraint workspace_account_id_unique unique (account_id);

alter table user_identity
    add column extension_id bigint not null default nextval('extension_id_sequence'),
    -- How many contacts the person keeps; counting them anew for each page would cost more than the page.
    add column contact_count bigint not null default 0,
    add constraint user_identity_extension_id_unique unique (workspace_id, extension_id),
    add constraint user_identity_contact_count_whole check (contact_count >= 0);
