-- Distribution by Citus in steps, so that `handset migrate --distribute` can say what it would do, and how far it is. What
-- only Citus has is named in the bodies of functions, which are parsed when they run: on a Postgres without Citus they find
-- nothing.

-- With sqlx's table of the applied migrations, so that a server at any node finds the schema.
create or replace view table_placement as
select pg_class.relname::text as table_name,
    pg_class.relname <> 'workspace' and pg_attribute.attname is not distinct from 'workspace_id' as is_distributed
from pg_class
left join pg_constraint on pg_constraint.conrelid = pg_class.oid and pg_constraint.contype = 'p'
left join pg_attribute
    on pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum = pg_constraint.conkey[1]
where pg_class.relnamespace = (select home.relnamespace from pg_class as home where home.oid = 'deployment'::regclass)
    and pg_class.relkind in ('r', 'p') and not pg_class.relispartition;

-- The tables that are not on all nodes yet, each after those that it references. Citus lists as local what it has not
-- distributed, but keeps an eye on.
create function undistributed_tables() returns table (name text, distributed boolean, estimated_rows bigint, bytes bigint)
    language plpgsql
    as $$
declare
    placed oid[] := array(
        select citus_tables.table_name::oid from citus_tables where citus_table_type <> 'local');
    subject oid;
begin
    loop
        select table_placement.table_name, is_distributed, nullif(reltuples, -1)::bigint,
            pg_total_relation_size(pg_class.oid), pg_class.oid
        into name, distributed, estimated_rows, bytes, subject
        from table_placement
        join pg_class on pg_class.oid = table_placement.table_name::regclass
        where pg_class.oid <> all (placed)
            and not exists (
                select from pg_constraint
                where contype = 'f' and conrelid = pg_class.oid and confrelid <> conrelid and confrelid <> all (placed))
        order by is_distributed, table_placement.table_name
        limit 1;
        exit when not found;
        placed := placed || subject;
        return next;
    end loop;
end
$$;

-- Prepares the transaction that distributes, and waits for the statements in progress. The tables are locked at once: Citus
-- locks each of them anyway when it drops its foreign keys, in an order in which it and a server could wait for each other.
create function begin_distribution() returns void
    language plpgsql
    as $$
declare
    names text := (select string_agg(format('%I', name), ', ' order by name) from undistributed_tables());
begin
    -- Else Citus manages the tables that refer to a copied one, and refuses to distribute what those refer to.
    perform set_config('citus.enable_local_reference_table_foreign_keys', 'off', true);
    perform set_config('citus.multi_shard_modify_mode', 'sequential', true);
    perform set_config('citus.enable_ddl_propagation', 'on', true);
    perform set_config('client_min_messages', 'warning', true);
    if names is not null then
        execute 'lock table ' || names || ' in access exclusive mode';
    end if;
end
$$;

create function distribute_table(subject text) returns void
    language plpgsql
    as $$
declare
    neighbour text;
    is_distributed boolean := (
        select table_placement.is_distributed from table_placement where table_placement.table_name = subject);
begin
    -- Citus distributes no table that has a trigger, and where it is distributed not even `if exists` is allowed.
    if subject = 'audit' and exists (
        select from pg_trigger where tgrelid = 'audit'::regclass and tgname = 'audit_append_only') then
        drop trigger audit_append_only on audit;
    end if;
    if not is_distributed then
        perform create_reference_table(subject::regclass);
        return;
    end if;
    select placement.table_name into neighbour
    from table_placement as placement
    join citus_tables as done on done.table_name = placement.table_name::regclass
    where placement.is_distributed and citus_table_type = 'distributed'
    order by placement.table_name
    limit 1;
    perform create_distributed_table(subject::regclass, 'workspace_id', colocate_with => coalesce(neighbour, 'none'));
end
$$;

-- Creates on each node what statements use beside the tables, removes the rows that are on other nodes now, and has every
-- node read and write times in UTC, which the audit trail keeps as text.
create function finish_distribution() returns void
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
        join citus_tables as done on done.table_name = placement.table_name::regclass
        where citus_table_type <> 'local' and pg_relation_size(placement.table_name::regclass) > 0
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

-- Copies to nodes that were added what each node has. Citus does so by itself only when it moves shards there.
create function copy_to_new_nodes() returns void
    language plpgsql
    as $$
begin
    -- Only then, since only a superuser may do so, or a role that was granted it.
    if exists (select from cluster_nodes() where has_copies) and exists (select from cluster_nodes() where not has_copies) then
        perform replicate_reference_tables();
    end if;
end
$$;

-- All steps at once, under the name that previous versions call.
create or replace function distribute() returns setof text
    language plpgsql
    as $$
declare
    subject text;
begin
    perform begin_distribution();
    for subject in select name from undistributed_tables() loop
        perform distribute_table(subject);
        return next subject;
    end loop;
    perform finish_distribution();
end
$$;
drop function lay_out_tables();

-- The nodes of the cluster; none without Citus. `shards` counts the parts of one divided table; `has_copies` tells whether
-- the node has its copy of the others.
create function cluster_nodes()
    returns table (group_id integer, host text, port integer, may_have_shards boolean, shards bigint, has_copies boolean)
    language plpgsql stable
    as $$
begin
    if to_regclass('pg_catalog.pg_dist_node') is null then
        return;
    end if;
    return query
        select node.groupid, node.nodename, node.nodeport, node.shouldhaveshards,
            count(*) filter (where shard.logicalrelid = 'phone'::regclass),
            coalesce(bool_or(shard.logicalrelid = 'workspace'::regclass), false)
        from pg_catalog.pg_dist_node as node
        left join pg_catalog.pg_dist_placement as placement on placement.groupid = node.groupid
        left join pg_catalog.pg_dist_shard as shard on shard.shardid = placement.shardid
        where node.noderole = 'primary' and node.isactive
        group by node.groupid, node.nodename, node.nodeport, node.shouldhaveshards
        order by node.groupid;
end
$$;

-- Where the workspaces are: each is in the first shard whose `last_hash` is not below the hash of its id.
create function cluster_shards() returns table (last_hash integer, group_id integer)
    language plpgsql stable
    as $$
begin
    if to_regclass('pg_catalog.pg_dist_shard') is not null then
        return query
            select shard.shardmaxvalue::integer, placement.groupid
            from pg_catalog.pg_dist_shard as shard
            join pg_catalog.pg_dist_placement as placement on placement.shardid = shard.shardid
            where shard.logicalrelid = 'phone'::regclass
            order by 1;
    end if;
end
$$;

-- Whether this node can reach that one.
create function cluster_reaches(node_group integer) returns boolean
    language plpgsql
    as $$
begin
    return (
        select citus_check_connection_to_node(node.host, node.port) from cluster_nodes() as node
        where node.group_id = node_group);
end
$$;

-- The version of Citus, and what matters of the settings of each node that answers.
create function cluster_settings() returns table (citus text, time_zones text[], wal_levels text[])
    language plpgsql
    as $$
begin
    return query
        select (select extversion from pg_extension where extname = 'citus'),
            array_agg(distinct result::json ->> 0), array_agg(distinct result::json ->> 1)
        from run_command_on_all_nodes(
            $command$ select json_build_array(current_setting('timezone'), current_setting('wal_level')) $command$)
        where success;
end
$$;
