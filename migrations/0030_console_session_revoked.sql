-- A console session can be ended by itself, without the sessions that were signed with the same key.
alter table console_session add column revoked_at timestamptz;
