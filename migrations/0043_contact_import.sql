-- Of what an imported contact was made: a hash of the identifier that the file gives it, or of its content. The same contact
-- imported again, also by an import that was interrupted, is not added again. Contacts of the API have none.
alter table contact add column import_key bytea;
create unique index contact_import_key_unique on contact (workspace_id, user_identity_id, import_key)
    where import_key is not null and deleted_at is null;
