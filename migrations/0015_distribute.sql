-- For those who outgrow one Postgres: how the tables are laid out over the nodes of a Citus cluster. On a Postgres
-- without Citus these stand by and change nothing.

-- A tenant's own things, whose key begins with the workspace, lie together on the node of that workspace. Everything else
-- is small and is copied to each node; the workspaces themselves are read together with every credential.
create view table_placement as
select pg_class.relname::text as table_name,
    pg_class.relname <> 'workspace' and pg_attribute.attname is not distinct from 'workspace_id' as is_distributed
from pg_class
left join pg_constraint on pg_constraint.conrelid = pg_class.oid and pg_constraint.contype = 'p'
left join pg_attribute
    on pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum = pg_constraint.conkey[1]
where pg_class.relnamespace = 'public'::regnamespace and pg_class.relkind in ('r', 'p')
    and pg_class.relname not like '\_sqlx\_%' and not pg_class.relispartition;

-- Lays out whatever is not laid out yet, each table after those that it refers to, and tells which. The body speaks of
-- what only Citus has, so it is put together when it runs.
create function distribute() returns setof text
    language plpgsql
    as $$
declare
    subject record;
    neighbour text;
begin
    loop
        select placement.table_name, placement.is_distributed into subject
        from table_placement as placement
        where not exists (select from citus_tables as done where done.table_name = placement.table_name::regclass)
            and not exists (
                select from pg_constraint
                where contype = 'f' and conrelid = placement.table_name::regclass and confrelid <> conrelid
                    and not exists (select from citus_tables as done where done.table_name = confrelid::regclass))
        order by placement.is_distributed, placement.table_name
        limit 1;
        exit when not found;
        if subject.is_distributed then
            select placement.table_name into neighbour
            from table_placement as placement
            join citus_tables as done on done.table_name = placement.table_name::regclass
            where placement.is_distributed
            limit 1;
            perform create_distributed_table(
                subject.table_name::regclass, 'workspace_id', colocate_with => coalesce(neighbour, 'none'));
        else
            perform create_reference_table(subject.table_name::regclass);
        end if;
        return next subject.table_name;
    end loop;
end
$$;
