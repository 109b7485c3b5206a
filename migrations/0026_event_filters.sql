-- Lists and streams of events with a filter read what matches it, not the whole log: a filter that matches nothing, asked
-- for by the holder of a client session, must cost as little as any other.
create index event_of_user_identity on event (workspace_id, user_identity_id, created_at)
    where user_identity_id is not null;
create index event_of_type on event (workspace_id, event_type, created_at);
create index event_of_credential on event (workspace_id, acs_credential_id, created_at)
    where acs_credential_id is not null;
create index event_of_acs_system on event (workspace_id, acs_system_id, created_at) where acs_system_id is not null;
-- Without a type, a list has no opt-in events, which may be most of the log.
create index event_not_opt_in on event (workspace_id, created_at) where not is_opt_in;
