-- For Citus: a session of a node plans a statement once for each shard. Citus plans it for each run, which takes several times as
-- long as running it. So deactivation and registration no longer need functions of their own.

-- Takes the lock of Citus by which a move of the shard waits for this transaction, or waits for a move. Only the owner of a table
-- may take it.
create function lock_shard(shard bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $function$
begin
    -- Mode 5 is `share`, the one that each change takes.
    perform lock_shard_metadata(5, array[shard]);
end
$function$;

-- The text that runs a statement on this node. Each table that the statement names is written in braces, and `tables` lists them. It
-- has the workspace as $1, and the array of all other parameters, as text, as $2. Without a workspace it reads tables of which each
-- node has a copy.
create function planned_on_node(statement text, tables text[], arguments text[], home uuid) returns text
    language plpgsql
as $function$
declare
    -- Of a session: 0.1 to 0.3 MiB each.
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
        -- The tables may not be distributed yet, and a node that has just been added has no copies yet.
        select exists (select from distributed_tables()) into is_here;
        if is_here then
            select bool_and(
                to_regclass(shard_name(name::regclass, get_shard_id_for_distribution_column(name::regclass))) is not null)
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

create or replace function run_on_shard(workspace uuid, statement text, tables text[], arguments text[]) returns setof record
    language plpgsql
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $function$
begin
    perform lock_shard(get_shard_id_for_distribution_column('event_clock'::regclass, workspace));
    return query execute planned_on_node(statement, tables, arguments, workspace);
end
$function$;

-- The API keys with these hashes, each with its workspace. `place` is the index of a hash, from one.
create function find_api_keys(hashes bytea[])
    returns table (place bigint, api_key_id uuid, revoked_at timestamptz, workspace_id uuid, account_id bigint, is_sandbox boolean)
    language plpgsql
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $function$
begin
    return query execute planned_on_node(
        'select place, api_key_id, revoked_at, workspace_id, account_id, is_sandbox
        from unnest($2[1]::bytea[]) with ordinality as requested (token_hash, place)
        join {api_key} as api_key using (token_hash) join {workspace} as workspace using (workspace_id)',
        '{api_key,workspace}', array[hashes::text], null);
end
$function$;

drop function deactivate_phones;
drop function register_phones;
drop function record_changes;
