-- For Citus: each role may call the copies of the functions on the workers, since Citus passes no revocation on to nodes that are added
-- later. So a function that runs as its owner asks itself who calls it.

-- Whether the calling role, the one that it has set or else the one that has logged in, has a privilege on a table.
create function caller_may(privilege text, subject regclass) returns boolean
    language sql stable
    as $$
        select has_table_privilege(
            coalesce(nullif(current_setting('role'), 'none')::name, session_user), subject, privilege)
    $$;

create or replace function forget_audit(until timestamptz, most bigint) returns bigint
    language plpgsql
    security definer
    as $$
declare
    oldest_kept timestamptz;
    forgotten bigint;
begin
    if not caller_may('insert', 'audit') then
        raise insufficient_privilege using message = 'permission denied for function forget_audit';
    end if;
    -- Not a setting of the function, which only a superuser could create.
    perform set_config('handset.forgets', 'yes', true);
    select least(until, clock_timestamp() - make_interval(days => audit_least_days)) into oldest_kept from deployment;
    with old as materialized (
        select workspace_id, at, audit_id from audit where at < oldest_kept limit most
    ), pruned as (
        delete from audit
        using old
        where audit.workspace_id = old.workspace_id and audit.at = old.at and audit.audit_id = old.audit_id
        returning 1
    )
    select count(*) into forgotten from pruned;
    perform set_config('handset.forgets', 'no', true);
    return forgotten;
end
$$;

create or replace function lock_shard(shard bigint) returns void
    language plpgsql
    security definer
as $function$
begin
    if not caller_may('update', 'event_clock') then
        raise insufficient_privilege using message = 'permission denied for function lock_shard';
    end if;
    -- Mode 5 is `share`, the one that each change takes.
    perform lock_shard_metadata(5, array[shard]);
end
$function$;

-- As its owner, since Citus does not pass on privileges on views.
create or replace function distributed_tables() returns table (name text, distribution_column text)
    language plpgsql stable
    security definer
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

-- A function that runs as its owner must not look up names where its caller says.
do $$
declare
    home text := (select relnamespace::regnamespace from pg_class where oid = 'audit'::regclass);
    subject text;
begin
    foreach subject in array array['forget_audit(timestamptz, bigint)', 'lock_shard(bigint)', 'distributed_tables()'] loop
        execute format('alter function %s set search_path = pg_catalog, %s, pg_temp', subject, home);
    end loop;
end
$$;

-- A new node has the empty tables before it has their rows.
create or replace function planned_on_node(statement text, tables text[], arguments text[], home uuid) returns text
    language plpgsql
as $function$
declare
    -- Of a session: about 0.5 MiB each.
    max_plans constant integer := 128;
    shard bigint;
    plan text;
    is_here boolean := true;
    subject text;
    oldest text;
begin
    if home is not null then
        shard := get_shard_id_for_distribution_column('event_clock'::regclass, home);
        select exists (
            select from pg_catalog.pg_dist_placement as placement
            join pg_catalog.pg_dist_local_group as local on local.groupid = placement.groupid
            where placement.shardid = shard
        ) into is_here;
    end if;
    plan := 'planned_on_node_' || md5(concat(shard, statement));
    if is_here and exists (select from pg_prepared_statements as known where known.name = plan) then
        return format('execute %I (%L, %L)', plan, home, arguments);
    end if;
    if home is null then
        -- The tables may not be distributed yet, and a node that has just been added has its copies once they are complete.
        select exists (select from distributed_tables()) into is_here;
        if is_here then
            select bool_and(exists (
                select from pg_catalog.pg_dist_placement as placement
                join pg_catalog.pg_dist_local_group as local on local.groupid = placement.groupid
                where placement.shardid = get_shard_id_for_distribution_column(name::regclass)))
            from unnest(tables) as copies (name)
            into is_here;
        end if;
    end if;
    if is_here then
        foreach subject in array tables loop
            statement := replace(statement, '{' || subject || '}', shard_name(
                subject::regclass, get_shard_id_for_distribution_column(subject::regclass, home)));
        end loop;
        for oldest in
            select known.name from pg_prepared_statements as known
            where starts_with(known.name, 'planned_on_node_')
            order by known.prepare_time desc
            offset max_plans - 1
        loop
            execute format('deallocate %I', oldest);
        end loop;
        execute format('prepare %I (uuid, text[]) as %s', plan, statement);
        return format('execute %I (%L, %L)', plan, home, arguments);
    end if;
    foreach subject in array tables loop
        statement := replace(statement, '{' || subject || '}', quote_ident(subject));
    end loop;
    -- If the shard has just been moved to another node, Citus runs the statement, part after part. Parameters become literals, since
    -- it refuses casts from text where it wants immutable expressions. In one pass, so that nothing is replaced within them.
    return (
        select string_agg(
            case position
                when 1 then part
                else '(' || quote_nullable(arguments[split_part(part, ']', 1)::integer]) || substr(part, strpos(part, ']') + 1)
            end, '' order by position)
        from unnest(string_to_array(replace(statement, '$1', quote_nullable(home) || '::uuid'), '($2[')) with ordinality
            as pieces (part, position));
end
$function$;
