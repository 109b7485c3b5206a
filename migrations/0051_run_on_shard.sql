-- For Citus: runs a statement of several parts on the shard of a workspace, as one Postgres would. Citus itself runs such a
-- statement part after part, and sends what a part returns to each node that may need it.

-- Each table that the statement names is written in braces, and `tables` lists them. The statement has the workspace as $1, and
-- the array of all other parameters, as text, as $2. On one Postgres this is not called.
create function run_on_shard(workspace uuid, statement text, tables text[], arguments text[]) returns setof record
    language plpgsql
    set enable_seqscan = off
    set jit = off
as $function$
declare
    is_here boolean;
    subject text;
begin
    -- Changes no row, but takes the lock of Citus by which a move of the shard waits for this transaction. Waits for a move.
    update event_clock set last_at = last_at where workspace_id = workspace and last_at = '-infinity';
    select exists (
        select from pg_catalog.pg_dist_placement as placement
        join pg_catalog.pg_dist_local_group as local on local.groupid = placement.groupid
        where placement.shardid = get_shard_id_for_distribution_column('event_clock'::regclass, workspace)
    ) into is_here;
    foreach subject in array tables loop
        -- If the shard has just been moved to another node, Citus runs the statement, part after part.
        statement := replace(statement, '{' || subject || '}', case
            when is_here then shard_name(
                subject::regclass, get_shard_id_for_distribution_column(subject::regclass, workspace))
            else quote_ident(subject)
        end);
    end loop;
    return query execute statement using workspace, arguments;
end
$function$;

-- Tells Citus to run these functions on the node of the workspace, this one within transactions, too.
create or replace function finish_distribution() returns void
    language plpgsql
    as $$
declare
    subject text;
    is_in_transactions boolean;
begin
    perform finish_tables();
    for subject, is_in_transactions in
        select pg_proc.oid::regprocedure::text, proname = 'run_on_shard' from pg_proc
        join pg_dist_object as known on known.classid = 'pg_proc'::regclass and known.objid = pg_proc.oid
        where pronamespace = (select relnamespace from pg_class where oid = 'deployment'::regclass)
            and provolatile = 'v' and proargnames[1] = 'workspace' and known.distribution_argument_index is null
        order by pg_proc.oid
    loop
        perform create_distributed_function(
            subject::regprocedure, 'workspace', colocate_with => 'phone', force_delegation => is_in_transactions);
    end loop;
end
$$;

-- With the column by which a table is divided. Who has a number is on the node of the number, so that one node can check that it
-- is unique, and a number can be claimed while others are away.
create or replace view table_placement as
select pg_class.relname::text as table_name,
    pg_class.relname <> 'workspace' and pg_attribute.attname is not distinct from 'workspace_id' as is_distributed,
    case
        when pg_class.relname = 'claimed_number' then 'number'
        when pg_class.relname <> 'workspace' and pg_attribute.attname = 'workspace_id' then 'workspace_id'
    end as distribution_column
from pg_class
left join pg_constraint on pg_constraint.conrelid = pg_class.oid and pg_constraint.contype = 'p'
left join pg_attribute
    on pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum = pg_constraint.conkey[1]
where pg_class.relnamespace = (select home.relnamespace from pg_class as home where home.oid = 'deployment'::regclass)
    and pg_class.relkind in ('r', 'p') and not pg_class.relispartition;

-- The tables that are divided or copied. Not by the view citus_tables, which asks for the sizes of shards by connections of its own,
-- and these wait for ever for what a migration has locked.
create function placed_tables() returns setof oid
    language plpgsql stable
    as $$
begin
    return query select logicalrelid::oid from pg_dist_partition where partmethod = 'h' or repmodel = 't';
end
$$;

drop function undistributed_tables();
create function undistributed_tables()
    returns table (name text, distributed boolean, estimated_rows bigint, bytes bigint, distribution_column text)
    language plpgsql
    as $$
declare
    placed oid[] := array(select placed_tables());
    subject oid;
begin
    loop
        select placement.table_name, placement.is_distributed, nullif(reltuples, -1)::bigint,
            pg_total_relation_size(pg_class.oid), placement.distribution_column, pg_class.oid
        into name, distributed, estimated_rows, bytes, distribution_column, subject
        from table_placement as placement
        join pg_class on pg_class.oid = placement.table_name::regclass
        where pg_class.oid <> all (placed)
            and not exists (
                select from pg_constraint
                where contype = 'f' and conrelid = pg_class.oid and confrelid <> conrelid and confrelid <> all (placed))
        order by placement.is_distributed, placement.table_name
        limit 1;
        exit when not found;
        placed := placed || subject;
        return next;
    end loop;
end
$$;

create or replace function distribute_table(subject text) returns void
    language plpgsql
    as $$
declare
    neighbour text;
    by_column text := (
        select placement.distribution_column from table_placement as placement where placement.table_name = subject);
begin
    -- Citus distributes no table that has a trigger, and where it is distributed not even `if exists` is allowed.
    if subject = 'audit' and exists (
        select from pg_trigger where tgrelid = 'audit'::regclass and tgname = 'audit_append_only') then
        drop trigger audit_append_only on audit;
    end if;
    if by_column is null then
        perform create_reference_table(subject::regclass);
        return;
    end if;
    if by_column = 'workspace_id' then
        select placement.table_name into neighbour
        from table_placement as placement
        where placement.is_distributed and placement.table_name::regclass in (select placed_tables())
        order by placement.table_name
        limit 1;
    end if;
    perform create_distributed_table(subject::regclass, by_column, colocate_with => coalesce(neighbour, 'none'));
end
$$;

create or replace function finish_tables() returns void
    language plpgsql
    as $$
declare
    home regnamespace := (select relnamespace from pg_class where oid = 'deployment'::regclass);
    subject text;
begin
    for subject in
        select pg_proc.oid::regprocedure::text from pg_proc
        where pronamespace = home and prokind = 'f' and prorettype <> 'trigger'::regtype
            and not exists (
                select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
            and not exists (
                select from pg_dist_object as known
                where known.classid = 'pg_proc'::regclass and known.objid = pg_proc.oid)
        order by pg_proc.oid
    loop
        perform create_distributed_function(subject::regprocedure);
    end loop;
    for subject in
        select placement.table_name
        from table_placement as placement
        where placement.table_name::regclass in (select placed_tables()) and pg_relation_size(placement.table_name::regclass) > 0
        order by placement.table_name
    loop
        perform truncate_local_data_after_distributing_table(subject::regclass);
    end loop;
    if not exists (
        select from pg_db_role_setting join pg_database on pg_database.oid = setdatabase
        where datname = current_database() and setrole = 0 and 'TimeZone=UTC' = any (setconfig)) then
        execute format('alter database %I set timezone to ''UTC''', current_database());
    end if;
end
$$;

-- Where it is copied to each node, the table is distributed anew after the migrations.
do $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (select from pg_catalog.pg_dist_partition where logicalrelid = 'claimed_number'::regclass) then
        alter table claimed_number drop constraint claimed_number_workspace_fkey;
        perform undistribute_table('claimed_number');
        alter table claimed_number
            add constraint claimed_number_workspace_fkey foreign key (workspace_id) references workspace on delete cascade;
    end if;
end
$$;

-- The tables, once they are distributed.
create function distributed_tables() returns table (name text, distribution_column text)
    language plpgsql stable
    as $$
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    if exists (
        select from pg_catalog.pg_dist_partition as known
        where known.logicalrelid = 'phone'::regclass and known.partmethod = 'h') then
        return query
            select placement.table_name, placement.distribution_column from table_placement as placement;
    end if;
end
$$;
