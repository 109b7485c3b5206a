-- The guard of the audit trail holds against every role but the owner of the table. Before, it yielded to a setting,
-- which every role may change. The functions keep their names and parameters, since servers of the previous version call
-- them while a deployment is upgraded.

alter table deployment
    -- Age in days below which forget_audit deletes nothing. The owner raises it; a role that only serves cannot.
    add column audit_least_days integer not null default 1,
    add constraint deployment_audit_least_days_positive check (audit_least_days >= 1);

-- The search path is fixed, so that no caller can replace what the check reads.
create or replace function refuse_to_change_the_trail() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    -- The setting keeps the owner from deleting by mistake. To every other role it changes nothing.
    if current_setting('handset.forgets', true) = 'yes'
        and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)
    then
        return null;
    end if;
    raise exception 'the audit trail is append-only'
        using hint = 'Rows go when they are as old as --keep-events-days says.';
end
$$;

-- Deletes at most `most` rows from before `until`, and returns their number. It runs as its owner, so its callers need no
-- right to delete. By the clock of the database, no row goes that is younger than audit_least_days.
create or replace function forget_audit(until timestamptz, most bigint) returns bigint
    language plpgsql
    security definer
    as $$
declare
    oldest_kept timestamptz;
    forgotten bigint;
begin
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
revoke execute on function forget_audit(timestamptz, bigint) from public;

do $$
declare
    home text := (select relnamespace::regnamespace from pg_class where oid = 'audit'::regclass);
    grantee text;
begin
    -- A function that runs as its owner must not look up names where its caller says.
    execute format('alter function forget_audit(timestamptz, bigint) set search_path = pg_catalog, %s, pg_temp', home);
    for grantee in
        select distinct case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end
        from pg_class cross join aclexplode(relacl) as acl
        where pg_class.oid = 'audit'::regclass and acl.grantee <> relowner
            and acl.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
    loop
        execute format('revoke update, delete, truncate, trigger on audit from %s', grantee);
    end loop;
    -- Where Citus has distributed the table, distribute() has dropped the trigger, and none can be created.
    if exists (select from pg_trigger where tgrelid = 'audit'::regclass and tgname = 'audit_append_only') then
        drop trigger audit_append_only on audit;
        create trigger audit_append_only before update or delete or truncate on audit
            for each statement execute function refuse_to_change_the_trail();
    end if;
end
$$;
