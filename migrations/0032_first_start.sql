-- What a first start needs to know: which workspace is the demo, and which schema the tables are in.

-- The only workspace whose webhooks may reach the loopback address. Without a foreign key: it is claimed before the
-- workspace is created.
alter table deployment add column demo_workspace_id uuid;

-- Previous versions created the demo at the very time that they noted.
update deployment set demo_workspace_id = (
    select workspace_id from workspace
    where name = 'Demo' and is_sandbox and created_at = demo_made_at
);

-- The tables may be in another schema than public.
create or replace view table_placement as
select pg_class.relname::text as table_name,
    pg_class.relname <> 'workspace' and pg_attribute.attname is not distinct from 'workspace_id' as is_distributed
from pg_class
left join pg_constraint on pg_constraint.conrelid = pg_class.oid and pg_constraint.contype = 'p'
left join pg_attribute
    on pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum = pg_constraint.conkey[1]
where pg_class.relnamespace = (select home.relnamespace from pg_class as home where home.oid = 'deployment'::regclass)
    and pg_class.relkind in ('r', 'p')
    and pg_class.relname not like '\_sqlx\_%' and not pg_class.relispartition;
