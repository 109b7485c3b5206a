-- Instant keys by when they were used up or expired, of which a workspace keeps a limited number.
do $do$
begin
    create index instant_key_finished
        on instant_key (workspace_id, (case when use_count >= max_use_count then used_at else expires_at end));
end
$do$;
