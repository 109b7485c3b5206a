-- What distributing the tables of tenants by workspace asks of the schema.

-- This table is copied to each node then, and what is copied cannot refer to what is distributed. It follows its
-- workspace by itself; each statement that ends a register frees its number.
alter table claimed_number
    drop constraint claimed_number_register_fkey,
    add constraint claimed_number_workspace_fkey foreign key (workspace_id) references workspace on delete cascade;

-- A key that contains the workspace cannot be emptied by the schema there, not even in its other part. Whoever deletes a
-- person takes the person off what stays.
alter table phone
    drop constraint phone_user_identity_fkey,
    add constraint phone_user_identity_fkey
        foreign key (workspace_id, user_identity_id) references user_identity;
alter table number_register
    drop constraint number_register_user_identity_fkey,
    add constraint number_register_user_identity_fkey
        foreign key (workspace_id, user_identity_id) references user_identity;
